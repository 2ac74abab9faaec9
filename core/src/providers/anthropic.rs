//! Anthropic.

use alloc::string::ToString as _;
use alloc::vec;

use super::{base, loopback, map, paths, terms, texts};
use crate::provider::{
    AccountRules, Api, AuthorizationRules, Encoding, LoopbackHost, PageRedirect, Provider,
    TermsStatus, TokenRules,
};
use crate::{Endpoint, Scope};

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
            token_variables: texts(&["ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"]),
            key_variables: texts(&["ANTHROPIC_API_KEY"]),
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
