//! Time is an argument: the core has no clock.

use core::time::Duration;

/// The moment of a call, read by the host from both of its clocks.
///
/// The two are never mixed. `mono` paces every wait and ends it, so that a wall clock that is set
/// back or forward can neither poll too early nor expire a login. `wall` dates credentials, and
/// after a restore tells how long the login lay in a drawer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Now {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    pub wall: u64,
    /// Milliseconds since any point that stays fixed while this machine lives.
    pub mono: u64,
}

impl Now {
    /// The later of two readings of the monotonic clock, with the newer wall clock: a host whose
    /// monotonic clock steps back is not believed.
    pub(crate) fn after(self, earlier: Self) -> Self {
        Self { wall: self.wall, mono: self.mono.max(earlier.mono) }
    }

    /// How long until `at` on the monotonic clock; nothing once it has come.
    pub(crate) fn until(self, at: u64) -> Duration {
        Duration::from_millis(at.saturating_sub(self.mono))
    }

    /// The monotonic moment `wait` from now.
    pub(crate) fn plus(self, wait: Duration) -> u64 {
        self.mono.saturating_add(millis(wait))
    }
}

/// Whole milliseconds, without ever overflowing.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
