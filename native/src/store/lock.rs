//! The kernel's file locks: they end with the process that held them.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::error::At as _;
use super::{StoreError, private};

/// How often a lock that is held is asked for again.
const ASK_EVERY: Duration = Duration::from_millis(25);

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct KernelLock(#[expect(dead_code, reason = "closing the file ends the lock")] File);

impl KernelLock {
    /// For what takes milliseconds: the thread waits.
    pub(super) fn now(path: &Path) -> Result<Self, StoreError> {
        let file = private::lock_file(path)?;
        file.lock().at(path)?;
        Ok(Self(file))
    }

    /// For what takes a network's time: the task waits, and can be dropped.
    pub(super) async fn patiently(path: &Path) -> Result<Self, StoreError> {
        let file = private::lock_file(path)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(ASK_EVERY).await,
                Err(TryLockError::Error(why)) => return Err(StoreError::system(path, why)),
            }
        }
    }
}
