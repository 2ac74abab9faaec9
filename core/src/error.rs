//! How a login or renewal ended without a credential, and what to do then. It quotes no body and
//! no token. What merely refuses an input is [`Rejected`](crate::Rejected).

use alloc::string::String;
use core::fmt;

use crate::Secret;
use crate::http::Purpose;
use crate::renewal::StoreTrouble;
use crate::text::{holds, joined, number};
use crate::time::Moment;

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
    /// There is no login in the record, or not any more.
    SignedOut,
    /// The login is another account's than the one that was asked for.
    AccountMismatch,
    /// Another client, endpoint or provider issued it.
    ForeignCredential,
    /// There is nothing to renew it by.
    NotRenewable,
    /// It is another tool's, and only that tool renews it.
    Borrowed,
    /// Somebody else is at it, and was not done in time.
    Busy,
    /// The place where it is kept failed.
    Store(StoreTrouble),
    /// A renewal was interrupted, by a crash or because its answer was lost: the refresh token may
    /// be spent.
    Interrupted {
        /// When it began: ms since 1970.
        at: u64,
        /// Whose it was ([`Ask::who`](crate::Ask::who)).
        by: String,
        /// The token was presented a second time since, and that did not help.
        is_last: bool,
    },
    /// The refresh token was replaced or refused before: the store has been put back to an older
    /// state, by a backup or by a synchronisation.
    Superseded,
    /// A finished login waits to be put in its place, and a program that does not go by our locks
    /// has written there since: it may have renewed the old login, or signed in anew.
    Contested,
    /// The caller no longer wants it.
    Cancelled,
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
    /// Let the tool that it belongs to renew it.
    UseOwnerTool,
}

impl Remedy {
    /// A word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInAgain => "sign_in_again",
            Self::RetryLater => "retry_later",
            Self::FixConfiguration => "fix_configuration",
            Self::AskAdministrator => "ask_administrator",
            Self::UseAnotherFlow => "use_another_flow",
            Self::UseOwnerTool => "use_owner_tool",
        }
    }
}

impl Error {
    /// A word for programs, without what varies.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Expired { .. } => "expired",
            Self::InvalidGrant => "invalid_grant",
            Self::Refused { .. } => "refused",
            Self::DeviceLoginUnavailable => "device_login_unavailable",
            Self::BadResponse(_) => "bad_response",
            Self::Unreachable(_) => "unreachable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::NoAccountId => "no_account_id",
            Self::SignedOut => "signed_out",
            Self::AccountMismatch => "account_mismatch",
            Self::ForeignCredential => "foreign_credential",
            Self::NotRenewable => "not_renewable",
            Self::Borrowed => "borrowed",
            Self::Busy => "busy",
            Self::Store(_) => "store",
            Self::Interrupted { .. } => "interrupted",
            Self::Superseded => "superseded",
            Self::Contested => "contested",
            Self::Cancelled => "cancelled",
        }
    }

    /// What to do next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Denied
            | Self::Expired { .. }
            | Self::InvalidGrant
            | Self::OutcomeUnknown
            | Self::SignedOut
            | Self::AccountMismatch
            | Self::ForeignCredential
            | Self::NotRenewable
            | Self::Superseded
            | Self::Contested
            | Self::Interrupted { is_last: true, .. } => Remedy::SignInAgain,
            Self::Borrowed => Remedy::UseOwnerTool,
            Self::Refused { code: Some(code), .. } if code.is_passing() => Remedy::RetryLater,
            // The first token is good, and gives no right to the second: no seat.
            Self::Refused {
                purpose: Some(Purpose::ExchangeToken),
                status: Some(403 | 404),
                ..
            }
            | Self::NoAccountId => Remedy::AskAdministrator,
            Self::Refused { .. } | Self::Store(_) => Remedy::FixConfiguration,
            Self::DeviceLoginUnavailable => Remedy::UseAnotherFlow,
            Self::BadResponse(_)
            | Self::Unreachable(_)
            | Self::Busy
            | Self::Interrupted { is_last: false, .. }
            | Self::Cancelled => Remedy::RetryLater,
        }
    }
}

impl Error {
    /// What [`fmt::Display`] shows.
    pub fn to_text(&self) -> String {
        let text = match self {
            Self::Denied => "access was denied",
            Self::Expired { slow_downs: 0 | 1 } => "nobody finished the login in time",
            Self::Expired { slow_downs } => {
                return joined(&[
                    "nobody finished the login in time, and the server asked for slower polls ",
                    &number(*slow_downs),
                    " times: this machine's clock may run fast",
                ]);
            }
            Self::InvalidGrant => "the server no longer accepts this grant",
            Self::Refused { purpose, code, status } => {
                let code = code.as_ref().map_or("no reason given", ErrorCode::as_str);
                let (joint, status) = match status {
                    Some(status) => (", status ", number(*status)),
                    None => ("", String::new()),
                };
                let what = describe(*purpose);
                return joined(&["the server refused ", what, " (", code, joint, &status, ")"]);
            }
            Self::DeviceLoginUnavailable => "the server offers no device login here",
            Self::BadResponse(why) => {
                return joined(&["the server's answer makes no sense: ", &why.to_text()]);
            }
            Self::Unreachable(trouble) => {
                return joined(&["no definite answer from the server: ", &trouble.to_text()]);
            }
            Self::OutcomeUnknown => "the answer was lost, and what was sent may be spent",
            Self::NoAccountId => "signed in, but the reply names no account",
            Self::SignedOut => "nobody is signed in",
            Self::AccountMismatch => "the login is another account's",
            Self::ForeignCredential => {
                "the credential comes from another client or endpoint: sign in here"
            }
            Self::NotRenewable => {
                "the credential has no refresh token: sign in again when it expires"
            }
            Self::Borrowed => "only the tool that it belongs to renews it",
            Self::Busy => "another process is renewing it, and was not done in time",
            Self::Store(trouble) => return joined(&["where it is kept, ", trouble.text()]),
            Self::Interrupted { at, by, is_last } => {
                let token = match is_last {
                    true => "the refresh token was tried twice without an answer",
                    false => "the refresh token may be spent, and will be tried once more",
                };
                let at = Moment(*at).to_text();
                return joined(&["a renewal was interrupted at ", &at, " (", by, "): ", token]);
            }
            Self::Superseded => {
                "the refresh token was replaced before: a backup or a synchronisation has put an \
                 older state back"
            }
            Self::Contested => {
                "another program has written here since you signed in: sign in again, or out"
            }
            Self::Cancelled => "it was cancelled",
        };
        text.into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
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
        Some(Purpose::Revoke) => "to revoke",
    }
}

/// An error code of RFC 6749 §4.1.2.1 and §5.2 or RFC 8628 §3.5, or a vendor's: at most 48 of
/// `a-z0-9_`, so that nothing else can be carried in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(String);

impl ErrorCode {
    /// `None` if it does not look like one.
    pub(crate) fn read(mut code: String) -> Option<Self> {
        code.make_ascii_lowercase();
        let is_code = !code.is_empty()
            && code.len() <= 48
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        is_code.then_some(Self(code))
    }

    /// Whether it contains something that we had sent, so that it must not be shown.
    pub(crate) fn echoes(&self, sent: Option<&Secret>) -> bool {
        let Some(secret) = sent.filter(|_| !self.is_registered()) else { return false };
        let secret = Secret::new(secret.expose().to_ascii_lowercase());
        let (code, secret) = (self.as_str(), secret.expose());
        holds(code, secret) || code.len() > 16 && holds(secret, code)
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

impl BadResponse {
    /// What [`fmt::Display`] shows.
    pub fn to_text(&self) -> String {
        let text = match self {
            Self::NotAnObject => "not a JSON object",
            Self::RepeatedMember => "a member stands twice",
            Self::Member(name) => return joined(&[name, " is missing or unusable"]),
            Self::TokenType => "token_type is not Bearer",
            Self::Error => "the error in it is unusable",
        };
        text.into()
    }
}

impl fmt::Display for BadResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
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

impl Trouble {
    /// What [`fmt::Display`] shows.
    pub fn to_text(self) -> String {
        let text = match self {
            Self::NotSent => "no connection (network, proxy, certificate?)",
            Self::Lost => "the connection broke or took too long",
            Self::Status(status) => return joined(&["status ", &number(status)]),
            Self::Unreadable => "an answer that cannot be read (a captive portal?)",
        };
        text.into()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}
