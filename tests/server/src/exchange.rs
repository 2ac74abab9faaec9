//! One request while it is being answered.

use crate::{Digest, Endpoint, Fault, Finding, GrantType, Request, strike::Strikes};

pub(crate) struct Exchange<'a> {
    /// The host's time: what intervals and lifetimes are measured by.
    pub(crate) now_ms: u64,
    pub(crate) endpoint: Endpoint,
    pub(crate) request: &'a Request,
    pub(crate) strikes: Strikes,
    pub(crate) findings: Vec<Finding>,
    pub(crate) presented: Vec<(&'static str, Digest)>,
    pub(crate) grant_type: Option<GrantType>,
    /// The error that the answer tells.
    pub(crate) error: Option<&'static str>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        now_ms: u64,
        endpoint: Endpoint,
        request: &'a Request,
        strikes: Strikes,
    ) -> Self {
        Self {
            now_ms,
            endpoint,
            request,
            strikes,
            findings: Vec::new(),
            presented: Vec::new(),
            grant_type: None,
            error: None,
        }
    }

    pub(crate) fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn present(&mut self, name: &'static str, secret: &str) {
        self.presented.push((name, Digest::of(secret)));
    }

    /// Whether the fault is to happen; asking is using it up.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        self.strikes.strike(fault)
    }

    /// What the server believes the time of day to be.
    pub(crate) fn wall_ms(&mut self) -> u64 {
        if self.strikes(Fault::ClockBehind) {
            self.now_ms.saturating_sub(SKEW_MS)
        } else if self.strikes(Fault::ClockAhead) {
            self.now_ms.saturating_add(SKEW_MS)
        } else {
            self.now_ms
        }
    }
}

/// How far `clock-behind` and `clock-ahead` are off: more than an access token lives by default.
const SKEW_MS: u64 = 2 * 3600 * 1000;
