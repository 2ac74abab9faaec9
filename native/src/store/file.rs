//! Credentials in one JSON file, an entry for each provider.
//!
//! The shape of our own is the one that several agents use: an object of
//! `{"type":"oauth","access":…,"refresh":…,"expires":…}` by provider id, with members of our own
//! beside them. A file in another tool's place is read and written as that tool does, under that
//! tool's locks. Whatever stands in a file and is not what changes stays, byte for byte.
//!
//! The file is written whole beside its place, made durable, and moved there. A file that is empty
//! or cannot be read is an error and is never overwritten. Everything else that a store needs, and
//! the last good version, is in a folder beside it, `….grantflow`.

mod change;
mod notes;

pub(super) use self::change::is_same;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use etcetera::BaseStrategy as _;
use grantflow_core::Credential;

use super::disk::{Disk, Faults};
use super::lock::{Held, OwnerLock, Sightings};
use super::private::resolved;
use super::profile::{Home, Tool};
use super::safety::{self, Warning};
use super::shape::{Entry, Shape, StoredKey};
use super::{CredentialStore, Expected, Journal, Key, Locks, Record, Saved, StoreError};
use crate::drive::BoxFuture;

/// A file of credentials. Cheap to clone; no credential is kept in memory.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
    /// Whose place it is in; `None` for ours.
    tool: Option<Tool>,
    renewing: bool,
    owner: OwnerLock,
    /// Where our notes are if nothing can be made beside the file.
    far: Option<PathBuf>,
    disk: Disk,
    shared: Arc<Shared>,
}

/// What the clones of a store know together.
#[derive(Debug, Default)]
struct Shared {
    sightings: Sightings,
    /// The owner's lock while a renewal holds it, so that its save needs no second one.
    owners: Mutex<Weak<Held>>,
    warnings: Mutex<BTreeSet<Warning>>,
}

impl FileStore {
    /// The store at `path`, which need not exist yet: another tool's if that keeps its logins there,
    /// else ours. A symbolic link there is followed once, now.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        match Tool::at(&path, &Home::look()) {
            Some((tool, place)) => Self::by(place, Some(tool)),
            None => Self::by(path, None),
        }
    }

    /// Where a tool keeps its logins by default, or where its environment variables say.
    ///
    /// # Errors
    /// [`StoreError::NoHome`] where the system names no home folder.
    pub fn of(tool: Tool) -> Result<Self, StoreError> {
        let places = tool.places(&Home::look());
        let place = places.iter().find(|place| place.exists()).or(places.first());
        Ok(Self::by(place.ok_or(StoreError::NoHome)?.clone(), Some(tool)))
    }

    fn by(place: PathBuf, tool: Option<Tool>) -> Self {
        let place = std::path::absolute(&place).unwrap_or(place);
        let path = resolved(place.clone());
        let owner = match tool {
            Some(Tool::Pi) => OwnerLock::pi(&path),
            Some(Tool::ClaudeCode) => OwnerLock::claude_code(&place),
            Some(Tool::Codex) => OwnerLock::codex(&place),
            Some(_) | None => OwnerLock::none(),
        };
        let (disk, shared) = Default::default();
        Self { path, tool, renewing: false, owner, far: None, disk, shared }
    }

    /// Whether to renew, and otherwise change, what stands in the file of a tool that would rather
    /// do so alone: [`Tool::rights`] says what that risks.
    #[must_use]
    pub fn renewing(mut self, renewing: bool) -> Self {
        self.renewing = renewing;
        self
    }

    /// For a file of ours that a tool with locks of its own uses too.
    #[must_use]
    pub fn locked_by(mut self, owner: OwnerLock) -> Self {
        self.owner = owner;
        self
    }

    /// Where locks and notes are kept if nothing can be made beside the file: by default in
    /// grantflow's own data folder. Everyone who uses the file has to name the same place.
    #[must_use]
    pub fn or_notes_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.far = Some(folder.into());
        self
    }

    /// For tests: what comes before each system call of a write.
    #[doc(hidden)]
    #[must_use]
    pub fn with_faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.disk = Disk::with(faults);
        self
    }

    /// `$GRANTFLOW_HOME/auth.json`, or `grantflow/auth.json` in the platform's data folder.
    ///
    /// # Errors
    /// [`StoreError::NoHome`] where the system names no home folder.
    pub fn default_path() -> Result<PathBuf, StoreError> {
        if let Some(home) = std::env::var_os("GRANTFLOW_HOME").filter(|home| !home.is_empty()) {
            return Ok(PathBuf::from(home).join("auth.json"));
        }
        let places = etcetera::base_strategy::choose_native_strategy();
        let places = places.map_err(|_| StoreError::NoHome)?;
        Ok(places.data_dir().join("grantflow").join("auth.json"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is less than safe about it and works all the same, as far as it was seen by now.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] if it is worse than that.
    pub fn warnings(&self) -> Result<Vec<Warning>, StoreError> {
        let mut warnings = safety::look(&self.path)?;
        let seen = self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.extend(seen.iter().cloned());
        Ok(warnings)
    }

    /// The credential of a provider; `None` if there is none, if its tokens are blank, or if it is
    /// an API key and no login.
    ///
    /// # Errors
    /// [`StoreError`] if the file, or the entry, cannot be read.
    pub fn load(&self, provider: &str) -> Result<Option<Credential>, StoreError> {
        Ok(self.record(&Key::of(provider))?.map(|record| record.credential))
    }

    /// Every credential, in the order of the file. An entry that is no login, or not a whole one,
    /// is passed over; [`FileStore::load`] tells why.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be read.
    pub fn list(&self) -> Result<Vec<Credential>, StoreError> {
        Ok(self.records()?.into_iter().map(|(_, record)| record.credential).collect())
    }

    /// Every login that stands in the file and cannot be used, with the reason: an entry that makes
    /// no sense, or a reference to what is not there any more.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be read.
    pub fn damaged(&self) -> Result<Vec<(Key, StoreError)>, StoreError> {
        let Some(text) = self.read()? else { return Ok(Vec::new()) };
        let entries = self.shape().entries(&text)?.into_iter();
        let damaged = entries.filter_map(|(key, entry)| match entry {
            Err(why) => Some((key, why)),
            Ok(Entry::Borrowed { .. }) => self.record(&key).err().map(|why| (key, why)),
            Ok(Entry::Login(_) | Entry::ApiKey(_) | Entry::Wiped) => None,
        });
        Ok(damaged.collect())
    }

    /// Puts a credential in its provider's place. Durable when it returns.
    ///
    /// # Errors
    /// [`StoreError`]; the file is as it was then.
    pub fn save(&self, credential: &Credential) -> Result<(), StoreError> {
        self.save_if(&Key::of(&credential.provider), Expected::Anything, credential).map(drop)
    }

    /// Takes a provider's entry out, whatever it is, and out of the last good version too; `false`
    /// if there is none.
    ///
    /// # Errors
    /// [`StoreError`]; the file is as it was then.
    pub fn remove(&self, provider: &str) -> Result<bool, StoreError> {
        self.take_out(&Key::of(provider))
    }

    /// What stands under the key, with whose it is.
    pub(super) fn record(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let Some(text) = self.read()? else { return Ok(None) };
        match self.shape().entry(&text, key)? {
            Some(Entry::Login(credential)) => Ok(Some(self.told(*credential))),
            Some(Entry::Borrowed { tool, path }) => {
                let lender = Self::by(path, Some(tool));
                let record = lender.record(key).map_err(StoreError::of_lender)?;
                let record = record.ok_or_else(|| lender.nothing_for(key))?;
                // Also where we might renew it there: it is not ours to do from here.
                Ok(Some(Record { borrowed_from: Some(tool.name().to_owned()), ..record }))
            }
            Some(_) | None => Ok(None),
        }
    }

    fn key(&self, key: &Key) -> Result<Option<StoredKey>, StoreError> {
        let Some(text) = self.read()? else { return Ok(None) };
        let entry = self.shape().entry(&text, key)?;
        Ok(entry.and_then(|entry| if let Entry::ApiKey(key) = entry { Some(key) } else { None }))
    }

    fn records(&self) -> Result<Vec<(Key, Record)>, StoreError> {
        let Some(text) = self.read()? else { return Ok(Vec::new()) };
        let entries = self.shape().entries(&text)?.into_iter();
        let records = entries.filter_map(|(key, entry)| {
            let record = match entry.ok()? {
                Entry::Login(credential) => self.told(*credential),
                Entry::Borrowed { .. } => self.record(&key).ok()??,
                Entry::ApiKey(_) | Entry::Wiped => return None,
            };
            Some((key, record))
        });
        Ok(records.collect())
    }

    fn told(&self, credential: Credential) -> Record {
        let owner = match self.tool {
            Some(tool) => (!tool.may_renew(self.renewing)).then_some(tool.name()),
            None => (!is_ours(&credential)).then_some("another tool"),
        };
        Record { credential, borrowed_from: owner.map(str::to_owned) }
    }

    fn nothing_for(&self, key: &Key) -> StoreError {
        if self.path.exists() {
            StoreError::NoEntry { provider: key.to_string() }
        } else {
            StoreError::Missing { path: self.path.clone() }
        }
    }

    fn shape(&self) -> Shape {
        self.tool.map_or(Shape::Own, Tool::shape)
    }

    fn warn(&self, warning: Warning) {
        self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(warning);
    }
}

/// Grantflow wrote it: others don't say who issued a credential.
pub(super) fn is_ours(credential: &Credential) -> bool {
    !credential.origin.is_empty()
}

impl CredentialStore for FileStore {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        let key = key.clone();
        self.in_background(move |store| store.record(&key))
    }

    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>> {
        let (key, credential) = (key.clone(), credential.clone());
        self.in_background(move |store| store.save_if(&key, expected, &credential))
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        let key = key.clone();
        self.in_background(move |store| store.take_out(&key))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>> {
        self.in_background(Self::records)
    }

    fn api_key<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<StoredKey>, StoreError>> {
        let key = key.clone();
        self.in_background(move |store| store.key(&key))
    }

    fn probe<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = key.clone();
        self.in_background(move |store| {
            store.check_writable()?;
            store.shape().has_room_for(&key)
        })
    }

    /// None for a guest, who leaves no trace.
    fn locks(&self) -> Option<&dyn Locks> {
        self.check_rights().is_ok().then_some(self)
    }

    fn journal(&self) -> Option<&dyn Journal> {
        self.check_rights().is_ok().then_some(self)
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

impl FileStore {
    /// On a thread that may wait for a disk. Once begun it goes on to its end, also if the caller
    /// does not wait for it.
    fn in_background<'a, T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        let store = self.clone();
        Box::pin(async move {
            let path = store.path.clone();
            let done = tokio::task::spawn_blocking(move || work(&store)).await;
            // The runtime is shutting down and takes up no work.
            done.unwrap_or_else(|gone| Err(StoreError::system(&path, io::Error::other(gone))))
        })
    }
}
