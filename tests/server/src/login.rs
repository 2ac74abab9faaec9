//! Logins that wait for a person, or for the poll that fetches what the person decided.

use crate::{
    Config, Decision, Hesitation, Person,
    grants::{Family, Grant},
};

/// A checked authorization request (RFC 6749 §4.1.1).
#[derive(Clone)]
pub(crate) struct BrowserLogin {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: String,
}

/// A device authorization (RFC 8628 §3.2).
pub(crate) struct DeviceLogin {
    pub(crate) grant: Grant,
    pub(crate) user_code: String,
    pub(crate) code_challenge: Option<String>,
    pub(crate) begun_ms: u64,
    pub(crate) expires_ms: u64,
    /// The interval in force; it grows with every `slow_down`.
    pub(crate) interval_s: u64,
    pub(crate) last_poll_ms: Option<u64>,
    pub(crate) polls: u32,
    /// What the person was played to decide.
    pub(crate) decision: Option<Decision>,
    /// Whether it has given what it had to give: tokens, or Codex's code.
    pub(crate) spent: Option<Spent>,
}

/// What came of a device login.
#[derive(Clone)]
pub(crate) enum Spent {
    Tokens(Family),
    /// Codex gives a code, and tokens for it.
    Code(String),
}

impl DeviceLogin {
    /// By how much a poll at this time comes too early.
    pub(crate) fn early_by_ms(&self, now_ms: u64) -> u64 {
        let interval_ms = self.interval_s.saturating_mul(1000);
        let due_ms = self.last_poll_ms.map_or(0, |last| last.saturating_add(interval_ms));
        due_ms.saturating_sub(now_ms)
    }

    /// RFC 8628 §3.5: from now on it has to be five seconds slower.
    pub(crate) fn slow_down(&mut self) -> u64 {
        self.interval_s = self.interval_s.saturating_add(5);
        self.interval_s
    }

    /// What the person has decided by now.
    pub(crate) fn decided(&self, now_ms: u64, config: &Config) -> Option<Decision> {
        let over = match config.hesitation {
            Hesitation::None => true,
            Hesitation::Polls(polls) => self.polls > polls,
            Hesitation::Ms(ms) => now_ms >= self.begun_ms.saturating_add(ms),
        };
        self.decision.or(match config.person {
            Person::Approve if over => Some(Decision::Approve),
            Person::Deny if over => Some(Decision::Deny),
            Person::Ignore => Some(Decision::Ignore),
            Person::Approve | Person::Deny | Person::Ask => None,
        })
    }

    /// Whether a person can still decide it.
    pub(crate) fn is_open(&self, now_ms: u64) -> bool {
        self.decision.is_none() && self.spent.is_none() && now_ms < self.expires_ms
    }

    /// Whether this is its code, as people type it (RFC 8628 §6.1).
    pub(crate) fn has_user_code(&self, typed: &str) -> bool {
        let letters = |code: &str| -> String {
            let letters = code.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_uppercase()).collect()
        };
        letters(&self.user_code) == letters(typed)
    }
}
