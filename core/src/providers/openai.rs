//! OpenAI.

use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;

use super::{base, loopback, map, paths, terms, texts};
use crate::provider::{
    AccountRules, Api, AuthorizationRules, DeviceDialect, DeviceRules, Encoding, Expiry,
    LoopbackHost, Provider, TermsStatus, TokenRules,
};
use crate::{Endpoint, Scope};

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
