//! What ends every way: the ledger set right, the server told, the stash emptied, the locks given
//! back.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::ledger::{Ledger, NewerLedger};
use super::noting::{Note, Seen};
use super::rounds::{Glance, store_error};
use super::stash::Stash;
use super::step::{Answer, Loaded, Lock, Outcome, RenewalStep, Revoked, Task, Unwritten};
use super::{Due, Held, Job, Refused, Renewal, State};
use crate::Secret;
use crate::credential::Credential;
use crate::error::{Error, Trouble};
use crate::http::{Response, TransportError};
use crate::wire::token;

/// What is left to do, in this order; each at most once.
#[derive(Clone)]
pub(super) struct Closing {
    /// Somebody else wrote there since we did: read it before writing.
    pub(super) reread: bool,
    pub(super) note: Option<Note>,
    pub(super) remove: bool,
    pub(super) unstash: bool,
    /// Whose tokens to revoke, the last of them first, once the locks are given back.
    #[expect(clippy::vec_box, reason = "they come in boxes")]
    pub(super) revoke: Vec<Box<Credential>>,
    pub(super) then: Then,
}

/// The first thing of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Read,
    Note,
    Remove,
    Unstash,
    Unlock,
    Revoke,
    Nothing,
}

/// And after that.
#[derive(Clone)]
pub(super) enum Then {
    Finish(Box<Result<Outcome, Error>>),
    /// Finish with [`Outcome::SignedOut`].
    SignedOut {
        was_there: bool,
        revoked: Revoked,
    },
    BeginAgain,
    /// A token was refused; another tool may have replaced it.
    LookAgain(Box<Refused>),
}

impl Closing {
    pub(super) fn then(then: Then) -> Self {
        let revoke = Vec::new();
        Self { reread: false, note: None, remove: false, unstash: false, revoke, then }
    }

    /// What others have written stays. There may be something to say to it; and a new login, or
    /// none, leaves nothing that waits for an old one.
    fn read_again(&mut self, loaded: &Loaded, job: &Job) {
        let record = loaded.record.as_deref();
        self.note.take_if(|note| !note.read_again(record));
        let stands = record.and_then(Credential::renewed_by).map(Secret::digest);
        let stash = loaded.stash.as_ref().and_then(Stash::read);
        let is_wanted = stash.is_some_and(|stash| stash.is_login() || stash.is_for(stands));
        self.unstash &= !matches!(job, Job::Renew) && !is_wanted;
    }

    /// What is next.
    pub(super) fn next(&self, locks: Held) -> Left {
        match self {
            Self { reread: true, .. } => Left::Read,
            Self { note: Some(_), .. } => Left::Note,
            Self { remove: true, .. } => Left::Remove,
            Self { unstash: true, .. } => Left::Unstash,
            _ if locks != Held::default() => Left::Unlock,
            Self { revoke, .. } if !revoke.is_empty() => Left::Revoke,
            _ => Left::Nothing,
        }
    }

    /// Whether this can be an answer to the task of this state.
    pub(super) fn fits(&self, locks: Held, answer: &Answer) -> bool {
        match (self.next(locks), answer) {
            (Left::Revoke | Left::Nothing, _) => false,
            (_, Answer::Failed(_))
            | (Left::Read, Answer::Loaded(_))
            | (Left::Note | Left::Unstash | Left::Remove, Answer::Changed(_)) => true,
            (Left::Read, _) => false,
            (_, answer) => matches!(answer, Answer::Done),
        }
    }
}

impl From<Closing> for State {
    fn from(closing: Closing) -> Self {
        Self::Closing(Box::new(closing))
    }
}

impl State {
    pub(super) fn end(outcome: Result<Outcome, Error>) -> Self {
        Closing::then(Then::finish(outcome)).into()
    }
}

impl Left {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "ReadingToNote",
            Self::Note => "Noting",
            Self::Revoke => "Revoking",
            Self::Remove => "Removing",
            Self::Unstash => "Unstashing",
            Self::Unlock => "Unlocking",
            Self::Nothing => "Finished",
        }
    }
}

impl Renewal {
    /// Ends with the credential that is there, if it is good for as long as was asked, and why
    /// there is no newer one; else with that alone.
    pub(super) fn instead(&self, record: Box<Credential>, why: Error) -> State {
        Closing::then(self.or_still_good(record, why)).into()
    }

    pub(super) fn or_still_good(&self, record: Box<Credential>, why: Error) -> Then {
        Then::finish(if self.still_lasts(&record) && !matches!(why, Error::Cancelled) {
            Ok(Outcome::StillGood(record, why))
        } else {
            Err(why)
        })
    }

    /// Looks once more at what is there now, for it can be renewed; or ends like [`Self::instead`].
    pub(super) fn begin_again_or(&self, record: Box<Credential>, why: Error) -> Then {
        if self.began_again { self.or_still_good(record, why) } else { Then::BeginAgain }
    }

    pub(super) fn still_lasts(&self, record: &Credential) -> bool {
        match self.ask.due {
            Due::Within { min_ttl, .. } => record.lasts(min_ttl, self.clock),
            Due::Still(_) => false,
        }
    }

    /// The next thing that is left to do.
    pub(super) fn close(&mut self, mut closing: Box<Closing>) -> RenewalStep {
        let task = match closing.next(self.locks) {
            Left::Read => Task::Load,
            Left::Note => {
                let ledger = closing.note.as_ref().and_then(|note| note.onto(&self.seen.ledger));
                let Some(ledger) = ledger else {
                    closing.note = None;
                    return self.close(closing);
                };
                Task::Note(self.seen.text, ledger.write())
            }
            Left::Revoke => return self.revoke(closing),
            Left::Remove => Task::Remove,
            Left::Unstash => Task::Stash(self.seen.stash, None),
            Left::Unlock => Task::Unlock,
            Left::Nothing => return self.leave(closing.then),
        };
        self.state = State::Closing(closing);
        self.ask_host(task)
    }

    /// Whatever became of it, the next thing is done: what matters is durable by now, or was
    /// told as it is.
    pub(super) fn close_on(&mut self, mut closing: Box<Closing>, answer: &Answer) -> State {
        let next = closing.next(self.locks);
        match next {
            Left::Read => self.read_to_close(&mut closing, answer),
            Left::Note | Left::Unstash if matches!(answer, Answer::Changed(_)) => {
                if let Some(Note::SignedOut { .. }) = closing.note {
                    // Whose login it is that goes has to be found out anew.
                    return State::Reading(Glance::Locked);
                }
                closing.reread = true;
            }
            Left::Note => self.noted(closing.note.take(), answer),
            Left::Remove => {
                closing.remove = false;
                // The login that could not be taken away stays whole.
                if let Answer::Failed(_) = answer {
                    (closing.unstash, closing.revoke) = (false, Vec::new());
                } else {
                    self.unwritten = Unwritten::default();
                }
                closing.then.removed(answer);
            }
            Left::Unstash => {
                closing.unstash = false;
                self.seen.stashed(None);
            }
            // The last two come without locks, and are no tasks.
            Left::Unlock | Left::Revoke | Left::Nothing => self.locks = Held::default(),
        }
        State::Closing(closing)
    }

    fn noted(&mut self, note: Option<Note>, answer: &Answer) {
        let ledger = note.and_then(|note| note.onto(&self.seen.ledger));
        if let (Some(ledger), Answer::Done) = (ledger, answer) {
            self.seen.noted(ledger);
        }
    }

    fn read_to_close(&mut self, closing: &mut Closing, answer: &Answer) {
        closing.reread = false;
        let Answer::Loaded(loaded) = answer else {
            (closing.note, closing.unstash) = (None, false);
            return;
        };
        let ledger = loaded.ledger.as_deref().map(Ledger::read).transpose();
        match ledger {
            Ok(ledger) => self.seen = Seen::of(loaded, ledger.unwrap_or_default()),
            Err(NewerLedger) => closing.note = None,
        }
        closing.read_again(loaded, &self.job);
    }

    fn leave(&mut self, then: Then) -> RenewalStep {
        match then {
            Then::Finish(outcome) => {
                self.state = State::Finished;
                RenewalStep::Done(*outcome)
            }
            Then::SignedOut { was_there, revoked } => {
                self.state = State::Finished;
                RenewalStep::Done(Ok(Outcome::SignedOut { was_there, revoked }))
            }
            Then::BeginAgain => {
                self.began_again = true;
                self.state = State::TakingLock(Lock::Ours);
                self.act()
            }
            Then::LookAgain(refused) => {
                self.state = self.look_again(0, refused);
                let now = self.clock;
                self.poll(now)
            }
        }
    }

    /// A tombstone first, so that no late renewal brings the login back.
    pub(super) fn sign_out_of(&mut self, loaded: Loaded) -> State {
        let unstash = loaded.stash.is_some();
        let stands = loaded.record.as_deref().map(Credential::known_by);
        let login = self.waiting_login(&loaded).map(|(_, login)| login);
        let renewed = loaded.record.as_deref().and_then(|record| self.waiting(record, &loaded));
        let renewed = renewed.map(|(stash, _)| stash.credential);
        let provider = self.client.provider();
        let may_revoke = |held: &Credential| {
            provider.revocation_endpoint.is_some()
                && !loaded.is_borrowed
                && held.origin == provider.origin()
        };
        let (mut spent, mut revoke) = (Vec::new(), Vec::new());
        if let Some(stands) = stands {
            spent.push(stands);
        }
        for held in [renewed.or(loaded.record), login].into_iter().flatten() {
            spent.push(held.known_by());
            if may_revoke(&held) {
                revoke.push(held);
            }
        }
        State::ProbingToPart(Box::new(Closing {
            reread: false,
            note: Some(Note::SignedOut { spent }),
            remove: true,
            unstash,
            revoke,
            then: Then::SignedOut { was_there: false, revoked: Revoked::NotOffered },
        }))
    }

    fn revoke(&mut self, mut closing: Box<Closing>) -> RenewalStep {
        let id = self.ids.next();
        let request = closing.revoke.last().and_then(|held| token::revoke(&self.client, id, held));
        if let Some(mut request) = request {
            request.budget = request.budget.min(self.ask.budget);
            self.out = Some(id);
            self.state = State::Closing(closing);
            RenewalStep::Send(request)
        } else {
            closing.revoke.pop();
            self.close(closing)
        }
    }

    /// RFC 7009 §2.2: 200 is done, also for a token that the server does not know; the body says
    /// nothing.
    pub(super) fn revoked(
        mut closing: Box<Closing>,
        result: &Result<Response, TransportError>,
    ) -> State {
        closing.revoke.pop();
        closing.then.revoked(match result {
            Ok(response) if (200..300).contains(&response.status) => Revoked::Yes,
            Ok(response) => Revoked::Failed(Error::Unreachable(Trouble::Status(response.status))),
            Err(TransportError::NotSent) => Revoked::Failed(Error::Unreachable(Trouble::NotSent)),
            Err(TransportError::Lost) => Revoked::Failed(Error::Unreachable(Trouble::Lost)),
        });
        State::Closing(closing)
    }
}

impl Then {
    pub(super) fn finish(outcome: Result<Outcome, Error>) -> Self {
        Self::Finish(Box::new(outcome))
    }

    fn removed(&mut self, answer: &Answer) {
        match (answer, self) {
            (Answer::Failed(_), then) => *then = Self::finish(Err(store_error(answer))),
            (Answer::Done, Self::SignedOut { was_there, .. }) => *was_there = true,
            (_, _) => {}
        }
    }

    fn revoked(&mut self, what: Revoked) {
        if let Self::SignedOut { revoked, .. } = self
            && !matches!(revoked, Revoked::Failed(_))
        {
            *revoked = what;
        }
    }
}
