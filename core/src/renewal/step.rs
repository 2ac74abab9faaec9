//! What a renewal asks of its host, and what it is told: plain values.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::credential::{Credential, RENEW_BEFORE};
use crate::error::Error;
use crate::http::{Request, RequestId};
use crate::renewal::ledger::Mark;
use crate::{Digest, Secret};

/// What to do next.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "none of them is kept")]
pub enum RenewalStep {
    /// Do this where the record is kept, and answer with the id ([`Renewal::handle_answer`]).
    ///
    /// [`Renewal::handle_answer`]: crate::Renewal::handle_answer
    Do(RequestId, Task),
    /// Perform this request and answer with its id.
    Send(Request),
    /// Callers may use this from now on. It is not durable yet, so go on.
    Deliver(Box<Credential>),
    /// Poll again after this long, or sooner; without a duration only an answer can move things.
    Wait(Option<Duration>),
    /// It is over. Said once.
    Done(Result<Outcome, Error>),
}

/// One thing to do where the record is kept.
#[derive(Debug)]
pub enum Task {
    /// Take a lock, waiting for it at most so long: [`Answer::Done`], [`Answer::Held`] if somebody
    /// else has it still, [`Answer::Failed`] if there is no telling.
    Lock(Lock, Duration),
    /// Read the record, the ledger and the stash: [`Answer::Loaded`].
    Load,
    /// Whether the process that called itself this ([`Ask::who`]) still runs: [`Answer::Alive`].
    Alive(String),
    /// Prove that a record of this size can be written: [`Answer::Done`].
    Probe,
    /// Write the ledger if what stands there is what it was made from, as one, durably. It holds no
    /// secret: [`Answer::Done`], or [`Answer::Changed`] with nothing.
    Note(InPlaceOf, String),
    /// Look whether the locks are still ours: [`Answer::Done`], or [`Answer::Held`] if not.
    Confirm,
    /// The same with the stash, where only its owner can read it; without a text it is removed.
    Stash(InPlaceOf, Option<Secret>),
    /// Put a credential in the record's place if what stands there is as expected, durably:
    /// [`Answer::Done`], or [`Answer::Changed`] with what stands there instead.
    Save(Expected, Box<Credential>),
    /// Take the record away: [`Answer::Done`], or [`Answer::Changed`] if there was none.
    Remove,
    /// Give the locks back, the last one first, and only those that are still ours:
    /// [`Answer::Done`].
    Unlock,
}

/// The two locks around a renewal, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Everyone who goes by this protocol takes it.
    Ours,
    /// That of the tool whose record this is, taken as that tool takes it.
    Owner,
}

/// What has to stand in a record for a save to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Whatever there is: a login replaces it.
    Anything,
    /// What stood there when a login was finished that had to wait ([`Credential::known_by`]), or
    /// nothing: the login replaces that, and nothing that came later.
    Unchanged(Option<Digest>),
    /// A credential that is renewed by the token with this digest ([`Credential::known_by`]).
    RenewedBy(Digest),
}

impl Expected {
    /// What is saved is a login, and not the old one renewed: nothing of that is true of it.
    pub const fn is_login(self) -> bool {
        !matches!(self, Self::RenewedBy(_))
    }

    /// Whether this is what has to be there: for stores that compare and swap.
    pub fn is_met_by(self, there: Option<&Credential>) -> bool {
        let digest = match self {
            Self::Anything => return true,
            Self::Unchanged(digest) => digest,
            Self::RenewedBy(digest) => Some(digest),
        };
        there.map(Credential::known_by) == digest
    }
}

/// What has to stand where a ledger or a stash is written: what was read there, or written, last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InPlaceOf {
    /// There has to be none.
    #[default]
    Nothing,
    /// The text with this digest.
    Text(Digest),
}

impl InPlaceOf {
    /// What stands there, for what is to be written in its place.
    pub fn of(there: Option<&str>) -> Self {
        there.map_or(Self::Nothing, |text| Self::Text(Digest::of(text)))
    }

    /// Whether this is what has to be there: for hosts that compare and swap.
    pub fn is_met_by(self, there: Option<&str>) -> bool {
        self == Self::of(there)
    }
}

/// What became of a [`Task`].
#[derive(Debug)]
pub enum Answer {
    /// It is done.
    Done,
    /// The lock is somebody else's.
    Held,
    /// What was read.
    Loaded(Box<Loaded>),
    /// Whether that process still runs.
    Alive(bool),
    /// Nothing was written, because something else stands there: of records, this.
    Changed(Option<Box<Credential>>),
    /// It could not be done.
    Failed(StoreTrouble),
}

/// What a store holds about one record.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The credential, if there is one.
    pub record: Option<Box<Credential>>,
    /// The record is another tool's, and only that tool renews it.
    pub is_borrowed: bool,
    /// What [`Task::Note`] wrote last.
    pub ledger: Option<String>,
    /// What [`Task::Stash`] wrote last, if it was not removed.
    pub stash: Option<Secret>,
}

/// Why a store could not do something. The host knows the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreTrouble {
    /// What is there cannot be read or is damaged.
    Unreadable,
    /// Nothing can be written there.
    NotWritable,
    /// Locks do not work there.
    NoLock,
    /// A newer version wrote it.
    Newer,
}

impl StoreTrouble {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Unreadable => "something cannot be read",
            Self::NotWritable => "nothing can be written",
            Self::NoLock => "locks do not work",
            Self::Newer => "a newer version has left a ledger that must not be overwritten",
        }
    }
}

impl fmt::Display for StoreTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What a renewal is to do, and for whom.
#[derive(Clone, Debug)]
pub struct Ask {
    /// When the record is to be renewed.
    pub due: Due,
    /// The account that it has to belong to, by [`Account::id`](crate::Account::id).
    pub account: Option<String>,
    /// Who asks, in words that tell one process from every other and carry no secret: it stands in
    /// the ledger, and [`Task::Alive`] asks for it.
    pub who: String,
    /// The record has an owner with a lock of its own.
    pub has_owner_lock: bool,
    /// How long to wait for locks, and for somebody who is renewing.
    pub patience: Duration,
    /// How long the request may take; less than what makes the owner tool think that our lock has
    /// been left behind.
    pub budget: Duration,
    /// Renew although it cannot be saved: the caller wants to keep it in memory alone.
    pub in_memory: bool,
    /// What the last renewal of this process left ([`Renewal::unwritten`]).
    ///
    /// [`Renewal::unwritten`]: crate::Renewal::unwritten
    pub unwritten: Unwritten,
}

/// What a renewal could not write down. The next one of this process goes on from it, so that no
/// token is presented again only because a disk was full.
#[derive(Clone, Debug, Default)]
pub struct Unwritten {
    /// Of the token that was presented without a mark.
    pub(super) mark: Option<Mark>,
    /// New tokens, and the digest of the one that stands in the record still.
    pub(super) tokens: Option<(Digest, Box<Credential>)>,
}

impl Unwritten {
    /// There are tokens that are nowhere but in memory.
    pub fn has_tokens(&self) -> bool {
        self.tokens.is_some()
    }
}

impl Ask {
    /// For a renewal of a record that is nobody else's.
    pub fn new(due: Due, who: impl Into<String>) -> Self {
        Self {
            due,
            account: None,
            who: who.into(),
            has_owner_lock: false,
            patience: Duration::from_secs(30),
            budget: Duration::from_secs(30),
            in_memory: false,
            unwritten: Unwritten::default(),
        }
    }
}

/// When a record is to be renewed, as it stands under the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// When it lapses within `margin`, or does not last for `min_ttl`.
    Within {
        /// How long it has to be good for.
        min_ttl: Duration,
        /// How long before its expiry it is renewed; see [`Credential::renew_at`].
        margin: Duration,
    },
    /// While its access token has this digest: an API rejected that one, or a person asked.
    Still(Digest),
}

impl Due {
    /// Good for this long, renewed [`RENEW_BEFORE`] it lapses.
    pub const fn within(min_ttl: Duration) -> Self {
        Self::Within { min_ttl, margin: RENEW_BEFORE }
    }
}

/// How a renewal, a sign-in or a sign-out went well.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing had to be asked: the record is good, perhaps because somebody else renewed it.
    Adopted(Box<Credential>),
    /// Nothing had to be asked: an interrupted renewal had left the new tokens behind.
    Recovered(Box<Credential>),
    /// There are new tokens.
    Renewed(Box<Credential>, Kept),
    /// It could not be renewed, for this reason, and is still good for as long as was asked.
    StillGood(Box<Credential>, Error),
    /// The login stands in the record, or waits beside it for the owner tool's lock: the next
    /// renewal puts it in place.
    SignedIn(Kept),
    /// The record is gone.
    SignedOut {
        /// There was one.
        was_there: bool,
        /// What the server was told.
        revoked: Revoked,
    },
}

/// Where new tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// In the record.
    Saved,
    /// The record could not be written; the stash has them, and the next renewal finds them.
    Stashed,
    /// Nowhere but in memory: save them before this process ends.
    InMemory,
}

/// What became of a revocation (RFC 7009).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The server confirms it.
    Yes,
    /// The provider offers none, or there was nothing to revoke.
    NotOffered,
    /// The server did not: what it issued lives on until it expires.
    Failed(Error),
}
