//! From the locks to the request: which task each state asks for, and where its answer leads.

use alloc::boxed::Box;
use core::time::Duration;

use super::closing::{Closing, Then};
use super::ledger::{Ledger, Mark, NewerLedger};
use super::noting::{Note, Seen};
use super::spending::{Fresh, Spend};
use super::stash::{By, Over, Stash};
use super::step::{Answer, Expected, Kept, Loaded, Lock, Outcome, RenewalStep, StoreTrouble, Task};
use super::{Held, Job, Refused, Renewal, State};
use crate::credential::Credential;
use crate::error::Error;
use crate::provider::TokenExchange;
use crate::{Digest, Secret};

/// Why the record is read.
#[derive(Clone)]
pub(super) enum Glance {
    /// Under the lock.
    Locked,
    /// The lock was not to be had, for this reason: another may have renewed it.
    Unlocked(Error),
    /// A token was refused, and this is the so-manieth look for another.
    Refused(u8, Box<Refused>),
    /// The record no longer held what was spent.
    Overtaken(Box<Fresh>),
}

/// A record that is to be renewed.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) record: Box<Credential>,
    /// It is another tool's: nothing is written.
    pub(super) is_borrowed: bool,
    /// Of what stands in the store, if these tokens could not be put there.
    pub(super) stands: Digest,
    /// What renews it, and its digest.
    pub(super) token: Secret,
    pub(super) digest: Digest,
    /// The token is exchanged for another and not spent (no mark, no stash).
    pub(super) exchange: Option<TokenExchange>,
    /// How many logins there had been.
    pub(super) logins: u64,
    /// What the ledger said of this token before we wrote our mark.
    pub(super) prior: Option<Mark>,
    /// Our mark.
    pub(super) mark: Option<Mark>,
}

impl Renewal {
    /// How long until there is something to do.
    pub(super) fn wait(&self) -> Option<Duration> {
        let at = if let State::PausingToSend(_, spend) = &self.state {
            spend.due_at()?
        } else if let State::WaitingForOwner(at)
        | State::PausingToSave(_, at)
        | State::LookingAgain(_, _, at) = &self.state
        {
            *at
        } else {
            return None;
        };
        Some(self.clock.until(at)).filter(|wait| !wait.is_zero())
    }

    /// What this state asks for, and the state that awaits the answer.
    pub(super) fn act(&mut self) -> RenewalStep {
        let (task, next) = match self.take() {
            State::TakingLock(lock) => {
                (Task::Lock(lock, self.ask.patience), State::TakingLock(lock))
            }
            State::Reading(glance) => (Task::Load, State::Reading(glance)),
            State::WaitingForOwner(_) => (Task::Load, State::Reading(Glance::Locked)),
            State::LookingAgain(refused, times, _) => {
                (Task::Load, State::Reading(Glance::Refused(times, refused)))
            }
            State::AskingForOwner(found) => {
                (Task::Alive(found.marked_by().into()), State::AskingForOwner(found))
            }
            State::Recovering(stash) => {
                let task = Task::Save(stash.by.expects(), stash.credential.clone());
                (task, State::Recovering(stash))
            }
            State::Probing(found) => (Task::Probe, State::Probing(found)),
            State::ProbingToPart(closing) => (Task::Probe, State::ProbingToPart(closing)),
            State::Marking(found) => {
                let ledger = self.marked(&found).write();
                (Task::Note(self.seen.text, ledger), State::Marking(found))
            }
            State::Spending(found, spend) if spend.is_out() || self.may_spend() => {
                return self.spend(found, spend);
            }
            // Of the last: told since it was confirmed, and in time.
            State::Confirming(found, spend)
            | State::PausingToSend(found, spend)
            | State::Spending(found, spend) => (Task::Confirm, State::Confirming(found, spend)),
            State::Stashing(fresh) => {
                (Task::Stash(self.seen.stash, Some(fresh.stash())), State::Stashing(fresh))
            }
            State::StashingLogin(new, over, why) => {
                let stash = Stash::write(By::Login(over), &new);
                let task = Task::Stash(self.seen.stash, Some(stash));
                (task, State::StashingLogin(new, over, why))
            }
            State::Saving(fresh) | State::PausingToSave(fresh, _) => {
                let expected = Expected::RenewedBy(fresh.found.stands);
                (Task::Save(expected, fresh.new.clone()), State::Saving(fresh))
            }
            State::Replacing(new) => {
                (Task::Save(Expected::Anything, new.clone()), State::Replacing(new))
            }
            State::Delivering(fresh) => return self.deliver(fresh),
            State::Closing(closing) => return self.close(closing),
            State::Finished => return RenewalStep::Wait(None),
        };
        self.state = next;
        self.ask_host(task)
    }

    pub(super) fn ask_host(&mut self, task: Task) -> RenewalStep {
        let id = self.ids.next();
        self.out = Some(id);
        RenewalStep::Do(id, task)
    }

    /// Whether this can be an answer to the task that is out.
    pub(super) fn fits(&self, answer: &Answer) -> bool {
        match (&self.state, answer) {
            (State::Closing(closing), answer) => closing.fits(self.locks, answer),
            (_, Answer::Failed(_))
            | (State::TakingLock(_) | State::Confirming(..), Answer::Done | Answer::Held)
            | (State::Reading(_), Answer::Loaded(_))
            | (State::AskingForOwner(_), Answer::Alive(_))
            | (
                State::Recovering(_)
                | State::Marking(_)
                | State::Stashing(_)
                | State::StashingLogin(..)
                | State::Saving(_)
                | State::Replacing(_),
                Answer::Changed(_),
            ) => true,
            (State::Reading(_) | State::AskingForOwner(_), _) => false,
            (_, answer) => matches!(answer, Answer::Done),
        }
    }

    /// The transition out of every state but the exchange and the closing.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other answer is dealt with alike")]
    pub(super) fn go_on(&mut self, state: State, answer: Answer) -> State {
        let is_done = matches!(answer, Answer::Done);
        match state {
            State::TakingLock(lock) => self.asked_for_lock(lock, &answer),
            State::Reading(glance) => match answer {
                Answer::Loaded(loaded) => self.read(glance, loaded),
                answer => self.unreadable(glance, &answer),
            },
            State::AskingForOwner(found) => self.asked_for_owner(&found, &answer),
            State::Recovering(stash) => self.recovered(&stash, &answer),
            State::Probing(found) if is_done || self.ask.in_memory => self.mark(found),
            State::ProbingToPart(closing) if is_done => State::Closing(closing),
            State::Marking(found) if is_done => {
                self.seen.noted(self.marked(&found));
                State::Confirming(found, Spend::now(self.clock))
            }
            // Somebody has gone past since the record was read: what it leads to is not known.
            State::Marking(_) if matches!(answer, Answer::Changed(_)) => {
                State::Reading(Glance::Locked)
            }
            State::Marking(found) if self.ask.in_memory => {
                self.unwritten.mark.clone_from(&found.mark);
                State::Confirming(found, Spend::now(self.clock))
            }
            State::Probing(found) | State::Marking(found) => {
                self.instead(found.record, store_error(&answer))
            }
            State::Confirming(found, spend) if is_done && self.may_spend() => {
                State::Spending(found, spend)
            }
            State::Confirming(found, _) => self.not_confirmed(found, &answer),
            State::Stashing(mut fresh) => {
                fresh.stashed = is_done;
                if fresh.stashed {
                    self.seen.stashed(Some(&fresh.stash()));
                }
                State::Saving(fresh)
            }
            State::StashingLogin(..) if is_done => State::end(Ok(Outcome::SignedIn(Kept::Stashed))),
            State::StashingLogin(_, _, why) => match answer {
                Answer::Changed(_) => State::Reading(Glance::Unlocked(why)),
                _ => State::end(Err(why)),
            },
            State::Saving(fresh) => self.saved(fresh, &answer),
            State::Replacing(new) if is_done => {
                self.signed_in(&new, Then::finish(Ok(Outcome::SignedIn(Kept::Saved))))
            }
            // And no other state has asked for anything.
            _ => State::end(Err(store_error(&answer))),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "every other answer is dealt with alike")]
    fn asked_for_lock(&mut self, lock: Lock, answer: &Answer) -> State {
        match answer {
            Answer::Done => self.locked(lock),
            Answer::Failed(trouble) => self.unlocked(Error::Store(*trouble)),
            _ if lock == Lock::Ours && self.is_persons_wish() => self.went_past(),
            _ => self.unlocked(Error::Busy),
        }
    }

    fn asked_for_owner(&mut self, found: &Found, answer: &Answer) -> State {
        if let Answer::Alive(false) = answer {
            // It may have saved just before it ended, so the record is read again.
            self.gone = Some(found.marked_by().into());
            return State::Reading(Glance::Locked);
        }
        // Where there is no telling, it may be alive.
        self.await_owner(found)
    }

    fn recovered(&mut self, stash: &Stash, answer: &Answer) -> State {
        match (stash.is_login(), answer) {
            (true, Answer::Done) => return self.signed_in(&stash.credential, Then::BeginAgain),
            (true, Answer::Changed(_)) => {}
            (true, answer) => return State::end(Err(store_error(answer))),
            (false, Answer::Done) => {
                // The interrupted renewal is complete: the record has what it had brought.
                self.recovered = Some(stash.credential.known_by());
                self.unwritten.tokens = None;
            }
            // Once is enough: whatever stands there now is gone on with.
            (false, _) => self.aside = Some(Kept::Stashed),
        }
        State::Reading(Glance::Locked)
    }

    fn may_spend(&self) -> bool {
        !self.cancelled && self.is_locked()
    }

    pub(super) fn is_locked(&self) -> bool {
        self.locks == Held { ours: true, owner: self.ask.has_owner_lock, lost: false }
    }

    fn locked(&mut self, lock: Lock) -> State {
        match lock {
            Lock::Ours => self.locks.ours = true,
            Lock::Owner => self.locks.owner = true,
        }
        if self.cancelled {
            State::end(Err(Error::Cancelled))
        } else if lock == Lock::Ours && self.ask.has_owner_lock {
            State::TakingLock(Lock::Owner)
        } else {
            State::Reading(Glance::Locked)
        }
    }

    /// A login or logout does not wait for ever for a renewal that hangs: the comparison at its save
    /// tells that one that it has lost.
    fn went_past(&self) -> State {
        if self.ask.has_owner_lock {
            State::TakingLock(Lock::Owner)
        } else {
            State::Reading(Glance::Locked)
        }
    }

    /// The login is in the record.
    fn signed_in(&self, new: &Credential, then: Then) -> State {
        let token = new.known_by();
        let over = self.seen.ledger.mark.as_ref().map(|mark| mark.attempt);
        let note = Some(Note::SignedIn { token, over, stands: Some(token) });
        Closing { note, unstash: true, ..Closing::then(then) }.into()
    }

    fn is_persons_wish(&self) -> bool {
        match self.job {
            Job::Renew => false,
            Job::SignIn(_) | Job::SignOut => !self.cancelled,
        }
    }

    /// Without the lock nothing is spent and no record is written, but somebody else may have
    /// renewed, and a login that a person has finished is kept.
    fn unlocked(&self, why: Error) -> State {
        match (&self.job, self.cancelled) {
            (Job::SignOut, _) => State::end(Err(why)),
            (Job::Renew | Job::SignIn(_), true) => State::end(Err(Error::Cancelled)),
            (Job::Renew | Job::SignIn(_), false) => State::Reading(Glance::Unlocked(why)),
        }
    }

    fn unreadable(&mut self, glance: Glance, answer: &Answer) -> State {
        match glance {
            Glance::Locked | Glance::Unlocked(_) => State::end(Err(store_error(answer))),
            Glance::Refused(times, refused) => self.look_again(times, refused),
            Glance::Overtaken(fresh) => self.keep_aside(*fresh),
        }
    }

    fn read(&mut self, glance: Glance, loaded: Box<Loaded>) -> State {
        let ledger = match loaded.ledger.as_deref().map(Ledger::read).transpose() {
            Ok(ledger) => ledger.unwrap_or_default(),
            Err(NewerLedger) => return State::end(Err(Error::Store(StoreTrouble::Newer))),
        };
        self.seen = Seen::of(&loaded, ledger);
        let waits = self.waiting_login(&loaded).is_some();
        match (glance, &self.job) {
            (Glance::Locked, Job::Renew) => self.judge(&loaded),
            (Glance::Locked, Job::SignIn(new)) => State::Replacing(new.clone()),
            (Glance::Locked, Job::SignOut) => self.sign_out_of(*loaded),
            (Glance::Unlocked(why), Job::SignIn(new)) => {
                let record = loaded.record.as_deref().map(Credential::known_by);
                let over = Over { record, logins: self.seen.ledger.logins };
                State::StashingLogin(new.clone(), over, why)
            }
            (Glance::Unlocked(why), _) => match loaded.record {
                // The old login is no longer what the person wants.
                _ if waits => State::end(Err(why)),
                None => State::end(Err(Error::SignedOut)),
                Some(record) => {
                    let adopted = self.adopt(&record);
                    adopted.unwrap_or_else(|| self.instead(record, why))
                }
            },
            (Glance::Refused(times, refused), _) => self.look(times, refused, *loaded),
            (Glance::Overtaken(fresh), _) => self.overtaken_by(&fresh, loaded.record),
        }
    }

    /// Writes down that the token is about to be presented.
    pub(super) fn mark(&mut self, mut found: Box<Found>) -> State {
        if self.cancelled {
            return self.instead(found.record, Error::Cancelled);
        }
        let before = found.prior.as_ref().map_or(0, |mark| mark.presented);
        found.mark = Some(Mark {
            digest: found.digest,
            attempt: self.ids.next().number(),
            presented: before.saturating_add(1),
            who: self.ask.who.clone(),
            at: self.clock.wall,
            host: self.client.provider().token_endpoint.host().into(),
            ended: None,
        });
        State::Marking(found)
    }

    /// What stands there with our mark.
    fn marked(&self, found: &Found) -> Ledger {
        let ledger = &self.seen.ledger;
        found.mark.as_ref().map_or_else(|| ledger.clone(), |mark| ledger.marked(mark))
    }

    /// A lock is gone, or nobody waits any more: nothing was sent, so the mark is taken back.
    fn not_confirmed(&mut self, found: Box<Found>, answer: &Answer) -> State {
        let note = self.take_back(&found);
        let then = match (answer, self.cancelled) {
            (Answer::Failed(trouble), _) => {
                self.or_still_good(found.record, Error::Store(*trouble))
            }
            (_, true) => self.or_still_good(found.record, Error::Cancelled),
            (_, false) => self.begin_again_or(found.record, Error::Busy),
        };
        Closing { note, ..Closing::then(then) }.into()
    }

    /// There was no attempt: what was known of the token before holds again, in memory as in the
    /// ledger. None for what needs no mark.
    pub(super) fn take_back(&mut self, found: &Found) -> Option<Note> {
        let attempt = found.mark.as_ref()?.attempt;
        if self.unwritten.mark.is_some() {
            self.unwritten.mark.clone_from(&found.prior);
        }
        Some(Note::Undone { attempt, before: found.prior.clone() })
    }
}

impl Found {
    fn marked_by(&self) -> &str {
        self.prior.as_ref().map_or("", |mark| &mark.who)
    }
}

pub(super) fn store_error(answer: &Answer) -> Error {
    let Answer::Failed(trouble) = answer else {
        return Error::Store(StoreTrouble::NotWritable);
    };
    Error::Store(*trouble)
}
