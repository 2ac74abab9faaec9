//! The machine that keeps a credential fresh, and the only code that spends a refresh token.
//!
//! Refresh tokens rotate: two processes that spend one log the user out, and a crash between the
//! server's answer and the save loses the login. So the request is the small part of it.
//!
//! 1. Take the locks, ours and then the owner tool's.
//! 2. Read the record again. Somebody renewed it: take theirs and ask nothing. An interrupted
//!    renewal left new tokens behind: put them in place.
//! 3. Prove that a record can be written, and write down that the token is about to be spent.
//! 4. Send, once. Hand the new tokens to the callers, stash them, and save them if the record
//!    still holds what was spent: a logout or a newer login wins.
//! 5. Strike the mark out and give the locks back.
//!
//! Everything is written by comparison, the record, the ledger and the stash: a lock can be lost,
//! and who has lost one must not undo what another has written since.
//!
//! Nothing is blanked and nothing is deleted because something failed. An outcome that is not
//! known stays written down as such; the token is then presented once more, and no more.
//!
//! `rounds.rs` has the way from the locks to the request, `judging.rs` what a record leads to,
//! `spending.rs` the way from the request to the record, `closing.rs` what ends every way, and
//! `noting.rs` what is written beside the record.

mod closing;
mod judging;
mod ledger;
mod noting;
mod rounds;
mod spending;
mod stash;
mod step;
mod view;

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::credential::Credential;
use crate::entropy::{Entropy, RequestIds};
use crate::error::Error;
use crate::http::{RequestId, Response, TransportError};
use crate::rejected::Rejected;
use crate::time::Now;
use crate::{Client, Digest};

use self::closing::{Closing, Left};
pub use self::ledger::{Ended, Ledger, Mark, NewerLedger};
use self::noting::Seen;
use self::rounds::{Found, Glance};
use self::spending::{Fresh, Spend};
pub use self::stash::waiting_login;
pub use self::step::{
    Answer, Ask, Due, Expected, InPlaceOf, Kept, Loaded, Lock, Outcome, RenewalStep, Revoked,
    StoreTrouble, Task, Unwritten,
};

/// A change of one record: a renewal, a login put in place, or a logout.
///
/// **Poll; do what the step says; tell the renewal what happened; repeat.** It knows records,
/// digests and compare-and-swap; files, databases and browsers are the host's. It has no snapshot:
/// what has to outlive this process is in the ledger and the stash.
///
/// Dropping it is a crash as far as the record is concerned, and is survived like one.
pub struct Renewal {
    client: Client,
    ask: Ask,
    job: Job,
    ids: RequestIds,
    clock: Now,
    /// The task that is out.
    out: Option<RequestId>,
    /// How many locks we hold, in their order.
    locks: Held,
    /// What we read or wrote last beside the record: what is written there next has to find it so.
    seen: Seen,
    began_again: bool,
    /// What an interrupted renewal had left behind, and is in the record now.
    recovered: Option<Digest>,
    /// New tokens wait beside the record and cannot be put into it: where they are.
    aside: Option<Kept>,
    cancelled: bool,
    /// A process that is no more.
    gone: Option<String>,
    /// When waiting for another process ends.
    owner_until: Option<u64>,
    unwritten: Unwritten,
    state: State,
}

#[derive(Clone)]
enum Job {
    Renew,
    SignIn(Box<Credential>),
    SignOut,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Held {
    ours: bool,
    owner: bool,
    /// One of them was taken from us; it is given back all the same.
    lost: bool,
}

/// Named for what it awaits.
#[derive(Clone)]
enum State {
    TakingLock(Lock),
    Reading(Glance),
    AskingForOwner(Box<Found>),
    /// Another process is renewing; look again at this monotonic moment.
    WaitingForOwner(u64),
    Recovering(Box<stash::Stash>),
    Probing(Box<Found>),
    ProbingToPart(Box<Closing>),
    Marking(Box<Found>),
    Confirming(Box<Found>, Spend),
    Spending(Box<Found>, Spend),
    /// The request did not get through; it goes out again after a pause.
    PausingToSend(Box<Found>, Spend),
    Delivering(Box<Fresh>),
    Stashing(Box<Fresh>),
    Saving(Box<Fresh>),
    /// A save failed; try again at this monotonic moment.
    PausingToSave(Box<Fresh>, u64),
    Replacing(Box<Credential>),
    /// A login that cannot be put in the record now, for this reason; what it will replace.
    StashingLogin(Box<Credential>, stash::Over, Error),
    /// The server refused the token; look whether another tool replaced it, for the so-manieth
    /// time, at this monotonic moment.
    LookingAgain(Box<Refused>, u8, u64),
    Closing(Box<Closing>),
    Finished,
}

/// A token that the server refused.
#[derive(Clone)]
struct Refused {
    digest: Digest,
    record: Box<Credential>,
    why: Error,
}

impl Renewal {
    /// Renews the record that is there, if it is due.
    ///
    /// The token goes only to the endpoint that issued it, and only if the record belongs to the
    /// account that was asked for.
    pub fn renew(client: &Client, ask: Ask, entropy: &Entropy, now: Now) -> Self {
        Self::begin(client, ask, Job::Renew, entropy, now)
    }

    /// Puts a new login in the record's place. A renewal that is under way loses to it.
    pub fn sign_in(
        client: &Client,
        credential: Credential,
        ask: Ask,
        entropy: &Entropy,
        now: Now,
    ) -> Self {
        Self::begin(client, ask, Job::SignIn(Box::new(credential)), entropy, now)
    }

    /// Asks the server to revoke the login (RFC 7009), and takes the record away whatever it says.
    pub fn sign_out(client: &Client, ask: Ask, entropy: &Entropy, now: Now) -> Self {
        Self::begin(client, ask, Job::SignOut, entropy, now)
    }

    fn begin(client: &Client, mut ask: Ask, job: Job, entropy: &Entropy, now: Now) -> Self {
        let unwritten = core::mem::take(&mut ask.unwritten);
        Self {
            client: client.clone(),
            ask,
            job,
            ids: entropy.ids(),
            clock: now,
            out: None,
            locks: Held::default(),
            seen: Seen::default(),
            began_again: false,
            recovered: None,
            aside: None,
            cancelled: false,
            gone: None,
            owner_until: None,
            unwritten,
            state: State::TakingLock(Lock::Ours),
        }
    }

    /// What to do now. Calling it too often does no harm.
    pub fn poll(&mut self, now: Now) -> RenewalStep {
        self.clock = now.after(self.clock);
        if self.out.is_some() {
            return RenewalStep::Wait(None);
        }
        if let Some(wait) = self.wait() {
            return RenewalStep::Wait(Some(wait));
        }
        self.act()
    }

    /// What became of a [`Task`].
    ///
    /// # Errors
    /// [`Rejected::Stale`] if that task is not out, [`Rejected::NotExpected`] if this is no answer
    /// to it. Nothing changes then.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other state is dealt with alike")]
    pub fn handle_answer(
        &mut self,
        now: Now,
        id: RequestId,
        answer: Answer,
    ) -> Result<(), Rejected> {
        self.clock = now.after(self.clock);
        if self.out != Some(id) || matches!(self.state, State::Spending(..)) {
            return Err(Rejected::Stale);
        }
        if !self.fits(&answer) {
            return Err(Rejected::NotExpected);
        }
        self.out = None;
        self.state = match self.take() {
            State::Closing(closing) => self.close_on(closing, &answer),
            state => self.go_on(state, answer),
        };
        Ok(())
    }

    /// The answer to [`RenewalStep::Send`].
    ///
    /// # Errors
    /// [`Rejected::Stale`] if that request is not, or no longer, out; nothing changes then.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other state is dealt with alike")]
    pub fn handle_response(
        &mut self,
        now: Now,
        id: RequestId,
        result: &Result<Response, TransportError>,
    ) -> Result<(), Rejected> {
        self.clock = now.after(self.clock);
        self.state = match self.take() {
            State::Spending(found, spend) => match spend.answered_by(id) {
                Ok(tries) => self.spent(found, tries, result),
                Err(_) => return self.stale(State::Spending(found, spend)),
            },
            State::Closing(closing)
                if self.out == Some(id) && closing.next(self.locks) == Left::Revoke =>
            {
                self.out = None;
                Self::revoked(closing, result)
            }
            state => return self.stale(state),
        };
        Ok(())
    }

    /// A lock was lost: stolen, or its place is gone. Before the request that is a reason to begin
    /// again; after it the comparison at the save decides.
    pub fn handle_lock_lost(&mut self) {
        self.locks.lost = self.locks != Held::default();
    }

    /// Nobody needs it any more. Ends it where nothing was sent yet, and is passed over after that.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }

    fn stale(&mut self, state: State) -> Result<(), Rejected> {
        self.state = state;
        Err(Rejected::Stale)
    }

    fn take(&mut self) -> State {
        core::mem::replace(&mut self.state, State::Finished)
    }

    /// The name of the state it is in: what it awaits.
    pub fn state(&self) -> &'static str {
        match &self.state {
            State::TakingLock(_) => "TakingLock",
            State::Reading(_) => "Reading",
            State::AskingForOwner(_) => "AskingForOwner",
            State::WaitingForOwner(_) => "WaitingForOwner",
            State::Recovering(_) => "Recovering",
            State::Probing(_) | State::ProbingToPart(_) => "Probing",
            State::Marking(_) => "Marking",
            State::Confirming(..) => "Confirming",
            State::Spending(found, _) => found.awaits(),
            State::PausingToSend(..) => "PausingToSend",
            State::Delivering(_) => "Delivering",
            State::Stashing(_) | State::StashingLogin(..) => "Stashing",
            State::Saving(_) => "Saving",
            State::PausingToSave(..) => "PausingToSave",
            State::Replacing(..) => "Replacing",
            State::LookingAgain(..) => "LookingAgain",
            State::Closing(closing) => closing.next(self.locks).name(),
            State::Finished => "Finished",
        }
    }

    /// What could not be written down, for the next renewal of this process: [`Ask::unwritten`].
    pub fn unwritten(&self) -> Unwritten {
        self.unwritten.clone()
    }

    /// Where it stands, for a model checker: comparable, hashable, without secrets or absolute
    /// times.
    #[doc(hidden)]
    pub fn view(&self, now: Now) -> String {
        view::of(self, now)
    }

    /// A second renewal in the same state, for a model checker. Never drive both.
    #[doc(hidden)]
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            client: self.client.clone(),
            ask: self.ask.clone(),
            job: self.job.clone(),
            ids: self.ids.clone(),
            seen: self.seen.clone(),
            gone: self.gone.clone(),
            unwritten: self.unwritten.clone(),
            state: self.state.clone(),
            ..*self
        }
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Renewal({})", self.state())
    }
}
