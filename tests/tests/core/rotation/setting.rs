//! What is searched: who does what at the same time, on which server, and what may go wrong.

use std::time::Duration;

use grantflow_core::{
    Account, Ask, Client, Configuration, Credential, Due, Endpoint, Ledger, Now, Provider, Reuse,
    Secret,
};
use grantflow_test_server::Dialect;
use grantflow_tests::local::{self, ISSUER};
use grantflow_tests::world::DAWN;

use super::faults::Fault;
use super::server::{Rule, Token};

pub(super) const HOUR: u64 = 3_600_000;
/// Who is asked for.
pub(super) const ACCOUNT: &str = "alice";

#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) client: Client,
    pub(super) rule: Rule,
    pub(super) jobs: Vec<Job>,
    pub(super) record: Start,
    pub(super) has_owner_lock: bool,
    pub(super) is_borrowed: bool,
    /// What may go wrong, in any order and at any moment.
    pub(super) troubles: Vec<Trouble>,
    /// How often in all.
    pub(super) budget: usize,
    /// How the host is broken on purpose.
    pub(super) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Job {
    Renew,
    SignIn,
    SignOut,
}

/// The record as it stands at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Expired,
    /// To be renewed, and good for some minutes more.
    Due,
}

/// A kind of trouble. Each occurrence is paid for from the setting's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// A process ends between two steps, and another takes its place.
    Crash,
    /// A message is lost on its way, or the server has no time for it.
    Loss,
    /// A lock is taken from somebody who is alive.
    Theft,
    /// Something cannot be read or written, once or until it is mended.
    Failure,
    /// Somebody gives up waiting for a lock.
    Impatience,
    /// The wall clock goes an hour on or back.
    Clock,
    Cancel,
    /// A tool that knows nothing of our locks writes to the record.
    Foreign,
    /// A process that is done comes again.
    Again,
}

impl Trouble {
    pub(super) const ALL: [Self; 9] = [
        Self::Crash,
        Self::Loss,
        Self::Theft,
        Self::Failure,
        Self::Impatience,
        Self::Clock,
        Self::Cancel,
        Self::Foreign,
        Self::Again,
    ];
}

impl Setting {
    pub(super) fn new(name: &'static str, rule: Rule, jobs: &[Job]) -> Self {
        let mut provider = provider();
        provider.token.reuse = match rule {
            Rule::Strict => Reuse::Never,
            Rule::Grace => Reuse::Within(60),
            Rule::Keeps => Reuse::Freely,
        };
        Self {
            name,
            client: Client::new(provider, Configuration::default()).expect("a client"),
            rule,
            jobs: jobs.to_vec(),
            record: Start::Expired,
            has_owner_lock: false,
            is_borrowed: false,
            troubles: Vec::new(),
            budget: 0,
            fault: None,
        }
    }

    pub(super) fn with(mut self, budget: usize, troubles: &[Trouble]) -> Self {
        self.troubles = troubles.to_vec();
        self.budget = budget;
        self
    }

    pub(super) fn ask(&self, who: String) -> Ask {
        let account = match self.fault {
            Some(Fault::AsksForNobody) => None,
            Some(_) | None => Some(ACCOUNT.to_owned()),
        };
        Ask {
            account,
            has_owner_lock: self.has_owner_lock,
            patience: Duration::from_millis(600),
            ..Ask::new(Due::within(Duration::ZERO), who)
        }
    }

    /// What stands in the record at dawn.
    pub(super) fn first_record(&self) -> Credential {
        self.record_with(1)
    }

    /// What a backup has.
    pub(super) fn older_record(&self) -> Credential {
        self.record_with(0)
    }

    fn record_with(&self, number: u8) -> Credential {
        let expires_at = match self.record {
            Start::Expired => DAWN.wall,
            Start::Due => DAWN.wall + 120_000,
        };
        let access = Token { login: 0, number };
        let refresh = match self.rule {
            Rule::Keeps => Token { login: 0, number: 0 },
            Rule::Strict | Rule::Grace => access,
        };
        Credential {
            obtained_at: expires_at - HOUR,
            expires_at: Some(expires_at),
            ..credential(access, refresh, DAWN)
        }
    }

    /// The token before was spent in an orderly way.
    pub(super) fn ledger(&self) -> Ledger {
        let spent = [Token { login: 0, number: 0 }.refresh().digest()];
        match self.rule {
            Rule::Keeps => Ledger::default(),
            Rule::Strict | Rule::Grace => {
                Ledger { generation: 1, spent: spent.into(), ..Ledger::default() }
            }
        }
    }
}

/// As a server issues it now, with a member that only other tools know.
pub(super) fn credential(access: Token, refresh: Token, now: Now) -> Credential {
    Credential {
        origin: provider().origin(),
        access_token: access.access(),
        refresh_token: Some(refresh.refresh()),
        obtained_at: now.wall,
        expires_at: Some(now.wall + HOUR),
        account: Account { id: Some(ACCOUNT.into()), ..Account::default() },
        extra: [("subscription".to_owned(), Secret::new(r#""max""#))].into(),
        ..local::credential("replaced above")
    }
}

fn provider() -> Provider {
    let mut provider = local::provider(Dialect::Standard, ISSUER);
    let endpoint = Endpoint::parse(format!("{ISSUER}/revoke"));
    provider.revocation_endpoint = Some(endpoint.expect("an endpoint"));
    provider
}
