//! Whose manners the server has, and where its endpoints are.

use std::{fmt, str::FromStr};

/// A vendor's way of speaking OAuth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// By the book: RFC 6749, 7009, 7636, 8414, 8628 and 9207.
    Standard,
    /// Claude: JSON token requests with `state`, a page that shows `code#state`.
    Anthropic,
    /// Codex: two fixed ports, JWTs, and a device login that is not RFC 8628.
    Codex,
    /// GitHub Copilot: errors in a 200, and a second token.
    Github,
    /// Google: a secret that is none, 428 while a device login is pending.
    Google,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Standard, Self::Anthropic, Self::Codex, Self::Github, Self::Google];

    /// The name that [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Anthropic => "anthropic",
            Self::Codex => "codex",
            Self::Github => "github",
            Self::Google => "google",
        }
    }

    /// The paths that are served, and what is there.
    pub fn endpoints(self) -> &'static [(&'static str, Endpoint)] {
        match self {
            Self::Standard => &[
                ("/.well-known/oauth-authorization-server", Endpoint::Metadata),
                ("/authorize", Endpoint::Authorization),
                ("/token", Endpoint::Token),
                ("/device_authorization", Endpoint::DeviceAuthorization),
                ("/device", Endpoint::Verification),
                ("/revoke", Endpoint::Revocation),
                API,
                SINK,
            ],
            Self::Anthropic => &[
                ("/oauth/authorize", Endpoint::Authorization),
                ("/v1/oauth/token", Endpoint::Token),
                ("/v1/oauth/revoke", Endpoint::Revocation),
                ("/oauth/code/callback", Endpoint::CodePage),
                API,
                SINK,
            ],
            Self::Codex => &[
                ("/oauth/authorize", Endpoint::Authorization),
                ("/oauth/token", Endpoint::Token),
                ("/oauth/revoke", Endpoint::Revocation),
                ("/api/accounts/deviceauth/usercode", Endpoint::DeviceAuthorization),
                ("/api/accounts/deviceauth/token", Endpoint::DeviceToken),
                ("/codex/device", Endpoint::Verification),
                API,
                SINK,
            ],
            Self::Github => &[
                ("/login/device/code", Endpoint::DeviceAuthorization),
                ("/login/oauth/access_token", Endpoint::Token),
                ("/login/device", Endpoint::Verification),
                ("/copilot_internal/v2/token", Endpoint::SecondToken),
                SINK,
            ],
            Self::Google => &[
                ("/o/oauth2/v2/auth", Endpoint::Authorization),
                ("/token", Endpoint::Token),
                ("/device/code", Endpoint::DeviceAuthorization),
                ("/device", Endpoint::Verification),
                ("/revoke", Endpoint::Revocation),
                API,
                SINK,
            ],
        }
    }

    /// The path of an endpoint, where the dialect has it.
    pub fn path(self, endpoint: Endpoint) -> Option<&'static str> {
        self.endpoints().iter().find(|(_, own)| *own == endpoint).map(|(path, _)| *path)
    }

    pub(crate) fn endpoint(self, path: &str) -> Endpoint {
        let found = self.endpoints().iter().find(|(own, _)| *own == path);
        found.map_or(Endpoint::Unknown, |(_, endpoint)| *endpoint)
    }
}

const API: (&str, Endpoint) = ("/api", Endpoint::Api);
const SINK: (&str, Endpoint) = ("/sink", Endpoint::Sink);

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// RFC 6749 §3.1.
    Authorization,
    /// RFC 6749 §3.2; the polls of RFC 8628 §3.4 too.
    Token,
    /// RFC 8628 §3.1.
    DeviceAuthorization,
    /// Where Codex polls.
    DeviceToken,
    /// RFC 8628 §3.3: where the person enters the `user_code`.
    Verification,
    /// RFC 7009.
    Revocation,
    /// Where one token is exchanged for another.
    SecondToken,
    /// What an access token is for (RFC 6750).
    Api,
    /// RFC 8414.
    Metadata,
    /// The page that shows a code to be copied.
    CodePage,
    /// Where the fault `redirect-307` leads.
    Sink,
    /// Nothing is there.
    Unknown,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Authorization,
        Self::Token,
        Self::DeviceAuthorization,
        Self::DeviceToken,
        Self::Verification,
        Self::Revocation,
        Self::SecondToken,
        Self::Api,
        Self::Metadata,
        Self::CodePage,
        Self::Sink,
        Self::Unknown,
    ];

    /// The name that [`FromStr`] reads and that the log's JSON shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::DeviceAuthorization => "device_authorization",
            Self::DeviceToken => "device_token",
            Self::Verification => "verification",
            Self::Revocation => "revocation",
            Self::SecondToken => "second_token",
            Self::Api => "api",
            Self::Metadata => "metadata",
            Self::CodePage => "code_page",
            Self::Sink => "sink",
            Self::Unknown => "unknown",
        }
    }

    /// The methods that it takes; if none is named, any.
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Authorization | Self::Verification => &["GET", "POST"],
            Self::Token | Self::DeviceAuthorization | Self::DeviceToken | Self::Revocation => {
                &["POST"]
            }
            Self::SecondToken | Self::Metadata | Self::CodePage => &["GET"],
            Self::Api | Self::Sink | Self::Unknown => &[],
        }
    }

    /// Whether programs call it, rather than a browser.
    pub(crate) fn is_called_by_programs(self) -> bool {
        match self {
            Self::Token
            | Self::DeviceAuthorization
            | Self::DeviceToken
            | Self::Revocation
            | Self::SecondToken
            | Self::Api => true,
            Self::Authorization
            | Self::Verification
            | Self::Metadata
            | Self::CodePage
            | Self::Sink
            | Self::Unknown => false,
        }
    }
}

/// No dialect, endpoint or fault has that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// What was asked for: a dialect, an endpoint, a fault.
    pub what: &'static str,
    /// The names there are.
    pub names: Vec<&'static str>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such {}; there are: {}", self.what, self.names.join(", "))
    }
}

impl std::error::Error for UnknownName {}

impl FromStr for Dialect {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        by_name("dialect", &Self::ALL, Self::name, name)
    }
}

impl FromStr for Endpoint {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        by_name("endpoint", &Self::ALL, Self::name, name)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub(crate) fn by_name<T: Copy>(
    what: &'static str,
    all: &[T],
    name_of: fn(T) -> &'static str,
    name: &str,
) -> Result<T, UnknownName> {
    let unknown = || UnknownName { what, names: all.iter().map(|&one| name_of(one)).collect() };
    all.iter().copied().find(|&one| name_of(one) == name).ok_or_else(unknown)
}
