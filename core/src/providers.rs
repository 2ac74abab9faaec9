//! Presets: what is known of the providers that agents log in to, as plain data.
//!
//! Each says where its facts come from and who may use it, as far as anyone outside knows. A
//! preset is a starting point: every field is public, and a provider file overrides any of them.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use crate::endpoint::{BadEndpoint, hostname};
use crate::provider::{
    AccountRules, Api, AuthorizationRules, ClientAuthentication, DeviceDialect, DeviceRules,
    Encoding, Expiry, LoopbackHost, LoopbackRedirect, PageRedirect, Provider, Reuse, Terms,
    TermsStatus, TokenExchange, TokenRules,
};
use crate::{Endpoint, Scope};

/// Every preset, in the order to show them.
pub fn all() -> Vec<Provider> {
    vec![anthropic(), openai_codex(), github_copilot(), google(), xai(), kimi()]
}

/// The preset with this id.
pub fn find(id: &str) -> Option<Provider> {
    all().into_iter().find(|provider| provider.id == id)
}

/// Claude Pro and Max: a browser login that ends at a local listener or at a page that shows
/// `code#state`.
pub fn anthropic() -> Provider {
    Provider {
        authorization_endpoint: Some(Endpoint::known("https://claude.ai/oauth/authorize")),
        revocation_endpoint: Some(Endpoint::known("https://platform.claude.com/v1/oauth/revoke")),
        client_id: Some("9d1c250a-e61b-44d9-88ed-5944d1962f5e".to_string()),
        // No issuer is published, so an `iss` could not be compared with anything.
        ignore_iss: true,
        scope: Scope::parse(
            "org:create_api_key user:profile user:inference user:sessions:claude_code \
             user:mcp_servers user:file_upload",
        ),
        authorization: AuthorizationRules {
            parameters: map(&[("code", "true")]),
            loopback: Some(loopback(LoopbackHost::Localhost, &[53692], true, "/callback")),
            page: Some(PageRedirect {
                redirect_uri: Endpoint::known("https://platform.claude.com/oauth/code/callback"),
                shows_state: true,
            }),
            ..AuthorizationRules::default()
        },
        token: TokenRules {
            redeem_encoding: Encoding::Json,
            refresh_encoding: Encoding::Json,
            send_state: true,
            error_codes: map(&[
                ("authentication_error", "invalid_grant"),
                ("invalid_request_error", "invalid_request"),
            ]),
            account: AccountRules {
                id: paths(&[&["reply", "account", "uuid"]]),
                email: paths(&[&["reply", "account", "email_address"]]),
                organization: paths(&[&["reply", "organization", "name"]]),
                ..AccountRules::default()
            },
            ..TokenRules::default()
        },
        api: Api {
            base: Some(Endpoint::known("https://api.anthropic.com")),
            headers: map(&[
                ("anthropic-beta", "oauth-2025-04-20"),
                ("anthropic-version", "2023-06-01"),
            ]),
            key_header: Some("x-api-key".to_string()),
            bearer_prefixes: vec!["sk-ant-oat".to_string()],
        },
        terms: terms(
            TermsStatus::Restricted,
            "Anthropic allows subscription logins only in Claude Code and its own apps; others \
             should use an API key. Enforced since January 2026, wider since April 2026.",
            "Claude Code's legal page, as quoted in AndyMik90/Aperant#1871",
            "2026-02-18",
        ),
        evidence: texts(&[
            "npm @earendil-works/pi-ai 1.5.2: endpoints, client, scopes, JSON bodies, state in the \
             exchange, any loopback port",
            "NousResearch/hermes-agent#58014: the token endpoint moved to platform.claude.com; \
             user agents that pose as Claude Code are turned away",
            "constants of Claude Code 2.1.91 as others extracted them: where to revoke, in a form \
             or in JSON (they disagree)",
        ]),
        ..base("anthropic", "Claude Pro/Max", "https://platform.claude.com/v1/oauth/token")
    }
}

/// ChatGPT plans through the Codex client: a browser login on two registered ports, and a device
/// login that yields an authorization code.
pub fn openai_codex() -> Provider {
    let auth = "https://api.openai.com/auth";
    let claims = |name| {
        let mut paths = Vec::new();
        for token in ["id_token", "access_token"] {
            paths.push(texts(&[token, auth, name]));
            paths.push(texts(&[token, name]));
        }
        paths
    };
    let mut id = claims("chatgpt_account_id");
    id.push(texts(&["id_token", "organizations", "0", "id"]));
    id.push(texts(&["access_token", "organizations", "0", "id"]));
    Provider {
        issuer: Some("https://auth.openai.com".to_string()),
        authorization_endpoint: Some(Endpoint::known("https://auth.openai.com/oauth/authorize")),
        device_authorization_endpoint: Some(Endpoint::known(
            "https://auth.openai.com/api/accounts/deviceauth/usercode",
        )),
        revocation_endpoint: Some(Endpoint::known("https://auth.openai.com/oauth/revoke")),
        client_id: Some("app_EMoamEEZ73f0CkXaXp7hrann".to_string()),
        scope: Scope::parse("openid profile email offline_access"),
        authorization: AuthorizationRules {
            parameters: map(&[
                ("codex_cli_simplified_flow", "true"),
                ("id_token_add_organizations", "true"),
                ("originator", "grantflow"),
            ]),
            loopback: Some(loopback(
                LoopbackHost::Localhost,
                &[1455, 1457],
                false,
                "/auth/callback",
            )),
            ..AuthorizationRules::default()
        },
        device: DeviceRules {
            dialect: DeviceDialect::AuthorizationCode {
                redirect_uri: Endpoint::known("https://auth.openai.com/deviceauth/callback"),
                verification_uri: Endpoint::known("https://auth.openai.com/codex/device"),
            },
            poll_endpoint: Some(Endpoint::known(
                "https://auth.openai.com/api/accounts/deviceauth/token",
            )),
            pending_statuses: vec![403, 404],
            ..DeviceRules::default()
        },
        token: TokenRules {
            revoke_encoding: Encoding::Json,
            expiry: vec![Expiry::AccessToken, Expiry::ExpiresIn],
            error_codes: map(&[
                ("deviceauth_authorization_pending", "authorization_pending"),
                ("refresh_token_expired", "invalid_grant"),
                ("refresh_token_invalidated", "invalid_grant"),
                ("refresh_token_reused", "invalid_grant"),
            ]),
            account: AccountRules {
                id,
                email: paths(&[
                    &["id_token", "email"],
                    &["id_token", "https://api.openai.com/profile", "email"],
                    &["access_token", "https://api.openai.com/profile", "email"],
                ]),
                plan: claims("chatgpt_plan_type"),
                organization: claims("organization_id"),
                required: true,
            },
            ..TokenRules::default()
        },
        api: Api {
            base: Some(Endpoint::known("https://chatgpt.com/backend-api/codex")),
            headers: map(&[("chatgpt-account-id", "{account_id}"), ("originator", "grantflow")]),
            ..Api::default()
        },
        terms: terms(
            TermsStatus::Unclear,
            "The Codex client is in wide use by other tools and nothing was found against it; \
             OpenAI has a door of its own for agents, \"Sign in with ChatGPT\".",
            "no statement found in openai/codex",
            "2026-11-20",
        ),
        evidence: texts(&[
            "openai/codex codex-rs/login: endpoints, client, ports 1455 and 1457, parameters",
            "npm @openai/codex 0.169.0 run against a local server: the device login's requests",
        ]),
        ..base("openai-codex", "ChatGPT (Codex)", "https://auth.openai.com/oauth/token")
    }
}

/// GitHub Copilot at github.com.
pub fn github_copilot() -> Provider {
    copilot_on("github.com", "https://api.individual.githubcopilot.com")
}

/// GitHub Copilot on an enterprise host, named by its domain or any URL on it.
///
/// # Errors
/// [`BadEndpoint`] if no host can be read from the text.
pub fn github_copilot_enterprise(domain_or_url: &str) -> Result<Provider, BadEndpoint> {
    let host = hostname(domain_or_url)?;
    for prefix in ["https://", "https://api.", "https://copilot-api."] {
        Endpoint::parse([prefix, &host].concat())?;
    }
    Ok(copilot_on(&host, &["https://copilot-api.", &host].concat()))
}

fn copilot_on(host: &str, api: &str) -> Provider {
    let on = |prefix: &str, path: &str| Endpoint::known(&[prefix, host, path].concat());
    let editor = map(&[
        ("copilot-integration-id", "{integration_id}"),
        ("editor-plugin-version", "{plugin_version}"),
        ("editor-version", "{editor_version}"),
    ]);
    Provider {
        device_authorization_endpoint: Some(on("https://", "/login/device/code")),
        client_id: Some("Iv1.b507a08c87ecfe98".to_string()),
        scope: Scope::parse("read:user"),
        token: TokenRules {
            error_codes: map(&[
                ("bad_verification_code", "invalid_grant"),
                ("incorrect_client_credentials", "invalid_client"),
                ("incorrect_device_code", "invalid_grant"),
            ]),
            ..TokenRules::default()
        },
        then: Some(TokenExchange {
            endpoint: on("https://api.", "/copilot_internal/v2/token"),
            headers: editor.clone(),
            api_hosts: texts(&[".githubcopilot.com", ".ghe.com", &["copilot-api.", host].concat()]),
        }),
        api: Api { base: Some(Endpoint::known(api)), headers: editor, ..Api::default() },
        terms: terms(
            TermsStatus::Unclear,
            "GitHub documents the device login; the exchange for a Copilot token is an internal \
             endpoint that other editors use without a statement for or against it.",
            "docs.github.com on device flow; no statement found on copilot_internal",
            "2026-11-20",
        ),
        evidence: texts(&[
            "npm @earendil-works/pi-ai 1.5.2 and zed-industries/zed crates/copilot_chat: endpoints, \
             exchange, editor headers",
            "NousResearch/hermes-agent#16551: only this client's tokens can be exchanged",
        ]),
        ..base(
            "github-copilot",
            "GitHub Copilot",
            on("https://", "/login/oauth/access_token").as_str(),
        )
    }
}

/// Google accounts, with a client of the caller's own.
pub fn google() -> Provider {
    Provider {
        issuer: Some("https://accounts.google.com".to_string()),
        authorization_endpoint: Some(Endpoint::known(
            "https://accounts.google.com/o/oauth2/v2/auth",
        )),
        device_authorization_endpoint: Some(Endpoint::known(
            "https://oauth2.googleapis.com/device/code",
        )),
        revocation_endpoint: Some(Endpoint::known("https://oauth2.googleapis.com/revoke")),
        token_endpoint_auth_method: ClientAuthentication::ClientSecretPost,
        scope: Scope::parse(
            "https://www.googleapis.com/auth/userinfo.email \
             https://www.googleapis.com/auth/userinfo.profile",
        ),
        authorization: AuthorizationRules {
            parameters: map(&[("access_type", "offline"), ("prompt", "consent")]),
            loopback: Some(loopback(LoopbackHost::Ipv4, &[], true, "/oauth2callback")),
            ..AuthorizationRules::default()
        },
        device: DeviceRules {
            client_authentication: false,
            pending_statuses: vec![428],
            ..DeviceRules::default()
        },
        token: TokenRules {
            reuse: Reuse::Freely,
            account: AccountRules {
                id: paths(&[&["id_token", "sub"]]),
                email: paths(&[&["id_token", "email"]]),
                organization: paths(&[&["id_token", "hd"]]),
                ..AccountRules::default()
            },
            ..TokenRules::default()
        },
        terms: terms(
            TermsStatus::Allowed,
            "With a client that you registered. Using the clients of Google's own tools got \
             accounts suspended in 2026, so none is built in.",
            "google-gemini/gemini-cli#25648 on the suspensions",
            "2026-02",
        ),
        evidence: texts(&[
            "google-gemini/gemini-cli packages/core/src/code_assist/oauth2.ts: endpoints, \
             parameters, redirect path",
        ]),
        ..base("google", "Google", "https://oauth2.googleapis.com/token")
    }
}

/// Grok by its device login.
pub fn xai() -> Provider {
    Provider {
        issuer: Some("https://auth.x.ai".to_string()),
        device_authorization_endpoint: Some(Endpoint::known(
            "https://auth.x.ai/oauth2/device/code",
        )),
        client_id: Some("b1a00492-073a-47ea-816f-4c329264a828".to_string()),
        scope: Scope::parse("openid profile email offline_access grok-cli:access api:access"),
        device: DeviceRules {
            parameters: map(&[("referrer", "grantflow")]),
            ..DeviceRules::default()
        },
        token: TokenRules {
            expiry: vec![Expiry::ExpiresIn, Expiry::AccessToken],
            error_codes: map(&[("authorization_denied", "access_denied")]),
            account: AccountRules {
                id: paths(&[&["id_token", "sub"]]),
                email: paths(&[&["id_token", "email"]]),
                ..AccountRules::default()
            },
            ..TokenRules::default()
        },
        api: Api { base: Some(Endpoint::known("https://api.x.ai/v1")), ..Api::default() },
        terms: terms(
            TermsStatus::Unclear,
            "xAI's own client, used by other tools; nothing was found for or against it.",
            "no statement found",
            "2026-11-20",
        ),
        evidence: texts(&["npm @earendil-works/pi-ai 1.5.2: endpoints, client, scopes"]),
        ..base("xai", "Grok (xAI)", "https://auth.x.ai/oauth2/token")
    }
}

/// Kimi Code by its device login.
pub fn kimi() -> Provider {
    Provider {
        device_authorization_endpoint: Some(Endpoint::known(
            "https://auth.kimi.com/api/oauth/device_authorization",
        )),
        client_id: Some("17e5f671-d194-4dfb-9706-5516cb48c098".to_string()),
        api: Api { base: Some(Endpoint::known("https://api.kimi.com/coding")), ..Api::default() },
        terms: terms(
            TermsStatus::Unclear,
            "Kimi's own client, used by other tools; nothing was found for or against it.",
            "no statement found",
            "2026-11-20",
        ),
        evidence: texts(&["npm @earendil-works/pi-ai 1.5.2: endpoints, client, rotation"]),
        ..base("kimi", "Kimi Code", "https://auth.kimi.com/api/oauth/token")
    }
}

fn base(id: &str, name: &str, token_endpoint: &str) -> Provider {
    Provider {
        id: id.to_string(),
        name: name.to_string(),
        issuer: None,
        authorization_response_iss_parameter_supported: false,
        ignore_iss: false,
        authorization_endpoint: None,
        token_endpoint: Endpoint::known(token_endpoint),
        device_authorization_endpoint: None,
        revocation_endpoint: None,
        client_id: None,
        token_endpoint_auth_method: ClientAuthentication::None,
        scope: Scope::default(),
        authorization: AuthorizationRules::default(),
        device: DeviceRules::default(),
        token: TokenRules::default(),
        then: None,
        api: Api::default(),
        terms: Terms::default(),
        evidence: Vec::new(),
    }
}

fn loopback(host: LoopbackHost, ports: &[u16], any_port: bool, path: &str) -> LoopbackRedirect {
    LoopbackRedirect { host, ports: ports.to_vec(), any_port, path: path.to_string() }
}

fn terms(status: TermsStatus, note: &str, source: &str, date: &str) -> Terms {
    Terms { status, note: note.to_string(), source: source.to_string(), date: date.to_string() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_string()).collect()
}

fn paths(paths: &[&[&str]]) -> Vec<Vec<String>> {
    paths.iter().map(|path| texts(path)).collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect()
}
