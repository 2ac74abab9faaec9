//! Files that only their owner can read, written so that a crash leaves the old or the new one.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::StoreError;
use super::disk::{Disk, TEMPORARY};
use super::error::At as _;

/// No store is larger.
const MAX_FILE: u64 = 4 << 20;

/// No token of any provider is longer.
pub(super) const ROOM_FOR_TOKENS: usize = 64 << 10;

/// A temporary file this old has no writer any more.
const LEFT_BEHIND: Duration = Duration::from_secs(10 * 60);

/// The rights of everything that is ours.
pub(super) const OWNER_ONLY: u32 = 0o600;

/// The text of a file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, StoreError> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(why) if path.is_symlink() => return Err(broken(path, why)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(StoreError::system(path, why)),
    };
    // Before opening: that would wait at a pipe for a writer.
    if !found.is_file() {
        return Err(StoreError::NotAFile { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::with_capacity(capacity(found.len())));
    let file = match File::open(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.at(path)?,
    };
    match file.take(MAX_FILE + 1).read_to_string(&mut text) {
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

/// A link that cannot be followed: it leads nowhere or in a circle, or we may not go there.
fn broken(path: &Path, why: io::Error) -> StoreError {
    if why.kind() == io::ErrorKind::PermissionDenied {
        return StoreError::system(path, why);
    }
    StoreError::BrokenLink { path: path.to_owned() }
}

/// Room for the whole text at once, so that growing leaves no copies of it behind.
fn capacity(length: u64) -> usize {
    usize::try_from(length.min(MAX_FILE)).unwrap_or(0) + 1
}

/// Puts a file of ours in its place, for its owner alone.
pub(crate) fn replace(disk: &Disk, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let draft = Draft::write(disk, path, bytes, OWNER_ONLY).at(path)?;
    draft.move_to(path).and_then(|()| disk.sync_folder(folder_of(path))).at(path)
}

/// Removes a file of ours for good; it may be gone already.
pub(crate) fn remove(disk: &Disk, path: &Path) -> Result<(), StoreError> {
    if !path.exists() {
        return Ok(());
    }
    disk.remove(path).and_then(|()| disk.sync_folder(folder_of(path))).at(path)
}

/// A new version of a file: written beside it, durable, and not yet in its place. Dropped, it is
/// removed.
pub(super) struct Draft<'d> {
    disk: &'d Disk,
    file: NamedTempFile,
}

impl<'d> Draft<'d> {
    pub(super) fn write(disk: &'d Disk, of: &Path, bytes: &[u8], mode: u32) -> io::Result<Self> {
        let file = disk.create(folder_of(of), mode)?;
        disk.write(file.as_file(), file.path(), bytes)?;
        disk.sync(file.as_file(), file.path())?;
        Ok(Self { disk, file })
    }

    /// The move alone is not durable: see [`Disk::sync_folder`].
    pub(super) fn move_to(self, path: &Path) -> io::Result<()> {
        self.disk.rename(self.file, path)
    }

    /// The same, unless something stands there.
    pub(super) fn put_where_none_is(self, path: &Path) -> io::Result<()> {
        self.file.persist_noclobber(path).map(drop).map_err(|why| why.error)
    }
}

/// The folder, with those above it; what is made by us only its owner can enter.
pub(crate) fn make_folder(disk: &Disk, folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(disk, above)?;
    }
    disk.make_folder(folder).at(folder)
}

/// Removes what killed processes of ours have left in a folder, and nothing else. Whether it can
/// is no matter: it only takes room.
pub(super) fn sweep(folder: &Path) {
    for path in left_behind(folder) {
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
}

/// What killed processes of ours have left in a folder.
pub(super) fn left_behind(folder: &Path) -> Vec<PathBuf> {
    let is_ours = |file: &fs::DirEntry| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)
    };
    let age = |file: &fs::DirEntry| {
        file.metadata().and_then(|found| found.modified()).ok()?.elapsed().ok()
    };
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let left = files.filter(|file| is_ours(file) && age(file).is_some_and(|age| age > LEFT_BEHIND));
    left.map(|file| file.path()).collect()
}

/// Where a path leads, by links as they are now. A link that leads nowhere stays what it is.
pub(super) fn resolved(path: PathBuf) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    match (folder_of(&path).canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(&path).unwrap_or(path),
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
