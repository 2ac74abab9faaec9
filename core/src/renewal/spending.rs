//! From the request to the record: the one place where a refresh token is presented.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::closing::{Closing, Then};
use super::ledger::{Ended, Mark};
use super::noting::Note;
use super::rounds::{Found, Glance};
use super::stash::{By, Stash};
use super::step::{Answer, Kept, Outcome, RenewalStep, Unwritten};
use super::{Refused, Renewal, State};
use crate::Secret;
use crate::call::{Call, Repeat, Tries, Turn, refused};
use crate::credential::Credential;
use crate::error::{Error, Trouble};
use crate::http::{Purpose, RequestId, Response, TransportError};
use crate::provider::Reuse;
use crate::rejected::Rejected;
use crate::time::Now;
use crate::wire::reply::{Failure, Reading, Refusal};
use crate::wire::{exchange, token};

/// Nobody waits longer than this between two sends while others wait for the lock.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// The pauses between attempts to save, in ms; about half a minute in all.
const SAVE_AGAIN_MS: [u64; 8] = [50, 200, 500, 1000, 2000, 5000, 10_000, 10_000];

/// The life of the request.
#[derive(Clone, Copy)]
pub(super) struct Spend(Call);

/// New tokens that are not in the record yet.
#[derive(Clone)]
pub(super) struct Fresh {
    pub(super) found: Box<Found>,
    pub(super) new: Box<Credential>,
    /// The token that was presented is spent.
    pub(super) rotated: bool,
    pub(super) stashed: bool,
    /// How often the save failed.
    pub(super) failures: usize,
}

impl Spend {
    pub(super) fn now(now: Now) -> Self {
        Self(Call::now(now))
    }

    pub(super) fn answered_by(&self, id: RequestId) -> Result<Tries, Rejected> {
        self.0.answered_by(id)
    }

    pub(super) fn call(&self) -> Call {
        self.0
    }

    pub(super) fn is_out(&self) -> bool {
        self.0.due_at().is_none()
    }

    pub(super) fn due_at(&self) -> Option<u64> {
        self.0.due_at()
    }
}

impl Renewal {
    pub(super) fn spend(&mut self, found: Box<Found>, mut spend: Spend) -> RenewalStep {
        let step = match spend.0.turn(self.clock, &mut self.ids) {
            Turn::Wait(wait) => RenewalStep::Wait(wait),
            Turn::Send(id) => {
                let mut request = match &found.exchange {
                    Some(rules) => exchange::request(&self.client, rules, id, &found.token),
                    None => token::refresh(&self.client, id, &found.token),
                };
                request.budget = request.budget.min(self.ask.budget);
                RenewalStep::Send(request)
            }
        };
        self.state = State::Spending(found, spend);
        step
    }

    /// The answer to the request.
    pub(super) fn spent(
        &mut self,
        found: Box<Found>,
        tries: Tries,
        result: &Result<Response, TransportError>,
    ) -> State {
        let client = self.client.clone();
        let (now, old) = (self.clock.wall, &found.record);
        let reading = Reading { client: &client, sent: &[Some(&found.token)], wall_ms: now };
        let reply = reading.granted(result).and_then(|object| {
            Ok(match &found.exchange {
                Some(rules) => exchange::read(rules, &object, old, now)?,
                None => token::renew(&client, &object, old, now)?,
            })
        });
        match reply {
            Ok(new) => Self::granted(found, new),
            Err(Failure::Refused(refusal)) => self.refused(&found, refusal),
            Err(Failure::NotProcessed(trouble, after)) => {
                match tries.not_processed(Repeat::Freely, trouble, after, self.clock, &self.ids) {
                    Ok(call) if self.is_soon(&call) => State::PausingToSend(found, Spend(call)),
                    Ok(_) | Err(_) => self.not_sent(&found, Error::Unreachable(trouble)),
                }
            }
            Err(Failure::Lost(trouble)) => self.lost(found, tries, trouble),
            // A definite success that makes no sense may have rotated the token all the same.
            Err(Failure::Bad(why)) if found.exchange.is_some() => {
                self.not_sent(&found, Error::BadResponse(why))
            }
            Err(Failure::Bad(_)) => self.unknown(&found),
        }
    }

    fn is_soon(&self, call: &Call) -> bool {
        let is_near = |at| self.clock.until(at) <= LONGEST_PAUSE;
        call.due_at().is_some_and(is_near) && !self.cancelled
    }

    fn granted(found: Box<Found>, new: Box<Credential>) -> State {
        let (was, is) = (&found.record.account.id, &new.account.id);
        if was.is_some() && is != was {
            // Somebody else's tokens: of no use, and the record's own may be spent.
            let then = Then::finish(Err(Error::AccountMismatch));
            return Closing { note: found.ended(Ended::Unknown), ..Closing::then(then) }.into();
        }
        let rotated = new.renewed_by().map(Secret::digest) != Some(found.digest);
        State::Delivering(Box::new(Fresh { found, new, rotated, stashed: false, failures: 0 }))
    }

    fn refused(&mut self, found: &Found, refusal: Refusal) -> State {
        let is_exchanged = found.exchange.is_some();
        let purpose = if is_exchanged { Purpose::ExchangeToken } else { Purpose::Refresh };
        let why = refused(purpose, refusal);
        if !matches!(why, Error::InvalidGrant) || found.exchange.is_some() {
            return self.not_sent(found, why);
        }
        // After an interruption the token was probably spent by ourselves.
        let why = found.prior.as_ref().map_or(why, |mark| mark.interruption(true));
        self.presented_unwritten(Ended::Refused);
        let refused = Refused { digest: found.stands, record: found.record.clone(), why };
        let then = Then::LookAgain(Box::new(refused));
        Closing { note: found.ended(Ended::Refused), ..Closing::then(then) }.into()
    }

    /// The token is as good as before: the mark is taken back.
    fn not_sent(&mut self, found: &Found, why: Error) -> State {
        let note = self.take_back(found);
        let then = self.or_still_good(found.record.clone(), why);
        Closing { note, ..Closing::then(then) }.into()
    }

    /// A mark that could not be written is remembered with how it ended.
    fn presented_unwritten(&mut self, ended: Ended) {
        if let Some(mark) = &mut self.unwritten.mark {
            mark.ended = Some(ended);
        }
    }

    /// The server may have acted.
    fn lost(&mut self, mut found: Box<Found>, tries: Tries, trouble: Trouble) -> State {
        let again = tries.lost(Repeat::Freely, trouble, self.clock, &self.ids);
        let again = again.ok().filter(|call| self.is_soon(call));
        if found.exchange.is_some() {
            return match again {
                Some(call) => State::PausingToSend(found, Spend(call)),
                None => self.not_sent(&found, Error::Unreachable(trouble)),
            };
        }
        let mark = found.mark.as_ref();
        let age = mark.map_or(u64::MAX, |mark| self.clock.wall.abs_diff(mark.at));
        let was_once = mark.is_some_and(|mark| mark.presented < 2) && !self.cancelled;
        match (self.client.provider().token.reuse, again) {
            (Reuse::Freely, Some(call)) => State::PausingToSend(found, Spend(call)),
            (Reuse::Freely, None) => self.not_sent(&found, Error::Unreachable(trouble)),
            // The server forgives it for a while: at once, and written down as a second time.
            (Reuse::Within(seconds), _) if was_once && age < u64::from(seconds) * 1000 => {
                let unknown = |mark: Mark| Mark { ended: Some(Ended::Unknown), ..mark };
                found.prior = found.mark.take().map(unknown);
                self.mark(found)
            }
            (Reuse::Within(_) | Reuse::Never, _) => self.unknown(&found),
        }
    }

    fn unknown(&mut self, found: &Found) -> State {
        self.presented_unwritten(Ended::Unknown);
        let mark = found.mark.as_ref();
        let why = Error::Interrupted {
            at: mark.map_or(self.clock.wall, |mark| mark.at),
            by: self.ask.who.clone(),
            is_last: mark.is_some_and(|mark| mark.presented > 1),
        };
        let then = self.or_still_good(found.record.clone(), why);
        Closing { note: found.ended(Ended::Unknown), ..Closing::then(then) }.into()
    }

    /// What is exchanged is not spent, and what was not replaced can be presented again: nothing
    /// would be lost. What is borrowed is not written.
    pub(super) fn deliver(&mut self, fresh: Box<Fresh>) -> RenewalStep {
        let step = RenewalStep::Deliver(fresh.new.clone());
        self.state = match (fresh.found.is_borrowed, fresh.rotated) {
            (true, _) => self.keep_aside(*fresh),
            (false, true) => State::Stashing(fresh),
            (false, false) => State::Saving(fresh),
        };
        step
    }

    /// What became of the save.
    pub(super) fn saved(&mut self, mut fresh: Box<Fresh>, answer: &Answer) -> State {
        match answer {
            Answer::Done => self.durable(*fresh),
            Answer::Changed(Some(there)) if fresh.is_what(there) => self.durable(*fresh),
            Answer::Changed(_) => State::Reading(Glance::Overtaken(fresh)),
            Answer::Held | Answer::Loaded(_) | Answer::Alive(_) | Answer::Failed(_) => {
                let pause = SAVE_AGAIN_MS.get(fresh.failures).copied();
                fresh.failures += 1;
                match pause.filter(|_| !self.cancelled) {
                    Some(ms) => {
                        let at = self.clock.plus(Duration::from_millis(ms));
                        State::PausingToSave(fresh, at)
                    }
                    None => self.keep_aside(*fresh),
                }
            }
        }
    }

    fn durable(&mut self, fresh: Fresh) -> State {
        self.unwritten = Unwritten::default();
        let note = fresh.found.exchange.is_none().then(|| fresh.renewed());
        let then = Then::finish(Ok(Outcome::Renewed(fresh.new, Kept::Saved)));
        let was_stashed = self.recovered.is_some() || self.aside == Some(Kept::Stashed);
        let unstash = fresh.stashed || was_stashed;
        Closing { note, unstash, ..Closing::then(then) }.into()
    }

    /// The record cannot have them. They stay in the stash, or at least with the callers, and the
    /// mark stays where it is.
    pub(super) fn keep_aside(&mut self, fresh: Fresh) -> State {
        let kept = if fresh.stashed { Kept::Stashed } else { Kept::InMemory };
        let tokens = || (fresh.found.stands, fresh.new.clone());
        let is_other = fresh.new.known_by() != fresh.found.stands;
        self.unwritten.tokens = (is_other && !fresh.stashed).then(tokens);
        let note = fresh.found.ended(Ended::Unknown);
        let then = Then::finish(Ok(Outcome::Renewed(fresh.new, kept)));
        Closing { note, ..Closing::then(then) }.into()
    }

    /// The record no longer held what was spent.
    pub(super) fn overtaken_by(&mut self, fresh: &Fresh, there: Option<Box<Credential>>) -> State {
        let is_new_login = self.seen.ledger.logins > fresh.found.logins;
        let is_over = there.is_none() || is_new_login;
        let unstash = fresh.stashed && is_over;
        let revoke = if is_over { [fresh.new.clone()].into() } else { Vec::new() };
        // The token is spent whoever puts it back; one that was kept is as good as before.
        let note = fresh.found.settled().filter(|_| fresh.rotated);
        let then = match there {
            None => Then::finish(Err(Error::SignedOut)),
            Some(there) => match self.as_it_is(&there) {
                Some(outcome) => Then::finish(outcome),
                None => self.begin_again_or(there, Error::Busy),
            },
        };
        Closing { note, unstash, revoke, ..Closing::then(then) }.into()
    }
}

impl Found {
    /// How the attempt ended; none for what needs no mark.
    fn ended(&self, how: Ended) -> Option<Note> {
        Some(Note::Ended { attempt: self.mark.as_ref()?.attempt, how })
    }

    /// The attempt has done its work; none for what needs no mark.
    fn settled(&self) -> Option<Note> {
        let attempt = Some(self.mark.as_ref()?.attempt);
        Some(Note::Settled { attempt, recovered: None })
    }

    pub(super) fn awaits(&self) -> &'static str {
        if self.exchange.is_some() { "ExchangingToken" } else { "RefreshingToken" }
    }
}

impl Fresh {
    pub(super) fn stash(&self) -> Secret {
        Stash::write(By::Renewal(self.found.stands), &self.new)
    }

    fn renewed(&self) -> Note {
        let Found { stands, digest, mark, logins, .. } = &*self.found;
        let spent = if self.rotated { [*stands, *digest].into() } else { Vec::new() };
        let attempt = mark.as_ref().map(|mark| mark.attempt);
        Note::Renewed { attempt, logins: *logins, spent, stands: self.new.known_by() }
    }

    fn is_what(&self, there: &Credential) -> bool {
        self.rotated
            && there.renewed_by().map(Secret::digest) == self.new.renewed_by().map(Secret::digest)
    }
}
