//! Where credentials are kept.
//!
//! A [`CredentialStore`] holds one [`Record`] under each [`Key`]. It knows nothing of OAuth: when a
//! refresh token is spent, and what becomes of the answer, is the renewal's to say. What a store can
//! do for a renewal beyond reading and writing is told by its capabilities, [`Locks`] and
//! [`Journal`].
//!
//! | store | holds |
//! |---|---|
//! | [`FileStore`] | a JSON file, ours or another tool's, with everything a crash can need beside it |
//! | [`KeychainStore`] | the operating system's keychain |
//! | [`MemoryStore`] | nothing that outlives the process: for tests, and agents without a disk |

mod beside;
mod disk;
mod document;
mod error;
mod file;
mod in_place;
mod keychain;
mod lock;
mod memory;
mod migration;
pub(crate) mod private;
mod profile;
mod safety;
mod shape;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use grantflow_core::{Credential, Digest, Secret};
pub use grantflow_core::{Expected, InPlaceOf, Lock};

pub(crate) use self::disk::Disk;
#[doc(hidden)]
pub use self::disk::{Call, Faults};
pub use self::error::{Exposure, KeychainError, StoreError};
pub use self::file::FileStore;
#[cfg(feature = "keychain")]
pub use self::keychain::SystemKeychain;
pub use self::keychain::{Keychain, KeychainStore};
pub(crate) use self::lock::KernelLock;
pub use self::lock::OwnerLock;
pub use self::memory::MemoryStore;
pub use self::profile::{Found, Home, Rights, Tool, UnknownTool};
pub use self::safety::Warning;
pub use self::shape::{Entries, Entry, Shape, StoredKey};
use crate::drive::BoxFuture;

/// Keeps credentials. Every method may be called from many tasks at once; none blocks the thread.
pub trait CredentialStore: Send + Sync + fmt::Debug {
    /// What stands under the key; `None` if nothing does.
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>>;

    /// Puts a credential under the key if what has to stand there does. Durable when it says
    /// [`Saved::Done`], and done as one: nobody else's save comes between the look and the write.
    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>>;

    /// Takes out what stands under the key, whatever it is; `false` if nothing does.
    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Every record that can be read. One that cannot is passed over; loading it tells why.
    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>>;

    /// An API key of a person's under the key, if there is one and no login.
    fn api_key<'a>(
        &'a self,
        _key: &'a Key,
    ) -> BoxFuture<'a, Result<Option<StoredKey>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    /// Whether a later save can succeed, so that a full disk is known before anything is spent.
    fn probe<'a>(&'a self, _key: &'a Key) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    /// Locks between everyone who uses this store, if it has any.
    fn locks(&self) -> Option<&dyn Locks> {
        None
    }

    /// Room for a renewal's notes, if it has any.
    fn journal(&self) -> Option<&dyn Journal> {
        None
    }

    /// What it is, for people: a path, `the keychain`, `memory`.
    fn describe(&self) -> String;
}

/// Names one record: a provider, and which of several accounts.
///
/// Written `anthropic`, or `anthropic:work`; a provider's id has no colon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// [`Provider::id`](crate::Provider::id).
    pub provider: String,
    /// A name of the caller's choice; `None` for the one account that most people have.
    pub account: Option<String>,
}

impl Key {
    /// The provider's only account, or the first of several.
    pub fn of(provider: impl Into<String>) -> Self {
        Self { provider: provider.into(), account: None }
    }

    /// A name for files about this record, whatever characters are in it.
    pub(crate) fn file_name(&self) -> String {
        Digest::of(&self.to_string()).to_string()
    }
}

/// As [`Key::from_str`] reads it; what that refuses is the name of no record, and stays whole.
impl From<&str> for Key {
    fn from(text: &str) -> Self {
        text.parse().unwrap_or_else(|BadKey| Self::of(text))
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&Self> for Key {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.provider)?;
        self.account.as_ref().map_or(Ok(()), |account| write!(f, ":{account}"))
    }
}

impl FromStr for Key {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let (provider, account) = match text.split_once(':') {
            Some((provider, account)) => (provider, Some(account)),
            None => (text, None),
        };
        if provider.is_empty() || account.is_some_and(str::is_empty) {
            return Err(BadKey);
        }
        Ok(Self { provider: provider.to_owned(), account: account.map(str::to_owned) })
    }
}

/// The text names no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadKey;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("name a provider, or a provider and an account: `anthropic`, `anthropic:work`")
    }
}

impl std::error::Error for BadKey {}

/// What a store has under a key.
#[derive(Clone, Debug)]
pub struct Record {
    /// The credential.
    pub credential: Credential,
    /// Another tool renews it, and we only read it: its name, for people.
    pub borrowed_from: Option<String>,
}

/// What became of a save.
#[derive(Debug)]
pub enum Saved {
    /// It is there, and stays after a power cut.
    Done,
    /// Something else than expected stands there: this, or nothing. It was left alone.
    Changed(Option<Box<Credential>>),
}

/// What stands under a key for somebody who puts something else there: what cannot be used is
/// nothing.
pub(crate) fn unless_unusable(
    found: Result<Option<Record>, StoreError>,
) -> Result<Option<Record>, StoreError> {
    match found {
        Err(why) if why.is_of_one_record() => Ok(None),
        found => found,
    }
}

/// Keeps other tasks and processes from one record while its refresh token is spent.
pub trait Locks: Send + Sync {
    /// Whether the tool that owns the store has a lock of its own, which a renewal has to hold too.
    fn has_owner_lock(&self, key: &Key) -> bool;

    /// Tries until `at_most` has passed; `None` if somebody else still holds it then. An error means
    /// that locks do not work here at all.
    fn acquire<'a>(
        &'a self,
        key: &'a Key,
        which: Lock,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Option<Box<dyn HeldLock>>, StoreError>>;
}

/// A lock that is held until it is dropped. What was lost meanwhile is not released then: it is
/// somebody else's.
pub trait HeldLock: Send + Sync + fmt::Debug {
    /// Looks whether it still is ours: a process that stood still may have been given up.
    fn is_held(&self) -> bool;
}

/// Keeps what a renewal writes down about a record. Both texts are the renewal's own affair.
pub trait Journal: Send + Sync {
    /// What was kept.
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Noted, StoreError>>;

    /// Keeps the ledger if what has to stand there does, as one; `false`, and nothing written, if
    /// something else stands there. No secret is in it. Durable when it returns.
    fn note<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The same for a credential that is kept until it is saved; without one what was kept is
    /// dropped.
    fn stash<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        stash: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// What a journal holds about a record.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// The ledger as it was last noted.
    pub ledger: Option<String>,
    /// A credential on its way into the record.
    pub stash: Option<Secret>,
}
