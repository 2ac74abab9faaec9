//! What a renewal could not write down is not lost on the next one of the same process.

use grantflow_core::{Ask, Error, Kept, Outcome, Renewal, StoreTrouble, TransportError};
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
