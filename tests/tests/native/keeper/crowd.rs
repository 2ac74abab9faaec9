//! Many callers, one renewal: whoever leaves loses nothing for the others.

use std::sync::Arc;
use std::time::Duration;

use grantflow::core::Kept;
use grantflow::{Access, Error, Keeper};
use grantflow_tests::covers;
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::{NOW, Scene};

#[tokio::test(start_paused = true)]
async fn of_500_callers_499_leave_and_the_last_one_gets_the_token_of_the_one_request() {
    covers(&["R-T-12", "R-INV-13"]);
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    scene.desk.answers.shut();
    let mut callers: Vec<_> = (0..500).map(|_| calling(&keeper)).collect();
    scene.desk.answers.arrived(1).await;
    let last = callers.remove(250);
    for caller in callers {
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
    }
    scene.desk.answers.open();
    let token = last.await.unwrap().unwrap().secret().digest();
    assert_ne!(token, scene.first.access_token.digest());
    keeper.settle().await;
    assert_eq!(scene.record().await.access_token.digest(), token);
    assert_eq!((scene.renewals(), scene.findings()), (1, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_on_several_threads_make_one_request() {
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    let callers: Vec<_> = (0..1000).map(|_| calling(&keeper)).collect();
    let mut tokens = Vec::new();
    for caller in callers {
        tokens.push(caller.await.unwrap().unwrap().secret().digest());
    }
    tokens.dedup();
    assert_eq!((tokens.len(), scene.renewals(), scene.findings()), (1, 1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn when_every_caller_leaves_after_the_request_its_tokens_are_saved_all_the_same() {
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    scene.desk.answers.shut();
    let callers: Vec<_> = (0..10).map(|_| calling(&keeper)).collect();
    scene.desk.answers.arrived(1).await;
    for caller in callers {
        caller.abort();
    }
    scene.desk.answers.open();
    assert_eq!(scene.logins.settle().await, []);
    let saved = scene.record().await;
    assert_ne!(saved.access_token.digest(), scene.first.access_token.digest());
    let token = keeper.access(NOW).await.unwrap();
    assert_eq!((token.secret().digest(), token.kept()), (saved.access_token.digest(), Kept::Saved));
    assert_eq!(scene.renewals(), 1);
}

#[tokio::test(start_paused = true)]
async fn callers_get_the_token_at_once_and_commands_when_it_is_saved() {
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    scene.store.saves.shut();
    let early = keeper.access(NOW).await.unwrap();
    assert_ne!(early.secret().digest(), scene.first.access_token.digest());
    assert_eq!((early.kept(), early.is_at_risk()), (Kept::InMemory, true));
    let (settled, command) = (scene.logins.settle(), scene.logins.access_token("standard", NOW));
    let (mut settled, mut command) = (Box::pin(settled), Box::pin(command));
    let refreshed = scene.logins.refresh("standard");
    let mut refreshed = Box::pin(refreshed);
    let a_while = Duration::from_secs(20);
    assert!(tokio::time::timeout(a_while, &mut settled).await.is_err(), "not while it is saved");
    assert!(tokio::time::timeout(a_while, &mut command).await.is_err());
    assert!(tokio::time::timeout(a_while, &mut refreshed).await.is_err());
    assert_eq!(scene.record().await.access_token.digest(), scene.first.access_token.digest());

    scene.store.saves.open();
    assert_eq!(settled.await, []);
    let token = command.await.unwrap();
    assert_eq!(token.secret().digest(), early.secret().digest());
    assert_eq!((token.kept(), token.is_at_risk()), (Kept::Saved, false));
    assert!(refreshed.await.is_ok());
    assert_eq!(scene.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_record_does_not_undo_what_is_on_its_way_there() {
    let scene = Scene::with_left(Duration::from_secs(60)).await;
    let keeper = scene.keeper().await;
    scene.store.saves.shut();
    let new = keeper.access(NOW).await.unwrap().secret().digest();
    let looked = scene.keeper().await.access(NOW).await.unwrap().secret().digest();
    assert_eq!(looked, new, "the record still has the old one");
    scene.store.saves.open();
    keeper.settle().await;
    assert_eq!(keeper.access(NOW).await.unwrap().secret().digest(), new);
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_more_than_the_renewal_under_way_brings_has_one_of_their_own() {
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    let mut short = scene.desk.signed_in(&scene.client);
    short.expires_at = Some(super::wall() + super::HOUR_MS / 4);
    short.obtained_at -= super::HOUR_MS;
    scene.put(&short).await; // another process has renewed, a while ago
    let (modest, greedy) =
        tokio::join!(keeper.access(NOW), keeper.access(Duration::from_secs(1800)));
    assert_eq!(modest.unwrap().secret().digest(), short.access_token.digest());
    let greedy = greedy.unwrap();
    assert_ne!(greedy.secret().digest(), short.access_token.digest());
    assert_eq!((scene.renewals(), scene.findings()), (1, vec![]));
}

#[test]
fn a_runtime_that_goes_away_in_mid_renewal_holds_nobody_up_for_ever() {
    let runtime =
        || Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let first = runtime();
    let (scene, keeper) = first.block_on(async {
        let scene = Scene::with_left(NOW).await;
        let keeper = scene.keeper().await;
        scene.desk.requests.shut();
        let caller = calling(&keeper);
        scene.desk.requests.arrived(1).await;
        caller.abort();
        (scene, keeper)
    });
    drop(first);
    scene.desk.requests.open();
    runtime().block_on(async {
        let refused = keeper.access(NOW).await.unwrap_err();
        assert_eq!(super::ended(&refused), "Cancelled", "to be asked for again");
        tokio::time::advance(Duration::from_secs(2)).await;
        let token = keeper.access(NOW).await.unwrap();
        assert_ne!(token.secret().digest(), scene.first.access_token.digest());
    });
    assert_eq!(scene.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_panics_costs_nobody_a_token() {
    let scene = Scene::with_left(NOW).await;
    let logins = scene.logins.clone().with_watch(|_| panic!("on purpose"));
    let token = logins.access_token("standard", NOW).await;
    assert_eq!(scene.record().await.access_token.digest(), token.unwrap().secret().digest());
}

fn calling(keeper: &Keeper) -> JoinHandle<Result<Arc<Access>, Error>> {
    let keeper = keeper.clone();
    tokio::spawn(async move { keeper.access(NOW).await.map(Arc::new) })
}
