//! The kernel's file locks: they end with the process that held them, however it ended.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::Mark;
use crate::store::disk::Disk;
use crate::store::error::At as _;
use crate::store::{HeldLock, StoreError};

/// Held until it is dropped: closing the file ends the lock.
#[derive(Debug)]
pub(crate) struct KernelLock {
    file: File,
    path: PathBuf,
}

impl KernelLock {
    /// Tries once; `None` if somebody else holds it.
    pub(crate) fn attempt(disk: &Disk, path: &Path) -> Result<Option<Self>, StoreError> {
        // Before opening: that would wait at a pipe for a reader.
        if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(StoreError::NotAFile { path: path.to_owned() });
        }
        let file = disk.lock_file(path).at(path)?;
        match disk.try_lock(&file, path) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(why)) if is_unsupported(&why) => {
                return Err(StoreError::NoLock { path: path.to_owned() });
            }
            Err(TryLockError::Error(why)) => return Err(StoreError::system(path, why)),
        }
        // Somebody may have deleted the file meanwhile: then the next one locks another.
        let lock = Self { file, path: path.to_owned() };
        Ok(lock.is_held().then_some(lock))
    }
}

impl HeldLock for KernelLock {
    fn is_held(&self) -> bool {
        let ours = self.file.metadata().map(|found| Mark::from(&found));
        let there = Mark::of(&self.path);
        ours.is_ok_and(|ours| there.is_ok_and(|there| there.is_same_file(&ours)))
    }
}

/// The file system cannot lock at all; trying again will not help.
fn is_unsupported(why: &io::Error) -> bool {
    #[cfg(unix)]
    if why.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    why.kind() == io::ErrorKind::Unsupported
}
