//! Everything that can go wrong here, and what to do then.

use std::fmt;
use std::sync::Arc;

use grantflow_core as core;
use grantflow_core::{Misconfigured, NoAccountId, Remedy, Terms};

use crate::loopback::LoopbackError;
use crate::pending::PendingError;
use crate::resolve::{NoKey, UnusableKey};
use crate::store::StoreError;
use crate::transport::HttpError;

/// Why there is no credential. It quotes no secret; [`Error::remedy`] says what to do next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A login or renewal ended without one.
    Ended(core::Error),
    /// What was configured cannot work. Nothing was sent.
    Misconfigured(Misconfigured),
    /// No such provider is known.
    UnknownProvider(String),
    /// The provider restricts who may use its logins. Show this to a person; they may accept by
    /// [`LoginOptions::accept_terms`](crate::LoginOptions::accept_terms).
    TermsNotAccepted(Terms),
    /// The provider has no such login: not by this route, or not from this place.
    NoRoute,
    /// No listener for the redirect, and no page to copy from.
    Listener(LoopbackError),
    /// Nobody has signed in to this provider.
    NotSignedIn(String),
    /// Somebody else than was expected has signed in, and nothing was kept: who, as far as it is
    /// known.
    SomebodyElse(Option<String>),
    /// The login has come, and somebody else holds the lock of the file that it belongs into. It is
    /// kept beside that, and put in place by whatever asks for a token next.
    LoginWaits(String),
    /// The credential is another tool's; renewing it here would spend a refresh token that the
    /// other tool still holds, and log it out.
    Borrowed {
        /// Whose credential.
        provider: String,
        /// The tool, for people.
        from: String,
    },
    /// What several callers waited for ended for all of them like this: match [`Error::root`].
    Shared(Arc<Error>),
    /// There is no key for the provider's API anywhere.
    NoKey(Box<NoKey>),
    /// There is one, and it cannot be used.
    UnusableKey(Box<UnusableKey>),
    /// The API rejects a token that has just come in place of another it had rejected. One more
    /// renewal would bring one more of the same.
    NewTokenRejected(String),
    /// The credential store.
    Store(StoreError),
    /// The saved logins of `begin` and `resume`.
    Pending(PendingError),
    /// The connection to the internet could not be set up.
    Http(HttpError),
    /// The operating system gives no random bytes. There is no substitute.
    NoEntropy,
}

impl Error {
    /// The error itself, whoever else was told of it: never [`Error::Shared`], so that this is what
    /// to match on.
    pub fn root(&self) -> &Self {
        if let Self::Shared(error) = self { error.root() } else { self }
    }

    /// What to do next; the crate's documentation has it as a table.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Ended(error) => error.remedy(),
            Self::Shared(error) => error.remedy(),
            Self::Borrowed { .. } => Remedy::UseOwnerTool,
            Self::NotSignedIn(_) | Self::SomebodyElse(_) => Remedy::SignInAgain,
            Self::Misconfigured(_)
            | Self::UnknownProvider(_)
            | Self::TermsNotAccepted(_)
            | Self::UnusableKey(_)
            | Self::Http(_) => Remedy::FixConfiguration,
            Self::NoKey(miss) => miss.remedy(),
            Self::NewTokenRejected(_) => Remedy::AskAdministrator,
            Self::NoRoute | Self::Listener(_) => Remedy::UseAnotherFlow,
            Self::Store(error) => error.remedy(),
            Self::Pending(error) => error.remedy(),
            Self::LoginWaits(_) | Self::NoEntropy => Remedy::RetryLater,
        }
    }

    /// There is no login any more, or another's.
    pub(crate) fn ends_the_login(&self) -> bool {
        use core::Error::{AccountMismatch, SignedOut};
        matches!(self.root(), Self::NotSignedIn(_) | Self::Ended(SignedOut | AccountMismatch))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(error) => error.fmt(f),
            Self::Shared(error) => error.fmt(f),
            Self::Misconfigured(why) => why.fmt(f),
            Self::UnknownProvider(id) => write!(f, "no provider {id:?} is known"),
            Self::TermsNotAccepted(terms) => write!(
                f,
                "the provider restricts who may use this login: {} ({}, {})",
                terms.note, terms.source, terms.date
            ),
            Self::NoRoute => f.write_str("this provider has no such login: choose another way"),
            Self::Listener(why) => why.fmt(f),
            Self::NotSignedIn(provider) => write!(f, "nobody has signed in to {provider} here"),
            Self::SomebodyElse(Some(who)) => {
                write!(f, "somebody else has signed in, {who}, and nothing was kept")
            }
            Self::SomebodyElse(None) => {
                f.write_str("somebody else has signed in, and nothing was kept")
            }
            Self::LoginWaits(provider) => write!(
                f,
                "you are signed in to {provider}, but another program holds the lock of the file: \
                 the login is kept beside it until the lock is free"
            ),
            Self::Borrowed { provider, from } => write!(
                f,
                "the token for {provider} has to be renewed by {from}, whose it is: renewing it \
                 here would log that tool out"
            ),
            Self::NoKey(why) => why.fmt(f),
            Self::UnusableKey(why) => why.fmt(f),
            Self::NewTokenRejected(provider) => write!(
                f,
                "the API rejects a token for {provider} that has only just been renewed: the account \
                 may lack a permission, or the API may be another's"
            ),
            Self::Store(why) => why.fmt(f),
            Self::Pending(why) => why.fmt(f),
            Self::Http(why) => why.fmt(f),
            Self::NoEntropy => f.write_str("the operating system gives no random bytes"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Ended(error) => Some(error),
            Self::Shared(error) => error.source(),
            Self::Misconfigured(error) => Some(error),
            Self::Listener(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Pending(error) => Some(error),
            Self::Http(error) => Some(error),
            Self::NoKey(why) => Some(&**why),
            Self::UnusableKey(why) => Some(&**why),
            Self::UnknownProvider(_)
            | Self::TermsNotAccepted(_)
            | Self::NoRoute
            | Self::NotSignedIn(_)
            | Self::SomebodyElse(_)
            | Self::LoginWaits(_)
            | Self::Borrowed { .. }
            | Self::NewTokenRejected(_)
            | Self::NoEntropy => None,
        }
    }
}

impl From<core::Error> for Error {
    fn from(error: core::Error) -> Self {
        Self::Ended(error)
    }
}

impl From<Misconfigured> for Error {
    fn from(why: Misconfigured) -> Self {
        Self::Misconfigured(why)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<PendingError> for Error {
    fn from(error: PendingError) -> Self {
        Self::Pending(error)
    }
}

impl From<NoAccountId> for Error {
    fn from(_: NoAccountId) -> Self {
        Self::Ended(core::Error::NoAccountId)
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}
