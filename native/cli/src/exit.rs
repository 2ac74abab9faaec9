//! How the command ends: a stable number, one line of what happened, one of what to do.

use std::fmt;
use std::io;
use std::process::ExitCode;

use grantflow::core::Misconfigured;
use grantflow::{Error, PendingError, Remedy, StoreError};

use crate::progress::Passed;

/// The exit codes. They are stable: programs decide by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok,
    Failed,
    Usage,
    NeedsPerson,
    TryLater,
    SignInAgain,
    FixConfiguration,
    NotPermitted,
    UseOwnerTool,
    NotSaved,
    CannotRun,
    NoCommand,
    Interrupted,
}

impl Exit {
    pub(crate) const ALL: [Self; 13] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::NeedsPerson,
        Self::TryLater,
        Self::SignInAgain,
        Self::FixConfiguration,
        Self::NotPermitted,
        Self::UseOwnerTool,
        Self::NotSaved,
        Self::CannotRun,
        Self::NoCommand,
        Self::Interrupted,
    ];

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NeedsPerson => 3,
            Self::TryLater => 4,
            Self::SignInAgain => 5,
            Self::FixConfiguration => 6,
            Self::NotPermitted => 7,
            Self::UseOwnerTool => 8,
            Self::NotSaved => 9,
            // As shells, env and nohup say it.
            Self::CannotRun => 126,
            Self::NoCommand => 127,
            Self::Interrupted => 130,
        }
    }

    /// The name in the JSON of an error.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NeedsPerson => "needs_person",
            Self::TryLater => "try_later",
            Self::SignInAgain => "sign_in_again",
            Self::FixConfiguration => "fix_configuration",
            Self::NotPermitted => "not_permitted",
            Self::UseOwnerTool => "use_owner_tool",
            Self::NotSaved => "not_saved",
            Self::CannotRun => "cannot_run",
            Self::NoCommand => "no_command",
            Self::Interrupted => "interrupted",
        }
    }

    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "it worked",
            Self::Failed => "this machine failed us: the store, the terminal, entropy",
            Self::Usage => "the arguments make no sense",
            Self::NeedsPerson => "a person has to do something",
            Self::TryLater => "the same may work later",
            Self::SignInAgain => "sign in again",
            Self::FixConfiguration => "the provider, client, scope or flow is wrong",
            Self::NotPermitted => "the account lacks a permission that someone else can give",
            Self::UseOwnerTool => "the login is another tool's, which has to renew it",
            Self::NotSaved => "it worked, but the new tokens are not in the store",
            Self::CannotRun => "exec: the command cannot be run",
            Self::NoCommand => "exec: there is no such command",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl From<Remedy> for Exit {
    fn from(remedy: Remedy) -> Self {
        match remedy {
            Remedy::SignInAgain => Self::SignInAgain,
            Remedy::UseOwnerTool => Self::UseOwnerTool,
            Remedy::RetryLater => Self::TryLater,
            Remedy::FixConfiguration | Remedy::UseAnotherFlow => Self::FixConfiguration,
            Remedy::AskAdministrator => Self::NotPermitted,
        }
    }
}

/// Why the command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) what: String,
    pub(crate) next: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl fmt::Display, next: impl Into<String>) -> Self {
        Self { exit, what: what.to_string(), next: next.into() }
    }

    pub(crate) fn usage(what: impl fmt::Display, next: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what, next)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted", Passed::Nothing.told())
    }

    /// What a login, renewal or the store said of the record that these arguments name.
    pub(crate) fn of(again: &str, error: &Error) -> Self {
        let error = error.root();
        let store = store(error);
        let exit = if let Error::TermsNotAccepted(_) = error {
            Exit::NeedsPerson
        } else if let Error::UnknownProvider(_) = error {
            Exit::Usage
        } else if let Error::LoginWaits(_) = error {
            Exit::NotSaved
        } else if let Error::NoEntropy = error {
            Exit::Failed
        } else if let Some(StoreError::ReadOnly { .. }) = store {
            Exit::UseOwnerTool
        } else if let (Some(_), Remedy::FixConfiguration) = (store, error.remedy()) {
            Exit::Failed
        } else {
            error.remedy().into()
        };
        Self::new(exit, error, next(again, exit, error))
    }
}

/// What the store said, or the folder of logins that wait beside it.
fn store(error: &Error) -> Option<&StoreError> {
    if let Error::Store(why) | Error::Pending(PendingError::Store(why)) = error {
        Some(why)
    } else {
        None
    }
}

/// One thing to do.
fn next(again: &str, exit: Exit, error: &Error) -> String {
    let login = |again: &str| format!("grantflow login {again}").trim_end().to_owned();
    match (error, exit, error.remedy()) {
        (Error::Borrowed { from, .. }, ..) => format!(
            "use {from} once, which renews it; or have a login of your own: {}",
            login(again)
        ),
        (Error::LoginWaits(_), ..) => {
            format!("close what uses that file, then: grantflow token {again}")
        }
        (Error::Store(StoreError::ReadOnly { .. }), ..) => {
            "do that there; or leave out --store, and have a login of your own".to_owned()
        }
        (Error::Store(StoreError::Keychain(_)), ..) => {
            "unlock it; or keep the logins in a file: leave out --store".to_owned()
        }
        (_, Exit::Failed, _) => {
            "repair that, and try again; grantflow doctor tells more".to_owned()
        }
        (_, Exit::Usage, _) => {
            "grantflow providers lists them; one of your own needs --provider-file".to_owned()
        }
        (_, Exit::NeedsPerson, _) => format!("{} --accept-terms", login(again)),
        (_, _, Remedy::SignInAgain | Remedy::UseOwnerTool) => login(again),
        (_, _, Remedy::RetryLater) => "try again later".to_owned(),
        (_, _, Remedy::FixConfiguration) => {
            "check the client id, the scope and the endpoints".to_owned()
        }
        (_, _, Remedy::AskAdministrator) => {
            "ask whoever manages the account for access, then sign in again".to_owned()
        }
        (_, _, Remedy::UseAnotherFlow) => {
            "name another way by --flow, or another --port".to_owned()
        }
    }
}

impl From<Misconfigured> for Failure {
    fn from(error: Misconfigured) -> Self {
        let next = "see docs/provider-file.md; --client-id names a client of your own";
        Self::new(Exit::FixConfiguration, error, next)
    }
}

/// This machine failed us.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            let what = "whoever read standard output has gone";
            return Self::new(Exit::Interrupted, what, "what was done until then stays");
        }
        Self::new(Exit::Failed, error, "repair that, and try again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_waits_for_a_lock_is_asked_for_where_it_waits() {
        let failure = Failure::of("acme --store own.json", &Error::LoginWaits("acme".into()));
        assert!(failure.next.ends_with(": grantflow token acme --store own.json"), "{failure:?}");
    }
}
