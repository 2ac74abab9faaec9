//! Files of tools whose logins we only read.

use std::collections::BTreeMap;

use grantflow_core::{Account, Credential, Endpoint, Provider, Scope, Secret, providers};
use serde::Deserialize;
use serde_json::Number;

use super::super::Key;
use super::super::document::Document;
use super::own::Kind;
use super::values::{Hidden, NEVER, Token, milliseconds, object};
use super::{Entry, Read, StoredKey};

/// opencode's `auth.json`: pi's entries, but a key is an `api`, an expiry is what it says, and zero
/// is never. Its ChatGPT login stands under `openai`. Its GitHub client cannot exchange tokens, so
/// GitHub's own is what it shows to Copilot's API.
pub(super) fn opencode(name: &str, text: &str) -> Option<Read> {
    let kind = object::<Kind<'_>>(text).map(|kind| kind.r#type.into_owned());
    let kind = kind.unwrap_or_default();
    let provider = if (name, &*kind) == ("openai", "oauth") { "openai-codex" } else { name };
    let key = provider.parse().ok()?;
    let entry = match &*kind {
        "oauth" => object::<OpencodeLogin>(text).map(|login| login.entry(&key)),
        "api" => object::<OpencodeKey>(text).map(|OpencodeKey { key }| {
            Entry::ApiKey(StoredKey { text: key.0, environment: BTreeMap::new() })
        }),
        _ => None,
    };
    Some((key, entry))
}

/// Gemini CLI's `oauth_creds.json`: one login of its own client.
pub(super) fn gemini(text: &str) -> Read {
    let entry = object::<Google>(text).map(|login| {
        let provider = providers::google();
        login.entry(|access_token| Credential {
            client_id: GEMINI.to_owned(),
            ..of(Some(&provider), &provider.id, access_token)
        })
    });
    (Key::of("google"), entry)
}

/// Qwen Code's `oauth_creds.json`: one login, and the host of its API.
pub(super) fn qwen(text: &str) -> Read {
    let entry = object::<Google>(text).map(|login| {
        let api_base = login.resource_url.as_deref().and_then(qwen_api);
        login.entry(|access_token| Credential { api_base, ..of(None, "qwen", access_token) })
    });
    (Key::of("qwen"), entry)
}

/// The `apps.json` and `hosts.json` of Copilot's editor plugins: GitHub's token, and none for the
/// API. Such a credential is a borrowed one that has to be exchanged before it is of any use: its
/// access token is blank and lapsed. That exchange is no renewal in the sense that matters here,
/// since GitHub's token is presented without being spent; but its result stays in memory.
pub(super) fn copilot(document: &Document<'_>) -> Vec<Read> {
    let is_github = |name: &str| name == "github.com" || name.starts_with("github.com:");
    let apps = document.members().filter(|(name, _)| is_github(name));
    let apps = apps.map(|(_, text)| object::<Editor>(text).map(Editor::entry));
    // One for each app; the first that is of use.
    let best = apps.min_by_key(|entry| !matches!(entry, Some(Entry::Login(_))));
    best.map(|entry| (Key::of("github-copilot"), entry)).into_iter().collect()
}

/// Gemini CLI's client.
const GEMINI: &str = "681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com";

/// opencode's client at GitHub.
const OPENCODE: &str = "Ov23li8tweQw6odWQebz";

/// Where GitHub's own token is taken.
const COPILOT_API: &str = "https://api.githubcopilot.com";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpencodeLogin {
    refresh: Token,
    access: Token,
    expires: Number,
    account_id: Option<String>,
    enterprise_url: Option<String>,
}

impl OpencodeLogin {
    fn entry(self, key: &Key) -> Entry {
        let Some(access_token) = self.access.filled() else { return Entry::Wiped };
        let is_copilot = key.provider == "github-copilot";
        let enterprise = self.enterprise_url.filter(|host| !host.is_empty());
        let provider = match &enterprise {
            Some(host) => providers::github_copilot_enterprise(host).ok(),
            None => providers::find(&key.provider),
        };
        let api_base = match &enterprise {
            Some(_) => provider.as_ref().and_then(|provider| provider.api.base.clone()),
            None if is_copilot => Endpoint::parse(COPILOT_API).ok(),
            None => None,
        };
        let refresh_token = self.refresh.filled().filter(|_| !is_copilot);
        let expires_at = milliseconds(&self.expires);
        let mut credential = of(provider.as_ref(), &key.provider, access_token);
        if is_copilot {
            OPENCODE.clone_into(&mut credential.client_id);
        }
        Entry::login(Credential {
            refresh_token,
            expires_at: Some(expires_at).filter(|at| (1..NEVER).contains(at)),
            account: Account {
                id: self.account_id,
                organization: enterprise,
                ..Account::default()
            },
            api_base,
            ..credential
        })
    }
}

#[derive(Deserialize)]
struct OpencodeKey {
    key: Hidden,
}

/// The credentials of Google's library, which Qwen Code has taken over.
#[derive(Deserialize)]
struct Google {
    access_token: Token,
    refresh_token: Option<Token>,
    id_token: Option<Token>,
    scope: Option<String>,
    /// Milliseconds since 1970.
    expiry_date: Option<Number>,
    resource_url: Option<String>,
}

impl Google {
    /// On top of a credential that has the access token.
    fn entry(self, with: impl FnOnce(Secret) -> Credential) -> Entry {
        let Some(access_token) = self.access_token.filled() else { return Entry::Wiped };
        Entry::login(Credential {
            refresh_token: self.refresh_token.and_then(Token::filled),
            id_token: self.id_token.and_then(Token::filled),
            expires_at: self.expiry_date.as_ref().map(milliseconds).filter(|at| *at < NEVER),
            scope: Scope::parse(self.scope.as_deref().unwrap_or_default()),
            ..with(access_token)
        })
    }
}

/// Qwen's API on the host that a login names, with or without a scheme.
fn qwen_api(resource_url: &str) -> Option<Endpoint> {
    let host = resource_url.trim_start_matches("https://").trim_end_matches('/');
    Endpoint::parse(["https://", host.trim_end_matches("/v1"), "/v1"].concat()).ok()
}

#[derive(Deserialize)]
struct Editor {
    oauth_token: Token,
    user: Option<String>,
}

impl Editor {
    fn entry(self) -> Entry {
        let Some(subject_token) = self.oauth_token.filled() else { return Entry::Wiped };
        let provider = providers::github_copilot();
        Entry::login(Credential {
            subject_token: Some(subject_token),
            expires_at: Some(0),
            account: Account { id: self.user, ..Account::default() },
            ..of(Some(&provider), &provider.id, Secret::default())
        })
    }
}

/// A credential of which only this is known.
fn of(provider: Option<&Provider>, id: &str, access_token: Secret) -> Credential {
    Credential {
        origin: provider.map(Provider::origin).unwrap_or_default(),
        client_id: provider.and_then(|provider| provider.client_id.clone()).unwrap_or_default(),
        ..Credential::bare(id, access_token)
    }
}
