//! How a server is set up.

use std::fmt;

use crate::{Dialect, FaultRule};

/// The whole setting of a server. Start from [`Config::new`] and change what the test is about.
#[derive(Clone, Debug)]
pub struct Config {
    /// The base URL: scheme, host and port, without a slash at the end.
    pub issuer: String,
    /// Whose manners the server has.
    pub dialect: Dialect,
    /// Codes and tokens follow from it: the same seed gives the same ones.
    pub seed: u64,
    /// The `interval` of a device authorization (RFC 8628 §3.2), in seconds.
    pub interval_s: u64,
    /// The `expires_in` of a `device_code`, in seconds.
    pub device_code_life_s: u64,
    /// The `expires_in` of an `access_token`, in seconds; of GitHub's second token too.
    pub access_token_life_s: u64,
    /// What the person does who is asked.
    pub person: Person,
    /// How long that person takes in a device login. A browser login is decided at once.
    pub hesitation: Hesitation,
    /// Who the person is.
    pub account: Account,
    /// What happens to a `refresh_token` that is used.
    pub rotation: Rotation,
    /// Whether redirects carry `iss` (RFC 9207).
    pub iss: bool,
    /// Whether a device login needs PKCE (`code_challenge` first, `code_verifier` with each poll).
    pub device_pkce: bool,
    /// Whether browsers on other origins may call the token and device endpoints.
    pub cors: bool,
    /// The clients that are known.
    pub clients: Vec<Client>,
    /// Parameters that are no finding, beside those of the dialect.
    pub extra_parameters: Vec<String>,
    /// What goes wrong.
    pub faults: Vec<FaultRule>,
}

impl Config {
    /// A server without faults, whose person waits to be played by the test.
    ///
    /// Its one client is the one that the vendor's own tool uses; `test-client` for
    /// [`Dialect::Standard`], and `test-client.apps.googleusercontent.com` with the secret
    /// `test secret+100%` for [`Dialect::Google`].
    pub fn new(dialect: Dialect, issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            dialect,
            seed: 0,
            interval_s: 5,
            device_code_life_s: 900,
            access_token_life_s: 3600,
            person: Person::Ask,
            hesitation: Hesitation::None,
            account: Account::default(),
            rotation: match dialect {
                Dialect::Standard | Dialect::Anthropic | Dialect::Codex => Rotation::Strict,
                Dialect::Github | Dialect::Google => Rotation::Off,
            },
            iss: dialect == Dialect::Standard,
            device_pkce: false,
            cors: false,
            clients: vec![Client::of(dialect)],
            extra_parameters: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// What the person does who is asked to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Waits to be played, by the server's methods or through its pages.
    Ask,
    /// Agrees, without a page being shown.
    Approve,
    /// Refuses, without a page being shown.
    Deny,
    /// Does nothing, ever.
    Ignore,
}

/// How long the person of a device login takes to approve or deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hesitation {
    /// The first poll finds the decision.
    None,
    /// So many polls find nothing, the next one finds the decision.
    Polls(u32),
    /// So many milliseconds after the device authorization.
    Ms(u64),
}

/// What happens to a `refresh_token` that is used (RFC 6749 §6, RFC 9700 §4.14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is replaced. Presenting it again revokes everything that came of the login.
    Strict,
    /// It is replaced. Presenting it again within the time gives the same successor once more.
    Grace {
        /// How long after the first use.
        ms: u64,
    },
    /// It stays, and a renewal's answer carries none.
    Off,
}

/// The person's account, as the replies of the vendors that tell it do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `chatgpt_account_id`, Anthropic's account `uuid`, Google's `sub`.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// `chatgpt_plan_type`.
    pub plan: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            id: "3b1f0c2e-6a57-4d0b-9c1d-0f6f2a7f9e11".into(),
            email: "person@example.com".into(),
            plan: "plus".into(),
        }
    }
}

/// A registered client (RFC 6749 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its `client_id`.
    pub client_id: String,
    /// How it proves that it is itself.
    pub authentication: ClientAuthentication,
    /// Where its redirects may lead.
    pub redirect_uris: Vec<RedirectUri>,
}

impl Client {
    /// A public client (RFC 6749 §2.1).
    pub fn public(client_id: &str, redirect_uris: Vec<RedirectUri>) -> Self {
        Self {
            client_id: client_id.into(),
            authentication: ClientAuthentication::None,
            redirect_uris,
        }
    }

    fn of(dialect: Dialect) -> Self {
        let any_port = |uri: &str| RedirectUri::AnyPort(uri.into());
        let exact = |uri: &str| RedirectUri::Exact(uri.into());
        match dialect {
            Dialect::Standard => Self::public(
                "test-client",
                vec![any_port("http://127.0.0.1/callback"), any_port("http://[::1]/callback")],
            ),
            Dialect::Anthropic => Self::public(
                "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
                vec![
                    any_port("http://localhost/callback"),
                    RedirectUri::OwnPage("/oauth/code/callback".into()),
                ],
            ),
            Dialect::Codex => Self::public(
                "app_EMoamEEZ73f0CkXaXp7hrann",
                vec![
                    exact("http://localhost:1455/auth/callback"),
                    exact("http://localhost:1457/auth/callback"),
                    exact("http://127.0.0.1:1455/auth/callback"),
                    exact("http://127.0.0.1:1457/auth/callback"),
                ],
            ),
            Dialect::Github => Self::public("Iv1.b507a08c87ecfe98", Vec::new()),
            Dialect::Google => Self {
                client_id: "test-client.apps.googleusercontent.com".into(),
                authentication: ClientAuthentication::SecretPost("test secret+100%".into()),
                redirect_uris: vec![
                    any_port("http://127.0.0.1/oauth2callback"),
                    any_port("http://localhost/oauth2callback"),
                ],
            },
        }
    }
}

/// How a client authenticates (RFC 6749 §2.3.1, RFC 7591 §2 for the names).
#[derive(Clone, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `none`: a public client.
    None,
    /// `client_secret_post`, with this secret.
    SecretPost(String),
    /// `client_secret_basic`, with this secret. Id and secret are form-encoded first.
    SecretBasic(String),
}

impl ClientAuthentication {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretPost(_) => "client_secret_post",
            Self::SecretBasic(_) => "client_secret_basic",
        }
    }
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A registered `redirect_uri`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectUri {
    /// Compared character by character (RFC 9700 §2.1).
    Exact(String),
    /// Written without a port; the client chooses one (RFC 8252 §7.3).
    AnyPort(String),
    /// A path of this very server: a page that shows the code to be copied.
    OwnPage(String),
}

impl RedirectUri {
    pub(crate) fn accepts(&self, redirect_uri: &str, issuer: &str) -> bool {
        match self {
            Self::Exact(uri) => uri == redirect_uri,
            Self::AnyPort(uri) => differs_by_port(uri, redirect_uri),
            Self::OwnPage(path) => redirect_uri.strip_prefix(issuer) == Some(path.as_str()),
        }
    }
}

/// Whether `given` is `registered` with a port put behind the host.
fn differs_by_port(registered: &str, given: &str) -> bool {
    let Some(path_at) = registered.find("//").and_then(|slashes| {
        let host = slashes + 2;
        registered[host..].find('/').map(|slash| host + slash)
    }) else {
        return false;
    };
    let (origin, path) = registered.split_at(path_at);
    let Some(port) = given
        .strip_prefix(origin)
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|rest| rest.strip_suffix(path))
    else {
        return false;
    };
    port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0)
}
