//! Why there is no key, in words that help.

use std::fmt;

use grantflow_core::Remedy;

use super::{KeyOrder, KeyOrigin, KeySource};
use crate::error::Error;
use crate::store::Key;

/// No key was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoKey {
    /// For what.
    pub key: Key,
    /// Where one was looked for, in this order.
    pub sources: Vec<KeySource>,
    /// The store that has none, if it was looked into.
    pub store: Option<String>,
    /// The variables that are not set, if any were looked for.
    pub variables: Vec<String>,
    /// The command that would mend it.
    pub command: String,
    remedy: Remedy,
}

impl NoKey {
    pub(super) fn new(
        key: &Key,
        order: &KeyOrder,
        store: String,
        variables: Vec<String>,
        has_login: bool,
    ) -> Self {
        let looks = |source| order.sources.contains(&source);
        let store = Some(store).filter(|_| looks(KeySource::Store));
        let is_anyones = looks(KeySource::Environment) && key.account.is_none();
        let variables = if is_anyones { variables } else { Vec::new() };
        let login = || match &key.account {
            None => format!("grantflow login {}", key.provider),
            Some(account) => format!("grantflow login {} --account {account}", key.provider),
        };
        let (command, remedy) = match variables.last() {
            Some(variable) if !has_login || store.is_none() => {
                (format!("export {variable}=…"), Remedy::FixConfiguration)
            }
            Some(_) | None => (login(), Remedy::SignInAgain),
        };
        let sources = order.sources.clone();
        Self { key: key.clone(), sources, store, variables, command, remedy }
    }

    pub(crate) fn remedy(&self) -> Remedy {
        self.remedy
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no key for {}: none was given", self.key)?;
        for source in &self.sources {
            match (source, &self.store) {
                (KeySource::Store, Some(store)) => write!(f, ", none stands in {store}")?,
                (KeySource::Environment, _) if !self.variables.is_empty() => {
                    write!(f, ", {} is not set", self.variables.join(" or "))?;
                }
                (KeySource::Explicit | KeySource::Store | KeySource::Environment, _) => {}
            }
        }
        write!(f, "; try `{}`", self.command)
    }
}

impl std::error::Error for NoKey {}

impl From<NoKey> for Error {
    fn from(miss: NoKey) -> Self {
        Self::NoKey(Box::new(miss))
    }
}

/// A key was found, and cannot be used. Another is not looked for: this is the one that was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnusableKey {
    /// For what.
    pub key: Key,
    /// Where it was found.
    pub origin: KeyOrigin,
    /// Why it cannot be used.
    pub why: WhyUnusable,
}

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyUnusable {
    /// It is a shell command, and none is run here.
    Command,
    /// It is in a variable of this name, which is not set.
    Variable(String),
    /// No header can hold it.
    Characters,
}

impl UnusableKey {
    pub(super) fn new(key: &Key, origin: KeyOrigin, why: WhyUnusable) -> Self {
        Self { key: key.clone(), origin, why }
    }
}

impl fmt::Display for UnusableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.origin {
            KeyOrigin::Explicit => write!(f, "the key that was given for {key}")?,
            KeyOrigin::Login => write!(f, "the token for {key}")?,
            KeyOrigin::StoredKey => write!(f, "the stored key for {key}")?,
            KeyOrigin::Variable(name) => write!(f, "the key for {key} in {name}")?,
        }
        match &self.why {
            WhyUnusable::Command => f.write_str(
                " is a shell command, which is not run here: put what it prints into a variable, \
                 and `$` and its name into the store",
            ),
            WhyUnusable::Variable(name) => write!(f, " is in {name}, which is not set"),
            WhyUnusable::Characters => f.write_str(" has characters that no header can hold"),
        }
    }
}

impl std::error::Error for UnusableKey {}

impl From<UnusableKey> for Error {
    fn from(why: UnusableKey) -> Self {
        Self::UnusableKey(Box::new(why))
    }
}
