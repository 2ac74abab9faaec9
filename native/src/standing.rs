//! Who is signed in, and what a login is still good for.

use grantflow_core::{Account, Credential, Now};

use crate::store::is_ours;

/// How a stored login stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// [`Provider::id`](crate::Provider::id).
    pub provider: String,
    /// In one word.
    pub health: Health,
    /// When the access token lapses: ms since 1970, if it is known.
    pub expires_at: Option<u64>,
    /// Who signed in.
    pub account: Account,
}

/// How a stored login stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// Its token has not lapsed.
    Valid,
    /// It has, and there is something to renew it by.
    Renewable,
    /// It has, and only a new login helps.
    Lapsed,
}

impl Standing {
    /// A token can be had without a person.
    pub fn works(&self) -> bool {
        match self.health {
            Health::Valid | Health::Renewable => true,
            Health::Lapsed => false,
        }
    }

    pub(crate) fn of(credential: Credential, now: Now) -> Self {
        let health = match (credential.is_expired(now), credential.is_renewable()) {
            (false, _) => Health::Valid,
            (true, true) if is_ours(&credential) => Health::Renewable,
            (true, _) => Health::Lapsed,
        };
        let Credential { provider, expires_at, account, .. } = credential;
        Self { provider, health, expires_at, account }
    }
}
