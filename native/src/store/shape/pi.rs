//! pi's `auth.json`: an object of entries by provider. pi reads `type`, `access`, `refresh` and
//! `expires`, takes the rest for granted, and knows from the provider's id who issued a login.

use std::collections::BTreeMap;

use grantflow_core::{
    Account, Credential, Endpoint, Map, Provider, Scope, Secret, TokenExchange, providers,
};
use serde::Deserialize;
use serde_json::Number;

use super::super::Key;
use super::super::document::Document;
use super::own::Kind;
use super::values::{Hidden, Member, Members, NEVER, Token, milliseconds, object, unless_wiped};
use super::{Entry, StoredKey};

/// The provider that pi calls by another name than we do.
const KIMI: (&str, &str) = ("kimi-coding", "kimi");

/// Members that a credential has a place for.
const KNOWN: [&str; 10] = [
    "type",
    "access",
    "refresh",
    "expires",
    "origin",
    "client_id",
    "clientId",
    "accountId",
    "email",
    "scope",
];

/// What a member's name stands for. Our own name for a provider that pi calls otherwise stands for
/// nothing: pi passes over it, and so a login there would stay as it is when it is renewed.
pub(super) fn provider_of(name: &str) -> Option<&str> {
    match name {
        _ if name == KIMI.0 => Some(KIMI.1),
        _ if name == KIMI.1 => None,
        name => Some(name),
    }
}

/// What stands under a key; `None` if it makes no sense.
pub(super) fn read(key: &Key, text: &str) -> Option<Entry> {
    read_with(key, text, margin(&key.provider))
}

/// The same in a tool that took pi's shape and may not have taken its margins: without them a token
/// lapses too soon for us, never too late.
pub(super) fn read_as_it_says(key: &Key, text: &str) -> Option<Entry> {
    read_with(key, text, 0)
}

/// A credential as pi writes it. Its origin and client are written only where pi's id for the
/// provider does not imply them.
pub(super) fn members(key: &Key, credential: &Credential) -> Vec<Member> {
    let name = member_name(key);
    let renewed_by = credential.subject_token.as_ref().or(credential.refresh_token.as_ref());
    let expires = credential.expires_at.map(|at| at.saturating_sub(margin(&key.provider)));
    let mut entry = Members::under(&[&name]);
    entry.text("type", "oauth");
    entry.secret("access", Some(&credential.access_token));
    entry.text("refresh", renewed_by.map_or("", Secret::expose));
    entry.number("expires", expires.unwrap_or(NEVER));
    entry.optional("accountId", credential.account.id.as_deref());
    let enterprise = enterprise(credential);
    entry.optional("enterpriseUrl", enterprise);
    let implied = implied(&key.provider, enterprise);
    let is_implied = implied.is_some_and(|provider| {
        provider.origin() == credential.origin
            && provider.client_id.as_ref() == Some(&credential.client_id)
    });
    if !is_implied && !credential.origin.is_empty() {
        entry.text("origin", &credential.origin);
        entry.text("client_id", &credential.client_id);
    }
    entry.finish()
}

/// An entry has its client under one of two names, and never under both.
pub(super) fn spell_as_in(file: &Document<'_>, key: &Key, members: &mut [Member]) {
    let entry = file.member(&member_name(key)).and_then(|entry| Document::parse(entry).ok());
    if entry.is_some_and(|entry| entry.member("clientId").is_some()) {
        let names = members.iter_mut().filter_map(|(path, _)| path.last_mut());
        names.filter(|name| *name == "client_id").for_each(|name| "clientId".clone_into(name));
    }
}

/// An API key of a person's, in an entry.
pub(super) fn key_entry(text: &str) -> Option<Entry> {
    let ApiKey { key, env } = object(text)?;
    let environment = env.unwrap_or_default().into_iter();
    Some(Entry::ApiKey(StoredKey {
        text: key.unwrap_or_default().0,
        environment: environment.map(|(name, value)| (name, value.0)).collect(),
    }))
}

#[derive(Deserialize)]
struct ApiKey {
    key: Option<Hidden>,
    env: Option<BTreeMap<String, Hidden>>,
}

/// How much sooner than in truth pi lets a token lapse, in milliseconds: pi 1.5.2 takes this off
/// before it writes, for these providers and no other.
fn margin(provider: &str) -> u64 {
    match provider {
        "anthropic" | "github-copilot" | "xai" => 5 * 60 * 1000,
        "openai" => 3 * 60 * 1000,
        "radius" => 60 * 1000,
        _ => 0,
    }
}

pub(super) fn member_name(key: &Key) -> String {
    let provider = if key.provider == KIMI.1 { KIMI.0 } else { &key.provider };
    Key { provider: provider.to_owned(), account: key.account.clone() }.to_string()
}

/// The provider that pi means, at its enterprise host if it names one.
fn implied(provider: &str, enterprise: Option<&str>) -> Option<Provider> {
    match enterprise {
        Some(host) => providers::github_copilot_enterprise(host).ok(),
        None => providers::find(provider),
    }
}

/// The enterprise host that a Copilot credential is bound to.
fn enterprise(credential: &Credential) -> Option<&str> {
    let token_endpoint = credential.origin.split(' ').next()?;
    let host = token_endpoint.strip_prefix("https://")?.split('/').next()?;
    let is_enterprise = credential.provider == "github-copilot"
        && host != "github.com"
        && implied("github-copilot", Some(host))
            .is_some_and(|provider| provider.origin() == credential.origin);
    is_enterprise.then_some(host)
}

fn read_with(key: &Key, text: &str, margin: u64) -> Option<Entry> {
    let Kind { r#type } = object(text)?;
    match &*r#type {
        "oauth" => Some(object::<Login>(text)?.entry(key, text, margin)),
        "api_key" => key_entry(text),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    access: Token,
    /// The refresh token; the first token where `access` was exchanged for it.
    refresh: Token,
    expires: Number,
    #[serde(rename = "origin")]
    origin: Option<String>,
    #[serde(alias = "client_id")]
    client_id: Option<String>,
    account_id: Option<String>,
    email: Option<String>,
    enterprise_url: Option<String>,
    scope: Option<String>,
    scopes: Option<Vec<String>>,
}

impl Login {
    fn entry(self, key: &Key, text: &str, margin: u64) -> Entry {
        let stored = milliseconds(&self.expires);
        let Some(access_token) = unless_wiped(self.access, &self.refresh, stored) else {
            return Entry::Wiped;
        };
        let enterprise = self.enterprise_url.filter(|host| !host.is_empty());
        let provider = implied(&key.provider, enterprise.as_deref());
        let exchange = provider.as_ref().and_then(|provider| provider.then.as_ref());
        let api_base = exchange.and_then(|exchange| api_base(exchange, &access_token));
        let refresh = self.refresh.filled();
        let (subject_token, refresh_token) =
            if exchange.is_some() { (refresh, None) } else { (None, refresh) };
        let implied =
            |what: fn(&Provider) -> String| provider.as_ref().map(what).unwrap_or_default();
        let scope = self.scope.or_else(|| Some(self.scopes?.join(" "))).unwrap_or_default();
        Entry::login(Credential {
            provider: key.provider.clone(),
            origin: self.origin.unwrap_or_else(|| implied(Provider::origin)),
            client_id: self.client_id.unwrap_or_else(|| {
                implied(|provider| provider.client_id.clone().unwrap_or_default())
            }),
            access_token,
            refresh_token,
            subject_token,
            id_token: None,
            obtained_at: 0,
            expires_at: Some(stored).filter(|at| *at < NEVER).map(|at| at + margin),
            renew_at: None,
            scope: Scope::parse(&scope),
            account: Account {
                id: self.account_id,
                email: self.email,
                plan: None,
                organization: enterprise,
            },
            api_base,
            extra: extra(text),
        })
    }
}

/// The host of the API that a Copilot token names, as a list `name=value;…` with the host of
/// completions in it; followed only where the provider's facts say it may lead.
fn api_base(exchange: &TokenExchange, token: &Secret) -> Option<Endpoint> {
    let host = token.expose().split(';').find_map(|pair| pair.strip_prefix("proxy-ep="))?;
    let host = ["api.", host.strip_prefix("proxy.")?].concat();
    let endpoint = Endpoint::parse(["https://", &host].concat()).ok()?;
    let allows = |allowed: &String| allowed.starts_with('.') && host.ends_with(allowed.as_str());
    (endpoint.host() == host && exchange.api_hosts.iter().any(allows)).then_some(endpoint)
}

/// What else the entry holds: a project, a list of models.
fn extra(text: &str) -> Map<Secret> {
    let document = Document::parse(text);
    let members = document.iter().flat_map(Document::members);
    members
        .filter(|(name, _)| !KNOWN.contains(name))
        .map(|(name, value)| (name, Secret::new(value)))
        .collect()
}
