//! Writing a file where it stands, for the places where none can be moved over it: a file that is
//! mounted by itself, or one in a folder that cannot be written.
//!
//! Such a write can be torn. So the new text is made durable elsewhere first, and stays there until
//! it is whole in its place: whoever finds the file damaged and that text beside it finishes the
//! write. The file is emptied first, because a part of the new text alone cannot be read, while one
//! with the rest of the old behind it could be, and would mix two logins.

use std::io;
use std::path::Path;

use super::disk::Disk;
use super::error::At as _;
use super::{StoreError, private};

/// Whether an error of a move, or of making the file to be moved, leaves this way.
pub(super) fn is_needed(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::ResourceBusy
            | io::ErrorKind::CrossesDevices
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Writes `after` over `before`. `draft` is where the new text waits meanwhile.
pub(super) fn write(
    disk: &Disk,
    path: &Path,
    draft: &Path,
    (before, after): (&str, &str),
) -> Result<(), StoreError> {
    disk.open(path).at(path)?; // or nothing here can help
    private::replace(disk, draft, after.as_bytes())?;
    if let Err(why) = overwrite(disk, path, after) {
        // If not even that can be done, the draft stays and the next reader finishes the write.
        overwrite(disk, path, before).at(path)?;
        private::remove(disk, draft)?;
        return Err(StoreError::system(path, why));
    }
    private::remove(disk, draft)
}

/// Finishes a write that was torn.
pub(super) fn finish(disk: &Disk, path: &Path, draft: &Path) -> Result<(), StoreError> {
    if let Some(text) = private::read(draft)? {
        overwrite(disk, path, &text).at(path)?;
    }
    private::remove(disk, draft)
}

fn overwrite(disk: &Disk, path: &Path, text: &str) -> io::Result<()> {
    let file = disk.open(path)?;
    disk.truncate(&file, path)?;
    disk.write(&file, path, text.as_bytes())?;
    disk.sync(&file, path)
}
