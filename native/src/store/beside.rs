//! The folder of ours that belongs to a store: its locks, its last good version, and what a renewal
//! writes down.
//!
//! It is beside the file, `auth.json.grantflow` for `auth.json`, so that everyone who uses that file
//! meets there. Where nothing can be made beside the file it is in grantflow's own data folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use grantflow_core::Digest;

use super::disk::Disk;
use super::{FileStore, Key, StoreError, in_place, private, safety};

/// The folder of one store.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    folder: PathBuf,
}

impl Beside {
    /// Where it is, or would be. `far` is for those that cannot be beside their file.
    pub(super) fn of(path: &Path, far: Option<&Path>) -> Self {
        let near = named_after(path, ".grantflow");
        match far_of(path, far) {
            Ok(far) if far.is_dir() && !near.is_dir() => Self { folder: far },
            _ => Self { folder: near },
        }
    }

    /// Makes it.
    pub(super) fn make(disk: &Disk, path: &Path, far: Option<&Path>) -> Result<Self, StoreError> {
        let beside = Self::of(path, far);
        match private::make_folder(disk, &beside.folder) {
            Err(StoreError::System { source, .. }) if in_place::is_needed(&source) => {
                let folder = far_of(path, far)?;
                private::make_folder(disk, &folder)?;
                Self { folder }.checked()
            }
            made => made.and_then(|()| beside.checked()),
        }
    }

    /// Refuses one that somebody else could have put there, with what is in it.
    pub(super) fn checked(self) -> Result<Self, StoreError> {
        safety::look(&self.store_lock()).map(|_| self)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Held while the file is read, changed and written.
    pub(super) fn store_lock(&self) -> PathBuf {
        self.folder.join("store.lock")
    }

    /// The new text of a file that is being written in its place.
    pub(super) fn draft(&self) -> PathBuf {
        self.folder.join("draft")
    }

    /// The last good version.
    pub(super) fn backup(&self) -> PathBuf {
        self.folder.join("bak")
    }

    /// Held while the record is renewed.
    pub(super) fn lock(&self, key: &Key) -> PathBuf {
        self.about(key, "lock")
    }

    pub(super) fn ledger(&self, key: &Key) -> PathBuf {
        self.about(key, "ledger")
    }

    pub(super) fn stash(&self, key: &Key) -> PathBuf {
        self.about(key, "stash")
    }

    fn about(&self, key: &Key, extension: &str) -> PathBuf {
        self.folder.join(key.file_name()).with_extension(extension)
    }
}

/// The path with something behind its last name.
pub(super) fn named_after(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, ToOwned::to_owned);
    name.push(suffix);
    path.with_file_name(name)
}

/// The folder for a file that has none beside it, named by the file.
fn far_of(path: &Path, far: Option<&Path>) -> Result<PathBuf, StoreError> {
    let ours = || FileStore::default_path().map(|ours| ours.with_file_name("elsewhere"));
    let far = far.map_or_else(ours, |far| Ok(far.to_owned()))?;
    Ok(far.join(Digest::of(&path.to_string_lossy()).to_string()))
}
