//! Who else could read or change a store's file.

use std::fmt;
use std::path::{Path, PathBuf};

use super::StoreError;

/// Something about a store that works and that its owner should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// Others can read the file, or the group can write it.
    Readable {
        /// The file.
        path: PathBuf,
    },
    /// The group can put another file in its place.
    SharedFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing can be moved to where the file is, so it is written in its place.
    WrittenInPlace {
        /// The file.
        path: PathBuf,
    },
    /// Nothing can be made beside the file, so our notes are elsewhere: whoever reaches the file by
    /// another path, or from another machine, does not meet us there.
    NotesElsewhere {
        /// Where.
        path: PathBuf,
    },
    /// The kernel has no locks on this file system, so a folder with a time on it stands for one.
    NoKernelLock {
        /// The lock.
        path: PathBuf,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readable { path } => {
                write!(f, "{} can be read or written by others", path.display())
            }
            Self::SharedFolder { path } => {
                write!(f, "others can write in the folder {}", path.display())
            }
            Self::WrittenInPlace { path } => {
                write!(f, "no file can be moved to {}: it is written in its place", path.display())
            }
            Self::NotesElsewhere { path } => write!(
                f,
                "nothing can be made beside the store: its locks and notes are in {}",
                path.display()
            ),
            Self::NoKernelLock { path } => write!(
                f,
                "no kernel lock works at {}: a folder with a time on it stands for it",
                path.display()
            ),
        }
    }
}

/// Refuses a file that anybody could have written, and tells what is less than safe about it.
/// One that is not there yet is as safe as its folder.
#[cfg(unix)]
pub(super) fn look(path: &Path) -> Result<Vec<Warning>, StoreError> {
    use std::os::unix::fs::MetadataExt as _;

    use super::error::Exposure;
    use super::private::folder_of;

    let mut warnings = Vec::new();
    for (path, is_folder) in [(folder_of(path), true), (path, false)] {
        let Ok(found) = std::fs::metadata(path) else { continue };
        let mode = found.mode();
        let refused = |why| Err(StoreError::Unsafe { path: path.to_owned(), why });
        // Root may change everything anyway.
        if ![0, rustix::process::geteuid().as_raw()].contains(&found.uid()) {
            return refused(Exposure::ForeignOwner);
        }
        // In a sticky folder, as /tmp is, only its owner can replace a file.
        let is_sticky = is_folder && mode & 0o1000 != 0;
        if mode & 0o002 != 0 && !is_sticky {
            return refused(Exposure::WorldWritable);
        }
        if is_folder && mode & 0o020 != 0 && !is_sticky {
            warnings.push(Warning::SharedFolder { path: path.to_owned() });
        }
        // Of anything else the rights are not ours to change.
        if !is_folder && found.is_file() && mode & 0o077 != 0 {
            warnings.push(Warning::Readable { path: path.to_owned() });
        }
    }
    Ok(warnings)
}

/// A profile's folders are their owner's.
#[cfg(not(unix))]
pub(super) fn look(_path: &Path) -> Result<Vec<Warning>, StoreError> {
    Ok(Vec::new())
}

/// What a file's rights are, if it is there.
pub(super) fn mode_of(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    return std::fs::metadata(path)
        .ok()
        .map(|found| std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777);
    #[cfg(not(unix))]
    return std::fs::metadata(path).ok().map(|_| super::private::OWNER_ONLY);
}
