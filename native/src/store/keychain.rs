//! Credentials in the operating system's keychain: our own file's text as one item, so that every
//! rule about entries is the same there.
//!
//! A keychain may ask a person, hang or be missing, so every call has a time limit and says which of
//! these it was. No credential goes to a file instead unless [`KeychainStore::or_file`] asks for it.

mod item;
mod journal;
#[cfg(feature = "keychain")]
mod system;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use grantflow_core::Credential;
use zeroize::Zeroizing;

#[cfg(feature = "keychain")]
pub use self::system::SystemKeychain;
use self::worker::Worker;
use super::file::{is_ours, is_same};
use super::private::ROOM_FOR_TOKENS;
use super::shape::{Entry, Shape};
use super::{
    CredentialStore, Expected, FileStore, Journal, Key, KeychainError, Locks, Record, Saved,
    StoreError, unless_unusable,
};
use crate::drive::BoxFuture;

/// How long a keychain may take. What asks a person takes longer, and is told as locked.
const PATIENCE: Duration = Duration::from_secs(3);

/// The item that holds the credentials, and one that comes and goes.
const ITEM: &str = "credentials";
const PROBE: &str = "probe";

/// A place for secrets that the system keeps: values by name. Its calls may take any time; they are
/// made on a thread of their own.
pub trait Keychain: Send + fmt::Debug {
    /// The value of that name.
    ///
    /// # Errors
    /// [`KeychainError`]
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeychainError>;

    /// Puts a value there, whatever was there before.
    ///
    /// # Errors
    /// [`KeychainError`]
    fn write(&self, name: &str, value: &[u8]) -> Result<(), KeychainError>;

    /// Takes a value out, if it is there.
    ///
    /// # Errors
    /// [`KeychainError`]
    fn remove(&self, name: &str) -> Result<(), KeychainError>;

    /// The most bytes that one value has room for, if that is few.
    fn room(&self) -> Option<usize> {
        None
    }
}

/// Credentials in a keychain, with the locks and the ledgers of a file store beside it.
#[derive(Clone, Debug)]
pub struct KeychainStore {
    worker: Arc<Worker>,
    beside: FileStore,
    patience: Duration,
    or_file: bool,
}

impl KeychainStore {
    /// Those in `keychain`. What is no secret and has to be there for a crash (locks, ledgers)
    /// stands in the folder beside that file, which itself is not touched.
    ///
    /// # Errors
    /// [`StoreError::Keychain`] if no thread can be started.
    pub fn new(keychain: impl Keychain + 'static, beside: FileStore) -> Result<Self, StoreError> {
        let worker = Arc::new(Worker::start(keychain)?);
        Ok(Self { worker, beside, patience: PATIENCE, or_file: false })
    }

    /// Those in the system's keychain.
    ///
    /// # Errors
    /// [`StoreError::NoHome`] where the system names no home folder.
    #[cfg(feature = "keychain")]
    pub fn open() -> Result<Self, StoreError> {
        Self::new(SystemKeychain::of("grantflow"), FileStore::at(FileStore::default_path()?))
    }

    /// Where there is no keychain at all, the file that was named is the store. A locked one is an
    /// error all the same: what it holds may be newer.
    #[must_use]
    pub fn or_file(self) -> Self {
        Self { or_file: true, ..self }
    }

    /// How long a call may take; 3 seconds unless set.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether keychain and file hold different logins under the key: the newer one counts, and the
    /// next save leaves no other.
    ///
    /// # Errors
    /// [`StoreError`] of either.
    pub async fn is_doubled(&self, key: &Key) -> Result<bool, StoreError> {
        let both = (self.in_chain(key).await?, self.in_file(key).await?);
        Ok(matches!(both, (Some(a), Some(b)) if !is_same(&a.credential, &b.credential)))
    }

    /// Does something with the keychain's text, on its thread.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self, &dyn Keychain) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = self.worker.run(self.patience, move |chain| job(&store, chain)).await;
        done.map_err(|why| {
            let is_text = matches!(why, StoreError::Empty { .. } | StoreError::Corrupt { .. });
            if is_text { KeychainError::Damaged.into() } else { why }
        })
    }

    /// The same for a file that stands in where there is no keychain.
    async fn run_or<T: Send + 'static>(
        &self,
        absent: T,
        job: impl FnOnce(&Self, &dyn Keychain) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.run(job).await {
            Err(StoreError::Keychain(KeychainError::Absent)) if self.or_file => Ok(absent),
            done => done,
        }
    }

    async fn in_chain(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let key = key.clone();
        self.run_or(None, move |_, chain| {
            let text = item::read(chain, ITEM)?;
            let entry = text.map(|text| Shape::Own.entry(&text, &key)).transpose()?;
            Ok(entry.flatten().and_then(Entry::into_login).map(record))
        })
        .await
    }

    async fn in_file(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        if self.or_file { CredentialStore::load(&self.beside, key).await } else { Ok(None) }
    }
}

/// On the keychain's thread.
impl KeychainStore {
    fn save_in(
        &self,
        chain: &dyn Keychain,
        key: &Key,
        expected: Expected,
        credential: &Credential,
    ) -> Result<Saved, StoreError> {
        let saved = self.beside.exclusively(|| {
            let text = item::read(chain, ITEM)?;
            let in_chain =
                text.as_ref().map(|text| Shape::Own.login(text, key)).transpose()?.flatten();
            let in_file =
                if self.or_file { unless_unusable(self.beside.record(key))? } else { None };
            let there = newer(in_chain.map(record), in_file).map(|record| record.credential);
            if !expected.is_met_by(there.as_ref()) {
                let is_saved = there.as_ref().is_some_and(|there| is_same(there, credential));
                let changed = Saved::Changed(there.map(Box::new));
                return Ok(if is_saved { Saved::Done } else { changed });
            }
            let text = text.as_ref().map(|text| text.as_str());
            item::write(chain, ITEM, &Shape::Own.with_saved(text, key, expected, credential)?)?;
            Ok(Saved::Done)
        })?;
        if matches!(saved, Saved::Done) {
            self.leave_the_file(key)?;
        }
        Ok(saved)
    }

    fn remove_in(&self, chain: &dyn Keychain, key: &Key) -> Result<bool, StoreError> {
        let removed = self.beside.exclusively(|| {
            let Some(text) = item::read(chain, ITEM)? else { return Ok(false) };
            let Some(left) = Shape::Own.without(&text, key)? else { return Ok(false) };
            item::write(chain, ITEM, &left)?;
            Ok(true)
        })?;
        Ok(self.leave_the_file(key)? || removed)
    }

    /// Two logins for one key would be renewed one after the other, and one of them would die.
    fn leave_the_file(&self, key: &Key) -> Result<bool, StoreError> {
        let is_there = self.or_file && self.beside.path().exists();
        if is_there { self.beside.take_out(key) } else { Ok(false) }
    }
}

impl CredentialStore for KeychainStore {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async { Ok(newer(self.in_chain(key).await?, self.in_file(key).await?)) })
    }

    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>> {
        let (at, new) = (key.clone(), credential.clone());
        Box::pin(async move {
            let saved = self.run_or(None, move |store, chain| {
                store.save_in(chain, &at, expected, &new).map(Some)
            });
            match saved.await? {
                Some(saved) => Ok(saved),
                None => CredentialStore::save(&self.beside, key, expected, credential).await,
            }
        })
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        let at = key.clone();
        Box::pin(async move {
            let removed =
                self.run_or(None, move |store, chain| store.remove_in(chain, &at).map(Some));
            match removed.await? {
                Some(removed) => Ok(removed),
                None => CredentialStore::remove(&self.beside, key).await,
            }
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>> {
        Box::pin(async {
            let entries = self.run_or(Vec::new(), |_, chain| {
                let text = item::read(chain, ITEM)?;
                text.map_or(Ok(Vec::new()), |text| Shape::Own.entries(&text))
            });
            let logins = entries.await?.into_iter();
            let logins = logins.filter_map(|(key, entry)| Some((key, entry.ok()?.into_login()?)));
            let mut records: BTreeMap<Key, Record> =
                logins.map(|(key, credential)| (key, record(credential))).collect();
            if self.or_file {
                for (key, in_file) in CredentialStore::list(&self.beside).await? {
                    let newest = newer(records.remove(&key), Some(in_file));
                    records.extend(newest.map(|newest| (key, newest)));
                }
            }
            Ok(records.into_iter().collect())
        })
    }

    fn probe<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            // The ledger stands there, and maybe the credentials.
            CredentialStore::probe(&self.beside, key).await?;
            let tried = self.run_or((), |_, chain| {
                chain.write(PROBE, &vec![b' '; chain.room().unwrap_or(ROOM_FOR_TOKENS)])?;
                Ok(chain.remove(PROBE)?)
            });
            tried.await
        })
    }

    fn locks(&self) -> Option<&dyn Locks> {
        self.beside.locks()
    }

    fn journal(&self) -> Option<&dyn Journal> {
        Some(self)
    }

    fn describe(&self) -> String {
        if self.or_file {
            format!("the keychain, or {}", self.beside.describe())
        } else {
            "the keychain".to_owned()
        }
    }
}

fn record(credential: Credential) -> Record {
    let borrowed_from = (!is_ours(&credential)).then(|| "another tool".to_owned());
    Record { credential, borrowed_from }
}

/// The one that was issued later, or else lapses later; of equals the first.
fn newer(first: Option<Record>, second: Option<Record>) -> Option<Record> {
    let age = |record: &Record| (record.credential.obtained_at, record.credential.expires_at);
    match (first, second) {
        (Some(first), Some(second)) if age(&second) > age(&first) => Some(second),
        (first, second) => first.or(second),
    }
}
