//! Renewing before anybody asks.

use std::time::Duration;

use grantflow_tests::covers;
use grantflow_tests::in_process::wall;

use super::{HOUR_MS, NOW, Scene};

const MARGIN: Duration = Duration::from_secs(300);

#[tokio::test(start_paused = true)]
async fn it_renews_ahead_of_expiry_and_nobody_has_to_wait() {
    let scene = Scene::with_left(Duration::from_secs(200)).await;
    let keeper = scene.keeper().await;
    let ahead = keeper.stay_ahead().unwrap();
    scene.desk.answers.shut();
    scene.desk.answers.arrived(1).await;
    scene.desk.answers.open();
    keeper.settle().await;
    scene.store.forget();
    let token = keeper.access(NOW).await.unwrap();
    assert_ne!(token.secret().digest(), scene.first.access_token.digest());
    assert_eq!((scene.store.calls(), scene.renewals()), (vec![], 1));
    assert!(!ahead.is_finished());
}

#[tokio::test(start_paused = true)]
async fn it_leaves_a_fresh_token_alone() {
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    let ahead = keeper.stay_ahead().unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await; // the wall clock stands nearly still
    assert_eq!(scene.renewals(), 0);
    ahead.abort();
}

#[tokio::test(start_paused = true)]
async fn processes_that_share_a_record_do_not_all_wake_at_once() {
    covers(&["R-FL-08"]);
    let (mut early, mut later) = (0, 0);
    for _ in 0..40 {
        // Half-way between the margin and the earliest moment that it may be early by.
        let scene = Scene::with_left(MARGIN + MARGIN / 20).await;
        let keeper = scene.keeper().await;
        let ahead = keeper.stay_ahead().unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        keeper.settle().await;
        if scene.renewals() == 0 {
            later += 1;
        } else {
            early += 1;
        }
        ahead.abort();
    }
    assert!(early > 0 && later > 0, "{early} early, {later} later");
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_last_keeper() {
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    let ahead = keeper.stay_ahead().unwrap();
    drop(keeper);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(!ahead.is_finished(), "the logins have it still");
    drop(scene);
    ahead.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn trouble_does_not_stop_it() {
    let scene = Scene::with_left(Duration::from_secs(200)).await;
    let keeper = scene.keeper().await;
    scene.store.fail(&[super::watched::Call::Probe]);
    let _ahead = keeper.stay_ahead().unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let token = keeper.access(NOW).await.unwrap();
    assert!(token.trouble().is_some());
    let probes = scene.store.calls().len();
    assert!(probes < 60, "{probes} calls in half a minute");
    scene.store.fail(&[]);
    tokio::time::sleep(Duration::from_secs(120)).await;
    keeper.settle().await;
    let record = scene.record().await;
    assert!(record.expires_at.unwrap() > wall() + HOUR_MS / 2);
    assert_eq!(scene.renewals(), 1);
}
