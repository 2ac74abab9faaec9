//! Our own file: entries that other agents can read, with members of ours beside what they know.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use grantflow_core::{Account, Credential, Endpoint, Scope, Secret};
use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::super::Key;
use super::pi::key_entry;
use super::values::{Member, Members, NEVER, Token, milliseconds, object, unless_wiped};
use super::{Entry, Tool};

/// What stands under a key; `None` if it makes no sense.
pub(super) fn read(key: &Key, text: &str) -> Option<Entry> {
    let Kind { r#type } = object(text)?;
    match &*r#type {
        "oauth" => Some(object::<Login<'_>>(text)?.entry(key)),
        "api_key" => key_entry(text),
        "borrowed" => object::<Reference<'_>>(text)?.entry(),
        _ => None,
    }
}

/// A credential as an entry.
pub(super) fn members(key: &Key, credential: &Credential) -> Vec<Member> {
    let name = key.to_string();
    let subject_token = credential.subject_token.as_ref();
    let refresh = subject_token.or(credential.refresh_token.as_ref());
    let mut entry = Members::under(&[&name]);
    entry.text("type", "oauth");
    entry.secret("access", Some(&credential.access_token));
    entry.text("refresh", refresh.map_or("", Secret::expose));
    entry.number("expires", credential.expires_at.unwrap_or(NEVER));
    entry.text("origin", &credential.origin);
    entry.text("client_id", &credential.client_id);
    entry.number("obtained_at", credential.obtained_at);
    credential.renew_at.into_iter().for_each(|at| entry.number("renew_at", at));
    entry.text("scope", &credential.scope.to_string());
    if subject_token.is_some() {
        entry.json("exchanged", "true".to_owned());
        entry.secret("refresh_of_first", credential.refresh_token.as_ref());
    }
    entry.secret("id_token", credential.id_token.as_ref());
    entry.optional("api_base", credential.api_base.as_ref().map(Endpoint::as_str));
    let mut account = Members::under(&[&name, "account"]);
    account.optional("id", credential.account.id.as_deref());
    account.optional("email", credential.account.email.as_deref());
    account.optional("plan", credential.account.plan.as_deref());
    account.optional("organization", credential.account.organization.as_deref());
    let mut extra = Members::under(&[&name, "extra"]);
    for (name, value) in &credential.extra {
        // A caller may have put a plain text there.
        match serde_json::from_str::<&RawValue>(value.expose()) {
            Ok(_) => extra.json(name, value.expose().to_owned()),
            Err(_) => extra.text(name, value.expose()),
        }
    }
    entry.and(account).and(extra).finish()
}

/// A reference to another tool's file, in place of a credential.
pub(super) fn reference(key: &Key, tool: Tool, path: &Path) -> Option<Vec<Member>> {
    let mut entry = Members::under(&[&key.to_string()]);
    entry.text("type", "borrowed");
    entry.text("tool", tool.id());
    entry.text("path", path.to_str()?);
    Some(entry.finish())
}

#[derive(Deserialize)]
pub(super) struct Kind<'e> {
    #[serde(borrow)]
    pub(super) r#type: Cow<'e, str>,
}

#[derive(Deserialize)]
struct Reference<'e> {
    #[serde(borrow)]
    tool: Cow<'e, str>,
    path: PathBuf,
}

impl Reference<'_> {
    fn entry(self) -> Option<Entry> {
        Some(Entry::Borrowed { tool: self.tool.parse().ok()?, path: self.path })
    }
}

/// The members down to `expires` are what everyone reads; the others are ours. Where `origin` is
/// missing, someone else wrote the entry.
#[derive(Deserialize)]
struct Login<'e> {
    access: Token,
    /// What renews it: the refresh token, or the first token where `access` was exchanged for it.
    refresh: Token,
    /// Milliseconds since 1970.
    expires: Number,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    obtained_at: u64,
    #[serde(default)]
    renew_at: Option<u64>,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    exchanged: bool,
    /// The refresh token of the first token, where there are both.
    #[serde(default)]
    refresh_of_first: Option<Token>,
    #[serde(default)]
    id_token: Option<Token>,
    #[serde(default)]
    account: Who,
    #[serde(default)]
    api_base: Option<Endpoint>,
    #[serde(default, borrow)]
    extra: BTreeMap<String, &'e RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Who {
    id: Option<String>,
    email: Option<String>,
    plan: Option<String>,
    organization: Option<String>,
}

impl Login<'_> {
    fn entry(self, key: &Key) -> Entry {
        let expires_at = milliseconds(&self.expires);
        let Some(access_token) = unless_wiped(self.access, &self.refresh, expires_at) else {
            return Entry::Wiped;
        };
        let refresh = self.refresh.filled();
        let (subject_token, refresh_token) = if self.exchanged {
            (refresh, self.refresh_of_first.and_then(Token::filled))
        } else {
            (None, refresh)
        };
        let Who { id, email, plan, organization } = self.account;
        let extra = self.extra.into_iter();
        Entry::login(Credential {
            provider: key.provider.clone(),
            origin: self.origin,
            client_id: self.client_id,
            access_token,
            refresh_token,
            subject_token,
            id_token: self.id_token.and_then(Token::filled),
            obtained_at: self.obtained_at,
            expires_at: Some(expires_at).filter(|at| *at < NEVER),
            renew_at: self.renew_at,
            scope: self.scope,
            account: Account { id, email, plan, organization },
            api_base: self.api_base,
            extra: extra.map(|(name, value)| (name, Secret::new(value.get()))).collect(),
        })
    }
}
