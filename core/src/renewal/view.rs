//! A renewal as a model checker sees it: comparable, hashable, no secret, no absolute time.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::closing::Then;
use super::noting::Note;
use super::rounds::{Found, Glance};
use super::spending::Fresh;
use super::{Job, Ledger, Mark, Outcome, Refused, Renewal, Seen, State, Unwritten};
use crate::Secret;
use crate::call::Call;
use crate::credential::Credential;
use crate::error::Error;
use crate::time::{Now, millis};

/// Two renewals with equal views behave alike from here on, but for the ids of their requests.
pub(super) fn of(renewal: &Renewal, now: Now) -> String {
    let Renewal { job, locks, began_again, recovered, cancelled, state, .. } = renewal;
    let Unwritten { mark: unmarked, tokens } = &renewal.unwritten;
    let unmarked = unmarked.as_ref().map(|it| mark(it, now));
    let tokens = tokens.as_ref().map(|(digest, new)| (digest, credential(new, now)));
    let until = |at: u64| millis(now.until(at));
    let job = match job {
        Job::Renew => String::from("renew"),
        Job::SignIn(new) => format!("sign in {}", credential(new, now)),
        Job::SignOut => String::from("sign out"),
    };
    let held = match state {
        State::TakingLock(lock) => format!("{lock:?}"),
        State::Reading(look) => glance(look, now),
        State::AskingForOwner(found) | State::Probing(found) | State::Marking(found) => {
            record(found, now)
        }
        State::WaitingForOwner(at) => format!("{}", until(*at)),
        State::Recovering(stash) => {
            format!("{:?} {}", stash.by, credential(&stash.credential, now))
        }
        State::Spending(found, spend)
        | State::Confirming(found, spend)
        | State::PausingToSend(found, spend) => {
            let call = match spend.call() {
                Call::Due { at, tries } => format!("due {} {tries:?}", until(at)),
                Call::Sent { tries, .. } => format!("sent {tries:?}"),
            };
            format!("{} {call}", record(found, now))
        }
        State::Delivering(fresh) | State::Stashing(fresh) | State::Saving(fresh) => {
            brought(fresh, now)
        }
        State::PausingToSave(fresh, at) => format!("{} {}", brought(fresh, now), until(*at)),
        State::Replacing(new) => credential(new, now),
        State::StashingLogin(new, over, why) => {
            format!("{over:?} {} {}", credential(new, now), error(why, now))
        }
        State::LookingAgain(refused, times, at) => {
            format!("{times} {} {}", dead(refused, now), until(*at))
        }
        State::Closing(closing) | State::ProbingToPart(closing) => format!(
            "{} {:?} {:?} {} {} {}",
            closing.reread,
            closing.note.as_ref().map(|it| note(it, now)),
            closing.revoke.iter().map(|revoked| credential(revoked, now)).collect::<Vec<_>>(),
            closing.remove,
            closing.unstash,
            and_then(&closing.then, now),
        ),
        State::Finished => String::new(),
    };
    let owner = renewal.owner_until.map(until);
    let is_out = renewal.out.is_some();
    let gone = &renewal.gone;
    let seen = seen(renewal, now);
    let aside = renewal.aside;
    format!(
        "{} {job} {locks:?} {is_out} {began_again} {recovered:?} {cancelled} {seen} {gone:?} \
         {owner:?} {aside:?} {unmarked:?} {tokens:?} {held}",
        renewal.state()
    )
}

fn glance(glance: &Glance, now: Now) -> String {
    match glance {
        Glance::Locked => String::from("locked"),
        Glance::Unlocked(why) => format!("unlocked {}", error(why, now)),
        Glance::Refused(times, refused) => format!("refused {times} {}", dead(refused, now)),
        Glance::Overtaken(fresh) => format!("overtaken {}", brought(fresh, now)),
    }
}

fn record(found: &Found, now: Now) -> String {
    let [prior, ours] = [&found.prior, &found.mark].map(|it| it.as_ref().map(|it| mark(it, now)));
    format!("{} {prior:?} {ours:?} {}", credential(&found.record, now), found.logins)
}

/// Wherever it is not read before anything else, what was seen decides what is written.
fn seen(renewal: &Renewal, now: Now) -> String {
    let is_read_first = matches!(
        renewal.state,
        State::TakingLock(_)
            | State::Reading(_)
            | State::AskingForOwner(_)
            | State::WaitingForOwner(_)
            | State::LookingAgain(..)
            | State::Finished
    );
    if is_read_first {
        return String::new();
    }
    let Seen { ledger, stash, .. } = &renewal.seen;
    format!("{} {stash:?}", noted(ledger, now))
}

fn note(note: &Note, now: Now) -> String {
    match note {
        Note::Renewed { attempt, logins, spent, stands } => {
            format!("renewed {} {logins} {spent:?} {stands:?}", numbered(*attempt))
        }
        Note::Ended { attempt, how } => format!("ended {} {how:?}", numbered(Some(*attempt))),
        Note::Undone { attempt, before } => {
            let before = before.as_ref().map(|it| mark(it, now));
            format!("undone {} {before:?}", numbered(Some(*attempt)))
        }
        Note::Settled { attempt, recovered } => {
            format!("settled {} {recovered:?}", numbered(*attempt))
        }
        Note::SignedIn { token, over, stands } => {
            format!("signed in {token:?} {} {stands:?}", numbered(*over))
        }
        Note::SignedOut { spent } => format!("signed out {spent:?}"),
    }
}

fn brought(fresh: &Fresh, now: Now) -> String {
    let Fresh { found, new, rotated, stashed, failures } = fresh;
    let new = credential(new, now);
    format!("{} {new} {rotated} {stashed} {failures}", record(found, now))
}

fn dead(refused: &Refused, now: Now) -> String {
    let Refused { digest, record, why } = refused;
    format!("{digest} {} {}", credential(record, now), error(why, now))
}

fn noted(ledger: &Ledger, now: Now) -> String {
    let Ledger { generation, logins, spent, stands, signed_out, .. } = ledger;
    let mark = ledger.mark.as_ref().map(|it| mark(it, now));
    format!("{generation} {logins} {mark:?} {spent:?} {stands:?} {signed_out}")
}

fn mark(mark: &Mark, now: Now) -> String {
    let Mark { digest, attempt, presented, who, at, ended, .. } = mark;
    let attempt = numbered(Some(*attempt));
    format!("{digest} {attempt} {presented} {who} {} {ended:?}", ago(*at, now))
}

/// The number of an attempt tells it from others and decides nothing else: so that a checker can
/// put another in its place, it is marked as one.
fn numbered(attempt: Option<u64>) -> String {
    attempt.map_or_else(String::new, |attempt| format!("#{attempt}#"))
}

fn and_then(then: &Then, now: Now) -> String {
    match then {
        Then::BeginAgain => String::from("begin again"),
        Then::LookAgain(refused) => dead(refused, now),
        Then::Finish(outcome) => match &**outcome {
            Ok(Outcome::Adopted(new)) => format!("adopted {}", credential(new, now)),
            Ok(Outcome::Recovered(new)) => format!("recovered {}", credential(new, now)),
            Ok(Outcome::Renewed(new, kept)) => format!("renewed {} {kept:?}", credential(new, now)),
            Ok(Outcome::StillGood(old, why)) => {
                format!("still good {} {}", credential(old, now), error(why, now))
            }
            Ok(outcome @ (Outcome::SignedIn(_) | Outcome::SignedOut { .. })) => {
                format!("{outcome:?}")
            }
            Err(why) => error(why, now),
        },
        Then::SignedOut { was_there, revoked } => format!("signed out {was_there} {revoked:?}"),
    }
}

fn error(error: &Error, now: Now) -> String {
    if let Error::Interrupted { at, by, is_last } = error {
        return format!("interrupted {} {by} {is_last}", ago(*at, now));
    }
    format!("{error:?}")
}

fn credential(credential: &Credential, now: Now) -> String {
    let token = credential.renewed_by().map(Secret::digest);
    let lapses = credential.expires_at.map(|at| ago(at, now));
    format!("{} {token:?} {lapses:?}", credential.access_token.digest())
}

/// How long before now, on the wall clock; less than nothing for what lies ahead.
fn ago(wall: u64, now: Now) -> i128 {
    i128::from(now.wall) - i128::from(wall)
}
