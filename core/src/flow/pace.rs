//! How fast a device login polls (RFC 8628 §3.5).

use core::time::Duration;

/// Where the server names none, or nonsense.
const DEFAULT: Duration = Duration::from_secs(5);
/// No server is polled faster, whatever it allows.
const FLOOR: Duration = Duration::from_secs(1);
/// What `slow_down` adds, for good.
const SLOWER: Duration = Duration::from_secs(5);
/// Where it comes again it adds such a part of the interval too, at most `SLOWER`: who has waited as
/// long as the server asked has a clock that runs fast (B-DV-13), and would stay behind in step.
const FAST_CLOCK: u64 = 5;
/// Lost polls double the delay up to here, or to twice the interval if that is more.
const MOST: Duration = Duration::from_secs(60);

/// The interval in force and how many polls were lost since the last definite answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pace {
    pub(crate) interval: Duration,
    pub(crate) timeouts: u8,
    pub(crate) slow_downs: u32,
}

impl Pace {
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        let interval = interval.unwrap_or(DEFAULT).max(FLOOR);
        Self { interval, timeouts: 0, slow_downs: 0 }
    }

    /// As a snapshot has it, and never below the floor.
    pub(crate) fn restored(interval: Duration, timeouts: u8, slow_downs: u32) -> Self {
        Self { interval: interval.max(FLOOR), timeouts, slow_downs }
    }

    /// How long to wait from the end of the previous reply.
    pub(crate) fn delay(&self) -> Duration {
        self.doubled(self.timeouts)
    }

    /// A definite answer: back to the interval.
    pub(crate) fn answered(&mut self) {
        self.timeouts = 0;
    }

    /// The server wants it slower, for good, and never less than it asked for before.
    pub(crate) fn slow_down(&mut self, asked: Option<Duration>) {
        let mut slower = self.interval.saturating_add(SLOWER);
        if self.slow_downs > 0 {
            let more = Duration::from_secs(slower.as_secs() / FAST_CLOCK);
            slower = slower.saturating_add(more.min(SLOWER));
        }
        self.interval = asked.map_or(slower, |asked| asked.max(slower));
        self.slow_downs = self.slow_downs.saturating_add(1);
        self.timeouts = 0;
    }

    /// No answer: the delay doubles, until it no longer grows.
    pub(crate) fn timed_out(&mut self) {
        let next = self.timeouts.saturating_add(1);
        if self.doubled(next) > self.delay() {
            self.timeouts = next;
        }
    }

    fn doubled(&self, times: u8) -> Duration {
        let most = MOST.max(self.interval.saturating_add(self.interval));
        let mut delay = self.interval;
        for _ in 0..times {
            delay = delay.saturating_add(delay).min(most);
        }
        delay.min(most)
    }
}
