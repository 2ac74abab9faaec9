//! The keychain of the operating system: Keychain Services on macOS, the Credential Manager on
//! Windows, the Secret Service elsewhere.

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
        Entry::new(&self.service, name).map_err(|why| told(&why))
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

/// The error without what it quotes, which may be a secret.
#[expect(clippy::wildcard_enum_match_arm, reason = "there may be more in a later version")]
fn told(why: &Error) -> KeychainError {
    match why {
        Error::NoStorageAccess(_) => KeychainError::Locked,
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => KeychainError::Absent,
        Error::TooLong(..) => KeychainError::TooLong,
        Error::BadEncoding(_)
        | Error::BadDataFormat(..)
        | Error::BadStoreFormat(_)
        | Error::Ambiguous(_) => KeychainError::Damaged,
        _ => KeychainError::Failed,
    }
}
