//! A renewal as a model checker sees it: comparable, hashable, no secret, no absolute time.

use alloc::format;
use alloc::string::String;

use super::rounds::{Found, Glance};
use super::{Job, Ledger, Renewal, State};
use crate::Secret;
use crate::call::Call;
use crate::credential::Credential;
use crate::time::{Now, millis};

/// Two renewals with equal views behave alike from here on, but for the ids of their requests.
pub(super) fn of(renewal: &Renewal, now: Now) -> String {
    let Renewal { job, locks, began_again, recovered, cancelled, state, .. } = renewal;
    let until = |at: u64| millis(now.until(at));
    let job = match job {
        Job::Renew => String::from("renew"),
        Job::SignIn(new) => format!("sign in {}", credential(new)),
        Job::SignOut => String::from("sign out"),
    };
    let held = match state {
        State::TakingLock(lock) => format!("{lock:?}"),
        State::Reading(look) => glance(look),
        State::AskingForOwner(found)
        | State::Probing(found)
        | State::Marking(found)
        | State::Confirming(found) => record(found, now),
        State::WaitingForOwner(at) => format!("{}", until(*at)),
        State::Recovering(stash) => {
            format!("{:?} {}", stash.instead_of, credential(&stash.credential))
        }
        State::Spending(found, spend) => {
            let call = match spend.call() {
                Call::Due { at, tries } => format!("due {} {tries:?}", until(at)),
                Call::Sent { tries, .. } => format!("sent {tries:?}"),
            };
            format!("{} {call}", record(found, now))
        }
        State::Delivering(fresh) | State::Stashing(fresh) | State::Saving(fresh) => {
            format!("{} {} {}", fresh.found.digest, credential(&fresh.new), fresh.stashed)
        }
        State::PausingToSave(fresh, at) => {
            format!("{} {} {}", fresh.found.digest, credential(&fresh.new), until(*at))
        }
        State::Replacing(new, _) => credential(new),
        State::LookingAgain(refused, times, at) => {
            format!("{} {times} {:?} {}", until(*at), refused.digest, refused.why)
        }
        State::Closing(closing) | State::ProbingToPart(closing) => format!(
            "{} {} {} {} {:?}",
            closing.note.as_ref().map_or_else(String::new, |ledger| noted(ledger, now)),
            closing.revoke.as_ref().map_or_else(String::new, credential),
            closing.remove,
            closing.unstash,
            closing.then.view(),
        ),
        State::Finished => String::new(),
    };
    let owner = renewal.owner_until.map(until);
    let is_out = renewal.out.is_some();
    format!(
        "{} {job} {locks:?} {is_out} {began_again} {recovered} {cancelled} {owner:?} {held}",
        renewal.state()
    )
}

fn glance(glance: &Glance) -> String {
    match glance {
        Glance::Locked => String::from("locked"),
        Glance::Unlocked(why) => format!("unlocked {why:?}"),
        Glance::Refused(times, refused) => format!("refused {times} {:?}", refused.digest),
        Glance::Overtaken(fresh) => format!("overtaken {}", credential(&fresh.new)),
    }
}

fn record(found: &Found, now: Now) -> String {
    let prior = found.prior.as_ref().map(|mark| (mark.presented, mark.ended, &mark.who));
    format!("{} {} {prior:?}", found.digest, noted(&found.ledger, now))
}

/// The counters only grow, so that equal ones matter and large ones don't.
fn noted(ledger: &Ledger, now: Now) -> String {
    let mark = ledger.mark.as_ref().map(|mark| {
        (mark.digest, mark.presented, &mark.who, now.wall.saturating_sub(mark.at), mark.ended)
    });
    format!("{mark:?} {:?} {} {}", ledger.spent, ledger.logins, ledger.signed_out)
}

fn credential(credential: &Credential) -> String {
    let token = credential.renewed_by().map(Secret::digest);
    format!("{:?} {token:?}", credential.access_token.digest())
}
