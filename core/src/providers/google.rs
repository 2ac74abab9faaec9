//! Google.

use alloc::string::ToString as _;
use alloc::vec;

use super::{base, loopback, map, paths, terms, texts};
use crate::provider::{
    AccountRules, AuthorizationRules, ClientAuthentication, DeviceRules, LoopbackHost, Provider,
    Reuse, TermsStatus, TokenRules,
};
use crate::{Endpoint, Scope};

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
