//! The keychain of the operating system: Keychain Services on macOS, the Credential Manager on
//! Windows, the Secret Service elsewhere.

use std::error::Error as _;
use std::io;
use std::iter::successors;
use std::sync::Arc;

use keyring::{Entry, Error};
use zeroize::Zeroizing;

use super::super::KeychainError;
use super::Keychain;

/// Windows takes no longer value: 2,560 bytes.
const WINDOWS_ROOM: usize = 5 * 512;

/// The items of one service.
#[derive(Clone, Debug)]
pub struct SystemKeychain {
    service: String,
}

impl SystemKeychain {
    /// Those of a service, as people see it in the keychain's own program.
    pub fn of(service: impl Into<String>) -> Self {
        Self { service: service.into() }
    }

    fn item(&self, name: &str) -> Result<Entry, KeychainError> {
        Entry::new(&self.service, name).map_err(|why| match (why, Entry::store_status()) {
            (Error::NoDefaultStore, Err(why)) => not_opened(why),
            (why, _) => told(&why),
        })
    }
}

impl Keychain for SystemKeychain {
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeychainError> {
        match self.item(name)?.get_secret() {
            Ok(value) => Ok(Some(Zeroizing::new(value))),
            Err(Error::NoEntry) => Ok(None),
            Err(why) => Err(told(&why)),
        }
    }

    fn write(&self, name: &str, value: &[u8]) -> Result<(), KeychainError> {
        self.item(name)?.set_secret(value).map_err(|why| told(&why))
    }

    fn remove(&self, name: &str) -> Result<(), KeychainError> {
        match self.item(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(why) => Err(told(&why)),
        }
    }

    fn room(&self) -> Option<usize> {
        cfg!(windows).then_some(WINDOWS_ROOM)
    }
}

/// Why no keychain could be opened. That there is none at all, and no other reason, lets a file stand
/// in for it.
fn not_opened(why: &Error) -> KeychainError {
    let mut causes = successors(why.source(), |&cause| cause.source());
    if causes.any(is_absence) { KeychainError::Absent } else { told(why) }
}

/// No bus to find a keychain on, or none on it. The latter the crates below tell in words alone.
fn is_absence(why: &(dyn std::error::Error + 'static)) -> bool {
    const WORDS: [&str; 2] = ["no secret service provider", "DBus.Error.ServiceUnknown"];
    let has_no_bus = why.downcast_ref::<Arc<io::Error>>().map(|why| why.kind());
    has_no_bus == Some(io::ErrorKind::NotFound)
        || WORDS.iter().any(|words| why.to_string().contains(words))
}

/// The error without what it quotes, which may be a secret.
#[expect(clippy::wildcard_enum_match_arm, reason = "there may be more in a later version")]
fn told(why: &Error) -> KeychainError {
    match why {
        Error::NoStorageAccess(_) => KeychainError::Locked,
        Error::TooLong(..) => KeychainError::TooLong,
        Error::BadEncoding(_)
        | Error::BadDataFormat(..)
        | Error::BadStoreFormat(_)
        | Error::Ambiguous(_) => KeychainError::Damaged,
        _ => KeychainError::Failed,
    }
}
