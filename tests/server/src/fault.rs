//! What a server does wrong on demand.

use std::{fmt, str::FromStr};

use crate::{Endpoint, UnknownName, dialect::by_name};

/// A way to misbehave. Each concerns the endpoints that programs call, unless it says otherwise
/// or its rule names an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `slow-down`: a poll of a device login is told to slow down, early or not.
    SlowDown,
    /// `denial`: the person has refused, whatever they said.
    Denial,
    /// `expiry`: what is presented (code, `device_code`, `refresh_token`) has expired.
    Expiry,
    /// `device-disabled`: no device logins here.
    DeviceDisabled,
    /// `stall`: no answer and no end. Not processed.
    Stall,
    /// `reset-before`: the connection dies before the request is processed.
    ResetBefore,
    /// `reset-after`: the connection dies after the request was processed.
    ResetAfter,
    /// `truncated-body`: the connection dies within the answer.
    TruncatedBody,
    /// `redirect-307`: to `/sink`, which finds out whether credentials came along. Not processed.
    Redirect307,
    /// `429`: with `Retry-After`. Not processed.
    TooManyRequests,
    /// `500`: with a page of HTML. Not processed.
    InternalError,
    /// `502`: with a page of HTML. Not processed.
    BadGateway,
    /// `503`: with a page of HTML. Not processed.
    Unavailable,
    /// `503-retry-after`: with `Retry-After`. Not processed.
    UnavailableRetryAfter,
    /// `html-200`: a page of HTML and 200, as behind a captive portal. Not processed.
    Html200,
    /// `error-echo`: an error that repeats every secret it was sent. Not processed.
    ErrorEcho,
    /// `200-with-error`: errors come with status 200.
    ErrorStatus200,
    /// `truncated-json`: half of the body, in a response that is complete.
    TruncatedJson,
    /// `empty-body`: nothing in the body.
    EmptyBody,
    /// `bom`: a byte order mark before the body.
    Bom,
    /// `no-expires-in`: tokens without `expires_in`.
    NoExpiresIn,
    /// `string-expires-in`: tokens with `expires_in` as a string.
    StringExpiresIn,
    /// `no-refresh-token`: tokens without `refresh_token`, though it may have been replaced.
    NoRefreshToken,
    /// `clock-behind`: `Date`, `exp` and `expires_at` are two hours late.
    ClockBehind,
    /// `clock-ahead`: `Date`, `exp` and `expires_at` are two hours early.
    ClockAhead,
    /// `wrong-iss`: redirects carry the `iss` of another server.
    WrongIss,
    /// `missing-iss`: redirects carry no `iss`, though the metadata promise it.
    MissingIss,
    /// `coop-same-origin`: pages cut the window that opened them off.
    CoopSameOrigin,
    /// `coop-same-origin-allow-popups`: pages keep only the windows that they open.
    CoopSameOriginAllowPopups,
    /// `no-cors`: no CORS headers, though the configuration has them.
    NoCors,
    /// `second-token-401`: the first token was revoked.
    SecondToken401,
    /// `second-token-403`: the account has no seat.
    SecondToken403,
    /// `second-token-404`: the first token came from a client that may not exchange it.
    SecondToken404,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::SlowDown,
        Self::Denial,
        Self::Expiry,
        Self::DeviceDisabled,
        Self::Stall,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::TruncatedBody,
        Self::Redirect307,
        Self::TooManyRequests,
        Self::InternalError,
        Self::BadGateway,
        Self::Unavailable,
        Self::UnavailableRetryAfter,
        Self::Html200,
        Self::ErrorEcho,
        Self::ErrorStatus200,
        Self::TruncatedJson,
        Self::EmptyBody,
        Self::Bom,
        Self::NoExpiresIn,
        Self::StringExpiresIn,
        Self::NoRefreshToken,
        Self::ClockBehind,
        Self::ClockAhead,
        Self::WrongIss,
        Self::MissingIss,
        Self::CoopSameOrigin,
        Self::CoopSameOriginAllowPopups,
        Self::NoCors,
        Self::SecondToken401,
        Self::SecondToken403,
        Self::SecondToken404,
    ];

    /// The name that [`FromStr`] reads and that the log's JSON shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlowDown => "slow-down",
            Self::Denial => "denial",
            Self::Expiry => "expiry",
            Self::DeviceDisabled => "device-disabled",
            Self::Stall => "stall",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::TruncatedBody => "truncated-body",
            Self::Redirect307 => "redirect-307",
            Self::TooManyRequests => "429",
            Self::InternalError => "500",
            Self::BadGateway => "502",
            Self::Unavailable => "503",
            Self::UnavailableRetryAfter => "503-retry-after",
            Self::Html200 => "html-200",
            Self::ErrorEcho => "error-echo",
            Self::ErrorStatus200 => "200-with-error",
            Self::TruncatedJson => "truncated-json",
            Self::EmptyBody => "empty-body",
            Self::Bom => "bom",
            Self::NoExpiresIn => "no-expires-in",
            Self::StringExpiresIn => "string-expires-in",
            Self::NoRefreshToken => "no-refresh-token",
            Self::ClockBehind => "clock-behind",
            Self::ClockAhead => "clock-ahead",
            Self::WrongIss => "wrong-iss",
            Self::MissingIss => "missing-iss",
            Self::CoopSameOrigin => "coop-same-origin",
            Self::CoopSameOriginAllowPopups => "coop-same-origin-allow-popups",
            Self::NoCors => "no-cors",
            Self::SecondToken401 => "second-token-401",
            Self::SecondToken403 => "second-token-403",
            Self::SecondToken404 => "second-token-404",
        }
    }

    /// A rule by which it happens once.
    pub fn once(self) -> FaultRule {
        self.times(1)
    }

    /// A rule by which it happens so many times.
    pub fn times(self, count: u32) -> FaultRule {
        FaultRule { fault: self, times: Times::Count(count), endpoint: None }
    }

    /// A rule by which it happens whenever it can.
    pub fn always(self) -> FaultRule {
        FaultRule { fault: self, times: Times::Always, endpoint: None }
    }

    /// Whether it concerns the endpoint when its rule names none.
    fn concerns(self, endpoint: Endpoint) -> bool {
        match self {
            Self::WrongIss
            | Self::MissingIss
            | Self::CoopSameOrigin
            | Self::CoopSameOriginAllowPopups => {
                matches!(
                    endpoint,
                    Endpoint::Authorization | Endpoint::Verification | Endpoint::CodePage
                )
            }
            Self::Denial => endpoint == Endpoint::Authorization || endpoint.is_called_by_programs(),
            Self::NoExpiresIn | Self::StringExpiresIn | Self::NoRefreshToken => {
                endpoint == Endpoint::Token
            }
            Self::SlowDown
            | Self::Expiry
            | Self::DeviceDisabled
            | Self::Stall
            | Self::ResetBefore
            | Self::ResetAfter
            | Self::TruncatedBody
            | Self::Redirect307
            | Self::TooManyRequests
            | Self::InternalError
            | Self::BadGateway
            | Self::Unavailable
            | Self::UnavailableRetryAfter
            | Self::Html200
            | Self::ErrorEcho
            | Self::ErrorStatus200
            | Self::TruncatedJson
            | Self::EmptyBody
            | Self::Bom
            | Self::ClockBehind
            | Self::ClockAhead
            | Self::NoCors
            | Self::SecondToken401
            | Self::SecondToken403
            | Self::SecondToken404 => endpoint.is_called_by_programs(),
        }
    }
}

/// A fault, how often, and where. Written `NAME[:COUNT][@ENDPOINT]`, where `COUNT` is a number or
/// `always`, and 1 when it is left out: `slow-down:3`, `reset-after@token`, `bom:always`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// How often. A request that the fault cannot harm does not count.
    pub times: Times,
    /// Where; if nowhere in particular, wherever the fault belongs.
    pub endpoint: Option<Endpoint>,
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// So many times more.
    Count(u32),
    /// Whenever it can.
    Always,
}

impl FaultRule {
    /// The same rule for one endpoint only.
    #[must_use]
    pub fn at(self, endpoint: Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }

    pub(crate) fn concerns(&self, endpoint: Endpoint) -> bool {
        let here = self.endpoint.map_or(self.fault.concerns(endpoint), |own| own == endpoint);
        here && self.times != Times::Count(0)
    }
}

impl FromStr for FaultRule {
    type Err = MalformedRule;

    fn from_str(rule: &str) -> Result<Self, MalformedRule> {
        let (rule, endpoint) = match rule.split_once('@') {
            Some((rule, endpoint)) => (rule, Some(endpoint.parse().map_err(MalformedRule::Name)?)),
            None => (rule, None),
        };
        let (name, times) = match rule.split_once(':') {
            Some((name, "always")) => (name, Times::Always),
            Some((name, count)) => {
                (name, Times::Count(count.parse().map_err(|_| MalformedRule::Count)?))
            }
            None => (rule, Times::Count(1)),
        };
        Ok(Self { fault: name.parse().map_err(MalformedRule::Name)?, times, endpoint })
    }
}

impl FromStr for Fault {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        by_name("fault", &Self::ALL, Self::name, name)
    }
}

/// Why a [`FaultRule`] could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MalformedRule {
    /// There is no such fault, or no such endpoint.
    Name(UnknownName),
    /// Neither a number nor `always`.
    Count,
}

impl fmt::Display for MalformedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(unknown) => unknown.fmt(f),
            Self::Count => f.write_str("after the `:` goes a number, or `always`"),
        }
    }
}

impl std::error::Error for MalformedRule {}
