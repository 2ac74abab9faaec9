//! Claude Code's `.credentials.json`: one login under `claudeAiOauth`, in camel case.

use grantflow_core::{Account, Credential, Map, Scope, Secret, providers};
use serde::Deserialize;
use serde_json::Number;
use zeroize::Zeroizing;

use super::super::Key;
use super::super::document::Document;
use super::values::{Member, Members, NEVER, Token, milliseconds, object, unless_wiped};
use super::{Entry, Read};

/// Where the login stands.
pub(super) const LOGIN: &str = "claudeAiOauth";

/// Whose login it is.
pub(super) fn key() -> Key {
    Key::of("anthropic")
}

/// The login, if there is one.
pub(super) fn read(document: &Document<'_>) -> Option<Read> {
    let login = document.member(LOGIN).filter(|login| *login != "null")?;
    Some((key(), object::<Login>(login).map(Login::entry)))
}

/// Its tokens, expiry, scope and plan. Everything else is Claude Code's own affair.
pub(super) fn members(credential: &Credential) -> Vec<Member> {
    let scopes: Vec<&str> = credential.scope.iter().collect();
    let mut login = Members::under(&[LOGIN]);
    login.secret("accessToken", Some(&credential.access_token));
    login.text("refreshToken", credential.refresh_token.as_ref().map_or("", Secret::expose));
    login.number("expiresAt", credential.expires_at.unwrap_or(NEVER));
    login.json("scopes", serde_json::Value::from(scopes).to_string());
    login.optional("subscriptionType", credential.account.plan.as_deref());
    login.finish()
}

/// When the refresh token lapses, which is not told of the next one.
pub(super) fn end_of_refresh_token() -> Member {
    (vec![LOGIN.to_owned(), "refreshTokenExpiresAt".to_owned()], Zeroizing::default())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    access_token: Token,
    refresh_token: Option<Token>,
    expires_at: Number,
    #[serde(default)]
    scopes: Vec<String>,
    subscription_type: Option<String>,
}

impl Login {
    fn entry(self) -> Entry {
        let expires_at = milliseconds(&self.expires_at);
        let refresh_token = self.refresh_token.unwrap_or_default();
        let Some(access_token) = unless_wiped(self.access_token, &refresh_token, expires_at) else {
            return Entry::Wiped;
        };
        let provider = providers::anthropic();
        Entry::login(Credential {
            origin: provider.origin(),
            client_id: provider.client_id.unwrap_or_default(),
            provider: provider.id,
            access_token,
            refresh_token: refresh_token.filled(),
            subject_token: None,
            id_token: None,
            obtained_at: 0,
            expires_at: Some(expires_at).filter(|at| *at < NEVER),
            renew_at: None,
            scope: self.scopes.iter().map(String::as_str).collect::<Scope>(),
            account: Account { plan: self.subscription_type, ..Account::default() },
            api_base: None,
            extra: Map::new(),
        })
    }
}
