//! The two clocks of this machine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use grantflow_core::Now;
use tokio::time::Instant;

/// Reads both clocks. The monotonic one is tokio's, so that a test which pauses tokio's time moves
/// every wait of a login with it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    begun: Instant,
}

impl Clock {
    /// Monotonic time counts from here.
    pub fn start() -> Self {
        Self { begun: Instant::now() }
    }

    /// This moment, by both.
    pub fn now(&self) -> Now {
        Now { wall: wall(), mono: millis(self.begun.elapsed()) }
    }
}

/// Milliseconds since 1970.
pub(crate) fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// Whole milliseconds, without ever overflowing.
pub(crate) fn millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis().into())
}
