//! Token requests and replies (RFC 6749 §4.1.3, §5, §6).

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use crate::credential::{Account, Credential};
use crate::error::BadResponse;
use crate::http::{Purpose, Request, RequestId};
use crate::provider::{Expiry, TokenRules};
use crate::scope::Scope;
use crate::wire::claims::{UnverifiedClaims, plausible_seconds, presentable};
use crate::wire::json::{Number, Object, string, strings};
use crate::wire::request::{Parameters, post};
use crate::{Client, Secret};

/// An access token longer than this could not stand in a header anyway.
const MAX_TOKEN: usize = 64 << 10;
/// No token is believed to live longer than ten years.
const MAX_LIFE_MS: u64 = 3_652 * 86_400_000;
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
/// where there is none. `None` if the provider offers no revocation.
pub(crate) fn revoke(client: &Client, id: RequestId, credential: &Credential) -> Option<Request> {
    let provider = client.provider();
    let endpoint = provider.revocation_endpoint.as_ref()?;
    let (token, hint) = match &credential.refresh_token {
        Some(token) => (token, "refresh_token"),
        None => (&credential.access_token, "access_token"),
    };
    let parameters = Parameters::new(&[("token", token.expose()), ("token_type_hint", hint)]);
    let encoding = provider.token.revoke_encoding;
    Some(post(client, id, Purpose::Revoke, endpoint, encoding, parameters))
}

/// RFC 6749 §5.1, and what vendors make of it.
pub(crate) struct TokenReply {
    access_token: Secret,
    refresh_token: Option<Secret>,
    id_token: Option<Secret>,
    expires: Expires,
    scope: Option<Scope>,
    account: Account,
    extra: BTreeMap<String, Secret>,
}

/// Milliseconds, from the reply's arrival or from 1970.
enum Expires {
    In(u64),
    At(u64),
    Unknown,
}

impl TokenReply {
    pub(crate) fn read(rules: &TokenRules, object: &Object<'_>) -> Result<Self, BadResponse> {
        let access_token = token(object, "access_token")?;
        let access_token = access_token.ok_or(BadResponse::Member("access_token"))?;
        match object.raw("token_type").map(string) {
            None => {}
            Some(Some(name)) if name.eq_ignore_ascii_case("bearer") => {}
            Some(_) => return Err(BadResponse::TokenType),
        }
        let id_token = token(object, "id_token")?;
        Ok(Self {
            refresh_token: token(object, "refresh_token")?,
            expires: expires(rules, object, &access_token),
            scope: scope(object)?,
            account: account(rules, object, id_token.as_ref(), &access_token),
            extra: extra(object, &NAMED),
            access_token,
            id_token,
        })
    }

    /// The credential that a login yields.
    pub(crate) fn credential(self, client: &Client, asked: &Scope, obtained_at: u64) -> Credential {
        let provider = client.provider();
        Credential {
            provider: provider.id.clone(),
            origin: provider.origin(),
            client_id: client.client_id().to_string(),
            expires_at: self.expires.at(obtained_at),
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            subject_token: None,
            id_token: self.id_token,
            obtained_at,
            renew_at: None,
            scope: self.scope.unwrap_or_else(|| asked.clone()),
            account: self.account,
            api_base: provider.api.base.clone(),
            extra: self.extra,
        }
    }

    /// The credential that a renewal makes of an older one: what the reply does not mention stays
    /// (RFC 6749 §6), the refresh token first of all.
    pub(crate) fn renew(self, client: &Client, old: &Credential, obtained_at: u64) -> Credential {
        let mut new = self.credential(client, &old.scope, obtained_at);
        let keep = |new: Option<String>, old: &Option<String>| new.or_else(|| old.clone());
        new.refresh_token = new.refresh_token.or_else(|| old.refresh_token.clone());
        new.id_token = new.id_token.or_else(|| old.id_token.clone());
        new.account = Account {
            id: keep(new.account.id, &old.account.id),
            email: keep(new.account.email, &old.account.email),
            plan: keep(new.account.plan, &old.account.plan),
            organization: keep(new.account.organization, &old.account.organization),
        };
        new.api_base.clone_from(&old.api_base);
        for (name, value) in &old.extra {
            new.extra.entry(name.clone()).or_insert_with(|| value.clone());
        }
        new
    }
}

impl Expires {
    fn at(&self, now: u64) -> Option<u64> {
        let at = match *self {
            Self::In(ms) => now.saturating_add(ms),
            Self::At(ms) => ms,
            Self::Unknown => return None,
        };
        Some(at.min(now.saturating_add(MAX_LIFE_MS)))
    }
}

/// The first source that the reply has. A life that is over when it begins is "expired now".
fn expires(rules: &TokenRules, object: &Object<'_>, access_token: &Secret) -> Expires {
    let ms = |name| object.number(name).map(Number::thousandths);
    let life = || ms("expires_in").map(|ms| u64::try_from(ms).unwrap_or_default());
    let at = |seconds: u64| Expires::At(seconds * 1000);
    let read = |source: &Expiry| match source {
        Expiry::ExpiresIn => life().map(Expires::In),
        Expiry::CreatedAt => {
            let created_at = plausible_seconds(ms("created_at")?)?;
            Some(Expires::At((created_at * 1000).saturating_add(life()?)))
        }
        Expiry::ExpiresAt => plausible_seconds(ms("expires_at")?).map(at),
        Expiry::ExpiredInMs => plausible_seconds(ms("expired_in")? / 1000).map(at),
        Expiry::AccessToken => UnverifiedClaims::read(access_token)?.seconds("exp").map(at),
    };
    rules.expiry.iter().find_map(read).unwrap_or(Expires::Unknown)
}

/// Null and blank are as good as missing; anything else must be visible ASCII, so that it can
/// stand in a header.
pub(crate) fn token(
    object: &Object<'_>,
    name: &'static str,
) -> Result<Option<Secret>, BadResponse> {
    let Some(raw) = object.raw(name) else { return Ok(None) };
    let text = string(raw).ok_or(BadResponse::Member(name))?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_TOKEN || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadResponse::Member(name));
    }
    Ok(Some(Secret::new(text)))
}

/// A string (RFC 6749 §3.3) or an array of strings; visible ASCII, because it is shown. Counted
/// before it is collected, which compares each token with every other.
fn scope(object: &Object<'_>) -> Result<Option<Scope>, BadResponse> {
    let Some(raw) = object.raw("scope") else { return Ok(None) };
    let texts = match string(raw) {
        Some(text) => [text].into(),
        None => strings(raw).ok_or(BadResponse::Member("scope"))?,
    };
    let tokens = || texts.iter().flat_map(|text| text.split_ascii_whitespace());
    let is_token = |token: &str| token.bytes().all(|b| b.is_ascii_graphic());
    if tokens().count() > MAX_SCOPE || !tokens().all(is_token) {
        return Err(BadResponse::Member("scope"));
    }
    Ok(Some(tokens().collect::<Scope>()).filter(|scope| !scope.is_empty()))
}

fn account(
    rules: &TokenRules,
    object: &Object<'_>,
    id_token: Option<&Secret>,
    access_token: &Secret,
) -> Account {
    let id_claims = id_token.and_then(UnverifiedClaims::read);
    let access_claims = UnverifiedClaims::read(access_token);
    let find = |paths: &[alloc::vec::Vec<String>]| {
        paths.iter().find_map(|path| {
            let (source, path) = path.split_first()?;
            match source.as_str() {
                "reply" => presentable(&object.string_at(path)?),
                "id_token" => id_claims.as_ref()?.string(path),
                "access_token" => access_claims.as_ref()?.string(path),
                _ => None,
            }
        })
    };
    let rules = &rules.account;
    Account {
        id: find(&rules.id),
        email: find(&rules.email),
        plan: find(&rules.plan),
        organization: find(&rules.organization),
    }
}

/// Members that have a field of their own.
const NAMED: [&str; 7] =
    ["access_token", "error", "expires_in", "id_token", "refresh_token", "scope", "token_type"];

/// The members of other names, as they stand.
pub(crate) fn extra(object: &Object<'_>, named: &[&str]) -> BTreeMap<String, Secret> {
    object
        .members()
        .filter(|(name, _)| !named.contains(name))
        .map(|(name, raw)| (name.to_string(), Secret::from(raw)))
        .collect()
}
