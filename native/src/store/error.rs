//! What is wrong with a store.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use grantflow_core::{Remedy, StoreTrouble};

/// What is wrong with a store. Nothing of it is quoted, and nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The system names no home folder.
    NoHome,
    /// There is no such file.
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The store holds nothing under this name.
    NoEntry {
        /// The name.
        provider: String,
    },
    /// There is something at the path that is no file.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A symbolic link that leads nowhere or in a circle, or that was put there since the store was
    /// opened.
    BrokenLink {
        /// The link.
        path: PathBuf,
    },
    /// The file is empty: a write of another program may have failed.
    Empty {
        /// The file.
        path: PathBuf,
        /// Its last good version, if there is one.
        backup: Option<PathBuf>,
    },
    /// The file is not a JSON object of entries, from this line on.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// Its last good version, if there is one.
        backup: Option<PathBuf>,
    },
    /// A login in the file is incomplete.
    Entry {
        /// Whose.
        provider: String,
    },
    /// The file of another tool, to which a reference in ours leads.
    Lender(Box<StoreError>),
    /// Larger than any store.
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else could have put something else in its place.
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// How.
        why: Exposure,
    },
    /// Another tool's store, which is only read here.
    ReadOnly {
        /// The tool, for people.
        owner: String,
    },
    /// The file holds another account's login and has room for one: sign out there first.
    OtherAccount {
        /// Whose.
        provider: String,
    },
    /// The file system has no locks that work.
    NoLock {
        /// The lock.
        path: PathBuf,
    },
    /// Somebody else keeps the store to themselves, or changes it faster than we can write.
    Busy {
        /// The file or lock.
        path: PathBuf,
    },
    /// The keychain.
    Keychain(KeychainError),
    /// The system refused.
    System {
        /// The file.
        path: PathBuf,
        /// As the system said it.
        source: io::Error,
    },
}

/// Who else can change a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exposure {
    /// Everybody on this machine can write it.
    WorldWritable,
    /// It belongs to another user.
    ForeignOwner,
}

/// Why the keychain did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeychainError {
    /// It is locked, or access was denied.
    Locked,
    /// There is none here.
    Absent,
    /// It did not answer in time.
    TimedOut,
    /// The credential does not fit.
    TooLong,
    /// It holds something else than we put there.
    Damaged,
    /// It failed in a way of its own.
    Failed,
}

impl StoreError {
    /// What to do next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoHome
            | Self::Missing { .. }
            | Self::NotAFile { .. }
            | Self::BrokenLink { .. }
            | Self::Empty { .. }
            | Self::Corrupt { .. }
            | Self::TooLarge { .. }
            | Self::Unsafe { .. }
            | Self::NoLock { .. }
            | Self::System { .. }
            | Self::Keychain(
                KeychainError::Absent | KeychainError::TooLong | KeychainError::Damaged,
            ) => Remedy::FixConfiguration,
            Self::NoEntry { .. }
            | Self::Entry { .. }
            | Self::ReadOnly { .. }
            | Self::OtherAccount { .. } => Remedy::SignInAgain,
            Self::Lender(why) => why.remedy(),
            Self::Busy { .. }
            | Self::Keychain(
                KeychainError::Locked | KeychainError::TimedOut | KeychainError::Failed,
            ) => Remedy::RetryLater,
        }
    }

    /// The same as a renewal needs to know it.
    pub fn trouble(&self) -> StoreTrouble {
        match self {
            Self::NoHome
            | Self::Missing { .. }
            | Self::NoEntry { .. }
            | Self::NotAFile { .. }
            | Self::BrokenLink { .. }
            | Self::Empty { .. }
            | Self::Corrupt { .. }
            | Self::Entry { .. }
            | Self::TooLarge { .. } => StoreTrouble::Unreadable,
            Self::Unsafe { .. }
            | Self::OtherAccount { .. }
            | Self::ReadOnly { .. }
            | Self::System { .. }
            | Self::Keychain(_) => StoreTrouble::NotWritable,
            Self::NoLock { .. } | Self::Busy { .. } => StoreTrouble::NoLock,
            Self::Lender(why) => why.trouble(),
        }
    }

    /// Whether the file itself is whole, and only what stands under the key cannot be used.
    pub(crate) fn is_of_one_record(&self) -> bool {
        matches!(
            self,
            Self::Entry { .. } | Self::Missing { .. } | Self::NoEntry { .. } | Self::Lender(_)
        )
    }

    /// The same, of a file that a reference leads to.
    pub(super) fn of_lender(self) -> Self {
        if self.is_of_one_record() { self } else { Self::Lender(Box::new(self)) }
    }

    /// A text that is empty; the file is named by [`StoreError::of`].
    pub(super) fn empty() -> Self {
        Self::Empty { path: PathBuf::new(), backup: None }
    }

    /// A text that is not an object of entries; the file is named by [`StoreError::of`].
    pub(super) fn corrupt(line: usize) -> Self {
        Self::Corrupt { path: PathBuf::new(), line, backup: None }
    }

    /// The same, of this file and with this last good version.
    pub(super) fn of(self, path: &Path, backup: Option<PathBuf>) -> Self {
        let path = path.to_owned();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others say where they come from")]
        match self {
            Self::Empty { .. } => Self::Empty { path, backup },
            Self::Corrupt { line, .. } => Self::Corrupt { path, line, backup },
            other => other,
        }
    }

    /// What the system said about a path.
    pub(crate) fn system(path: &Path, source: io::Error) -> Self {
        Self::System { path: path.to_owned(), source }
    }
}

/// Names the path that a system call was about.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, StoreError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::system(path, source))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHome => f.write_str("no home folder: set GRANTFLOW_HOME, or name a store"),
            Self::Missing { path } => write!(f, "there is no {}", path.display()),
            Self::NoEntry { provider } => write!(f, "the store holds nothing for {provider}"),
            Self::NotAFile { path } => write!(f, "{} is not a file", path.display()),
            Self::BrokenLink { path } => {
                write!(f, "{} is a link that leads nowhere: mend it, or remove it", path.display())
            }
            Self::Empty { path, backup } => write!(
                f,
                "{} is empty, which it never should be: {}",
                path.display(),
                Repair(backup.as_deref())
            ),
            Self::Corrupt { path, line, backup } => write!(
                f,
                "{} cannot be read (line {line}): {}",
                path.display(),
                Repair(backup.as_deref())
            ),
            Self::Entry { provider } => {
                write!(f, "the credential for {provider} is incomplete: sign in again")
            }
            Self::Lender(why) => why.fmt(f),
            Self::TooLarge { path } => write!(f, "{} is larger than 4 MiB", path.display()),
            Self::Unsafe { path, why } => write!(f, "{} {why}", path.display()),
            Self::ReadOnly { owner } => write!(
                f,
                "{owner} keeps this login, and it is only read here: renew it there, or sign in \
                 with a store of your own"
            ),
            Self::OtherAccount { provider } => write!(
                f,
                "the file holds another account's login for {provider}, and has room for one: sign \
                 out there first"
            ),
            Self::NoLock { path } => {
                write!(f, "no lock works on the file system of {}", path.display())
            }
            Self::Busy { path } => write!(f, "others keep {} busy", path.display()),
            Self::Keychain(why) => why.fmt(f),
            Self::System { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

/// How a damaged file is mended.
struct Repair<'p>(Option<&'p Path>);

impl fmt::Display for Repair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(backup) => write!(f, "mend it, or restore it from {}", backup.display()),
            None => f.write_str("mend it, or delete it and sign in again"),
        }
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WorldWritable => "can be written by everybody here: take that right away first",
            Self::ForeignOwner => {
                "belongs to another user, who could change it: use a store of \
                                   your own"
            }
        })
    }
}

impl fmt::Display for KeychainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "the keychain is locked, or denies access: unlock it",
            Self::Absent => "there is no keychain here: choose a file",
            Self::TimedOut => "the keychain does not answer",
            Self::TooLong => "the keychain has no room for a credential of this length",
            Self::Damaged => {
                "what the keychain holds under our name is not what we put there: delete it there, \
                 and sign in again"
            }
            Self::Failed => "the keychain failed",
        })
    }
}

impl std::error::Error for KeychainError {}

impl From<KeychainError> for StoreError {
    fn from(why: KeychainError) -> Self {
        Self::Keychain(why)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System { source, .. } => Some(source),
            Self::Keychain(why) => Some(why),
            Self::Lender(why) => why.source(),
            Self::NoHome
            | Self::Missing { .. }
            | Self::NoEntry { .. }
            | Self::NotAFile { .. }
            | Self::BrokenLink { .. }
            | Self::Empty { .. }
            | Self::Corrupt { .. }
            | Self::Entry { .. }
            | Self::TooLarge { .. }
            | Self::Unsafe { .. }
            | Self::ReadOnly { .. }
            | Self::OtherAccount { .. }
            | Self::NoLock { .. }
            | Self::Busy { .. } => None,
        }
    }
}
