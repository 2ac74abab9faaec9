//! The presets, moved to a server on this machine.

use grantflow_core::{
    Client, Configuration, Credential, Flow, Provider, ProviderFile, Redirects, Scope, Secret,
    providers,
};
use grantflow_test_server::{Config, Dialect, Server};

use crate::world::{DAWN, entropy};

/// Where the servers of the virtual world live.
pub const ISSUER: &str = "http://127.0.0.1:4000";

/// A vendor's preset (for [`Dialect::Standard`] a provider file by the book) that speaks to
/// `issuer` and nowhere else.
///
/// # Panics
/// When the result is no provider.
pub fn provider(dialect: Dialect, issuer: &str) -> Provider {
    let preset = match dialect {
        Dialect::Standard => return standard(issuer),
        Dialect::Anthropic => providers::anthropic(),
        Dialect::Codex => providers::openai_codex(),
        Dialect::Github => providers::github_copilot(),
        Dialect::Google => providers::google(),
    };
    let json = serde_json::to_string(&preset).expect("a provider is data");
    ProviderFile::parse(&moved(&json, issuer)).expect("the same provider elsewhere").provider
}

/// A text with `issuer` in the place of every vendor's origin.
pub(crate) fn moved(text: &str, issuer: &str) -> String {
    let mut text = text.to_owned();
    for origin in [
        "https://claude.ai",
        "https://platform.claude.com",
        "https://auth.openai.com",
        "https://github.com",
        "https://api.github.com",
        "https://accounts.google.com",
        "https://oauth2.googleapis.com",
    ] {
        text = text.replace(origin, issuer);
    }
    text
}

fn standard(issuer: &str) -> Provider {
    let file = format!(
        r#"{{
            "id": "standard", "name": "By the book", "client_id": "test-client",
            "issuer": "{issuer}", "authorization_response_iss_parameter_supported": true,
            "authorization_endpoint": "{issuer}/authorize",
            "token_endpoint": "{issuer}/token",
            "device_authorization_endpoint": "{issuer}/device_authorization",
            "scope": "openid offline_access"
        }}"#
    );
    ProviderFile::parse(&file).expect("a provider file").provider
}

/// The caller's side that the dialect asks for.
pub fn configuration(dialect: Dialect) -> Configuration {
    let variables = ["editor_version", "plugin_version", "integration_id"];
    let google = dialect == Dialect::Google;
    Configuration {
        client_id: google.then(|| "test-client.apps.googleusercontent.com".to_owned()),
        client_secret: google.then(|| Secret::from("test secret+100%")),
        variables: variables.map(|name| (name.to_owned(), "grantflow-tests/0.1".to_owned())).into(),
        patience: None,
    }
}

/// A client for the dialect's server at [`ISSUER`].
///
/// # Panics
/// When the preset does not fit its own configuration.
pub fn client(dialect: Dialect) -> Client {
    Client::new(provider(dialect, ISSUER), configuration(dialect)).expect("a client")
}

/// The dialect's server at [`ISSUER`], changed by `change`.
pub fn server(dialect: Dialect, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::new(dialect, ISSUER);
    change(&mut config);
    Server::new(config)
}

/// A credential as the standard dialect's server could have issued it.
pub fn credential(access_token: &str) -> Credential {
    Credential {
        origin: ISSUER.into(),
        client_id: "test-client".into(),
        refresh_token: Some(Secret::new("the-refresh-token")),
        obtained_at: DAWN.wall,
        expires_at: Some(DAWN.wall + 3_600_000),
        scope: Scope::parse("openid offline_access"),
        ..Credential::bare("standard", Secret::new(access_token))
    }
}

/// The port that the listener of a browser login "got".
pub fn port(dialect: Dialect) -> u16 {
    if dialect == Dialect::Codex { 1455 } else { 50_123 }
}

/// A browser login at dawn, with the provider's page beside the listener where it has one.
///
/// # Panics
/// When the dialect has no browser login.
pub fn browser_login(client: &Client, port: u16, seed: u8) -> Flow {
    let redirects = Redirects::loopback(port).or_page();
    Flow::authorization_code(client, Scope::default(), &redirects, &entropy(seed), DAWN)
        .expect("a browser login")
}

/// A device login at dawn.
///
/// # Panics
/// When the dialect has no device login.
pub fn device_login(client: &Client, seed: u8) -> Flow {
    Flow::device(client, Scope::default(), &entropy(seed), DAWN).expect("a device login")
}
