//! Token requests and replies (RFC 6749 §4.1.3, §5, §6).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::credential::{Account, Credential};
use crate::error::BadResponse;
use crate::http::{Purpose, Request, RequestId};
use crate::provider::{AccountRules, Expiry, TokenRules};
use crate::scope::Scope;
use crate::text::{is_graphic, trimmed};
use crate::wire::claims::{UnverifiedClaims, plausible_seconds, presentable};
use crate::wire::json::{Number, Object, string, strings};
use crate::wire::request::{Parameters, post};
use crate::{Client, Secret};

/// An access token longer than this could not stand in a header anyway.
const MAX_TOKEN: usize = 64 << 10;
/// No token is believed to live longer than ten years.
const MAX_LIFE_MS: u64 = 3_652_500 * 86_400;
const MAX_SCOPE: usize = 256;

/// What a redeemed code consists of.
#[derive(Clone, Debug)]
pub(crate) struct CodeGrant {
    pub(crate) code: Secret,
    pub(crate) code_verifier: Secret,
    pub(crate) redirect_uri: String,
    /// Where the provider wants it repeated.
    pub(crate) state: Option<Secret>,
}

/// RFC 6749 §4.1.3 with RFC 7636 §4.5.
pub(crate) fn redeem(client: &Client, id: RequestId, grant: &CodeGrant) -> Request {
    let provider = client.provider();
    let mut parameters = Parameters::new(&[
        ("grant_type", "authorization_code"),
        ("code", grant.code.expose()),
        ("redirect_uri", &grant.redirect_uri),
        ("code_verifier", grant.code_verifier.expose()),
    ]);
    if let (true, Some(state)) = (provider.token.send_state, &grant.state) {
        parameters.push("state", state.expose());
    }
    parameters.extend(&provider.token.parameters);
    let (endpoint, encoding) = (&provider.token_endpoint, provider.token.redeem_encoding);
    post(client, id, Purpose::RedeemCode, endpoint, encoding, parameters)
}

/// RFC 6749 §6, without `scope`: what was granted stays granted.
pub(crate) fn refresh(client: &Client, id: RequestId, refresh_token: &Secret) -> Request {
    let provider = client.provider();
    let mut parameters = Parameters::new(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.expose()),
    ]);
    parameters.extend(&provider.token.parameters);
    let (endpoint, encoding) = (&provider.token_endpoint, provider.token.refresh_encoding);
    post(client, id, Purpose::Refresh, endpoint, encoding, parameters)
}

/// RFC 7009 §2.1: the refresh token, which takes its access tokens with it, or the access token
/// where there is none: the one that this server issued, and not what it was exchanged for. `None` if
/// the provider offers no revocation.
pub(crate) fn revoke(client: &Client, id: RequestId, credential: &Credential) -> Option<Request> {
    let provider = client.provider();
    let endpoint = provider.revocation_endpoint.as_ref()?;
    let (token, hint) = match (&credential.refresh_token, &credential.subject_token) {
        (Some(token), _) => (token, "refresh_token"),
        (None, Some(token)) => (token, "access_token"),
        (None, None) => (&credential.access_token, "access_token"),
    };
    let parameters = Parameters::new(&[("token", token.expose()), ("token_type_hint", hint)]);
    let encoding = provider.token.revoke_encoding;
    Some(post(client, id, Purpose::Revoke, endpoint, encoding, parameters))
}

/// RFC 6749 §5.1, and what vendors make of it: the credential that a login yields.
pub(crate) fn read(
    client: &Client,
    object: &Object<'_>,
    asked: &Scope,
    now: u64,
) -> Result<Box<Credential>, BadResponse> {
    let provider = client.provider();
    let mut new = Box::new(Credential::blank());
    new.access_token = required_token(object, "access_token")?;
    if object.raw("token_type").is_some() {
        let name = object.string("token_type").unwrap_or_default();
        if !name.eq_ignore_ascii_case("bearer") {
            return Err(BadResponse::TokenType);
        }
    }
    new.refresh_token = token(object, "refresh_token")?;
    new.id_token = token(object, "id_token")?;
    new.scope = scope(object)?.unwrap_or_else(|| asked.clone());
    new.provider.clone_from(&provider.id);
    new.origin = provider.origin();
    new.client_id.push_str(client.client_id());
    new.obtained_at = now;
    let ages = now.saturating_add(MAX_LIFE_MS);
    new.expires_at = expires_at(&new, &provider.token, object).map(|at| at.min(ages));
    new.account = account(&new, &provider.token.account, object);
    new.api_base.clone_from(&provider.api.base);
    keep_extra(&mut new, object, &NAMED);
    Ok(new)
}

/// The credential that a renewal makes of an older one: what the reply does not mention stays
/// (RFC 6749 §6), the refresh token first of all.
pub(crate) fn renew(
    client: &Client,
    object: &Object<'_>,
    old: &Credential,
    now: u64,
) -> Result<Box<Credential>, BadResponse> {
    let mut new = read(client, object, &old.scope, now)?;
    keep_token(&mut new.refresh_token, old.refresh_token.as_ref());
    keep_token(&mut new.id_token, old.id_token.as_ref());
    for (new, old) in new.account.fields().into_iter().zip(old.account.hints()) {
        if new.is_none() {
            new.clone_from(old);
        }
    }
    new.api_base.clone_from(&old.api_base);
    for (name, value) in &old.extra {
        new.extra.insert_if_missing(name.as_str(), value.clone());
    }
    Ok(new)
}

fn keep_token(new: &mut Option<Secret>, old: Option<&Secret>) {
    if new.is_none() {
        *new = old.cloned();
    }
}

/// By the first source that the reply has. A life that is over when it begins is "expired now".
fn expires_at(new: &Credential, rules: &TokenRules, object: &Object<'_>) -> Option<u64> {
    let ms = |name| object.number(name).map(Number::thousandths);
    let life = || ms("expires_in").map(|ms| u64::try_from(ms).unwrap_or_default());
    let read = |source: &Expiry| {
        Some(match source {
            Expiry::ExpiresIn => new.obtained_at.saturating_add(life()?),
            Expiry::CreatedAt => {
                (plausible_seconds(ms("created_at")?)? * 1000).saturating_add(life()?)
            }
            Expiry::ExpiresAt => plausible_seconds(ms("expires_at")?)? * 1000,
            Expiry::ExpiredInMs => plausible_seconds(ms("expired_in")? / 1000)? * 1000,
            Expiry::AccessToken => {
                UnverifiedClaims::read(&new.access_token)?.seconds("exp")? * 1000
            }
        })
    };
    rules.expiry.iter().find_map(read)
}

/// Null and blank are as good as missing; anything else must be visible ASCII, so that it can
/// stand in a header.
pub(crate) fn token(
    object: &Object<'_>,
    name: &'static str,
) -> Result<Option<Secret>, BadResponse> {
    let Some(raw) = object.raw(name) else { return Ok(None) };
    let text = string(raw).ok_or(BadResponse::Member(name))?;
    if trimmed(&text).is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_TOKEN || !is_graphic(&text) {
        return Err(BadResponse::Member(name));
    }
    Ok(Some(Secret::new(text)))
}

pub(crate) fn required_token(
    object: &Object<'_>,
    name: &'static str,
) -> Result<Secret, BadResponse> {
    token(object, name)?.ok_or(BadResponse::Member(name))
}

/// A string (RFC 6749 §3.3) or an array of strings; visible ASCII, because it is shown. Counted
/// while it is collected, which compares each token with every other.
fn scope(object: &Object<'_>) -> Result<Option<Scope>, BadResponse> {
    let Some(raw) = object.raw("scope") else { return Ok(None) };
    let texts = match string(raw) {
        Some(text) => [text].into(),
        None => strings(raw).ok_or(BadResponse::Member("scope"))?,
    };
    let (mut scope, mut count) = (Scope::with_capacity(raw.len()), 0);
    for text in &texts {
        for token in text.split_ascii_whitespace() {
            count += 1;
            if count > MAX_SCOPE || !is_graphic(token) {
                return Err(BadResponse::Member("scope"));
            }
            scope.push(token);
        }
    }
    Ok(Some(scope).filter(|scope| !scope.is_empty()))
}

fn account(new: &Credential, rules: &AccountRules, object: &Object<'_>) -> Account {
    // Claims are read when a rule asks for them, which few do.
    let follow = |path: &Vec<String>| {
        let (source, path) = path.split_first()?;
        match source.as_str() {
            "reply" => presentable(object.string_at(path)?),
            "id_token" => UnverifiedClaims::read(new.id_token.as_ref()?)?.string(path),
            "access_token" => UnverifiedClaims::read(&new.access_token)?.string(path),
            _ => None,
        }
    };
    let mut account = Account::default();
    let rules = [&rules.id, &rules.email, &rules.plan, &rules.organization];
    for (field, paths) in account.fields().into_iter().zip(rules) {
        *field = paths.iter().find_map(follow);
    }
    account
}

/// Members that have a field of their own.
const NAMED: [&str; 7] =
    ["access_token", "error", "expires_in", "id_token", "refresh_token", "scope", "token_type"];

/// Keeps the members of other names, as they stand.
pub(crate) fn keep_extra(new: &mut Credential, object: &Object<'_>, named: &[&str]) {
    for (name, raw) in object.members() {
        if !named.contains(&&**name) {
            new.extra.insert(&**name, Secret::from(*raw));
        }
    }
}
