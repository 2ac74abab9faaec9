//! [`Rejected`]: an input was refused, by you or by a stranger, and nothing happened.

use alloc::string::String;
use core::fmt;

use crate::text::joined;

/// An input was refused. Nothing happened; the machine waits as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejected {
    /// An answer to a request that is not, or no longer, out.
    Stale,
    /// A redirect that nobody waits for.
    NotExpected,
    /// `state` is missing or not ours (RFC 6749 §10.12).
    StateMismatch,
    /// `iss` is missing or not the issuer's (RFC 9207 §2.4).
    IssuerMismatch,
    /// It cannot be an authorization response.
    Malformed(Malformed),
}

impl Rejected {
    /// A word for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::NotExpected => "not_expected",
            Self::StateMismatch => "state_mismatch",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl Rejected {
    /// What [`fmt::Display`] shows.
    pub fn to_text(&self) -> String {
        let text = match self {
            Self::Stale => "an answer to a request that is no longer out",
            Self::NotExpected => "this login is not waiting for a redirect",
            Self::StateMismatch => "this does not belong to the login under way",
            Self::IssuerMismatch => {
                "this comes from another server than was asked, or the provider's issuer is not \
                 the one it names"
            }
            Self::Malformed(why) => {
                return joined(&["this is no answer to a login: ", why.text()]);
            }
        };
        text.into()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl core::error::Error for Rejected {}

/// Why something cannot be an authorization response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Malformed {
    /// Longer than 16 KiB, or more than 64 parameters.
    TooLarge,
    /// Characters that a code or state cannot have (RFC 6749 appendix A), or bytes that are no
    /// UTF-8.
    Characters,
    /// `code`, `state`, `iss` or `error` stands twice.
    Repeated,
    /// A token where a code should be.
    ImplicitGrant,
    /// The address is not the redirect's.
    WrongAddress,
    /// Neither a code nor an error.
    NoCode,
    /// A code and an error in one.
    CodeAndError,
    /// Something else was pasted.
    Pasted(Mistake),
}

impl Malformed {
    /// What [`fmt::Display`] shows.
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLarge => "it is too long",
            Self::Characters => "it has characters that no code has",
            Self::Repeated => "a parameter stands twice",
            Self::ImplicitGrant => "it carries a token instead of a code",
            Self::WrongAddress => "its address is not the one that was asked for",
            Self::NoCode => "there is no code in it",
            Self::CodeAndError => "it has both a code and an error",
            Self::Pasted(Mistake::Nothing) => "it is empty",
            Self::Pasted(Mistake::AuthorizationUrl) => {
                "it is the address to open: sign in there, then paste what you get"
            }
            Self::Pasted(Mistake::Key) => "it looks like an API key; it was not kept",
            Self::Pasted(Mistake::Email) => "it is an e-mail address",
            Self::Pasted(Mistake::Json) => "it is JSON, not the address or code from the browser",
            Self::Pasted(Mistake::BareCode) => {
                "the part after the # is missing: copy the whole of what the page shows"
            }
            Self::Pasted(Mistake::Other) => "paste the address or code from the browser",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What a person pasted instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mistake {
    /// Nothing.
    Nothing,
    /// The URL that we asked them to open.
    AuthorizationUrl,
    /// An API key or token.
    Key,
    /// An e-mail address.
    Email,
    /// A JSON text.
    Json,
    /// A code without its state.
    BareCode,
    /// A command line, prose, anything else.
    Other,
}
