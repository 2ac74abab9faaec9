//! Logins that one process begins and another ends: their snapshots, a file each.
//!
//! A file is named by its key and by the names of its flow (the digests of its `state`s, or of
//! its `device_code`), and is as secret as a credential. It holds the snapshot, and in it one member
//! more: the key, which not every file name can tell. Whoever goes on with a login renames its
//! file first, and of two that try one succeeds; and holds a lock of the kernel meanwhile, so that
//! what a killed process has claimed waits again.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use grantflow_core::{Digest, Flow, Prompt, Remedy, Secret, SnapshotError};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::drive::{Around, Event};
use crate::error::Error;
use crate::host::Host;
use crate::logins::Logins;
use crate::store::{Disk, KernelLock, Key, StoreError, private};

const WAITING: &str = "json";
const CLAIMED: &str = "claimed";
const LOCK: &str = "lock";
/// No login waits for a person this long.
const FORSAKEN: Duration = Duration::from_secs(24 * 60 * 60);
/// Stands in a file's name for the colon of a [`Key`].
const ACCOUNT: &str = "+";

/// A login that waits for the person, and then for [`Logins::resume`](crate::Logins::resume).
#[derive(Clone, Debug)]
pub struct Pending {
    /// [`Provider::id`](crate::Provider::id).
    pub provider: String,
    /// What the person must do.
    pub prompt: Prompt,
    /// How long they have.
    pub left: Duration,
}

impl Logins {
    /// Whose logins wait for [`Logins::resume`].
    ///
    /// # Errors
    /// [`Error::Store`] if the folder of saved logins cannot be read.
    pub fn waiting(&self) -> Result<Vec<Key>, Error> {
        Ok(self.drawer().keys()?)
    }
}

/// The folder of saved logins.
pub(crate) struct Drawer {
    folder: PathBuf,
}

impl Drawer {
    /// Beside the store.
    pub(crate) fn beside(store: &Path) -> Self {
        Self { folder: store.with_file_name("pending") }
    }

    /// Keeps a login, and forgets what waited for the same record before.
    pub(crate) fn put(&self, key: &Key, flow: &Flow) -> Result<(), PendingError> {
        let snapshot = flow.save().ok_or(PendingError::None)?;
        let names: Vec<_> = flow.names().iter().map(Digest::to_string).collect();
        let file = [label(key), names.join("."), WAITING.into()].join(".");
        private::make_folder(&Disk::default(), &self.folder)?;
        self.sweep();
        let superseded = self.waiting(key)?;
        let text = marked(&snapshot, key);
        private::replace(&Disk::default(), &self.folder.join(file), text.as_bytes())?;
        for path in superseded {
            // Someone may be claiming it just now; it is theirs then.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    /// The newest login for this record that waits.
    pub(crate) fn newest(&self, key: &Key) -> Result<Waiting, PendingError> {
        let age = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
        let newest = self.waiting(key)?.into_iter().max_by_key(age);
        newest.map(|path| Waiting { path, key: key.clone() }).ok_or(PendingError::None)
    }

    /// Whose logins wait, each once, as far as they tell.
    pub(crate) fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let keys = self.files()?.into_iter().filter_map(|path| {
            let label = path.file_name()?.to_str()?.split('.').next()?;
            key_in(&path).filter(|key| self::label(key) == label).or_else(|| key_of(label))
        });
        Ok(keys.collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn waiting(&self, key: &Key) -> Result<Vec<PathBuf>, StoreError> {
        let prefix = label(key) + ".";
        let mut files = self.files()?;
        files.retain(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        });
        Ok(files)
    }

    fn files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(StoreError::system(&self.folder, why)),
        };
        let files = files.filter_map(Result::ok).map(|file| file.path());
        let waiting = files.filter_map(|path| match path.extension()?.to_str()? {
            WAITING => Some(path),
            CLAIMED => take_back(&path),
            _ => None,
        });
        Ok(waiting.collect())
    }

    /// Removes what nobody came back for. It only takes room, and holds secrets that have lapsed.
    fn sweep(&self) {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let age = |file: &fs::DirEntry| file.metadata().ok()?.modified().ok()?.elapsed().ok();
        for file in files.filter(|file| age(file).is_some_and(|age| age > FORSAKEN)) {
            let _ = fs::remove_file(file.path());
        }
    }
}

/// A saved login that nobody has claimed.
pub(crate) struct Waiting {
    path: PathBuf,
    key: Key,
}

impl Waiting {
    pub(crate) fn snapshot(&self) -> Result<Secret, PendingError> {
        match private::read(&self.path)? {
            Some(text) => Ok(Secret::new(text.as_str())),
            None => Err(PendingError::Taken),
        }
    }

    /// Takes it away from everyone else, if it still is this snapshot: somebody may have gone on
    /// with it and put it back, and what they presented must not be presented once more.
    pub(crate) fn claim(self, known: &Secret) -> Result<Claimed, PendingError> {
        let claimed = self.path.with_extension(CLAIMED);
        let hold = match Hold::of(&self.path) {
            Ok(None) => return Err(PendingError::Taken),
            // Without locks a claim is one until somebody signs in anew.
            Err(StoreError::NoLock { .. }) => None,
            hold => hold?,
        };
        match fs::rename(&self.path, &claimed) {
            Ok(()) => {
                let (waiting, key) = (self.path, self.key);
                let (path, goes_back) = (claimed, true);
                let claimed = Claimed { path, waiting, key, goes_back, _hold: hold };
                match private::read(&claimed.path)? {
                    Some(text) if known.matches(&text) => Ok(claimed),
                    Some(_) | None => Err(PendingError::Taken),
                }
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => Err(PendingError::Taken),
            Err(why) => Err(StoreError::system(&self.path, why).into()),
        }
    }
}

/// A login that is ours alone. Dropped, its file is removed; or goes back, if it still can be ended
/// by someone else.
pub(crate) struct Claimed {
    path: PathBuf,
    waiting: PathBuf,
    key: Key,
    goes_back: bool,
    _hold: Option<Hold>,
}

/// What whoever goes on with a login holds, until their process ends. Dropped, its file is removed.
struct Hold {
    _lock: KernelLock,
    path: PathBuf,
}

impl Hold {
    /// Of this login; `None` if somebody holds it.
    fn of(login: &Path) -> Result<Option<Self>, StoreError> {
        let path = login.with_extension(LOCK);
        let lock = KernelLock::attempt(&Disk::default(), &path)?;
        Ok(lock.map(|lock| Self { _lock: lock, path }))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // While it is locked: a later one locks another file.
        let _ = fs::remove_file(&self.path);
    }
}

/// Lets a claimed login wait again if whoever claimed it is no more. A request that was out then
/// counts as lost.
fn take_back(claimed: &Path) -> Option<PathBuf> {
    let _hold = Hold::of(claimed).ok()??;
    let waiting = claimed.with_extension(WAITING);
    fs::rename(claimed, &waiting).ok().map(|()| waiting)
}

impl Claimed {
    /// Writes the next snapshot. From here on the file goes back until the login is over; then it
    /// is removed at once, since what was presented must not be presented once more.
    pub(crate) fn keep(&mut self, snapshot: Option<&Secret>) {
        self.goes_back = snapshot.is_some();
        let _ = match snapshot.map(|snapshot| marked(snapshot, &self.key)) {
            // An older snapshot is as good but for its waits.
            Some(text) => private::replace(&Disk::default(), &self.path, text.as_bytes()),
            None => private::remove(&Disk::default(), &self.path),
        };
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        // Nobody is left to tell; at worst a file stays that expires by itself.
        let _ = if self.goes_back {
            fs::rename(&self.path, &self.waiting)
        } else {
            fs::remove_file(&self.path)
        };
    }
}

/// A resumed login: its snapshot is kept up to date until it is over.
pub(crate) struct Resumed<'h> {
    pub(crate) claimed: Claimed,
    pub(crate) host: &'h mut dyn Host,
}

impl Around for Resumed<'_> {
    fn keep(&mut self, snapshot: Option<Secret>) {
        self.claimed.keep(snapshot.as_ref());
    }

    fn show(&mut self, prompt: &Prompt, left: Duration) {
        self.host.show(prompt, left);
    }

    fn event(&mut self, event: &Event) {
        self.host.event(event);
    }
}

/// A key as part of a file name, so that it can be read there; a digest where it has characters
/// that some file systems would change.
fn label(key: &Key) -> String {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let mut parts = [Some(&key.provider), key.account.as_ref()].into_iter().flatten();
    if parts.all(|part| (1..=64).contains(&part.len()) && part.bytes().all(is_plain)) {
        key.to_string().replacen(':', ACCOUNT, 1)
    } else {
        Digest::of(&key.to_string()).to_string()
    }
}

/// The snapshot, which is an object, with the key as its first member.
fn marked(snapshot: &Secret, key: &Key) -> Zeroizing<String> {
    let members = snapshot.expose().strip_prefix('{').unwrap_or_default();
    let key = serde_json::Value::from(key.to_string()).to_string();
    // In one piece: a text that grows leaves copies of itself behind.
    Zeroizing::new(["{\"key\":", &key, ",", members].concat())
}

/// The key that a label spells. One of a digest's length may be a digest, which tells none.
fn key_of(label: &str) -> Option<Key> {
    let may_be_digest = label.len() == Digest::of("").to_string().len();
    let spelt = (!may_be_digest).then(|| label.replacen(ACCOUNT, ":", 1));
    Key::from_str(&spelt?).ok()
}

/// Whose login a file holds; earlier versions did not say so.
fn key_in(path: &Path) -> Option<Key> {
    #[derive(Deserialize)]
    struct Marked {
        key: String,
    }
    let text = private::read(path).ok()??;
    serde_json::from_str::<Marked>(&text).ok()?.key.parse().ok()
}

/// Why a saved login cannot go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum PendingError {
    /// No login of this provider waits.
    None,
    /// Another process has taken it up.
    Taken,
    /// It cannot be read here.
    Snapshot(SnapshotError),
    /// The folder of saved logins.
    Store(StoreError),
}

impl PendingError {
    /// What to do next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::None | Self::Taken | Self::Snapshot(_) => Remedy::SignInAgain,
            Self::Store(why) => why.remedy(),
        }
    }
}

impl fmt::Display for PendingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no login is waiting to be continued: begin one"),
            Self::Taken => f.write_str("another process is continuing this login"),
            Self::Snapshot(why) => why.fmt(f),
            Self::Store(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for PendingError {}

impl From<StoreError> for PendingError {
    fn from(why: StoreError) -> Self {
        Self::Store(why)
    }
}

impl From<SnapshotError> for PendingError {
    fn from(why: SnapshotError) -> Self {
        Self::Snapshot(why)
    }
}
