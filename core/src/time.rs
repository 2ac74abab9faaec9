//! Time is an argument: the core has no clock.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::text::decimal;

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

/// Milliseconds since 1970, shown as RFC 3339 has it, in UTC: `2026-11-21T10:46:33Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// What [`fmt::Display`] shows.
    pub(crate) fn to_text(self) -> String {
        let seconds = self.0 / 1000;
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // Years that begin in March end with the leap day; eras of 400 years repeat.
        let from_march = days + 719_468;
        let (era, day) = (from_march / 146_097, from_march % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = era * 400 + year + next;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = String::new();
        for (behind, digits, value) in [
            ("", 4, year),
            ("-", 2, month),
            ("-", 2, day),
            ("T", 2, hour),
            (":", 2, minute),
            (":", 2, second),
        ] {
            text.push_str(behind);
            padded(&mut text, digits, value);
        }
        text.push('Z');
        text
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// Adds a whole number of at least so many digits.
fn padded(to: &mut String, digits: u32, value: u64) {
    let mut least = 1;
    for _ in 1..digits {
        least *= 10;
        if value < least {
            to.push('0');
        }
    }
    decimal(to, value);
}

/// Whole milliseconds, without ever overflowing.
pub(crate) fn millis(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1000);
    seconds.saturating_add(duration.subsec_millis().into())
}
