//! Credentials in one JSON file, an entry for each provider.
//!
//! The shape is the one that several agents use: an object of
//! `{"type":"oauth","access":…,"refresh":…,"expires":…}` by provider id, with members of our own
//! beside them. Other tools may keep entries in the same file, so an entry is replaced in the text
//! and every other byte stays as it was.
//!
//! The file is written whole beside its place, made durable, and moved there; what stood there
//! before is kept as `….bak`. A file that is empty or cannot be read is an error and is never
//! overwritten.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use etcetera::BaseStrategy as _;
use grantflow_core::{Credential, Digest};
use zeroize::Zeroizing;

use super::lock::KernelLock;
use super::shape::{Entry, Shape};
use super::{Key, StoreError, private};
use crate::error::NotOurs;

/// Folders in which other tools keep their logins.
const OTHER_TOOLS: [&str; 6] = [".claude", ".codex", ".gemini", ".pi", ".qwen", "opencode"];

/// No token of any provider is longer.
const ROOM_FOR_TOKENS: usize = 64 << 10;

/// A file of credentials. Cheap to clone; nothing is kept in memory.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// The store at `path`, which need not exist yet. A symbolic link there is followed once, now.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        // A link may lead to a file that is yet to be written.
        let aim = || Some(path.parent()?.join(path.read_link().ok()?));
        Self { path: path.canonicalize().ok().or_else(aim).unwrap_or(path) }
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

    /// The credential of a provider; `None` if there is none, if its tokens are blank, or if it is
    /// an API key and no login.
    ///
    /// # Errors
    /// [`StoreError`] if the file, or the entry, cannot be read.
    pub fn load(&self, provider: &str) -> Result<Option<Credential>, StoreError> {
        match self.read()? {
            None => Ok(None),
            Some(text) => {
                let entry = self.told(Shape::Own.entry(&text, &Key::of(provider)))?;
                Ok(entry.and_then(Entry::into_login))
            }
        }
    }

    /// Every credential, in the order of the file. An entry that is no login, or not a whole one,
    /// is passed over; [`FileStore::load`] tells why.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be read.
    pub fn list(&self) -> Result<Vec<Credential>, StoreError> {
        let Some(text) = self.read()? else { return Ok(Vec::new()) };
        let entries = self.told(Shape::Own.entries(&text))?.into_iter();
        Ok(entries.filter_map(|(_, entry)| entry.ok()?.into_login()).collect())
    }

    /// Puts a credential in its provider's place. Durable when it returns.
    ///
    /// # Errors
    /// [`StoreError`]; the file is as it was then.
    pub fn save(&self, credential: &Credential) -> Result<(), StoreError> {
        let key = Key::of(&credential.provider);
        self.change(|text| Shape::Own.with(text, &key, credential).map(Some))
    }

    /// Puts a renewed credential in place of the one with this access token; `false`, and no change,
    /// if that is no longer there: a logout or a newer login wins over a late renewal.
    ///
    /// # Errors
    /// [`StoreError`]; the file is as it was then.
    pub(crate) fn renewed(&self, old: Digest, new: &Credential) -> Result<bool, StoreError> {
        let key = Key::of(&new.provider);
        let mut is_there = false;
        self.change(|text| {
            let held = text.and_then(|text| Shape::Own.entry(text, &key).ok()?);
            let held = held.and_then(Entry::into_login);
            is_there = held.is_some_and(|held| held.access_token.digest() == old);
            if is_there { Shape::Own.with(text, &key, new).map(Some) } else { Ok(None) }
        })?;
        Ok(is_there)
    }

    /// Takes a provider's entry out, whatever it is, and out of the last good version too; `false`
    /// if there is none.
    ///
    /// # Errors
    /// [`StoreError`]; the file is as it was then.
    pub fn remove(&self, provider: &str) -> Result<bool, StoreError> {
        let mut removed = false;
        self.change(|text| {
            let text = text.map(|text| Shape::Own.without(text, &Key::of(provider)));
            let text = text.transpose()?.flatten();
            removed = text.is_some();
            Ok(text)
        })?;
        if removed {
            let _locked = KernelLock::now(&self.beside(".grantflow.lock"))?;
            if let Some(text) = self.read()? {
                private::replace(&self.beside(".bak"), text.as_bytes())?;
            }
        }
        Ok(removed)
    }

    /// Whether a later save can succeed, before anything is spent on it.
    ///
    /// # Errors
    /// [`StoreError`] says why not.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        private::make_folder(self.folder())?;
        let text = self.read()?;
        // The file and its last good version, and room for tokens that are longer than before.
        let size = 2 * text.as_ref().map_or(0, |text| text.len()) + ROOM_FOR_TOKENS;
        private::probe(self.folder(), size)?;
        text.map_or(Ok(()), |text| self.told(Shape::Own.entries(&text)).map(drop))
    }

    /// Why a credential in this store is not ours to renew.
    pub(crate) fn not_ours(&self, credential: &Credential) -> Result<Option<NotOurs>, StoreError> {
        if !is_ours(credential) {
            return Ok(Some(NotOurs::Entry));
        }
        let is_other =
            |part: Component<'_>| OTHER_TOOLS.iter().any(|name| part.as_os_str() == *name);
        let shared = self.path.components().any(is_other) || self.has_foreign_entries()?;
        Ok(shared.then_some(NotOurs::File))
    }

    /// Whether somebody else writes here too: a key, a login of theirs, anything.
    fn has_foreign_entries(&self) -> Result<bool, StoreError> {
        let Some(text) = self.read()? else { return Ok(false) };
        let is_ours = |entry: Entry| entry.into_login().is_some_and(|held| is_ours(&held));
        let mut entries = self.told(Shape::Own.entries(&text))?.into_iter();
        Ok(!entries.all(|(_, entry)| entry.is_ok_and(is_ours)))
    }

    /// Held while one provider's refresh token is spent; logins to others go on meanwhile.
    pub(crate) async fn lock_renewal(&self, provider: &str) -> Result<KernelLock, StoreError> {
        private::make_folder(self.folder())?;
        KernelLock::patiently(&self.beside(&format!(".{}.lock", Key::of(provider).file_name())))
            .await
    }

    /// What is wrong with the text is wrong with this file.
    fn told<T>(&self, found: Result<T, StoreError>) -> Result<T, StoreError> {
        let backup = || Some(self.beside(".bak")).filter(|backup| backup.exists());
        found.map_err(|why| why.of(&self.path, backup()))
    }

    fn read(&self) -> Result<Option<Zeroizing<String>>, StoreError> {
        private::read(&self.path)
    }

    /// Read, change, write: as one, for everyone who goes by the same lock.
    fn change(
        &self,
        change: impl FnOnce(Option<&str>) -> Result<Option<Zeroizing<String>>, StoreError>,
    ) -> Result<(), StoreError> {
        private::make_folder(self.folder())?;
        let _locked = KernelLock::now(&self.beside(".grantflow.lock"))?;
        let before = self.read()?;
        let after = self.told(change(before.as_ref().map(|text| text.as_str())))?;
        let Some(after) = after else { return Ok(()) };
        if let Some(before) = &before {
            private::replace(&self.beside(".bak"), before.as_bytes())?;
        }
        private::replace(&self.path, after.as_bytes())
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// A file beside the store, named after it.
    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.file_name().map_or_else(OsString::new, ToOwned::to_owned);
        name.push(suffix);
        self.path.with_file_name(name)
    }
}

/// Grantflow wrote it: others don't say who issued a credential.
pub(crate) fn is_ours(credential: &Credential) -> bool {
    !credential.origin.is_empty()
}
