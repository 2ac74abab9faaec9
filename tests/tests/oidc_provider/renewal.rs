//! Renewals (RFC 6749 §6), at a server that rotates refresh tokens and remembers the old ones.

use grantflow::Credential;
use grantflow::core::Error;
use grantflow_tests::covers;
use grantflow_tests::renewing::{Renewing, interrupted};
use grantflow_tests::world::entropy;

use crate::peer::{Asked, Kind};
use crate::scene::Scene;
use crate::time_lapse::TimeLapse;

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn each_renewal_rotates_the_refresh_token_and_keeps_the_login() {
    covers(&["N-6749-18", "N-6749-19", "N-6749-20"]);
    let scene = Scene::of(Kind::Public).await;
    let mut last = scene.sign_in().await;
    for _ in 0..3 {
        let renewed = scene.logins.refresh("peer").await.unwrap().into_credential();
        assert_ne!(refresh_token(&renewed), refresh_token(&last));
        assert_ne!(renewed.access_token.digest(), last.access_token.digest());
        assert_eq!(renewed.scope, last.scope);
        assert_eq!(scene.peer.subject(&scene.client, &renewed).await, "ada");
        last = renewed;
    }
    let asked = scene.peer.asked("refresh_token").await;
    assert_eq!(asked, [Asked::granted(), Asked::granted(), Asked::granted()]);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_refresh_token_that_comes_again_is_an_invalid_grant_and_ends_its_family() {
    covers(&["B-TR-32", "N-6749-12"]);
    let scene = Scene::of(Kind::Public).await;
    let first = scene.sign_in().await;
    let second = scene.logins.refresh("peer").await.unwrap().into_credential();
    assert_eq!(renewed(&scene, first).await.unwrap_err(), Error::InvalidGrant);
    assert_eq!(renewed(&scene, second.clone()).await.unwrap_err(), Error::InvalidGrant);
    let stored = scene.store().load("peer").unwrap().unwrap();
    assert_eq!(stored.save().expose(), second.save().expose(), "nothing is blanked");
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_renewal_whose_answer_was_lost_does_not_spend_the_refresh_token_again() {
    let scene = Scene::of(Kind::Public).await;
    let credential = scene.sign_in().await;
    let mut time = TimeLapse::around(&scene.peer);
    time.loses_next = true;
    let mut renewal = Renewing::new(&scene.client, credential, &entropy(2), time.now);
    let begun = time.now;
    assert_eq!(time.drive(&mut renewal).await.unwrap_err(), interrupted(begun));
    assert_eq!(scene.peer.asked("refresh_token").await, [Asked::granted()]);
}

/// Renews this credential, whatever the store says.
async fn renewed(scene: &Scene, credential: Credential) -> Result<Credential, Error> {
    let mut time = TimeLapse::around(&scene.peer);
    let mut renewal = Renewing::new(&scene.client, credential, &entropy(2), time.now);
    time.drive(&mut renewal).await
}

fn refresh_token(credential: &Credential) -> grantflow::core::Digest {
    credential.refresh_token.as_ref().unwrap().digest()
}
