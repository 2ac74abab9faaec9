//! What holds at every step of a renewal, wherever it stands.

use std::fmt::Write as _;

use grantflow_core::{
    Answer, Error, Outcome, Rejected, Renewal, RenewalStep, RequestId, Response, StoreTrouble,
    TransportError,
};
use grantflow_tests::covers;

use super::scene::{Scene, granted, token};
use super::server::Rule;

/// A renewal that has taken `steps`, or none if it ends before.
fn after(steps: usize, scene: &mut Scene) -> Option<Renewal> {
    let mut renewal = scene.renewal();
    for _ in 0..steps {
        if scene.step(&mut renewal).is_some() {
            return None;
        }
    }
    Some(renewal)
}

/// Runs `check` on a renewal that has taken no step, one step, two, and so on.
fn at_each_step(mut check: impl FnMut(Scene, Renewal)) {
    let mut count = 0;
    loop {
        let mut scene = Scene::new(Rule::Strict, [granted(2)]);
        let Some(renewal) = after(count, &mut scene) else { break };
        check(scene, renewal);
        count += 1;
    }
    assert!(count > 10, "there are more steps than {count}");
}

#[test]
fn a_stale_answer_and_one_that_does_not_fit_change_nothing() {
    at_each_step(|scene, mut renewal| {
        let now = scene.now;
        let stale = RequestId::from_number(1);
        let response = || Ok(Response::new(200, "{}"));
        let before = renewal.view(now);
        assert_eq!(renewal.handle_answer(now, stale, Answer::Done), Err(Rejected::Stale));
        assert_eq!(renewal.handle_response(now, stale, &response()), Err(Rejected::Stale));
        assert_eq!(renewal.view(now), before);

        match renewal.poll(now) {
            RenewalStep::Do(id, _) => {
                let before = renewal.view(now);
                let refuses = |answer| {
                    let mut fork = renewal.fork();
                    let taken = fork.handle_answer(now, id, answer);
                    assert!(taken.is_ok() || fork.view(now) == before, "{before}");
                    taken == Err(Rejected::NotExpected)
                };
                let count = answers().map(refuses).into_iter().filter(|refused| *refused).count();
                assert!(count >= 3, "{before}: only {count} answers do not fit");
                let response = renewal.handle_response(now, id, &response());
                assert_eq!(response, Err(Rejected::Stale), "{before}");
            }
            RenewalStep::Send(request) => {
                let before = renewal.view(now);
                let answer = renewal.handle_answer(now, request.id, Answer::Done);
                assert_eq!(answer, Err(Rejected::Stale));
                assert_eq!(renewal.view(now), before);
            }
            RenewalStep::Deliver(_) | RenewalStep::Wait(_) | RenewalStep::Done(_) => {}
        }
    });
}

#[test]
fn while_a_task_or_a_request_is_out_there_is_nothing_to_do() {
    at_each_step(|scene, mut renewal| {
        let step = renewal.poll(scene.now);
        if matches!(step, RenewalStep::Do(..) | RenewalStep::Send(_)) {
            let before = renewal.view(scene.now);
            for _ in 0..3 {
                assert!(matches!(renewal.poll(scene.now), RenewalStep::Wait(None)), "{before}");
            }
            assert_eq!(renewal.view(scene.now), before);
        }
    });
}

#[test]
fn cancelling_ends_it_before_the_request_and_changes_nothing_after() {
    covers(&["R-INV-13"]);
    at_each_step(|mut scene, mut renewal| {
        renewal.cancel();
        let was_sent = !scene.sent.is_empty();
        let outcome = scene.drive(renewal);
        assert_eq!(matches!(outcome, Ok(Outcome::Renewed(..))), !scene.sent.is_empty());
        assert_eq!(!scene.sent.is_empty(), was_sent, "nothing goes out after it");
        if !was_sent {
            assert_eq!(outcome.unwrap_err(), Error::Cancelled);
            assert_eq!(scene.read_ledger(), scene.setting.ledger(), "as it was");
        }
        assert_eq!(scene.asked.last(), Some(&"Unlock").filter(|_| !scene.asked.is_empty()));
    });
}

#[test]
fn a_lost_lock_is_taken_again_before_the_request_and_costs_nothing_after() {
    at_each_step(|mut scene, mut renewal| {
        renewal.handle_lock_lost();
        let is_due = scene.asked.contains(&"Lock(Ours)") && scene.sent.is_empty();
        let outcome = scene.drive(renewal);
        assert!(matches!(outcome, Ok(Outcome::Renewed(..))), "{outcome:?}");
        assert_eq!(scene.sent.len(), 1);
        let locked = scene.asked.iter().filter(|asked| **asked == "Lock(Ours)").count();
        assert_eq!(locked, 1 + usize::from(is_due), "{:?}", scene.asked);
        assert_eq!(scene.asked.iter().filter(|asked| **asked == "Unlock").count(), locked);
    });
}

#[test]
fn a_process_that_ends_at_any_step_leaves_what_the_next_one_needs() {
    covers(&["R-CR-01", "R-CR-03", "R-CR-06", "R-CR-07", "R-CR-09"]);
    at_each_step(|mut scene, renewal| {
        drop(renewal);
        let is_kept = scene.stash.is_some() || scene.record_is(2);
        let was_sent = !scene.sent.is_empty();
        scene.now.wall += 1;
        scene.replies = [granted(3)].into();
        let outcome = scene.renew();
        match outcome {
            Ok(Outcome::Recovered(_) | Outcome::Adopted(_)) => assert!(is_kept),
            Ok(Outcome::Renewed(..)) => {
                assert!(!is_kept);
                assert_eq!(scene.sent.len(), 1 + usize::from(was_sent));
            }
            outcome => panic!("{outcome:?}"),
        }
        assert!(scene.stash.is_none() || scene.record_is(2));
        assert_eq!(scene.read_ledger().mark, None);
    });
}

#[test]
fn each_failing_task_after_the_answer_is_survived() {
    covers(&["R-BUG-17"]);
    for task in ["Stash(Some)", "Save", "Stash(None)", "Unlock"] {
        let mut scene = Scene::new(Rule::Strict, [granted(2)]);
        scene.failing.push((task, StoreTrouble::NotWritable));
        let outcome = scene.renew();
        assert!(matches!(outcome, Ok(Outcome::Renewed(..))), "{task}: {outcome:?}");
        assert_eq!(scene.delivered.len(), 1, "{task}");
    }
}

#[test]
fn neither_the_ledger_nor_debug_nor_an_error_holds_a_secret() {
    covers(&["S-T-01", "S-12"]);
    for reply in [granted(2), Err(TransportError::Lost), super::scene::invalid_grant()] {
        let mut scene = Scene::new(Rule::Strict, [reply]);
        let mut renewal = scene.renewal();
        let secrets = [token(1), token(2)].map(|it| (it.refresh(), it.access()));
        let mut printed = String::new();
        loop {
            write!(printed, "{renewal:?} {:?} {}", scene.ledger, renewal.view(scene.now)).unwrap();
            if let Some(outcome) = scene.step(&mut renewal) {
                write!(printed, "{outcome:?}").unwrap();
                outcome.err().iter().for_each(|error| printed.push_str(&error.to_string()));
                break;
            }
        }
        for (refresh, access) in secrets {
            assert!(!printed.contains(refresh.expose()) && !printed.contains(access.expose()));
        }
    }
}

/// One of each kind; no task is answered by more than two of them.
fn answers() -> [Answer; 5] {
    [
        Answer::Alive(true),
        Answer::Loaded(Box::default()),
        Answer::Changed(None),
        Answer::Held,
        Answer::Done,
    ]
}

impl Scene {
    fn record_is(&self, number: u8) -> bool {
        let token_there = self.record.as_ref().and_then(super::participant::refresh_token);
        token_there == Some(token(number))
    }
}
