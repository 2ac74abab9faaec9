//! What a renewal makes of what it finds under the lock, at the edges that no search comes to.

use std::time::Duration;

use grantflow_core::{
    Ask, Credential, Ended, Error, Kept, Ledger, Outcome, Renewal, RenewalStep, Response,
    StoreTrouble, TransportError,
};
use grantflow_tests::covers;
use grantflow_tests::world::{DAWN, entropy};

use super::participant::refresh_token;
use super::scene::{LOGIN, Scene, granted, invalid_grant, token};
use super::server::{Rule, Token};
use super::setting::credential;

/// Longer than any request takes.
const LONGEST_RENEWAL_MS: u64 = 120_000;

#[test]
fn tokens_that_wait_are_taken_away_once_somebody_has_signed_out_and_not_before() {
    covers(&["R-P-18"]);
    for signed_out in [false, true] {
        let mut scene = put_aside(&Ledger::default());
        scene.record = None;
        scene.ledger = Some(Ledger { signed_out, ..scene.read_ledger() }.write());
        assert_eq!(scene.renew().unwrap_err(), Error::SignedOut);
        assert_eq!(scene.stash.is_none(), signed_out);
    }
}

#[test]
fn tokens_that_have_waited_until_they_lapsed_wait_no_longer_once_they_are_renewed() {
    covers(&["R-P-16"]);
    let mut scene = put_aside(&Ledger::default());
    scene.wait(Duration::from_secs(86_400));
    let reply = r#"{"access_token":"another","expires_in":60}"#;
    scene.replies.push_back(Ok(Response::new(200, reply)));
    assert!(matches!(scene.renew(), Ok(Outcome::Renewed(_, Kept::Saved))));
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(2)));
    assert!(scene.stash.is_none(), "what it had is in the record");
}

#[test]
fn tokens_that_wait_beside_another_tools_record_stay_there() {
    let mut scene = put_aside(&Ledger::default());
    scene.setting.is_borrowed = true;
    scene.asked.clear();
    assert_eq!(scene.renew().unwrap_err(), Error::Borrowed);
    assert!(!scene.asked.contains(&"Save") && scene.stash.is_some(), "{:?}", scene.asked);
}

#[test]
fn tokens_of_a_login_that_came_after_a_logout_are_found_though_our_ledger_knows_none() {
    let mut scene = put_aside(&Ledger { signed_out: true, ..Ledger::default() });
    let outcome = scene.renew();
    assert!(matches!(outcome, Ok(Outcome::Recovered(_))), "{outcome:?}");
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(2)));
}

#[test]
fn what_another_renewal_has_put_aside_for_a_new_login_outlives_the_end_of_that_login() {
    covers(&["R-P-16"]);
    let mut other = Scene::new(Rule::Strict, [granted(2)]);
    other.record = Some(lapsed(LOGIN));
    other.failing.push(("Save", StoreTrouble::NotWritable));
    assert!(matches!(other.renew(), Ok(Outcome::Renewed(_, Kept::Stashed))));

    let (mut scene, sign_in) = Scene::with_a_login_to_note();
    scene.ledger = other.ledger;
    scene.stash = other.stash;
    let outcome = scene.drive(sign_in);
    assert!(matches!(outcome, Ok(Outcome::SignedIn(Kept::Saved))), "{outcome:?}");
    assert!(scene.stash.is_some(), "it is the newest that there is");
}

#[test]
fn a_mark_is_somebodys_for_two_minutes_and_no_longer() {
    covers(&["R-P-17"]);
    for (age, asks) in [(LONGEST_RENEWAL_MS, true), (LONGEST_RENEWAL_MS + 1, false)] {
        let mut scene = Scene::new(Rule::Strict, [granted(2)]);
        scene.mark(|mark| mark.at = DAWN.wall - age);
        scene.is_alive = true;
        assert!(matches!(scene.renew(), Ok(Outcome::Renewed(..))), "in the end");
        assert_eq!(scene.asked.contains(&"Alive"), asks, "{age} ms");
    }
}

#[test]
fn a_server_that_forgives_for_a_minute_is_asked_within_it_though_the_old_token_is_still_good() {
    covers(&["R-P-15"]);
    for (age, sent) in [(59_999, 1), (60_000, 0)] {
        let mut scene = Scene::new(Rule::Grace, [granted(2)]);
        scene.record.as_mut().unwrap().expires_at = Some(DAWN.wall + 120_000);
        scene.mark(|mark| (mark.at, mark.ended) = (DAWN.wall - age, Some(Ended::Unknown)));
        let outcome = scene.renew().unwrap();
        assert_eq!(scene.sent.len(), sent, "after {age} ms: {outcome:?}");
    }
}

#[test]
fn a_renewal_that_is_overtaken_twice_leaves_the_record_to_whoever_writes_there() {
    covers(&["R-P-10"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2), granted(3)]);
    let stashes = |scene: &Scene| scene.asked.iter().filter(|it| **it == "Stash(Some)").count();
    let why = beside_a_busy_tool(&mut scene, stashes);
    assert_eq!((why, scene.sent.len()), (Error::Busy, 2));
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(6)));
}

#[test]
fn a_lost_answer_is_asked_for_again_as_long_as_the_server_forgives() {
    covers(&["R-P-15"]);
    for (took, sent) in [(59_999, 2), (60_000, 1)] {
        let mut scene = Scene::new(Rule::Grace, [granted(2)]);
        let mut renewal = scene.renewal();
        let request = loop {
            match renewal.poll(scene.now) {
                RenewalStep::Do(id, task) => {
                    let answer = scene.answer(&task);
                    renewal.handle_answer(scene.now, id, answer).unwrap();
                }
                RenewalStep::Send(request) => break request,
                step @ (RenewalStep::Deliver(_) | RenewalStep::Wait(_) | RenewalStep::Done(_)) => {
                    panic!("{step:?}")
                }
            }
        };
        scene.wait(Duration::from_millis(took));
        let lost = Err(TransportError::Lost);
        renewal.handle_response(scene.now, request.id, &lost).unwrap();
        let outcome = scene.drive(renewal);
        assert_eq!(1 + scene.sent.len(), sent, "after {took} ms: {outcome:?}");
    }
}

#[test]
fn a_second_request_that_never_left_leaves_the_first_one_unknown() {
    covers(&["R-P-14", "R-P-15"]);
    let unsent = || Err(TransportError::NotSent);
    let lost = Err(TransportError::Lost);
    let mut scene = Scene::new(Rule::Grace, [lost, unsent(), unsent(), unsent()]);
    scene.renew().unwrap_err();
    let mark = scene.read_ledger().mark.unwrap();
    assert_eq!((mark.presented, mark.ended), (1, Some(Ended::Unknown)));
}

#[test]
fn a_refusal_that_is_not_of_the_token_leaves_it_as_good_as_before() {
    covers(&["R-P-13"]);
    for code in ["invalid_client", "unauthorized_client", "invalid_scope"] {
        let body = format!(r#"{{"error":"{code}"}}"#);
        let mut scene = Scene::new(Rule::Strict, [Ok(Response::new(400, body))]);
        let why = scene.renew().unwrap_err();
        assert_ne!(why, Error::InvalidGrant, "{code}");
        assert_eq!(scene.read_ledger(), scene.setting.ledger(), "{code}: its mark is taken back");
    }
}

#[test]
fn locks_that_are_gone_before_the_request_are_taken_once_more_and_no_oftener() {
    covers(&["R-P-08"]);
    let mut scene = Scene::new(Rule::Strict, []);
    scene.held.push("Confirm");
    assert_eq!(scene.renew().unwrap_err(), Error::Busy);
    let confirmed = scene.asked.iter().filter(|it| **it == "Confirm").count();
    assert_eq!((confirmed, scene.sent.len()), (2, 0));
    assert_eq!(scene.read_ledger().mark, None, "it is taken back both times");
}

#[test]
fn locks_are_confirmed_after_a_pause_and_not_before_it() {
    covers(&["R-P-08"]);
    let busy = Ok(Response::new(503, "").with_retry_after("2"));
    let mut scene = Scene::new(Rule::Strict, [busy, granted(2)]);
    let (mut renewal, mut confirmed) = (scene.renewal(), Vec::new());
    while scene.delivered.is_empty() {
        let asked = scene.asked.len();
        assert!(scene.step(&mut renewal).is_none(), "it ends with a token");
        if scene.asked.len() > asked && scene.asked[asked] == "Confirm" {
            confirmed.push(scene.now.mono - DAWN.mono);
        }
    }
    let [0, later] = confirmed[..] else { panic!("{confirmed:?}") };
    assert!(later >= 2000, "after {later} ms");
}

#[test]
fn without_a_lock_nothing_is_handed_out_that_is_not_wanted_any_more() {
    let fresh = || Some(credential(token(1), token(1), DAWN));
    let mut scene = Scene::new(Rule::Strict, []);
    (scene.record, scene.is_held) = (fresh(), true);
    let mut renewal = scene.renewal();
    renewal.cancel();
    assert_eq!(scene.drive(renewal).unwrap_err(), Error::Cancelled);

    let mut scene = Scene::new(Rule::Strict, []);
    (scene.record, scene.setting.has_owner_lock) = (fresh(), true);
    scene.held.push("Lock(Owner)");
    let new = credential(LOGIN, LOGIN, DAWN);
    let sign_in = Renewal::sign_in(scene.client(), new, scene.ask(), &entropy(1), DAWN);
    assert!(matches!(scene.drive(sign_in), Ok(Outcome::SignedIn(Kept::Stashed))));
    assert_eq!(scene.renew().unwrap_err(), Error::Busy, "the new login waits for its place");
}

#[test]
fn a_token_that_is_refused_twice_is_told_whatever_another_tool_goes_on_writing() {
    let mut scene = Scene::new(Rule::Strict, [invalid_grant(), invalid_grant()]);
    let why = beside_a_busy_tool(&mut scene, |scene| scene.sent.len());
    assert_eq!((why, scene.sent.len()), (Error::InvalidGrant, 2));
}

#[test]
fn a_lost_answer_is_remembered_by_whoever_presented_the_token_last() {
    covers(&["R-P-15"]);
    let lost = || Err(TransportError::Lost);
    let mut scene = Scene::new(Rule::Strict, [lost(), lost()]);
    assert!(matches!(scene.renew(), Err(Error::Interrupted { is_last: false, .. })));
    scene.failing.push(("Note", StoreTrouble::NotWritable));
    let mut left = scene.ask().unwritten;
    for _ in 0..2 {
        let ask = Ask { in_memory: true, unwritten: left, ..scene.ask() };
        let mut renewal = Renewal::renew(scene.client(), ask, &entropy(1), scene.now);
        let why = scene.drive_on(&mut renewal).unwrap_err();
        assert!(matches!(why, Error::Interrupted { is_last: true, .. }), "{why:?}");
        left = renewal.unwritten();
    }
    assert_eq!(scene.sent.len(), 2, "the ledger knows of one, memory of both");
}

/// How it ends where a tool without our locks puts a lapsed login there each time that this grows.
fn beside_a_busy_tool(scene: &mut Scene, count: impl Fn(&Scene) -> usize) -> Error {
    let (mut renewal, mut written) = (scene.renewal(), 0);
    loop {
        if let Some(outcome) = scene.step(&mut renewal) {
            return outcome.unwrap_err();
        }
        if count(scene) > usize::from(written) {
            written += 1;
            scene.record = Some(lapsed(token(written + 4)));
        }
    }
}

fn lapsed(token: Token) -> Credential {
    Credential { expires_at: Some(DAWN.wall), ..credential(token, token, DAWN) }
}

/// A renewal whose tokens came no further than the stash; the disk works again.
fn put_aside(ledger: &Ledger) -> Scene {
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    scene.ledger = Some(ledger.write());
    scene.failing.push(("Save", StoreTrouble::NotWritable));
    let outcome = scene.renew();
    assert!(matches!(outcome, Ok(Outcome::Renewed(_, Kept::Stashed))), "{outcome:?}");
    scene.failing.clear();
    scene
}
