//! The one thread that speaks to a keychain, so that one that hangs takes neither the runtime nor
//! thread after thread with it.

use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::{KeychainError, StoreError};
use super::Keychain;

type Job = Box<dyn FnOnce(&dyn Keychain) + Send>;

/// Its thread ends with it, after the job at hand.
pub(super) struct Worker {
    jobs: Sender<Job>,
    keychain: String,
}

impl Worker {
    pub(super) fn start(keychain: impl Keychain + 'static) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let worker = Self { jobs, keychain: format!("{keychain:?}") };
        let run = move || queue.iter().for_each(|job| job(&keychain));
        let thread = thread::Builder::new().name("grantflow-keychain".to_owned()).spawn(run);
        thread.map_err(|_| KeychainError::Failed)?;
        Ok(worker)
    }

    /// Does something in its turn. What has begun when the time is up goes on, so that a write whose
    /// outcome is unknown may still happen; what has not begun by then never does.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        at_most: Duration,
        job: impl FnOnce(&dyn Keychain) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |keychain| {
            if !tell.is_closed() {
                // Whoever asked may have left meanwhile.
                let _ = tell.send(job(keychain));
            }
        });
        self.jobs.send(job).map_err(|_| KeychainError::Failed)?;
        match tokio::time::timeout(at_most, told).await {
            Ok(done) => done.map_err(|_| KeychainError::Failed)?,
            Err(_) => Err(KeychainError::TimedOut.into()),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.keychain)
    }
}
