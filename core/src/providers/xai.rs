//! xAI.

use alloc::string::ToString as _;
use alloc::vec;

use super::{base, map, paths, terms, texts};
use crate::provider::{AccountRules, Api, DeviceRules, Expiry, Provider, TermsStatus, TokenRules};
use crate::{Endpoint, Scope};

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
        api: Api {
            base: Some(Endpoint::known("https://api.x.ai/v1")),
            key_variables: texts(&["XAI_API_KEY"]),
            ..Api::default()
        },
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
