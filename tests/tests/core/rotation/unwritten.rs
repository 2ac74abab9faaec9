//! What a renewal could not write down is not lost on the next one of the same process.

use std::time::Duration;

use grantflow_core::{
    Ask, Error, Kept, Outcome, Renewal, Response, Revoked, StoreTrouble, TransportError, Unwritten,
};
use grantflow_tests::covers;
use grantflow_tests::world::entropy;

use super::participant::refresh_token;
use super::scene::{LOGIN, Scene, granted, invalid_grant, token};
use super::server::Rule;
use super::setting::credential;

#[test]
fn tokens_that_no_disk_took_are_put_in_place_by_the_next_renewal_without_a_request() {
    covers(&["R-P-16"]);
    let (mut scene, renewal) = left_in_memory();
    let ask = Ask { unwritten: renewal.unwritten(), ..scene.ask() };
    let mut next = Renewal::renew(scene.client(), ask, &entropy(2), scene.now);
    let outcome = scene.drive_on(&mut next);
    assert!(matches!(outcome, Ok(Outcome::Recovered(_))), "{outcome:?}");
    assert_eq!((scene.sent.len(), next.unwritten().has_tokens()), (1, false));
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(2)));
    assert!(scene.read_ledger().is_spent(token(1).refresh().digest()));
}

#[test]
fn they_replace_nothing_but_what_they_were_made_from() {
    covers(&["R-INV-04"]);
    let (mut scene, renewal) = left_in_memory();
    scene.record = Some(credential(LOGIN, LOGIN, scene.now));
    let ask = Ask { unwritten: renewal.unwritten(), ..scene.ask() };
    let next = Renewal::renew(scene.client(), ask, &entropy(2), scene.now);
    let outcome = scene.drive(next);
    assert!(matches!(outcome, Ok(Outcome::Adopted(_))), "{outcome:?}");
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(LOGIN));
}

#[test]
fn they_stay_in_memory_when_the_server_leaves_the_refresh_token_as_it_is() {
    covers(&["R-P-16"]);
    let (mut scene, renewal) = left_in_memory();
    for task in ["Stash(Some)", "Save"] {
        scene.failing.push((task, StoreTrouble::NotWritable));
    }
    scene.wait(Duration::from_secs(86_400));
    let reply = r#"{"access_token":"another","expires_in":60}"#;
    scene.replies.push_back(Ok(Response::new(200, reply)));
    let mut again = in_memory(&scene, renewal.unwritten());
    let outcome = scene.drive_on(&mut again);
    assert!(matches!(outcome, Ok(Outcome::Renewed(_, Kept::InMemory))), "{outcome:?}");
    assert!(again.unwritten().has_tokens(), "nothing else has the refresh token");

    scene.failing.clear();
    let ask = Ask { unwritten: again.unwritten(), ..scene.ask() };
    let next = Renewal::renew(scene.client(), ask, &entropy(2), scene.now);
    scene.drive(next).unwrap();
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(2)));
}

#[test]
fn a_logout_ends_them_as_well() {
    let (mut scene, renewal) = left_in_memory();
    scene.sent.clear();
    scene.replies.extend([Ok(Response::new(200, "")), Ok(Response::new(200, ""))]);
    let ask = Ask { unwritten: renewal.unwritten(), ..scene.ask() };
    let mut sign_out = Renewal::sign_out(scene.client(), ask, &entropy(2), scene.now);
    let outcome = scene.drive_on(&mut sign_out);
    let revoked = matches!(outcome, Ok(Outcome::SignedOut { revoked: Revoked::Yes, .. }));
    assert!(revoked, "{outcome:?}");
    let body = scene.sent[0].body.expose();
    assert!(body.contains(token(2).refresh().expose()), "what is alive is revoked: {body}");
    assert!(!sign_out.unwritten().has_tokens());
    assert!(scene.read_ledger().is_spent(token(2).refresh().digest()));
}

#[test]
fn a_logout_that_fails_leaves_them_to_the_next_renewal() {
    let (mut scene, renewal) = left_in_memory();
    scene.failing.push(("Remove", StoreTrouble::NotWritable));
    let ask = Ask { unwritten: renewal.unwritten(), ..scene.ask() };
    let mut sign_out = Renewal::sign_out(scene.client(), ask, &entropy(2), scene.now);
    scene.drive_on(&mut sign_out).unwrap_err();
    assert!(sign_out.unwritten().has_tokens());
}

#[test]
fn a_request_that_no_disk_noted_counts_all_the_same() {
    covers(&["R-P-15"]);
    let lost = || Err(TransportError::Lost);
    let mut scene = Scene::new(Rule::Strict, [lost(), lost()]);
    for task in ["Probe", "Note", "Stash(Some)", "Save"] {
        scene.failing.push((task, StoreTrouble::NotWritable));
    }
    let mut left = scene.ask().unwritten;
    for is_last in [false, true, true] {
        let ask = Ask { in_memory: true, unwritten: left, ..scene.ask() };
        let mut renewal = Renewal::renew(scene.client(), ask, &entropy(1), scene.now);
        let why = scene.drive_on(&mut renewal).unwrap_err();
        let Error::Interrupted { is_last: found, .. } = why else { panic!("{why:?}") };
        assert_eq!(found, is_last);
        left = renewal.unwritten();
    }
    assert_eq!(scene.sent.len(), 2, "the token is never presented a third time");
}

#[test]
fn it_counts_after_one_that_the_server_did_not_take_too() {
    covers(&["R-P-15"]);
    let lost = || Err(TransportError::Lost);
    let later = Ok(Response::new(503, "").with_retry_after("60"));
    let mut scene = Scene::new(Rule::Strict, [lost(), later, lost()]);
    for task in ["Probe", "Note", "Stash(Some)", "Save"] {
        scene.failing.push((task, StoreTrouble::NotWritable));
    }
    let mut left = Unwritten::default();
    for _ in 0..5 {
        let mut renewal = in_memory(&scene, left);
        scene.drive_on(&mut renewal).unwrap_err();
        left = renewal.unwritten();
    }
    assert_eq!(scene.sent.len(), 3, "two of them may have reached it");
}

#[test]
fn what_was_never_sent_does_not_count() {
    covers(&["R-P-08"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    scene.failing.push(("Note", StoreTrouble::NotWritable));
    scene.held.push("Confirm");
    let mut left = Unwritten::default();
    for _ in 0..2 {
        let mut renewal = in_memory(&scene, left);
        assert_eq!(scene.drive_on(&mut renewal).unwrap_err(), Error::Busy);
        left = renewal.unwritten();
    }
    scene.held.clear();
    let renewal = in_memory(&scene, left);
    assert!(matches!(scene.drive(renewal), Ok(Outcome::Renewed(..))));
}

#[test]
fn a_refusal_that_no_disk_noted_costs_no_second_request() {
    covers(&["R-INV-12"]);
    let mut scene = Scene::new(Rule::Strict, [invalid_grant()]);
    scene.failing.push(("Note", StoreTrouble::NotWritable));
    let mut left = scene.ask().unwritten;
    for _ in 0..2 {
        let ask = Ask { in_memory: true, unwritten: left, ..scene.ask() };
        let mut renewal = Renewal::renew(scene.client(), ask, &entropy(1), scene.now);
        assert_eq!(scene.drive_on(&mut renewal).unwrap_err(), Error::InvalidGrant);
        left = renewal.unwritten();
    }
    assert_eq!(scene.sent.len(), 1);
}

fn in_memory(scene: &Scene, unwritten: Unwritten) -> Renewal {
    let ask = Ask { in_memory: true, unwritten, ..scene.ask() };
    Renewal::renew(scene.client(), ask, &entropy(1), scene.now)
}

/// New tokens are with the callers and nowhere else; the disk works again.
fn left_in_memory() -> (Scene, Renewal) {
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    for task in ["Stash(Some)", "Save"] {
        scene.failing.push((task, StoreTrouble::NotWritable));
    }
    let mut renewal = scene.renewal();
    let outcome = scene.drive_on(&mut renewal);
    assert!(matches!(outcome, Ok(Outcome::Renewed(_, Kept::InMemory))), "{outcome:?}");
    assert!(renewal.unwritten().has_tokens());
    scene.failing.clear();
    (scene, renewal)
}
