//! Moonshot AI.

use alloc::string::ToString as _;

use super::{base, terms, texts};
use crate::Endpoint;
use crate::provider::{Api, Provider, TermsStatus};

/// Kimi Code by its device login.
pub fn kimi() -> Provider {
    Provider {
        device_authorization_endpoint: Some(Endpoint::known(
            "https://auth.kimi.com/api/oauth/device_authorization",
        )),
        client_id: Some("17e5f671-d194-4dfb-9706-5516cb48c098".to_string()),
        api: Api {
            base: Some(Endpoint::known("https://api.kimi.com/coding")),
            key_variables: texts(&["KIMI_API_KEY"]),
            ..Api::default()
        },
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
