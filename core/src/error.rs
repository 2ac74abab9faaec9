//! Two families: [`Rejected`] when an input was refused and nothing happened, [`Error`] when a
//! login or renewal ended without a credential. Neither quotes a body or a token.

use alloc::string::String;
use core::fmt;

use crate::Secret;
use crate::http::Purpose;

/// How it ended. [`Error::remedy`] says what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The person, or the server on their behalf, said no (`access_denied`).
    Denied,
    /// Nobody came in time, or the device code lapsed.
    Expired {
        /// How often the server asked for slower polls: twice or more hints at a clock of ours
        /// that runs fast, as in virtual machines.
        slow_downs: u32,
    },
    /// The server no longer accepts what we hold (`invalid_grant`).
    InvalidGrant,
    /// The server refused for another reason.
    Refused {
        /// Which request; none if it was the sign-in itself, told by a redirect.
        purpose: Option<Purpose>,
        /// The server's word, if it was one.
        code: Option<ErrorCode>,
        /// The status that came with it; none in a redirect.
        status: Option<u16>,
    },
    /// The server does not offer device logins, or not to this client.
    DeviceLoginUnavailable,
    /// The server answered, definitely, and it makes no sense.
    BadResponse(BadResponse),
    /// Nothing definite came back after several tries that could do no harm.
    Unreachable(Trouble),
    /// The server may have acted, and we cannot know: the code or token may be spent.
    OutcomeUnknown,
    /// The login worked, but the reply does not tell the account that the API needs.
    NoAccountId,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Begin a new login.
    SignInAgain,
    /// The same may work later.
    RetryLater,
    /// The client, its scope or an endpoint is wrong.
    FixConfiguration,
    /// The account lacks a permission that someone else can give.
    AskAdministrator,
    /// This kind of login is not offered: use another.
    UseAnotherFlow,
}

impl Error {
    /// What to do next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Denied | Self::Expired { .. } | Self::InvalidGrant | Self::OutcomeUnknown => {
                Remedy::SignInAgain
            }
            Self::Refused { code: Some(code), .. } if code.is_passing() => Remedy::RetryLater,
            // The first token is good, and gives no right to the second: no seat.
            Self::Refused {
                purpose: Some(Purpose::ExchangeToken),
                status: Some(403 | 404),
                ..
            }
            | Self::NoAccountId => Remedy::AskAdministrator,
            Self::Refused { .. } => Remedy::FixConfiguration,
            Self::DeviceLoginUnavailable => Remedy::UseAnotherFlow,
            Self::BadResponse(_) | Self::Unreachable(_) => Remedy::RetryLater,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("access was denied"),
            Self::Expired { slow_downs: 0 | 1 } => f.write_str("nobody finished the login in time"),
            Self::Expired { slow_downs } => write!(
                f,
                "nobody finished the login in time, and the server asked for slower polls \
                 {slow_downs} times: this machine's clock may run fast"
            ),
            Self::InvalidGrant => f.write_str("the server no longer accepts this grant"),
            Self::Refused { purpose, code, status } => {
                write!(f, "the server refused {}", describe(*purpose))?;
                match code {
                    Some(code) => write!(f, " ({code}")?,
                    None => f.write_str(" (no reason given")?,
                }
                match status {
                    Some(status) => write!(f, ", status {status})"),
                    None => f.write_str(")"),
                }
            }
            Self::DeviceLoginUnavailable => f.write_str("the server offers no device login here"),
            Self::BadResponse(why) => write!(f, "the server's answer makes no sense: {why}"),
            Self::Unreachable(trouble) => {
                write!(f, "no definite answer from the server: {trouble}")
            }
            Self::OutcomeUnknown => {
                f.write_str("the answer was lost, and what was sent may be spent")
            }
            Self::NoAccountId => f.write_str("signed in, but the reply names no account"),
        }
    }
}

impl core::error::Error for Error {}

fn describe(purpose: Option<Purpose>) -> &'static str {
    match purpose {
        None => "the sign-in",
        Some(Purpose::RedeemCode) => "the authorization code",
        Some(Purpose::RequestDeviceCode) => "to begin a device login",
        Some(Purpose::PollDevice) => "the device login",
        Some(Purpose::ExchangeToken) => "to exchange the token",
        Some(Purpose::Refresh) => "to renew",
    }
}

/// An error code of RFC 6749 §4.1.2.1 and §5.2 or RFC 8628 §3.5, or a vendor's: at most 48 of
/// `a-z0-9_`, so that nothing else can be carried in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(String);

impl ErrorCode {
    /// `None` if it does not look like one, or contains something that we had `sent`.
    pub(crate) fn read(text: &str, sent: &[&Secret]) -> Option<Self> {
        let code = text.to_ascii_lowercase();
        let is_code = !code.is_empty()
            && code.len() <= 48
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let is_echo = !Self(code.clone()).is_registered()
            && sent.iter().any(|secret| {
                let secret = secret.expose().to_ascii_lowercase();
                !secret.is_empty()
                    && (code.contains(&secret) || secret.contains(&code) && code.len() > 16)
            });
        (is_code && !is_echo).then_some(Self(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A code of RFC 6749 §4.1.2.1, §5.2 or RFC 8628 §3.5. In a 429 only these are an answer, and
    /// anything else is the rate limit speaking.
    pub(crate) fn is_registered(&self) -> bool {
        const REGISTERED: [&str; 13] = [
            "access_denied",
            "authorization_pending",
            "expired_token",
            "invalid_client",
            "invalid_grant",
            "invalid_request",
            "invalid_scope",
            "server_error",
            "slow_down",
            "temporarily_unavailable",
            "unauthorized_client",
            "unsupported_grant_type",
            "unsupported_response_type",
        ];
        REGISTERED.contains(&self.as_str())
    }

    /// The server says that it is its own passing trouble.
    fn is_passing(&self) -> bool {
        matches!(self.as_str(), "server_error" | "temporarily_unavailable")
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A definite answer that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BadResponse {
    /// JSON, but no object.
    NotAnObject,
    /// A member stands twice.
    RepeatedMember,
    /// A member that must be there is missing, empty or not of its type.
    Member(&'static str),
    /// A `token_type` other than Bearer (RFC 6749 §7.1).
    TokenType,
    /// Tokens and an error in one, or an error that is neither text nor an object.
    Error,
}

impl fmt::Display for BadResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("not a JSON object"),
            Self::RepeatedMember => f.write_str("a member stands twice"),
            Self::Member(name) => write!(f, "{name} is missing or unusable"),
            Self::TokenType => f.write_str("token_type is not Bearer"),
            Self::Error => f.write_str("the error in it is unusable"),
        }
    }
}

/// Why there is nothing definite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The request did not leave.
    NotSent,
    /// It may have arrived; no answer did.
    Lost,
    /// A status that says nothing of what was done: a redirect, 429 or 5xx.
    Status(u16),
    /// A success that cannot be read: not JSON, cut off, too large, not UTF-8.
    Unreadable,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent => f.write_str("no connection (network, proxy, certificate?)"),
            Self::Lost => f.write_str("the connection broke or took too long"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Unreadable => f.write_str("an answer that cannot be read (a captive portal?)"),
        }
    }
}

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

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("an answer to a request that is no longer out"),
            Self::NotExpected => f.write_str("this login is not waiting for a redirect"),
            Self::StateMismatch => f.write_str("this does not belong to the login under way"),
            Self::IssuerMismatch => f.write_str(
                "this comes from another server than was asked, or the provider's issuer is not \
                 the one it names",
            ),
            Self::Malformed(why) => write!(f, "this is no answer to a login: {why}"),
        }
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

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
        })
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
