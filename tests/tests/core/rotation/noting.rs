//! What is written into the ledger, where others have written since.

use grantflow_core::{
    Answer, Digest, Ended, Kept, Ledger, NewerLedger, Outcome, Rejected, Renewal, RenewalStep,
    Secret, TransportError,
};
use grantflow_tests::covers;
use grantflow_tests::world::{DAWN, entropy};

use super::scene::{LOGIN, Scene, granted, token};
use super::server::Rule;
use super::setting::credential;

#[test]
fn a_digest_that_is_none_is_no_spent_token() {
    let digest = "0123456789abcdef0123456789abcdef";
    let text =
        format!(r#"{{"version":1,"spent":["ab","{digest}","{digest}0","g{}"]}}"#, &digest[1..]);
    assert_eq!(Ledger::read(&text).unwrap().spent, [Digest::parse(digest).unwrap()]);
}

#[test]
fn the_last_32_spent_tokens_are_remembered() {
    let digest = |number: usize| Secret::new(format!("spent-{number}")).digest();
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    let spent = (0..32).map(digest).collect();
    scene.ledger = Some(Ledger { spent, ..scene.setting.ledger() }.write());
    scene.renew().unwrap();
    let ledger = scene.read_ledger();
    assert_eq!(ledger.spent.len(), 32);
    assert!(!ledger.is_spent(digest(0)) && ledger.is_spent(digest(1)), "the oldest is forgotten");
    assert_eq!(ledger.spent.last(), Some(&token(1).refresh().digest()), "the newest comes last");
}

#[test]
fn counters_that_somebody_has_set_as_high_as_they_go_stay_there() {
    covers(&["R-INV-04"]);
    let mut scene = Scene::new(Rule::Strict, [granted(2)]);
    let most = Ledger { generation: u64::MAX, logins: u64::MAX, ..scene.setting.ledger() };
    scene.ledger = Some(most.write());
    scene.renew().unwrap();
    let new = credential(LOGIN, LOGIN, DAWN);
    let sign_in = Renewal::sign_in(scene.client(), new, scene.ask(), &entropy(1), DAWN);
    scene.drive(sign_in).unwrap();
    let ledger = scene.read_ledger();
    assert_eq!((ledger.generation, ledger.logins), (u64::MAX, u64::MAX));
}

#[test]
fn a_mark_is_taken_back_by_whoever_made_it_and_by_nobody_else() {
    covers(&["R-P-14"]);
    let mut scene = Scene::new(Rule::Strict, [(); 4].map(|()| Err(TransportError::NotSent)));
    let mut renewal = scene.renewal();
    while scene.sent.is_empty() {
        assert!(scene.step(&mut renewal).is_none(), "it sends");
    }
    scene.mark(|mark| mark.attempt = 99);
    scene.drive(renewal).unwrap_err();
    let mark = scene.read_ledger().mark;
    assert_eq!(mark.map(|mark| mark.attempt), Some(99), "somebody has taken the lock over");
}

#[test]
fn a_mark_that_another_process_made_meanwhile_outlives_the_end_of_an_old_one() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.mark(|_| {});
    scene.record = Some(credential(token(2), token(2), DAWN));
    let mut renewal = scene.renewal();
    while scene.asked.last() != Some(&"Load") || !scene.asked.contains(&"Lock(Ours)") {
        assert!(scene.step(&mut renewal).is_none(), "it reads under the lock");
    }
    scene.mark(|mark| (mark.attempt, mark.digest) = (99, token(2).refresh().digest()));
    let left = scene.read_ledger();
    assert!(matches!(scene.drive(renewal), Ok(Outcome::Adopted(_))));
    assert_eq!(scene.read_ledger(), left);
}

#[test]
fn signing_in_again_with_the_same_token_makes_it_a_new_one() {
    let mut scene = Scene::new(Rule::Strict, []);
    scene.mark(|_| {});
    let new = credential(token(1), token(1), DAWN);
    let sign_in = Renewal::sign_in(scene.client(), new, scene.ask(), &entropy(1), DAWN);
    scene.drive(sign_in).unwrap();
    let ledger = scene.read_ledger();
    assert_eq!((ledger.mark.as_ref(), ledger.logins), (None, 1), "nothing is under way");
    assert!(!ledger.is_spent(token(1).refresh().digest()));
}

#[test]
fn a_renewal_of_a_new_login_that_began_before_it_was_noted_keeps_its_mark() {
    let (mut scene, sign_in) = Scene::with_a_login_to_note();
    scene.mark(|mark| (mark.attempt, mark.digest) = (99, LOGIN.refresh().digest()));
    scene.drive(sign_in).unwrap();
    assert_eq!(scene.read_ledger().mark.map(|mark| mark.attempt), Some(99));
}

#[test]
fn a_ledger_of_a_newer_version_that_came_meanwhile_stays_as_it_is() {
    covers(&["R-P-18"]);
    let (mut scene, sign_in) = Scene::with_a_login_to_note();
    let newer = scene.read_ledger().write().replace(r#""version":1"#, r#""version":2"#);
    assert_eq!(Ledger::read(&newer), Err(NewerLedger));
    scene.ledger = Some(newer.clone());
    assert!(matches!(scene.drive(sign_in), Ok(Outcome::SignedIn(Kept::Saved))));
    assert_eq!(scene.ledger, Some(newer));
}

#[test]
fn what_is_read_again_before_a_note_is_answered_by_what_was_read() {
    let (mut scene, mut sign_in) = Scene::with_a_login_to_note();
    scene.ledger = Some(Ledger { generation: 9, ..scene.setting.ledger() }.write());
    while sign_in.state() != "ReadingToNote" {
        assert!(scene.step(&mut sign_in).is_none(), "somebody has written there");
    }
    let RenewalStep::Do(id, task) = sign_in.poll(scene.now) else { panic!("it reads") };
    for other in [Answer::Done, Answer::Held, Answer::Changed(None), Answer::Alive(true)] {
        assert_eq!(sign_in.handle_answer(scene.now, id, other), Err(Rejected::NotExpected));
    }
    let loaded = scene.answer(&task);
    assert_eq!(sign_in.handle_answer(scene.now, id, loaded), Ok(()));
    scene.drive(sign_in).unwrap();
    assert_eq!(scene.read_ledger().generation, 10);
}

#[test]
fn a_mark_that_ended_in_a_way_we_do_not_know_has_not_ended() {
    let mut scene = Scene::new(Rule::Strict, []);
    for (word, ended) in
        [("unknown", Some(Ended::Unknown)), ("refused", Some(Ended::Refused)), ("otherwise", None)]
    {
        scene.mark(|mark| mark.ended = Some(Ended::Unknown));
        let text = scene.read_ledger().write().replace("unknown", word);
        assert_eq!(Ledger::read(&text).unwrap().mark.map(|mark| mark.ended), Some(ended), "{word}");
    }
}

#[test]
fn a_login_that_was_removed_before_it_was_noted_is_none() {
    covers(&["R-P-18"]);
    let (mut scene, sign_in) = Scene::with_a_login_to_note();
    scene.record = None;
    let out = Ledger { signed_out: true, generation: 9, ..scene.setting.ledger() };
    scene.ledger = Some(out.write());
    let _ = scene.drive(sign_in);
    assert_eq!(scene.read_ledger(), out, "whoever signed out has the last word");
}
