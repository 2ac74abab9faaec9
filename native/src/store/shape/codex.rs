//! Codex's `auth.json`: one login under `tokens`, and an API key beside it.
//!
//! No expiry is stored, so it is read out of the access token. Codex also goes by `last_refresh`,
//! which therefore changes with the tokens.

use std::collections::BTreeMap;

use grantflow_core::{Account, Credential, Map, Scope, Secret, UnverifiedClaims, providers};
use serde::Deserialize;

use super::super::Key;
use super::super::document::Document;
use super::values::{Hidden, Member, Members, Token, object};
use super::{Entry, Read, StoredKey};

const LOGIN: &str = "tokens";
const API_KEY: &str = "OPENAI_API_KEY";
const LAST_REFRESH: &str = "last_refresh";

/// Where the login stands.
pub(super) const PLACES: [&str; 2] = [LOGIN, LAST_REFRESH];

/// Whose login it is.
pub(super) fn key() -> Key {
    Key::of("openai-codex")
}

/// The login, if there is one.
pub(super) fn read(document: &Document<'_>) -> Option<Read> {
    let login = document.member(LOGIN).filter(|login| *login != "null")?;
    Some((key(), object::<Login>(login).map(Login::entry)))
}

/// The API key, under the provider that takes it.
pub(super) fn read_key(document: &Document<'_>) -> Option<Read> {
    let key = document.member(API_KEY).filter(|key| *key != "null")?;
    let text = serde_json::from_str::<Hidden>(key).ok();
    let entry = text.map(|text| match text.filled() {
        Some(text) => Entry::ApiKey(StoredKey { text, environment: BTreeMap::new() }),
        None => Entry::Wiped,
    });
    Some((Key::of("openai"), entry))
}

/// Its tokens, whose they are, and when they came.
pub(super) fn members(credential: &Credential) -> Vec<Member> {
    let mut login = Members::under(&[LOGIN]);
    login.secret("id_token", credential.id_token.as_ref());
    login.secret("access_token", Some(&credential.access_token));
    login.text("refresh_token", credential.refresh_token.as_ref().map_or("", Secret::expose));
    login.optional("account_id", credential.account.id.as_deref());
    let mut file = Members::under(&[]);
    if credential.obtained_at > 0 {
        file.text(LAST_REFRESH, &rfc3339(credential.obtained_at));
    }
    login.and(file).finish()
}

#[derive(Deserialize)]
struct Login {
    id_token: Option<Token>,
    access_token: Token,
    refresh_token: Token,
    account_id: Option<String>,
}

impl Login {
    fn entry(self) -> Entry {
        let Some(access_token) = self.access_token.filled() else { return Entry::Wiped };
        let claims = UnverifiedClaims::read(&access_token);
        let time = |name| claims.as_ref()?.seconds(name).map(|seconds| seconds * 1000);
        let provider = providers::openai_codex();
        let id_token = self.id_token.and_then(Token::filled);
        let rules = &provider.token.account;
        let hint = |paths: &[Vec<String>]| hint(paths, id_token.as_ref(), claims.as_ref());
        let account = Account {
            id: self.account_id.filter(|id| !id.is_empty()).or_else(|| hint(&rules.id)),
            email: hint(&rules.email),
            plan: hint(&rules.plan),
            organization: hint(&rules.organization),
        };
        Entry::login(Credential {
            origin: provider.origin(),
            client_id: provider.client_id.clone().unwrap_or_default(),
            provider: provider.id.clone(),
            access_token,
            refresh_token: self.refresh_token.filled(),
            subject_token: None,
            id_token,
            obtained_at: time("iat").unwrap_or(0),
            expires_at: time("exp"),
            renew_at: None,
            scope: Scope::default(),
            account,
            api_base: None,
            extra: Map::new(),
        })
    }
}

/// What the tokens say at the first of these paths that leads somewhere.
fn hint(
    paths: &[Vec<String>],
    id_token: Option<&Secret>,
    access_claims: Option<&UnverifiedClaims>,
) -> Option<String> {
    let id_claims = id_token.and_then(UnverifiedClaims::read);
    paths.iter().find_map(|path| match path.split_first()? {
        (token, path) if token == "id_token" => id_claims.as_ref()?.string(path),
        (token, path) if token == "access_token" => access_claims?.string(path),
        _ => None,
    })
}

/// A time in UTC (RFC 3339 §5.6), with the milliseconds that it has.
fn rfc3339(at: u64) -> String {
    let (days, ms) = (at / 86_400_000, at % 86_400_000);
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", ms % 1000)
}

/// The date so many days after 1970-01-01. Years are counted from March, so that the leap day is the
/// last one, in eras of 400 years, after which the calendar repeats.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153; // 0 is March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era + u64::from(month >= 10);
    (year, if month < 10 { month + 3 } else { month - 9 }, day)
}
