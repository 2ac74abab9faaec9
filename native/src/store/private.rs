//! Files that only their owner can read, written so that a crash leaves the old or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};
use zeroize::Zeroizing;

use super::StoreError;
use super::error::At as _;

/// No store is larger.
const MAX_FILE: u64 = 4 << 20;

/// The text of a file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, StoreError> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(StoreError::system(path, why)),
    };
    // Before opening: that would wait at a pipe for a writer.
    if !found.is_file() {
        return Err(StoreError::NotAFile { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::with_capacity(capacity(found.len())));
    match File::open(path).at(path)?.take(MAX_FILE + 1).read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > MAX_FILE => {
            Err(StoreError::TooLarge { path: path.to_owned() })
        }
        Ok(_) => Ok(Some(text)),
        Err(why) if why.kind() == io::ErrorKind::InvalidData => {
            Err(StoreError::corrupt(1).of(path, None))
        }
        Err(why) => Err(StoreError::system(path, why)),
    }
}

/// Room for the whole text at once, so that growing leaves no copies of it behind.
fn capacity(length: u64) -> usize {
    usize::try_from(length.min(MAX_FILE)).unwrap_or(0) + 1
}

/// Puts a file in place: written beside it, made durable, moved.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let write = || {
        let mut file = beside(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|why| why.error)?;
        sync_folder(folder)
    };
    write().at(path)
}

/// Whether a file of this size can be put into the folder, and made durable.
pub(crate) fn probe(folder: &Path, size: usize) -> Result<(), StoreError> {
    let write = || {
        let mut file = beside(folder)?;
        file.write_all(&vec![0; size])?;
        file.as_file().sync_all()?;
        file.close()
    };
    write().at(folder)
}

/// A file for a lock, never deleted: a lock on a deleted file keeps nobody out.
pub(crate) fn lock_file(path: &Path) -> Result<File, StoreError> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => {
            allow_owner(path, 0o600).at(path)?;
            Ok(file)
        }
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().write(true).open(path).at(path)
        }
        Err(why) => Err(StoreError::system(path, why)),
    }
}

/// The folder, with those above it; made by us, only the owner can enter it.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        fs::create_dir_all(above).at(above)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Ok(()) => allow_owner(folder, 0o700).at(folder),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(why) => Err(StoreError::system(folder, why)),
    }
}

/// A new file of a name of its own, 0600 whatever the umask.
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    let file = Builder::new().prefix(".grantflow-").suffix(".tmp").tempfile_in(folder)?;
    allow_owner(file.path(), 0o600)?;
    Ok(file)
}

/// Exactly this, whatever the umask took away.
fn allow_owner(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (path, mode); // a profile's folders are their owner's
    Ok(())
}

/// Makes the new name durable too. Windows does that with the move.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
