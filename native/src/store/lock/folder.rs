//! Locks that are folders, as the npm package proper-lockfile takes them: whoever makes the folder
//! holds the lock, and keeps its time of change fresh until they remove it.
//!
//! Such a lock can be given up by others while its holder stands still, so it says only that we
//! probably are alone. What it protects has to be compared before it is written all the same.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Mark;
use crate::store::disk::{Disk, TEMPORARY};
use crate::store::error::At as _;
use crate::store::private::folder_of;
use crate::store::{HeldLock, StoreError};

/// How often the time is made fresh. Some readers of pi's lock give it up after ten seconds.
const BEAT: Duration = Duration::from_secs(3);

/// Where such a lock is, and how long it has to be untouched before it is taken for abandoned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) stale: Duration,
}

/// Held until it is dropped, or until somebody has taken it away.
#[derive(Debug)]
pub(in crate::store) struct FolderLock {
    path: PathBuf,
    known: Arc<Known>,
    /// Dropped, it ends the beat.
    _beat: mpsc::Sender<()>,
}

impl FolderLock {
    /// Tries once; `None` if somebody else holds it.
    pub(super) fn attempt(
        disk: &Disk,
        place: &Place,
        sightings: &Sightings,
    ) -> Result<Option<Self>, StoreError> {
        let path = &place.path;
        match fs::create_dir(path) {
            Ok(()) => {
                return Self::begin(disk, place).map(Some).map_err(|why| {
                    // Others would wait for a lock that nobody holds.
                    let _ = fs::remove_dir(path);
                    StoreError::system(path, why)
                });
            }
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            // On Windows also a folder that is about to be gone, because somebody still looks at it.
            Err(why) if cfg!(windows) && why.kind() == io::ErrorKind::PermissionDenied => {
                return Ok(None);
            }
            Err(why) => return Err(StoreError::system(path, why)),
        }
        let there = match Mark::of(path) {
            Ok(there) => there,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(StoreError::system(path, why)),
        };
        if !there.is_folder {
            // Whoever expects a folder here is kept out for good, and so are we.
            return Err(StoreError::NoLock { path: path.clone() });
        }
        if sightings.is_abandoned(place, there) {
            give_up(path, there).at(path)?;
        }
        Ok(None)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn begin(disk: &Disk, place: &Place) -> io::Result<Self> {
        let path = place.path.clone();
        let known = Arc::new(Known::new(touch(disk, &path, |_| true)?));
        let (beat, stopped) = mpsc::channel();
        let every = BEAT.min(place.stale / 10);
        // On a thread of its own: an executor that is busy must not cost the lock.
        let thread = thread::Builder::new().name("grantflow-lock".to_owned());
        let (disk, lock, of) = (disk.clone(), path.clone(), Arc::clone(&known));
        thread.spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                if !of.keep_fresh(&disk, &lock) {
                    return;
                }
            }
        })?;
        Ok(Self { path, known, _beat: beat })
    }
}

impl HeldLock for FolderLock {
    fn is_held(&self) -> bool {
        self.known.is_held(&self.path)
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The beat is not waited for: it touches nothing but the folder that was ours.
        if self.is_held() {
            // One that cannot be removed is given up by others in time.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// What the beat knows about the lock. No file is touched while it is locked, so that nobody waits
/// here for a disk.
#[derive(Debug)]
struct Known(Mutex<Knowledge>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Knowledge {
    /// The folder as we last left it; `None` once it is not ours any more.
    ours: Option<Mark>,
    /// The beat is about to change its time.
    is_beating: bool,
}

impl Known {
    fn new(ours: Mark) -> Self {
        Self(Mutex::new(Knowledge { ours: Some(ours), is_beating: false }))
    }

    /// Looks whether the folder is as we left it. One that is gone or differs never is ours again.
    fn is_held(&self, path: &Path) -> bool {
        loop {
            let before = *self.lock();
            let Some(ours) = before.ours else { return false };
            let there = Mark::of(path);
            let mut known = self.lock();
            if *known != before {
                continue; // a beat came in between
            }
            let is_lost = match &there {
                Ok(there) if known.is_beating => !there.is_same_file(&ours),
                Ok(there) => *there != ours,
                Err(why) => why.kind() == io::ErrorKind::NotFound,
            };
            if is_lost {
                known.ours = None;
            }
            return there.is_ok() && !is_lost;
        }
    }

    /// A beat: `false` once the lock is somebody else's. A disk that fails for a moment is asked
    /// again by the next one.
    fn keep_fresh(&self, disk: &Disk, path: &Path) -> bool {
        if self.is_held(path)
            && let Some(ours) = self.begin_beat()
        {
            let fresh = touch(disk, path, |there| *there == ours);
            let mut known = self.lock();
            known.is_beating = false;
            known.ours = known.ours.map(|ours| fresh.unwrap_or(ours));
        }
        self.lock().ours.is_some()
    }

    fn begin_beat(&self) -> Option<Mark> {
        let mut known = self.lock();
        known.is_beating = known.ours.is_some();
        known.ours
    }

    fn lock(&self) -> MutexGuard<'_, Knowledge> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets the time of change to now, if it is the folder that is meant, and reads what the file system
/// made of it. Both are done to the one that was opened, whatever stands at the path by then.
fn touch(disk: &Disk, path: &Path, is_meant: impl FnOnce(&Mark) -> bool) -> io::Result<Mark> {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    options.read(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        const ATTRIBUTES: u32 = 0x180; // to be read and written
        const BACKUP_SEMANTICS: u32 = 0x0200_0000; // or a folder cannot be opened
        options.access_mode(ATTRIBUTES).custom_flags(BACKUP_SEMANTICS);
    }
    let folder = options.open(path)?;
    if !is_meant(&Mark::from(&folder.metadata()?)) {
        return Err(io::ErrorKind::NotFound.into());
    }
    disk.touch(&folder, path)?;
    Ok(Mark::from(&folder.metadata()?))
}

/// Takes an abandoned lock away, unless its holder has come back or another has taken it: moved
/// aside first, because what was looked at and what is removed must be the same folder.
fn give_up(path: &Path, abandoned: Mark) -> io::Result<()> {
    let (prefix, suffix) = TEMPORARY;
    let random = getrandom::u32().map_err(io::Error::other)?;
    let aside = folder_of(path).join(format!("{prefix}{random:08x}{suffix}"));
    match fs::rename(path, &aside) {
        Ok(()) if Mark::of(&aside)? == abandoned => fs::remove_dir(&aside),
        Ok(()) => fs::rename(&aside, path),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
    }
}

/// Locks of others that we wait for, and since when each has looked the same. Clones share them:
/// what is seen while one renewal waits counts for the next.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Sightings(Arc<Mutex<BTreeMap<PathBuf, (Mark, Instant)>>>);

impl Sightings {
    /// Its time is too long ago; or we have watched it for twice as long without a change, which
    /// holds whatever clock has set that time.
    fn is_abandoned(&self, place: &Place, there: Mark) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mark, since) = seen.entry(place.path.clone()).or_insert((there, Instant::now()));
        if *mark != there {
            (*mark, *since) = (there, Instant::now());
        }
        there.modified.elapsed().is_ok_and(|age| age > place.stale)
            || since.elapsed() > 2 * place.stale
    }
}
