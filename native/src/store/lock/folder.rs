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
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::Mark;
use crate::store::disk::TEMPORARY;
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
    /// The folder as we last left it; `None` once it is not ours any more.
    ours: Arc<Mutex<Option<Mark>>>,
    beat: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl FolderLock {
    /// Tries once; `None` if somebody else holds it.
    pub(super) fn attempt(
        place: &Place,
        sightings: &Sightings,
    ) -> Result<Option<Self>, StoreError> {
        let path = &place.path;
        match fs::create_dir(path) {
            Ok(()) => return Self::begin(place).at(path).map(Some),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
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

    fn begin(place: &Place) -> io::Result<Self> {
        let ours = touch(&place.path)?;
        let ours = Arc::new(Mutex::new(Some(ours)));
        let (stop, stopped) = mpsc::channel();
        let (path, mark) = (place.path.clone(), Arc::clone(&ours));
        let every = BEAT.min(place.stale / 10);
        // On a thread of its own: an executor that is busy must not cost the lock.
        let beat = thread::Builder::new().name("grantflow-lock".to_owned());
        let beat = beat.spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                if !keep_fresh(&path, &mark) {
                    return;
                }
            }
        })?;
        Ok(Self { path: place.path.clone(), ours, beat: Some((stop, beat)) })
    }
}

impl HeldLock for FolderLock {
    fn is_held(&self) -> bool {
        let mut ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        is_ours(&self.path, &mut ours)
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if let Some((stop, beat)) = self.beat.take() {
            drop(stop);
            let _ = beat.join(); // it has no result, and a lock that was lost is not missed
        }
        if self.is_held() {
            // One that cannot be removed is given up by others in time.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// A beat: `false` once the lock is somebody else's. A disk that fails for a moment is asked again
/// by the next one.
fn keep_fresh(path: &Path, ours: &Mutex<Option<Mark>>) -> bool {
    let mut ours = ours.lock().unwrap_or_else(PoisonError::into_inner);
    if is_ours(path, &mut ours)
        && let Ok(fresh) = touch(path)
    {
        *ours = ours.filter(|mark| mark.is_same_file(&fresh)).map(|_| fresh);
    }
    ours.is_some()
}

/// Whether the folder is as we left it. One that is gone or differs never is ours again.
fn is_ours(path: &Path, ours: &mut Option<Mark>) -> bool {
    let there = Mark::of(path);
    let is_lost = match &there {
        Ok(there) => ours.is_some_and(|mark| mark != *there),
        Err(why) => why.kind() == io::ErrorKind::NotFound,
    };
    if is_lost {
        *ours = None;
    }
    there.is_ok() && ours.is_some()
}

/// Sets the time of change to now, and reads what the file system made of it.
fn touch(path: &Path) -> io::Result<Mark> {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    options.read(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        const WRITE_ATTRIBUTES: u32 = 0x100;
        const BACKUP_SEMANTICS: u32 = 0x0200_0000; // or a folder cannot be opened
        options.access_mode(WRITE_ATTRIBUTES).custom_flags(BACKUP_SEMANTICS);
    }
    options.open(path)?.set_modified(SystemTime::now())?;
    Mark::of(path)
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
