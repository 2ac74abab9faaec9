//! What one renewal does, failure by failure.

use std::time::Duration;

use grantflow_core::{
    Account, Ask, Client, Configuration, Credential, Due, Ended, Error, Kept, Ledger, Outcome,
    Purpose, Renewal, Response, Reuse, Secret, StoreTrouble, TransportError, Trouble,
};
use grantflow_tests::covers;
use grantflow_tests::world::{DAWN, entropy};

use super::participant::refresh_token;
use super::scene::{Scene, granted, invalid_grant, token};
use super::server::Rule;
use super::setting::{ACCOUNT, HOUR, credential};

const WHOLE: [&str; 10] = [
    "Lock(Ours)",
    "Load",
    "Probe",
    "Note",
    "Confirm",
    "Stash(Some)",
    "Save",
    "Note",
    "Stash(None)",
    "Unlock",
];

#[test]
fn a_renewal_looks_proves_marks_and_confirms_before_it_spends_and_stashes_before_it_saves() {
    covers(&["R-P-05", "R-P-08", "R-P-09", "R-BUG-08", "R-EXP-05"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    let outcome = scene.renew();
    assert!(matches!(outcome, Ok(Outcome::Renewed(_, Kept::Saved))), "{outcome:?}");
    assert_eq!(scene.asked, WHOLE);
    assert_eq!(scene.sent.len(), 1);
    assert_eq!(scene.delivered.len(), 1, "callers have it once");
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(2)));
    let ledger = scene.read_ledger();
    assert_eq!((ledger.generation, ledger.mark), (2, None));
    assert!(scene.stash.is_none());

    let again = scene.renew();
    assert!(matches!(again, Ok(Outcome::Adopted(_))), "{again:?}");
    assert_eq!(scene.sent.len(), 1, "what is good is not renewed");
}

#[test]
fn callers_have_the_new_token_before_it_is_anywhere_else() {
    covers(&["R-P-09"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    let mut renewal = scene.renewal();
    while scene.delivered.is_empty() {
        assert!(scene.step(&mut renewal).is_none(), "it ends with a token");
    }
    assert!(scene.stash.is_none());
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(1)));
}

#[test]
fn a_failure_before_the_request_spends_nothing() {
    covers(&["R-P-06", "R-BUG-14"]);
    for (task, trouble) in [
        ("Lock(Ours)", StoreTrouble::NoLock),
        ("Load", StoreTrouble::Unreadable),
        ("Probe", StoreTrouble::NotWritable),
        ("Note", StoreTrouble::NotWritable),
        ("Confirm", StoreTrouble::NoLock),
    ] {
        let mut scene = Scene::new(Rule::Strict, []);
        scene.failing.push((task, trouble));
        assert_eq!(scene.renew().unwrap_err(), Error::Store(trouble), "{task}");
        assert_eq!(scene.sent.len(), 0, "{task}");
        assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(1)), "{task}");
    }
}

#[test]
fn a_caller_who_wants_it_in_memory_alone_gets_it_although_nothing_can_be_written() {
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    for task in ["Probe", "Note", "Stash(Some)", "Save"] {
        scene.failing.push((task, StoreTrouble::NotWritable));
    }
    let ask = Ask { in_memory: true, ..scene.ask() };
    let renewal = Renewal::renew(scene.client(), ask, &entropy(1), scene.now);
    let outcome = scene.drive(renewal);
    assert!(matches!(outcome, Ok(Outcome::Renewed(_, Kept::InMemory))), "{outcome:?}");
}

#[test]
fn a_save_that_fails_for_long_leaves_the_tokens_in_the_stash_and_the_next_renewal_finds_them() {
    covers(&["R-P-16"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    scene.failing.push(("Save", StoreTrouble::NotWritable));
    let outcome = scene.renew();
    assert!(matches!(outcome, Ok(Outcome::Renewed(_, Kept::Stashed))), "{outcome:?}");
    assert_eq!(scene.asked.iter().filter(|asked| **asked == "Save").count(), 9, "tried again");
    let mark = scene.read_ledger().mark.unwrap();
    assert_eq!(mark.ended, Some(Ended::Unknown), "and the mark says so");

    scene.failing.clear();
    let outcome = scene.renew();
    assert!(matches!(outcome, Ok(Outcome::Recovered(_))), "{outcome:?}");
    assert_eq!(scene.sent.len(), 1, "without a request");
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(2)));
    assert!(scene.stash.is_none());
    assert!(scene.read_ledger().is_spent(token(1).refresh().digest()));
}

#[test]
fn a_request_that_did_not_leave_costs_nothing() {
    covers(&["R-P-14"]);
    let unsent = || Err(TransportError::NotSent);
    let mut scene = Scene::new(Rule::Strict, [unsent(), unsent(), unsent()]);
    let outcome = scene.renew().unwrap_err();
    assert_eq!(outcome, Error::Unreachable(Trouble::NotSent));
    assert_eq!(scene.read_ledger(), scene.setting.ledger(), "the mark is taken back");
}

#[test]
fn a_server_that_wants_a_long_pause_is_not_waited_for_under_the_lock() {
    let busy = |seconds: &str| Ok(Response::new(503, "").with_retry_after(seconds));
    let mut scene = Scene::new(Rule::Strict, [busy("2"), granted(2)]);
    assert!(matches!(scene.renew(), Ok(Outcome::Renewed(..))));
    assert!(scene.now.mono - DAWN.mono >= 2000, "as long as it asked");

    let mut scene = Scene::new(Rule::Strict, [busy("60")]);
    assert_eq!(scene.renew().unwrap_err(), Error::Unreachable(Trouble::Status(503)));
    assert_eq!(scene.now, DAWN, "and the others need not wait");
    assert_eq!(scene.read_ledger().mark, None);
}

#[test]
fn an_outcome_that_is_not_known_is_told_and_found_out_once_when_the_token_is_needed() {
    covers(&["R-P-15", "B-CK-03"]);
    let mut scene = Scene::new(Rule::Strict, [Err(TransportError::Lost)]);
    let Err(Error::Interrupted { at, by, is_last }) = scene.renew() else { panic!("it is told") };
    assert_eq!((at, by.as_str(), is_last), (DAWN.wall, "this process", false));

    scene.replies.push_back(Err(TransportError::Lost));
    let last = scene.renew().unwrap_err();
    assert!(matches!(last, Error::Interrupted { is_last: true, .. }), "{last:?}");
    let mut scene = Scene { replies: [].into(), ..scene };
    let over = scene.renew().unwrap_err();
    assert!(matches!(over, Error::Interrupted { is_last: true, .. }), "{over:?}");
    assert_eq!(scene.sent.len(), 2, "and never a third time");
}

#[test]
fn while_the_access_token_is_good_an_unknown_outcome_is_left_alone() {
    let mut scene = Scene::new(Rule::Strict, [Err(TransportError::Lost)]);
    let lapses = DAWN.wall + 120_000;
    scene.record.as_mut().unwrap().expires_at = Some(lapses);
    for _ in 0..3 {
        let outcome = scene.renew();
        assert!(matches!(outcome, Ok(Outcome::StillGood(_, Error::Interrupted { .. }))));
    }
    assert_eq!(scene.sent.len(), 1);
}

#[test]
fn a_server_that_forgives_is_asked_again_at_once_and_the_mark_counts() {
    covers(&["R-P-15"]);
    let mut scene = Scene::new(Rule::Grace, [Err(TransportError::Lost), granted(2)]);
    let outcome = scene.renew();
    assert!(matches!(outcome, Ok(Outcome::Renewed(_, Kept::Saved))), "{outcome:?}");
    assert_eq!((scene.sent.len(), scene.now), (2, DAWN));
    assert_eq!(scene.asked.iter().filter(|asked| **asked == "Confirm").count(), 2);

    let mut scene = Scene::new(Rule::Grace, [Err(TransportError::Lost), Err(TransportError::Lost)]);
    let outcome = scene.renew().unwrap_err();
    assert!(matches!(outcome, Error::Interrupted { is_last: true, .. }), "{outcome:?}");
}

#[test]
fn where_refresh_tokens_stay_a_lost_answer_is_only_a_retry() {
    let lost = || Err(TransportError::Lost);
    let mut scene = Scene::new(Rule::Keeps, [lost(), lost(), granted(0)]);
    assert_eq!(scene.client().provider().token.reuse, Reuse::Freely);
    assert!(matches!(scene.renew(), Ok(Outcome::Renewed(_, Kept::Saved))));

    let mut scene = Scene::new(Rule::Keeps, [lost(), lost(), lost()]);
    assert_eq!(scene.renew().unwrap_err(), Error::Unreachable(Trouble::Lost));
    assert_eq!(scene.read_ledger().mark, None, "nothing is in doubt");
}

#[test]
fn a_definite_answer_without_tokens_may_have_cost_the_token() {
    let answer = Ok(Response::new(200, "{}"));
    let mut scene = Scene::new(Rule::Strict, [answer]);
    let outcome = scene.renew().unwrap_err();
    assert!(matches!(outcome, Error::Interrupted { is_last: false, .. }), "{outcome:?}");
    assert_eq!(scene.read_ledger().mark.unwrap().ended, Some(Ended::Unknown));
}

#[test]
fn a_refusal_is_believed_after_three_looks_and_changes_nothing() {
    covers(&["R-P-13", "B-TR-31"]);
    let mut scene = Scene::new(Rule::Strict, [invalid_grant()]);
    let before = scene.record.clone().map(|record| record.save().expose().to_owned());
    assert_eq!(scene.renew().unwrap_err(), Error::InvalidGrant);
    // Under the lock, and three times for what another tool may have written.
    assert_eq!(scene.asked.iter().filter(|asked| **asked == "Load").count(), 4);
    assert_eq!(scene.now.mono - DAWN.mono, 2000);
    assert_eq!(scene.record.clone().map(|record| record.save().expose().to_owned()), before);

    assert_eq!(scene.renew().unwrap_err(), Error::InvalidGrant, "told again");
    assert_eq!(scene.sent.len(), 1, "without a request");
}

#[test]
fn what_another_tool_wrote_meanwhile_is_taken_instead_of_a_refusal() {
    covers(&["R-P-13", "B-TR-31"]);
    let mut scene = Scene::new(Rule::Strict, [invalid_grant()]);
    let theirs = credential(token(5), token(5), DAWN);
    scene.meanwhile = Some(("Unlock", Some(theirs)));
    let outcome = scene.renew();
    let Ok(Outcome::Adopted(adopted)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refresh_token(&adopted), Some(token(5)));

    // Theirs has lapsed as well: it is presented in its turn.
    let mut scene = Scene::new(Rule::Strict, [invalid_grant(), granted(6)]);
    let mut theirs = credential(token(5), token(5), DAWN);
    theirs.expires_at = Some(DAWN.wall);
    scene.meanwhile = Some(("Unlock", Some(theirs)));
    assert!(matches!(scene.renew(), Ok(Outcome::Renewed(..))));
    assert_eq!(scene.record.as_ref().and_then(refresh_token), Some(token(6)));
}

#[test]
fn a_refusal_after_an_interruption_is_told_as_that() {
    let mut scene = Scene::new(Rule::Strict, [invalid_grant()]);
    scene.mark(|mark| mark.at = DAWN.wall - 60_000);
    let outcome = scene.renew().unwrap_err();
    let Error::Interrupted { at, by, is_last: true } = outcome else { panic!("{outcome:?}") };
    assert_eq!((at, by.as_str()), (DAWN.wall - 60_000, "another process"));
}

#[test]
fn an_older_record_that_was_put_back_is_known_as_superseded() {
    covers(&["B-CF-29"]);
    let mut scene = Scene::new(Rule::Strict, []);
    scene.record = Some(scene.setting.older_record());
    assert_eq!(scene.renew().unwrap_err(), Error::Superseded);
}

#[test]
fn a_record_that_comes_back_after_a_logout_is_signed_out_all_the_same() {
    covers(&["R-P-18", "B-CF-26"]);
    let mut scene = Scene::new(Rule::Strict, []);
    let spent = [token(1).refresh().digest()].into();
    let ledger = Ledger { spent, signed_out: true, ..Ledger::default() };
    scene.ledger = Some(ledger.write());
    assert_eq!(scene.renew().unwrap_err(), Error::SignedOut);
}

#[test]
fn whoever_is_at_it_is_waited_for_as_long_as_asked() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.mark(|_| {});
    scene.is_alive = true;
    assert_eq!(scene.renew().unwrap_err(), Error::Busy);
    assert!((500..2000).contains(&(scene.now.mono - DAWN.mono)));

    scene.is_alive = false;
    scene.replies.push_back(granted(2));
    assert!(matches!(scene.renew(), Ok(Outcome::Renewed(..))), "the dead are not waited for");
}

#[test]
fn a_mark_of_long_ago_is_nobody_s() {
    covers(&["R-P-17"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    scene.mark(|mark| mark.at = DAWN.wall - HOUR);
    scene.is_alive = true;
    assert!(matches!(scene.renew(), Ok(Outcome::Renewed(..))));
    assert!(!scene.asked.contains(&"Alive"));
}

#[test]
fn a_lock_that_cannot_be_had_leaves_what_another_process_renewed() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.is_held = true;
    assert_eq!(scene.renew().unwrap_err(), Error::Busy);
    scene.record = Some(credential(token(2), token(2), DAWN));
    assert!(matches!(scene.renew(), Ok(Outcome::Adopted(_))));
    assert!(!scene.asked.contains(&"Unlock"), "nothing was taken, so nothing is given back");
}

#[test]
fn another_account_s_record_is_never_handed_out_or_renewed() {
    covers(&["R-INV-14"]);
    for id in [Some("bob"), None] {
        let mut scene = Scene::new(Rule::Strict, []);
        let account = Account { id: id.map(str::to_owned), ..Account::default() };
        scene.record.as_mut().unwrap().account = account;
        assert_eq!(scene.renew().unwrap_err(), Error::AccountMismatch, "{id:?}");
    }
}

#[test]
fn tokens_of_another_account_are_not_kept_and_the_record_stays() {
    covers(&["B-TR-36", "R-INV-14"]);
    let answer = |whose| format!(r#"{{"access_token":"a","refresh_token":"r","whose":"{whose}"}}"#);
    for (whose, is_kept) in [("bob", false), (ACCOUNT, true)] {
        let mut scene = Scene::new(Rule::Strict, [Ok(Response::new(200, answer(whose)))]);
        let mut provider = scene.client().provider().clone();
        provider.token.account.id = vec![vec!["reply".into(), "whose".into()]];
        scene.setting.client = Client::new(provider, Configuration::default()).unwrap();
        let outcome = scene.renew();
        let refresh_token = scene.record.as_ref().unwrap().refresh_token.as_ref().unwrap();
        assert_eq!(refresh_token.matches("r"), is_kept, "{outcome:?}");
        assert_eq!(scene.delivered.len(), usize::from(is_kept));
        assert_eq!(outcome.err(), (!is_kept).then_some(Error::AccountMismatch));
        let ended = scene.read_ledger().mark.map(|mark| mark.ended);
        assert_eq!(ended, (!is_kept).then_some(Some(Ended::Unknown)), "an answer of no use");
    }
}

#[test]
fn a_token_that_an_api_rejected_is_renewed_once_whatever_the_clock_says() {
    covers(&["B-CK-06"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    let fresh = credential(token(1), token(1), DAWN);
    let rejected = Due::Still(fresh.access_token.digest());
    scene.record = Some(fresh);
    for is_first in [true, false] {
        let ask = Ask { due: rejected, ..scene.ask() };
        let renewal = Renewal::renew(scene.client(), ask, &entropy(1), scene.now);
        let outcome = scene.drive(renewal);
        assert_eq!(matches!(outcome, Ok(Outcome::Renewed(..))), is_first, "{outcome:?}");
    }
    assert_eq!(scene.sent.len(), 1);
}

#[test]
fn a_ledger_of_a_newer_version_stops_everything_and_a_damaged_one_nothing() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.ledger = Some(r#"{"version":2}"#.into());
    assert_eq!(scene.renew().unwrap_err(), Error::Store(StoreTrouble::Newer));

    for damaged in ["", "{", r#"{"version":1,"mark":7,"spent":"x"}"#] {
        let mut scene = Scene::new(Rule::Strict, [granted(2)]);
        scene.ledger = Some(damaged.into());
        assert!(matches!(scene.renew(), Ok(Outcome::Renewed(..))), "{damaged}");
    }
}

#[test]
fn a_stash_that_is_torn_or_another_token_s_is_passed_over() {
    for stash in ["", "{", r#"{"instead_of":"00000000000000000000000000000000","credential":{}}"#] {
        let mut scene = Scene::new(Rule::Strict, [granted(2)]);
        scene.stash = Some(Secret::from(stash));
        assert!(matches!(scene.renew(), Ok(Outcome::Renewed(_, Kept::Saved))), "{stash}");
    }
}

#[test]
fn new_tokens_lose_to_a_new_login_and_are_revoked() {
    covers(&["R-P-10"]);
    let revoked = Ok(Response::new(200, ""));
    let mut scene = Scene::new(Rule::Strict, [granted(2), revoked]);
    scene.meanwhile = Some(("Stash(Some)", None));
    assert_eq!(scene.renew().unwrap_err(), Error::SignedOut);
    assert_eq!(scene.sent[1].purpose, Purpose::Revoke);
    assert!(scene.sent[1].body.expose().contains("r0.2"), "the one that nobody needs");
    assert!(scene.stash.is_none());

    // The same grant, one step further: nothing is revoked, or the winner would lose its login.
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    let theirs: Credential = credential(token(3), token(3), DAWN);
    scene.meanwhile = Some(("Stash(Some)", Some(theirs)));
    assert!(matches!(scene.renew(), Ok(Outcome::Adopted(_))));
    assert_eq!(scene.sent.len(), 1);
    assert!(scene.stash.is_some(), "and what came is kept");
}

#[test]
fn a_request_takes_no_longer_than_the_owner_tool_s_patience() {
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    let budget = Duration::from_secs(7);
    let ask = Ask { budget, ..scene.ask() };
    let renewal = Renewal::renew(scene.client(), ask, &entropy(1), scene.now);
    assert!(scene.drive(renewal).is_ok());
    assert_eq!(scene.sent[0].budget, budget);
}
