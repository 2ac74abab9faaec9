//! Who plays: real presets, moved to the addresses of a server on this machine.

use grantflow::Route;
use grantflow_test_server::{Client, Config, Dialect, Endpoint, Fault, Hesitation, Person};
use serde_json::{Value, json};

/// One login.
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) route: Route,
    pub(crate) server: Config,
    /// A provider file for the server at this address.
    pub(crate) provider: fn(&str) -> Value,
    /// Its credential is the one to renew at the end.
    pub(crate) renewed_later: bool,
}

/// Title and what it is about.
pub(crate) const RENEWAL: (&str, &str) =
    ("Renewal", "Codex again: the refresh token rotates, each is good for one use");

pub(crate) fn logins(interactive: bool) -> Vec<Scene> {
    vec![browser(interactive), slow_down(), codex(), github()]
}

fn browser(interactive: bool) -> Scene {
    let person = if interactive { Person::Ask } else { Person::Approve };
    Scene {
        title: "Browser login",
        about: "Google: authorization code and PKCE, back to a port of this machine",
        route: Route::Browser,
        server: Config { person, ..Config::new(Dialect::Google, "") },
        provider: |server| {
            json!({
                "preset": "google", "id": "demo-google", "issuer": server,
                "client_id": "test-client.apps.googleusercontent.com",
                "client_secret": "test secret+100%",
                "authorization_endpoint": at(server, Dialect::Google, Endpoint::Authorization),
                "token_endpoint": at(server, Dialect::Google, Endpoint::Token),
                "device_authorization_endpoint": null,
            })
        },
        renewed_later: false,
    }
}

fn slow_down() -> Scene {
    let server = quick(Dialect::Standard);
    let kimi = grantflow::providers::kimi().client_id.unwrap_or_default();
    Scene {
        title: "Device login that is told to slow down",
        about: "Kimi, by the book (RFC 8628): slow_down adds 5 s to every wait, for good",
        route: Route::Device,
        server: Config {
            clients: vec![Client::public(&kimi, Vec::new())],
            faults: vec![Fault::SlowDown.once()],
            ..server
        },
        provider: |server| {
            let device = at(server, Dialect::Standard, Endpoint::DeviceAuthorization);
            json!({
                "preset": "kimi", "id": "demo-kimi",
                "token_endpoint": at(server, Dialect::Standard, Endpoint::Token),
                "device_authorization_endpoint": device,
            })
        },
        renewed_later: false,
    }
}

fn codex() -> Scene {
    Scene {
        title: "Device login in Codex's dialect",
        about: "The poll brings no tokens but a code and its verifier, which are redeemed",
        route: Route::Device,
        server: Config { hesitation: Hesitation::Polls(1), ..quick(Dialect::Codex) },
        provider: |server| {
            let on = |endpoint| at(server, Dialect::Codex, endpoint);
            json!({
                "preset": "openai-codex", "id": "demo-codex", "issuer": server,
                "authorization_endpoint": on(Endpoint::Authorization),
                "token_endpoint": on(Endpoint::Token),
                "device_authorization_endpoint": on(Endpoint::DeviceAuthorization),
                "device": {
                    "poll_endpoint": on(Endpoint::DeviceToken),
                    "dialect": { "authorization_code": {
                        "redirect_uri": format!("{server}/deviceauth/callback"),
                        "verification_uri": on(Endpoint::Verification),
                    } },
                },
            })
        },
        renewed_later: true,
    }
}

fn github() -> Scene {
    Scene {
        title: "Device login at GitHub, and a second token",
        about: "\"Not yet\" comes as a 200; then GitHub's token is exchanged for Copilot's",
        route: Route::Device,
        server: Config { hesitation: Hesitation::Polls(1), ..quick(Dialect::Github) },
        provider: |server| {
            let on = |endpoint| at(server, Dialect::Github, endpoint);
            json!({
                "preset": "github-copilot", "id": "demo-github",
                "token_endpoint": on(Endpoint::Token),
                "device_authorization_endpoint": on(Endpoint::DeviceAuthorization),
                "then": { "endpoint": on(Endpoint::SecondToken) },
            })
        },
        renewed_later: false,
    }
}

/// A server that lets itself be polled each second, and whose person agrees.
fn quick(dialect: Dialect) -> Config {
    Config { interval_s: 1, person: Person::Approve, ..Config::new(dialect, "") }
}

fn at(server: &str, dialect: Dialect, endpoint: Endpoint) -> String {
    format!("{server}{}", dialect.path(endpoint).unwrap_or_default())
}
