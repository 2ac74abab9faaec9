//! The locks of a store in files: ours, which are the kernel's, and those of the tool that owns the
//! file, which are folders.

mod folder;
mod kernel;

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

pub(super) use self::folder::Sightings;
use self::folder::{FolderLock, Place};
pub(crate) use self::kernel::KernelLock;
use super::beside::named_after;
use super::disk::Disk;
use super::private::{folder_of, resolved};
use super::{HeldLock, StoreError};

/// Pi gives its lock up after this long; other ways of its own, after less.
const PI_STALE: Duration = Duration::from_secs(30);

/// Claude Code gives its locks up after this long.
const CLAUDE_CODE_STALE: Duration = Duration::from_secs(60);

/// A lease of ours is given up after this long.
const LEASE_STALE: Duration = Duration::from_secs(30);

/// The shortest and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// The locks of the tool that owns a file, as that tool takes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerLock {
    /// Held during a renewal, in this order: folders, as the npm package proper-lockfile makes them.
    renewal: Vec<Place>,
    /// Held during a write, in this order: the kernel's.
    write: Vec<PathBuf>,
}

impl OwnerLock {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Pi's: beside its file.
    pub fn pi(file: &Path) -> Self {
        Self::none().and_folder(named_after(file, ".lock"), PI_STALE)
    }

    /// Claude Code's: the one of its newer versions, in the folder where it looks for its file, and
    /// then the one of the older, beside that folder. It follows no link of the file itself.
    pub fn claude_code(file: &Path) -> Self {
        let folder = folder_of(file);
        let newer = folder.join(".oauth_refresh.lock");
        let older = named_after(&resolved(folder.to_owned()), ".lock");
        Self::none().and_folder(newer, CLAUDE_CODE_STALE).and_folder(older, CLAUDE_CODE_STALE)
    }

    /// Codex's, in the folder where it looks for its file, which it holds only while it writes.
    pub fn codex(file: &Path) -> Self {
        let write = vec![folder_of(file).join("auth.lock"), named_after(file, ".lock")];
        Self { renewal: Vec::new(), write }
    }

    /// One more folder, and how long it has to be untouched before it is taken for abandoned.
    #[must_use]
    pub fn and_folder(mut self, path: impl Into<PathBuf>, stale: Duration) -> Self {
        self.renewal.push(Place { path: path.into(), stale });
        self
    }

    /// Whether a renewal has to hold anything.
    pub(super) fn is_for_renewals(&self) -> bool {
        !self.renewal.is_empty()
    }

    /// Takes what has to be held during a write; `None` if somebody else holds it that long.
    pub(super) fn for_writing(
        &self,
        disk: &Disk,
        at_most: Duration,
    ) -> Result<Option<Vec<KernelLock>>, StoreError> {
        let mut held = Vec::new();
        let patience = Patience::of(at_most);
        for path in &self.write {
            let Some(lock) = patience.wait(|| KernelLock::attempt(disk, path))? else {
                return Ok(None);
            };
            held.push(lock);
        }
        Ok(Some(held))
    }

    /// The folders in which its locks are made and given up.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.renewal.iter().map(|place| folder_of(&place.path))
    }
}

/// What is to be locked.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// A file by the kernel, or a folder in its stead where the kernel cannot.
    Ours { disk: Disk, path: PathBuf },
    /// What the owner of the store holds during a renewal.
    Owner { disk: Disk, lock: OwnerLock },
}

impl Wanted {
    /// One attempt; `None` if somebody else holds it.
    pub(super) fn attempt(&self, sightings: &Sightings) -> Result<Option<Held>, StoreError> {
        match self {
            Self::Ours { disk, path } => match KernelLock::attempt(disk, path) {
                Err(StoreError::NoLock { .. }) => {
                    let place = Place { path: path.with_extension("lease"), stale: LEASE_STALE };
                    let lease = FolderLock::attempt(disk, &place, sightings)?;
                    Ok(lease.map(Held::Lease))
                }
                lock => Ok(lock?.map(Held::Kernel)),
            },
            Self::Owner { disk, lock } => {
                // Dropped by an error or a refusal, those that are held already are released.
                let mut held = Held::Folders(Vec::new());
                for place in &lock.renewal {
                    let Some(lock) = FolderLock::attempt(disk, place, sightings)? else {
                        return Ok(None);
                    };
                    if let Held::Folders(locks) = &mut held {
                        locks.push(lock);
                    }
                }
                Ok(Some(held))
            }
        }
    }
}

/// How long to go on trying, and the pauses in between: at most a quarter of what was waited already,
/// so that little is lost of a wait however long it is, and none as long as another process's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    begun: Instant,
    at_most: Duration,
}

impl Patience {
    pub(super) fn of(at_most: Duration) -> Self {
        Self { begun: Instant::now(), at_most }
    }

    /// The pause before the next attempt; `None` when the time is up.
    pub(super) fn pause(&self) -> Option<Duration> {
        let waited = self.begun.elapsed();
        let left = self.at_most.checked_sub(waited).filter(|left| !left.is_zero())?;
        let random = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
        let pause = (waited / 4).clamp(PAUSES.0, PAUSES.1).mul_f64(0.5 + random / 2.0);
        Some(pause.min(left))
    }

    /// Tries until then, on a thread that may wait.
    pub(super) fn wait<T>(
        &self,
        mut attempt: impl FnMut() -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        loop {
            if let Some(done) = attempt()? {
                return Ok(Some(done));
            }
            let Some(pause) = self.pause() else { return Ok(None) };
            std::thread::sleep(pause);
        }
    }
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) enum Held {
    Kernel(KernelLock),
    /// A folder in its stead.
    Lease(FolderLock),
    /// The owner's.
    Folders(Vec<FolderLock>),
}

impl Held {
    /// The folder that stands for a lock of the kernel's, if one does.
    pub(super) fn lease(&self) -> Option<&Path> {
        match self {
            Self::Lease(lease) => Some(lease.path()),
            Self::Kernel(_) | Self::Folders(_) => None,
        }
    }
}

impl HeldLock for Held {
    fn is_held(&self) -> bool {
        match self {
            Self::Kernel(lock) => lock.is_held(),
            Self::Lease(lease) => lease.is_held(),
            Self::Folders(locks) => locks.iter().all(HeldLock::is_held),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // In the reverse order of taking them.
        if let Self::Folders(locks) = self {
            while locks.pop().is_some() {}
        }
    }
}

/// What tells one file or folder from another at the same path, and from itself when it was
/// touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    device: u64,
    number: u64,
    modified: SystemTime,
    is_folder: bool,
}

impl Mark {
    fn of(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|found| Self::from(&found))
    }

    fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.number) == (other.device, other.number)
    }
}

impl From<&Metadata> for Mark {
    fn from(found: &Metadata) -> Self {
        #[cfg(unix)]
        let (device, number) = {
            use std::os::unix::fs::MetadataExt as _;
            (found.dev(), found.ino())
        };
        #[cfg(not(unix))]
        let (device, number) = (0, 0); // std does not tell; the time has to do
        let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Self { device, number, modified, is_folder: found.is_dir() }
    }
}
