//! What the server's log says about those who renewed: it decides, whatever the processes think.

use std::collections::BTreeMap;

use grantflow_test_server::{Digest, Finding, GrantType, LogEntry, Outcome};

/// Every presentation of a refresh token, in order.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) presented: Vec<Presented>,
}

#[derive(Clone, Debug)]
pub(crate) struct Presented {
    pub(crate) at_ms: u64,
    pub(crate) token: Digest,
    /// The program, by its `User-Agent` without the version.
    pub(crate) by: String,
    /// It had been replaced; whether that was forgiven.
    pub(crate) reused: Option<bool>,
    /// There is a new one in its place.
    pub(crate) rotated: bool,
    pub(crate) findings: Vec<Finding>,
}

impl Verdict {
    pub(crate) fn of(log: &[LogEntry]) -> Self {
        let renewals = log.iter().filter(|entry| entry.grant_type == Some(GrantType::RefreshToken));
        Self { presented: renewals.filter_map(Presented::of).collect() }
    }

    pub(crate) fn rotations(&self) -> usize {
        self.presented.iter().filter(|one| one.rotated).count()
    }

    pub(crate) fn reused(&self) -> Vec<&Presented> {
        self.presented.iter().filter(|one| one.reused.is_some()).collect()
    }

    /// The presentations that ended a login.
    pub(crate) fn revocations(&self) -> Vec<&Presented> {
        self.presented.iter().filter(|one| one.reused == Some(false)).collect()
    }

    /// How often this program presented anything.
    pub(crate) fn count_by(&self, program: &str) -> usize {
        self.presented.iter().filter(|one| one.by == program).count()
    }

    /// The presentations of one token.
    pub(crate) fn times(&self, token: Digest) -> Vec<&Presented> {
        self.presented.iter().filter(|one| one.token == token).collect()
    }

    /// The most times that one token was presented by one program.
    pub(crate) fn most_presentations(&self, program: &str) -> usize {
        let mut times = BTreeMap::new();
        for one in self.presented.iter().filter(|one| one.by == program) {
            *times.entry(one.token).or_insert(0) += 1;
        }
        times.into_values().max().unwrap_or(0)
    }

    /// Nothing was reused, nothing was wrong, and each request brought a new token.
    #[track_caller]
    pub(crate) fn assert_spotless(&self) {
        assert!(self.is_spotless(), "{self:?}");
    }

    pub(crate) fn is_spotless(&self) -> bool {
        self.presented.iter().all(|one| one.findings.is_empty() && one.rotated)
    }
}

impl Presented {
    fn of(entry: &LogEntry) -> Option<Self> {
        let reused = entry.findings.iter().find_map(Self::forgiven);
        let program = entry.user_agent.as_deref().unwrap_or("nobody");
        Some(Self {
            at_ms: entry.at_ms,
            token: entry.presented("refresh_token")?,
            by: program.split('/').next().unwrap_or(program).to_owned(),
            reused,
            rotated: reused.is_none() && was_processed(entry),
            findings: entry.findings.clone(),
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other findings are about other things")]
    fn forgiven(finding: &Finding) -> Option<bool> {
        match finding {
            Finding::RefreshTokenReused { forgiven } => Some(*forgiven),
            _ => None,
        }
    }
}

fn was_processed(entry: &LogEntry) -> bool {
    match entry.outcome {
        Outcome::Answered { status, .. } => status == 200,
        Outcome::Reset { processed } => processed,
        Outcome::Truncated => true,
        Outcome::Stalled => false,
    }
}
