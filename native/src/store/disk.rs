//! The system calls that files are written by. Before each of them stands whatever a test has put
//! there, so that every one can be seen to fail, or to be the last that a process does.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use tempfile::{Builder, NamedTempFile};

/// How the names of our temporary files begin and end.
pub(super) const TEMPORARY: (&str, &str) = (".grantflow-", ".tmp");

/// What is written at once: a crash can come between two parts of a long text.
const PART: usize = 4 << 10;

/// A system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Makes a folder.
    MakeFolder,
    /// Makes a temporary file.
    Create,
    /// Opens a file to write it in its place.
    Open,
    /// Sets who may read it.
    Protect,
    /// Empties it.
    Truncate,
    /// Writes a part of it.
    Write,
    /// Makes it durable.
    Sync,
    /// Moves it into its place.
    Rename,
    /// Makes its name durable.
    SyncFolder,
    /// Reads what was written.
    ReadBack,
    /// Removes a file.
    Remove,
    /// Takes a kernel lock.
    Lock,
    /// Makes the time of a lock fresh.
    Touch,
}

/// Stands before every system call that changes something: an error it returns is the call's.
pub trait Faults: Send + Sync + fmt::Debug {
    /// Called before each call, with the path it is about.
    ///
    /// # Errors
    /// What the call is to fail with.
    fn before(&self, call: Call, path: &Path) -> io::Result<()>;
}

/// The disk, with what a test has put before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    faults: Option<Arc<dyn Faults>>,
}

impl Disk {
    pub(super) fn with(faults: Arc<dyn Faults>) -> Self {
        Self { faults: Some(faults) }
    }

    /// A new file of a name of its own in `folder`, with exactly these rights whatever the umask.
    pub(super) fn create(&self, folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
        self.before(Call::Create, folder)?;
        let (prefix, suffix) = TEMPORARY;
        let file = Builder::new().prefix(prefix).suffix(suffix).tempfile_in(folder)?;
        self.protect(file.path(), mode)?;
        Ok(file)
    }

    /// A file that is there, to be written in its place.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        self.before(Call::Open, path)?;
        OpenOptions::new().write(true).open(path)
    }

    pub(super) fn truncate(&self, file: &File, path: &Path) -> io::Result<()> {
        self.before(Call::Truncate, path)?;
        file.set_len(0)
    }

    pub(super) fn write(&self, mut file: &File, path: &Path, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(PART).try_for_each(|part| {
            self.before(Call::Write, path)?;
            file.write_all(part)
        })
    }

    pub(super) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        self.before(Call::Sync, path)?;
        file.sync_all()
    }

    /// Moves a temporary file to its place.
    pub(super) fn rename(&self, mut file: NamedTempFile, to: &Path) -> io::Result<()> {
        self.before(Call::Rename, to)?;
        // On Windows whoever has the old file open for a moment (a virus scanner, an indexer) is in
        // the way for that moment.
        let mut tries = if cfg!(windows) { 5 } else { 1 };
        loop {
            tries -= 1;
            match file.persist(to) {
                Ok(_) => return Ok(()),
                Err(why) if tries == 0 => return Err(why.error),
                Err(why) => file = why.file,
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Makes the names in a folder durable. Windows has nothing for that: there the text is durable
    /// and the move is not yet, so that a power cut just after it may bring the old file back, whole.
    pub(super) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.before(Call::SyncFolder, folder)?;
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    /// Stands before reading what was written; reading needs nothing else.
    pub(super) fn read_back(&self, path: &Path) -> io::Result<()> {
        self.before(Call::ReadBack, path)
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        self.before(Call::Remove, path)?;
        match fs::remove_file(path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// A folder that only its owner can enter.
    pub(super) fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.before(Call::MakeFolder, folder)?;
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(folder) {
            Ok(()) => self.protect(folder, 0o700),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// A file for a lock, never deleted: a lock on a deleted file keeps nobody out.
    pub(super) fn lock_file(&self, path: &Path) -> io::Result<File> {
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => self.protect(path, 0o600).map(|()| file),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().write(true).open(path)
            }
            Err(why) => Err(why),
        }
    }

    pub(super) fn try_lock(&self, file: &File, path: &Path) -> Result<(), TryLockError> {
        self.before(Call::Lock, path).map_err(TryLockError::Error)?;
        file.try_lock()
    }

    /// Sets a lock's time of change to now.
    pub(super) fn touch(&self, lock: &File, path: &Path) -> io::Result<()> {
        self.before(Call::Touch, path)?;
        lock.set_modified(SystemTime::now())
    }

    /// Exactly these rights, whatever the umask took away.
    pub(super) fn protect(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.before(Call::Protect, path)?;
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        #[cfg(not(unix))]
        let _ = mode; // a profile's folders are their owner's
        Ok(())
    }

    fn before(&self, call: Call, path: &Path) -> io::Result<()> {
        self.faults.as_ref().map_or(Ok(()), |faults| faults.before(call, path))
    }
}
