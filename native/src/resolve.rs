//! Where a key for a provider's API comes from: the caller, a login that is kept fresh, an API key
//! that stands in the store, a variable of the environment. In which order is data.

mod miss;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use grantflow_core::{Api, Credential, Digest, Endpoint, Header, Secret, key_header, providers};

pub use self::miss::{NoKey, UnusableKey, WhyUnusable};
use crate::access_token::AccessToken;
use crate::error::Error;
use crate::keeper::Keeper;
use crate::logins::Logins;
use crate::store::Key;

/// A place that a key can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySource {
    /// [`KeyOptions::explicit`].
    Explicit,
    /// The store: a login, renewed if it is due, or an API key that somebody has put there.
    Store,
    /// The variables that the provider's data names ([`Api::token_variables`],
    /// [`Api::key_variables`]). They are nobody's in particular, so a named account has none.
    Environment,
}

/// In which order the places are looked into. The first that has something counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOrder {
    /// The places; one that is not there is not looked into.
    pub sources: Vec<KeySource>,
    /// A stored login that does not yield a token gives way to what comes after it. Otherwise it is
    /// an error, so that nobody pays for an API key without knowing that their login has ended.
    pub falls_back: bool,
}

impl KeyOrder {
    /// As pi has it: whoever has signed in means that login.
    pub fn store_first() -> Self {
        let sources = vec![KeySource::Explicit, KeySource::Store, KeySource::Environment];
        Self { sources, falls_back: false }
    }

    /// As most vendors' libraries have it: whoever sets a variable means that one.
    pub fn environment_first() -> Self {
        let sources = vec![KeySource::Explicit, KeySource::Environment, KeySource::Store];
        Self { sources, falls_back: false }
    }
}

impl Default for KeyOrder {
    fn default() -> Self {
        Self::store_first()
    }
}

/// What to look for, and where.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeyOptions {
    /// A key that the caller was given, in an option for one. A blank one counts as none.
    pub explicit: Option<Secret>,
    /// How long a login's token has to be good for.
    pub min_ttl: Duration,
    /// In which order.
    pub order: KeyOrder,
    /// The environment.
    pub variables: Variables,
}

/// The environment, as far as it is looked into. What is blank counts as unset.
#[derive(Clone, Default)]
pub struct Variables(Option<BTreeMap<String, Secret>>);

impl Variables {
    /// These, and not the process's own.
    pub fn only(variables: BTreeMap<String, Secret>) -> Self {
        Self(Some(variables))
    }

    fn look(&self, name: &str) -> Option<Secret> {
        let value = match &self.0 {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok().map(Secret::new),
        };
        value.filter(|value| !is_blank(value))
    }
}

/// Shows no value.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Variables(given)" } else { "Variables(process)" })
    }
}

/// Where a key was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyOrigin {
    /// The caller gave it.
    Explicit,
    /// A login in the store.
    Login,
    /// An API key in the store.
    StoredKey,
    /// The environment variable of this name.
    Variable(String),
}

/// A way into a provider's API. It stays good: a login is kept fresh.
#[derive(Clone, Debug)]
pub struct Resolved {
    origin: KeyOrigin,
    base: Option<Endpoint>,
    min_ttl: Duration,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Login(Keeper),
    Key(Signature),
}

/// What a request has to carry to be let in.
#[derive(Clone, Debug)]
pub struct Signature {
    headers: Vec<Header>,
    token: Digest,
}

impl Resolved {
    /// Where the key was found.
    pub fn origin(&self) -> &KeyOrigin {
        &self.origin
    }

    /// Where it is to be used: as the login told, or as the provider's data has it.
    pub fn base(&self) -> Option<&Endpoint> {
        self.base.as_ref()
    }

    /// What a request has to carry now. A login is renewed first if it is due.
    ///
    /// # Errors
    /// Why it could not be renewed.
    pub async fn signature(&self) -> Result<Signature, Error> {
        match &self.what {
            What::Key(signature) => Ok(signature.clone()),
            What::Login(keeper) => Signature::of(&*keeper.access(self.min_ttl).await?),
        }
    }

    /// What to carry in place of a token that the API has rejected with 401; `None` if there is
    /// nothing else, as with an API key.
    ///
    /// # Errors
    /// As [`Keeper::instead_of`].
    pub async fn instead_of(&self, rejected: Digest) -> Result<Option<Signature>, Error> {
        match &self.what {
            What::Key(_) => Ok(None),
            What::Login(keeper) => Signature::of(&*keeper.instead_of(rejected).await?).map(Some),
        }
    }
}

impl Signature {
    /// The header that lets the request in: its name, and a value not to be shown.
    pub fn header(&self) -> &Header {
        &self.headers[0]
    }

    /// Every header that the API asks for, that one first.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Names the token, for [`Resolved::instead_of`].
    pub fn token(&self) -> Digest {
        self.token
    }

    fn of(token: &AccessToken) -> Result<Self, Error> {
        Ok(Self { headers: token.headers()?, token: token.secret().digest() })
    }
}

/// A login that is kept fresh is a way into its provider's API.
impl From<Keeper> for Resolved {
    fn from(keeper: Keeper) -> Self {
        let base = keeper.api_base();
        let (origin, min_ttl) = (KeyOrigin::Login, Duration::ZERO);
        Self { origin, base, min_ttl, what: What::Login(keeper) }
    }
}

impl Logins {
    /// Finds a key for the provider's API.
    ///
    /// # Errors
    /// [`Error::NoKey`] says where none was found and what to do; [`Error::UnusableKey`] which one
    /// was found and cannot be used; otherwise why a login in the store yields no token.
    pub async fn resolve(
        &self,
        key: impl Into<Key>,
        options: &KeyOptions,
    ) -> Result<Resolved, Error> {
        let key = key.into();
        let mut failed = None;
        for source in &options.order.sources {
            let found = match source {
                KeySource::Explicit => self.explicit(&key, options)?,
                KeySource::Environment => self.in_environment(&key, options)?,
                KeySource::Store => match self.stored(&key, options).await {
                    Err(why) if options.order.falls_back && is_of_the_login(&why) => {
                        failed = Some(why);
                        None
                    }
                    found => found?,
                },
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
        Err(failed.unwrap_or_else(|| self.miss(&key, &options.order).into()))
    }

    fn explicit(&self, key: &Key, options: &KeyOptions) -> Result<Option<Resolved>, Error> {
        let given = options.explicit.as_ref().filter(|given| !is_blank(given));
        given.map(|given| self.of_key(key, KeyOrigin::Explicit, given, false)).transpose()
    }

    async fn stored(&self, key: &Key, options: &KeyOptions) -> Result<Option<Resolved>, Error> {
        match self.keeper(key).await {
            Ok(keeper) => {
                drop(keeper.access(options.min_ttl).await?);
                return Ok(Some(Resolved { min_ttl: options.min_ttl, ..keeper.into() }));
            }
            Err(Error::NotSignedIn(_)) => {}
            Err(why) => return Err(why),
        }
        let Some(written) = self.store().api_key(key).await? else { return Ok(None) };
        let api = self.api(key)?;
        let names = api.token_variables.iter().chain(&api.key_variables);
        let read = written::read(&written, names, |name| options.variables.look(name));
        let text = read.map_err(|why| UnusableKey::new(key, KeyOrigin::StoredKey, why))?;
        text.map(|text| self.of_key(key, KeyOrigin::StoredKey, &text, false)).transpose()
    }

    fn in_environment(&self, key: &Key, options: &KeyOptions) -> Result<Option<Resolved>, Error> {
        if key.account.is_some() {
            return Ok(None);
        }
        let api = self.api(key)?;
        let tokens = api.token_variables.iter().map(|name| (name, true));
        let keys = api.key_variables.iter().map(|name| (name, false));
        let mut set = tokens
            .chain(keys)
            .filter_map(|(name, is_token)| Some((name, options.variables.look(name)?, is_token)));
        let found = set.next().map(|(name, value, is_token)| {
            self.of_key(key, KeyOrigin::Variable(name.clone()), &value, is_token)
        });
        found.transpose()
    }

    /// A key that is used as it is. A bearer token wants what its API asks for beside it; an API
    /// key goes alone.
    fn of_key(
        &self,
        key: &Key,
        origin: KeyOrigin,
        text: &Secret,
        is_token: bool,
    ) -> Result<Resolved, Error> {
        let text = Secret::new(text.expose().trim());
        if !text.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UnusableKey::new(key, origin, WhyUnusable::Characters).into());
        }
        let api = self.api(key)?;
        let own = if is_token { bearer(&text) } else { key_header(&api, &text) };
        let is_token = is_token || api.key_header.is_some_and(|name| name != own.name);
        let mut headers = vec![own];
        if is_token {
            let named = Credential::bare(&key.provider, text.clone())
                .api_headers(&self.client(&key.provider)?)?;
            headers.extend(named.into_iter().skip(1));
        }
        let what = What::Key(Signature { headers, token: text.digest() });
        Ok(Resolved { origin, base: api.base, min_ttl: Duration::ZERO, what })
    }

    fn api(&self, key: &Key) -> Result<Api, Error> {
        let id = &key.provider;
        let added = self.added(id).map(|client| client.provider().api.clone());
        let api = added.or_else(|| providers::api(id));
        api.ok_or_else(|| Error::UnknownProvider(id.clone()))
    }

    fn miss(&self, key: &Key, order: &KeyOrder) -> NoKey {
        let api = self.api(key).unwrap_or_default();
        let variables = [api.token_variables, api.key_variables].concat();
        let has_login = self.client(&key.provider).is_ok();
        NoKey::new(key, order, self.store().describe(), variables, has_login)
    }
}

/// Not of the store: what cannot be read may hold anything.
fn is_of_the_login(why: &Error) -> bool {
    !matches!(why.root(), Error::Store(_) | Error::UnusableKey(_) | Error::UnknownProvider(_))
}

fn is_blank(text: &Secret) -> bool {
    text.expose().trim().is_empty()
}

/// RFC 6750 §2.1.
fn bearer(token: &Secret) -> Header {
    let value = Secret::new(["Bearer ", token.expose()].concat());
    Header { name: "authorization".to_owned(), value }
}
