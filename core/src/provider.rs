//! A provider as plain data. Every way in which a vendor departs from the RFCs is a field here, so
//! that a new provider is a dozen lines of data and no code.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::Endpoint;
use crate::map::Map;
use crate::scope::Scope;
use crate::text::{decimal, joined};

/// An authorization server and how it wants to be spoken to. Names follow RFC 8414 §2 where it
/// has one.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Provider {
    /// The name under which credentials are stored: `github-copilot`.
    pub id: String,
    /// The name for people: `GitHub Copilot`.
    pub name: String,
    /// The issuer identifier, compared with `iss` in redirects (RFC 9207).
    pub issuer: Option<String>,
    /// The server announces that every redirect carries `iss`, so that its absence is refused.
    pub authorization_response_iss_parameter_supported: bool,
    /// The exception for servers whose `iss` is known to be wrong. Off unless there is no way.
    pub ignore_iss: bool,
    /// Where a person signs in (RFC 6749 §3.1). Without it there is no browser login.
    pub authorization_endpoint: Option<Endpoint>,
    /// Where codes and refresh tokens become tokens (RFC 6749 §3.2).
    pub token_endpoint: Endpoint,
    /// Where a device login begins (RFC 8628 §3.1). Without it there is none.
    pub device_authorization_endpoint: Option<Endpoint>,
    /// Where tokens are revoked (RFC 7009 §2). Without it a logout is local.
    pub revocation_endpoint: Option<Endpoint>,
    /// A public client that anyone may name; the caller's own takes precedence.
    pub client_id: Option<String>,
    /// How the client proves itself at the token endpoint.
    pub token_endpoint_auth_method: ClientAuthentication,
    /// What is asked for unless the caller asks for something else.
    pub scope: Scope,
    /// How the browser login departs from RFC 6749 §4.1.
    pub authorization: AuthorizationRules,
    /// How the device login departs from RFC 8628.
    pub device: DeviceRules,
    /// How token requests and replies depart from RFC 6749 §4.1.3, §5 and §6.
    pub token: TokenRules,
    /// A second token that the first is exchanged for.
    pub then: Option<TokenExchange>,
    /// How the credential is used.
    pub api: Api,
    /// Who may use it, as far as is known.
    pub terms: Terms,
    /// Where the facts above come from.
    pub evidence: Vec<String>,
}

impl Provider {
    /// What a credential is bound to: every endpoint that renews it. A preset whose
    /// endpoint was overridden is never sent what another endpoint issued, whatever its issuer.
    pub fn origin(&self) -> String {
        let mut origin = self.token_endpoint.as_str().to_string();
        if let Some(exchange) = &self.then {
            origin.push(' ');
            origin.push_str(exchange.endpoint.as_str());
        }
        origin
    }
}

/// RFC 6749 §2.3, by the names of RFC 8414 §2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum ClientAuthentication {
    /// A public client: `client_id` in the body and no secret.
    #[default]
    None,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// Both in an `Authorization: Basic` header, each form-encoded first (RFC 6749 §2.3.1).
    ClientSecretBasic,
}

/// How a request body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    #[default]
    Form,
    /// A flat JSON object of strings.
    Json,
}

/// The browser login.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AuthorizationRules {
    /// Further parameters of the authorization request.
    pub parameters: Map<String>,
    /// 43 to 128 (RFC 7636 §4.1).
    pub code_verifier_length: usize,
    /// The redirect to a listener on this machine, if the provider allows one (RFC 8252 §7.3).
    pub loopback: Option<LoopbackRedirect>,
    /// The provider's own page that shows the code for copying, if it has one.
    pub page: Option<PageRedirect>,
}

impl Default for AuthorizationRules {
    fn default() -> Self {
        let loopback = Some(LoopbackRedirect::default());
        Self { parameters: Map::new(), code_verifier_length: 43, loopback, page: None }
    }
}

/// `http://{host}:{port}{path}`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LoopbackRedirect {
    /// As registered: `127.0.0.1`, or `localhost` where only that is.
    pub host: LoopbackHost,
    /// Registered or preferred ports, in the order to try them; none means any.
    pub ports: Vec<u16>,
    /// Any other port does too when those are taken.
    pub any_port: bool,
    /// Begins with a slash.
    pub path: String,
}

impl Default for LoopbackRedirect {
    fn default() -> Self {
        let path = "/callback".to_string();
        Self { host: LoopbackHost::Ipv4, ports: Vec::new(), any_port: true, path }
    }
}

impl LoopbackRedirect {
    /// The `redirect_uri` for the port that the listener got.
    pub fn redirect_uri(&self, port: u16) -> String {
        let mut uri = joined(&["http://", self.host.as_str(), ":"]);
        decimal(&mut uri, port.into());
        uri.push_str(&self.path);
        uri
    }
}

/// The host of a loopback redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum LoopbackHost {
    /// The address, which no name service can redirect (RFC 8252 §8.3).
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "127.0.0.1"))]
    Ipv4,
    /// The name, where the provider registered that. A listener then needs both address families.
    #[cfg_attr(feature = "serde", serde(rename = "localhost"))]
    Localhost,
}

impl LoopbackHost {
    /// As it stands in the URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "127.0.0.1",
            Self::Localhost => "localhost",
        }
    }
}

/// A page of the provider's that shows what would have been redirected.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PageRedirect {
    /// Its URL.
    pub redirect_uri: Endpoint,
    /// It shows `code#state`. Only where it doesn't is a bare code accepted.
    pub shows_state: bool,
}

/// The device login.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DeviceRules {
    /// What is spoken.
    pub dialect: DeviceDialect,
    /// Where to poll, if not at the token endpoint.
    pub poll_endpoint: Option<Endpoint>,
    /// Further parameters of the first request.
    pub parameters: Map<String>,
    /// Whether the first request carries the client's proof of who it is (RFC 8628 §3.1), or only
    /// its `client_id`.
    pub client_authentication: bool,
    /// Send a `code_challenge` and later the `code_verifier`, although RFC 8628 knows neither.
    pub code_challenge: bool,
    /// Statuses that mean `authorization_pending`, unless the body says something definite.
    pub pending_statuses: Vec<u16>,
    /// The life of a code whose reply names none, in seconds.
    pub expires_in: u32,
}

impl Default for DeviceRules {
    fn default() -> Self {
        Self {
            dialect: DeviceDialect::Rfc8628,
            poll_endpoint: None,
            parameters: Map::new(),
            client_authentication: true,
            code_challenge: false,
            pending_statuses: Vec::new(),
            expires_in: 900,
        }
    }
}

/// What a device login speaks.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum DeviceDialect {
    /// `device_code` in, tokens out.
    #[default]
    Rfc8628,
    /// `device_auth_id` and `user_code` in, an authorization code and the server's own
    /// `code_verifier` out, which is then redeemed as usual. All of it in JSON.
    AuthorizationCode {
        /// What the redemption repeats.
        redirect_uri: Endpoint,
        /// Where the person goes; the reply doesn't say.
        verification_uri: Endpoint,
    },
}

/// Token requests and their replies.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TokenRules {
    /// Of the request that redeems a code.
    pub redeem_encoding: Encoding,
    /// Of the request that spends a refresh token.
    pub refresh_encoding: Encoding,
    /// Of the request that revokes a token.
    pub revoke_encoding: Encoding,
    /// Whether a refresh token may be presented again.
    pub reuse: Reuse,
    /// Repeat `state` when redeeming a code.
    pub send_state: bool,
    /// Further parameters of redemption and refresh, `resource` for one (RFC 8707 §2.2).
    pub parameters: Map<String>,
    /// Where the expiry comes from: the first that the reply has.
    pub expiry: Vec<Expiry>,
    /// The provider's own margin: renew at least this many seconds before expiry.
    pub renew_before: u32,
    /// Its words for the RFCs' error codes.
    pub error_codes: Map<String>,
    /// Where to read who signed in.
    pub account: AccountRules,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            redeem_encoding: Encoding::Form,
            refresh_encoding: Encoding::Form,
            revoke_encoding: Encoding::Form,
            reuse: Reuse::Never,
            send_state: false,
            parameters: Map::new(),
            expiry: [Expiry::ExpiresIn].into(),
            renew_before: 0,
            error_codes: Map::new(),
            account: AccountRules::default(),
        }
    }
}

/// What a server does with a refresh token that was presented before: what may be done when the
/// answer to the first time was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Reuse {
    /// It may revoke the login (RFC 9700 §4.14.2), or nothing is known.
    #[default]
    Never,
    /// It gives the same answer again for so many seconds.
    Within(u32),
    /// It does not replace refresh tokens.
    Freely,
}

/// Where an access token's expiry is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Expiry {
    /// `expires_in`: seconds from now (RFC 6749 §5.1).
    #[default]
    ExpiresIn,
    /// `created_at` and `expires_in`: both in seconds.
    CreatedAt,
    /// `expires_at`: seconds since 1970.
    ExpiresAt,
    /// `expired_in`: milliseconds since 1970.
    ExpiredInMs,
    /// `exp` of the access token, a JWT (RFC 7519 §4.1.4).
    AccessToken,
}

/// Where to read who signed in. Each path begins with `reply`, `id_token` or `access_token`; the
/// rest leads through members, an array by index. The first path that leads to a string counts.
/// These are hints from an unverified token, good for display and headers and for nothing else.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AccountRules {
    /// The account's identifier.
    pub id: Vec<Vec<String>>,
    /// Its e-mail address.
    pub email: Vec<Vec<String>>,
    /// Its plan.
    pub plan: Vec<Vec<String>>,
    /// Its organization or workspace.
    pub organization: Vec<Vec<String>>,
    /// The credential is useless without an identifier.
    pub required: bool,
}

/// GET with the first token, and a second comes back: `token`, `expires_at` in seconds,
/// `refresh_in` in seconds, and where to use it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TokenExchange {
    /// Where.
    pub endpoint: Endpoint,
    /// Header templates; see [`Api::headers`].
    pub headers: Map<String>,
    /// Hosts, and with a leading dot whole domains, that the reply may send API calls to.
    pub api_hosts: Vec<String>,
}

/// How a credential is used.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Api {
    /// Where, unless the login told.
    pub base: Option<Endpoint>,
    /// Headers beside the credential itself. `{name}` stands for a variable of the caller's, or
    /// for `{account_id}`.
    pub headers: Map<String>,
    /// The header for keys that are no bearer token.
    pub key_header: Option<String>,
    /// How the bearer tokens begin, where there is a `key_header`.
    pub bearer_prefixes: Vec<String>,
    /// Environment variables that hold a bearer token; other programs look in the first for one.
    pub token_variables: Vec<String>,
    /// Environment variables that hold an API key; they count after the others.
    pub key_variables: Vec<String>,
}

/// Who may use a provider's client, as far as is known: no legal advice, but no surprise either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Terms {
    /// In one word.
    pub status: TermsStatus,
    /// In a sentence or two.
    pub note: String,
    /// Who says so.
    pub source: String,
    /// Since when that is known: `2026-02-18`.
    pub date: String,
}

/// In one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum TermsStatus {
    /// The provider documents this use, or the client is the caller's own.
    Allowed,
    /// Nothing found for or against it, or sources that disagree.
    #[default]
    Unclear,
    /// The provider says that others may not.
    Restricted,
}
