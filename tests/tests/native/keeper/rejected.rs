//! Tokens that an API rejects with 401, whatever their expiry says.

use std::time::Duration;

use grantflow::{Error, Remedy};
use grantflow_test_server::Fault;
use grantflow_tests::covers;

use super::{NOW, Scene};

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_renewed_once_for_everybody_whatever_the_clock_says() {
    covers(&["B-CK-06", "N-21-02"]);
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    let rejected = keeper.access(NOW).await.unwrap().secret().digest();
    let mut callers = Vec::new();
    for _ in 0..100 {
        let keeper = keeper.clone();
        callers.push(tokio::spawn(async move {
            keeper.instead_of(rejected).await.unwrap().secret().digest()
        }));
    }
    for caller in callers {
        assert_ne!(caller.await.unwrap(), rejected);
    }
    assert_eq!((scene.renewals(), scene.findings()), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_that_was_replaced_meanwhile_costs_no_request() {
    covers(&["R-P-05"]);
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    let rejected = keeper.access(NOW).await.unwrap().secret().digest();
    let theirs = scene.elsewhere().refresh("standard").await.unwrap().secret().digest();
    let before = scene.renewals();
    let token = keeper.instead_of(rejected).await.unwrap().secret().digest();
    assert_eq!((token, scene.renewals()), (theirs, before), "in the record");
    scene.store.forget();
    let token = keeper.instead_of(rejected).await.unwrap().secret().digest();
    assert_eq!((token, scene.store.calls()), (theirs, vec![]), "in memory");
}

#[tokio::test(start_paused = true)]
async fn an_api_that_rejects_new_tokens_too_causes_no_storm() {
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    let first = keeper.access(NOW).await.unwrap().secret().digest();
    let second = keeper.instead_of(first).await.unwrap().secret().digest();
    for _ in 0..1000 {
        let why = keeper.instead_of(second).await.unwrap_err();
        assert!(matches!(why.root(), Error::NewTokenRejected(_)), "{why:?}");
        assert_eq!(why.remedy(), Remedy::AskAdministrator);
    }
    assert_eq!(scene.renewals(), 1);
    assert!(keeper.access(NOW).await.is_ok(), "it may be good for something else");

    tokio::time::advance(Duration::from_secs(31)).await;
    let third = keeper.instead_of(second).await.unwrap().secret().digest();
    assert_ne!(third, second, "later it may have been revoked");
    assert_eq!(scene.renewals(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_that_cannot_be_replaced_is_not_given_again() {
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    let rejected = keeper.access(NOW).await.unwrap().secret().digest();
    scene.desk.server().inject(Fault::ResetBefore.always());
    for _ in 0..100 {
        let why = keeper.instead_of(rejected).await.unwrap_err();
        assert_eq!(why.remedy(), Remedy::RetryLater, "{why:?}");
    }
    let tried = scene.desk.server().log().len();
    assert!(tried < 10, "{tried} requests");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_under_way_that_is_content_with_the_rejected_token_is_not_enough() {
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    let renewed = scene.desk.signed_in(&scene.client);
    scene.put(&renewed).await;
    let rejected = renewed.access_token.digest();
    // The first adopts what is in the record, which an API rejects before it has ended.
    let adopting = keeper.access(NOW);
    let adopted = adopting.await.unwrap().secret().digest();
    assert_eq!(adopted, rejected);
    let (looked, replaced) =
        tokio::join!(keeper.access(Duration::from_secs(3000)), keeper.instead_of(rejected),);
    assert_ne!(replaced.unwrap().secret().digest(), rejected);
    drop(looked);
    assert_eq!(scene.findings(), []);
}
