//! What a login yields: tokens, their life, whose they are and how they are shown to an API.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::client::Client;
use crate::http::Header;
use crate::map::Map;
use crate::provider::Api;
use crate::scope::Scope;
use crate::text::{is_graphic, joined};
use crate::time::{Now, millis};
use crate::{Digest, Endpoint, Secret};

/// Renew this long before expiry unless told otherwise.
pub const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// The beta feature that Anthropic's own command line client announces. Nothing here sends it:
/// a caller whom it is meant for can name it in a header of its own.
pub const CLAUDE_CODE_BETA: &str = "claude-code-20250219";

/// Tokens (RFC 6749 §5.1) with what is needed to use and renew them. `Debug` shows no token.
#[derive(Clone)]
pub struct Credential {
    /// [`Provider::id`](crate::Provider::id).
    pub provider: String,
    /// [`Provider::origin`](crate::Provider::origin): who issued it, and the only one to renew it.
    pub origin: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// What an API wants to see.
    pub access_token: Secret,
    /// What renews it. Never empty.
    pub refresh_token: Option<Secret>,
    /// The first token where the access token was exchanged for it: what renews it then.
    pub subject_token: Option<Secret>,
    /// An ID token, unverified.
    pub id_token: Option<Secret>,
    /// When it was issued, by our clock: ms since 1970.
    pub obtained_at: u64,
    /// When the access token lapses: ms since 1970; unknown if the server did not say.
    pub expires_at: Option<u64>,
    /// When the server wants it renewed, if it said so: ms since 1970.
    pub renew_at: Option<u64>,
    /// What was granted: as the server said, or as asked if it said nothing.
    pub scope: Scope,
    /// Hints on who signed in.
    pub account: Account,
    /// Where to use it, if the login told.
    pub api_base: Option<Endpoint>,
    /// What else the reply held, as JSON text by member name.
    pub extra: Map<Secret>,
}

/// Hints from an unverified token or the token reply: good for display and headers, never for a
/// decision about trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The account's identifier.
    pub id: Option<String>,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Its plan.
    pub plan: Option<String>,
    /// Its organization or workspace.
    pub organization: Option<String>,
}

impl Account {
    pub(crate) fn fields(&mut self) -> [&mut Option<String>; 4] {
        [&mut self.id, &mut self.email, &mut self.plan, &mut self.organization]
    }

    pub(crate) fn hints(&self) -> [&Option<String>; 4] {
        [&self.id, &self.email, &self.plan, &self.organization]
    }
}

impl Credential {
    /// One of which only this is known: from whom it is, and what an API wants to see.
    pub fn bare(provider: impl Into<String>, access_token: Secret) -> Self {
        Self { provider: provider.into(), access_token, ..Self::blank() }
    }

    /// One to be filled in. Building it field by field is what keeps its readers small.
    pub(crate) fn blank() -> Self {
        Self {
            provider: String::new(),
            origin: String::new(),
            client_id: String::new(),
            access_token: Secret::default(),
            refresh_token: None,
            subject_token: None,
            id_token: None,
            obtained_at: 0,
            expires_at: None,
            renew_at: None,
            scope: Scope::default(),
            account: Account::default(),
            api_base: None,
            extra: Map::new(),
        }
    }

    /// When to renew: ms since 1970. `margin` before expiry, but never less than the provider's
    /// own margin; half-way through a life too short for that, so that a short-lived token is used
    /// rather than renewed for ever; when the server asked, if that is sooner. `None` if the
    /// expiry is unknown: then a 401 tells.
    pub fn renew_at(&self, client: &Client, margin: Duration) -> Option<u64> {
        let own = Duration::from_secs(client.provider().token.renew_before.into());
        let by_expiry = self.expires_at.map(|expires_at| {
            let life = expires_at.saturating_sub(self.obtained_at);
            expires_at - millis(margin.max(own)).min(life / 2)
        });
        match (by_expiry, self.renew_at) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        }
    }

    /// Whether [`Credential::renew_at`] has come.
    pub fn is_due(&self, client: &Client, margin: Duration, now: Now) -> bool {
        self.renew_at(client, margin).is_some_and(|at| at <= now.wall)
    }

    /// Whether the access token has lapsed by our clock.
    pub fn is_expired(&self, now: Now) -> bool {
        self.expires_at.is_some_and(|at| at <= now.wall)
    }

    /// Not lapsed, and not within this time.
    pub fn lasts(&self, min_ttl: Duration, now: Now) -> bool {
        let then = now.wall.saturating_add(millis(min_ttl));
        self.expires_at.is_none_or(|at| at > then)
    }

    /// Whether it should be renewed for a caller who wants it to last for `min_ttl`: it is due, by
    /// `margin` or its provider's own, or too short for the caller. But where no token of the
    /// server lasts so long, a renewal each time would not help them.
    pub fn is_wanting(
        &self,
        client: &Client,
        margin: Duration,
        min_ttl: Duration,
        now: Now,
    ) -> bool {
        let life = self.expires_at.map(|at| at.saturating_sub(self.obtained_at));
        self.is_due(client, min_ttl.max(margin), now)
            || life.is_some_and(|life| millis(min_ttl) < life) && !self.lasts(min_ttl, now)
    }

    /// What renews it: the first token of an exchange, or the refresh token.
    pub fn renewed_by(&self) -> Option<&Secret> {
        self.subject_token.as_ref().or(self.refresh_token.as_ref())
    }

    /// The digest that tells it from every other: of what renews it, or else of its access token.
    pub fn known_by(&self) -> Digest {
        self.renewed_by().unwrap_or(&self.access_token).digest()
    }

    /// Whether there is anything to renew it by.
    pub fn is_renewable(&self) -> bool {
        self.renewed_by().is_some()
    }

    /// The header that shows the access token to the provider's API.
    pub fn header(&self, client: &Client) -> Header {
        key_header(&client.provider().api, &self.access_token)
    }

    /// Every header that the provider's API asks for, the credential's own first.
    ///
    /// # Errors
    /// [`NoAccountId`] if one of them names the account and the login told none that a header can hold.
    pub fn api_headers(&self, client: &Client) -> Result<Vec<Header>, NoAccountId> {
        let templates = &client.provider().api.headers;
        let id = self.account.id.as_deref();
        let id = id.filter(|id| is_graphic(id));
        let mut headers = Vec::from([self.header(client)]);
        client.add_headers(&mut headers, templates, id);
        if headers.len() <= templates.len() {
            return Err(NoAccountId);
        }
        Ok(headers)
    }
}

/// The header for any key of a provider's, from a login or not: `Authorization: Bearer …`
/// (RFC 6750 §2.1), or the provider's own header for keys that don't begin like its bearer tokens.
pub fn key_header(api: &Api, key: &Secret) -> Header {
    let is_bearer = |prefix: &String| key.expose().starts_with(prefix.as_str());
    match &api.key_header {
        Some(name) if !api.bearer_prefixes.iter().any(is_bearer) => Header::new(name, key.clone()),
        Some(_) | None => Header::new("authorization", joined(&["Bearer ", key.expose()])),
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("provider", &self.provider)
            .field("expires_at", &self.expires_at)
            .field("renewable", &self.is_renewable())
            .finish_non_exhaustive()
    }
}

/// The login did not tell the account's identifier, and the API wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAccountId;

impl NoAccountId {
    /// What [`fmt::Display`] shows.
    pub const TEXT: &str =
        "the login did not tell the account id: sign in with an account that has one";
}

impl fmt::Display for NoAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::TEXT)
    }
}

impl core::error::Error for NoAccountId {}
