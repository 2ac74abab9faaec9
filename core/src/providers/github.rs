//! GitHub.

use alloc::string::ToString as _;

use super::{base, map, terms, texts};
use crate::endpoint::{BadEndpoint, hostname};
use crate::provider::{Api, Provider, TermsStatus, TokenExchange, TokenRules};
use crate::{Endpoint, Scope};

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
        api: Api {
            base: Some(Endpoint::known(api)),
            headers: editor,
            token_variables: texts(&["COPILOT_GITHUB_TOKEN"]),
            ..Api::default()
        },
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
