//! How the command ends: a stable number, one line of what happened, one of what to do.

use std::fmt;
use std::io;
use std::process::ExitCode;

use grantflow::core::Misconfigured;
use grantflow::{Error, Remedy};

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
    Interrupted,
}

impl Exit {
    pub(crate) const ALL: [Self; 9] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::NeedsPerson,
        Self::TryLater,
        Self::SignInAgain,
        Self::FixConfiguration,
        Self::NotPermitted,
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
            Remedy::SignInAgain | Remedy::UseOwnerTool => Self::SignInAgain,
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
        Self::new(Exit::Interrupted, "interrupted", "nothing was changed")
    }

    /// What a login, renewal or the store said of this provider.
    pub(crate) fn of(provider: &str, error: &Error) -> Self {
        let error = error.root();
        let exit = if let Error::TermsNotAccepted(_) = error {
            Exit::NeedsPerson
        } else if let Error::UnknownProvider(_) = error {
            Exit::Usage
        } else if let Error::Store(_) | Error::NoEntropy = error {
            Exit::Failed
        } else {
            error.remedy().into()
        };
        let next = match (exit, error.remedy()) {
            (Exit::Failed, _) => "repair that, and try again".to_owned(),
            (Exit::Usage, _) => {
                "grantflow providers lists them; one of your own needs --provider-file".to_owned()
            }
            (Exit::NeedsPerson, _) => format!("grantflow login {provider} --accept-terms"),
            (_, Remedy::SignInAgain) => format!("grantflow login {provider}"),
            (_, Remedy::UseOwnerTool) => format!(
                "use that tool once, which renews it; or have a login of your own: grantflow login \
                 {provider}"
            ),
            (_, Remedy::RetryLater) => "try again later".to_owned(),
            (_, Remedy::FixConfiguration) => {
                "check the client id, the scope and the endpoints".to_owned()
            }
            (_, Remedy::AskAdministrator) => {
                "ask whoever manages the account for access, then sign in again".to_owned()
            }
            (_, Remedy::UseAnotherFlow) => {
                "name another way by --flow, or another --port".to_owned()
            }
        };
        Self::new(exit, error, next)
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
