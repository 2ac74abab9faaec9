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

/// The same for a look at a token, which takes it more often than anything, where the kernel keeps one
/// that costs a fifth: a tick ahead of [`wall`] at most, and behind it only while no tick can come.
#[cfg(target_os = "linux")]
pub(crate) fn wall_or_soon() -> u64 {
    /// No kernel ticks less often than a hundred times a second.
    const TICK_MS: u64 = 10;
    let at = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    Duration::try_from(at).map_or(0, millis).saturating_add(TICK_MS)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn wall_or_soon() -> u64 {
    wall()
}

/// Whole milliseconds, without ever overflowing.
pub(crate) fn millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis().into())
}
