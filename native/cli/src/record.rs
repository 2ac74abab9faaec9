//! Which record a command is about: a provider, and which of several accounts.

use grantflow::core::Header;
use grantflow::{AccessToken, Client, Error, Key, Logins, providers as presets};

use crate::arguments::Which;
use crate::choose::{self, Choice};
use crate::exit::{Exit, Failure};
use crate::here::Here;
use crate::provider;
use crate::status;

/// A login that is there, and its client as the person who signed in used it.
pub(crate) struct Held {
    pub(crate) logins: Logins,
    pub(crate) key: Key,
    /// The arguments that name it again.
    pub(crate) again: String,
    /// The same where a login of one's own may stand.
    own: String,
}

impl Held {
    /// The one that was named, or that the person chooses.
    pub(crate) async fn find(here: &Here, which: &Which, question: &str) -> Result<Self, Failure> {
        let logins = here.logins()?;
        let key = match key(which)? {
            Some(key) => key,
            None => choose_signed_in(here, &logins, question).await?,
        };
        let again = which.again(&key, &here.place);
        let own = which.again(&key, &here.place_of_own());
        let failure = |error: Error| Failure::of(&again, &error);
        let stored = logins.store().load(&key).await.map_err(|why| failure(why.into()))?;
        let stored = stored.ok_or_else(|| failure(Error::NotSignedIn(key.to_string())))?;
        let which = Which {
            provider: which.provider_file.is_none().then(|| Key::of(&key.provider)),
            client_id: which.client_id.clone().or(Some(stored.credential.client_id)),
            ..which.clone()
        };
        if which.provider_file.is_none() && presets::find(&key.provider).is_none() {
            let what = format!("{key} was signed in to with a provider file");
            return Err(Failure::usage(what, "name it again, by --provider-file FILE"));
        }
        let Some(found) = provider::named(&which)? else {
            return Ok(Self { logins, key, again, own });
        };
        let client = Client::new(found.provider, found.configuration)?;
        Ok(Self { logins: logins.with_client(client), key, again, own })
    }

    pub(crate) fn failure(&self, error: &Error) -> Failure {
        let is_borrowed = matches!(error.root(), Error::Borrowed { .. });
        Failure::of(if is_borrowed { &self.own } else { &self.again }, error)
    }

    /// Every header that the provider's API asks for.
    pub(crate) fn headers(&self, token: &AccessToken) -> Result<Vec<Header>, Failure> {
        let next = format!("grantflow login {}", self.again);
        token.headers().map_err(|why| Failure::new(Exit::NotPermitted, why, next))
    }
}

/// Under which name the login is kept. A name alone need not be a preset's.
pub(crate) fn key(which: &Which) -> Result<Option<Key>, Failure> {
    let named = match &which.provider {
        Some(key) => Some(key.clone()),
        None => provider::named(which)?.map(|found| Key::of(found.provider.id)),
    };
    named.map(|key| with_account(key, which)).transpose()
}

/// The account is named by `--account`, or in the provider's place; not as two different ones.
pub(crate) fn with_account(key: Key, which: &Which) -> Result<Key, Failure> {
    match (&key.account, &which.account) {
        (Some(one), Some(other)) if one != other => Err(Failure::usage(
            format!("two accounts are named: {one} and {other}"),
            "name one of them",
        )),
        (None, Some(account)) => Ok(Key { account: Some(account.clone()), ..key }),
        (_, _) => Ok(key),
    }
}

pub(crate) async fn choose_signed_in(
    here: &Here,
    logins: &Logins,
    question: &str,
) -> Result<Key, Failure> {
    let standings = logins.standings().await.map_err(|error| Failure::of("", &error))?;
    if standings.is_empty() {
        let what = "nobody is signed in here";
        return Err(Failure::new(Exit::SignInAgain, what, "sign in first: grantflow login"));
    }
    let name = |id: &str| presets::find(id).map_or_else(|| id.to_owned(), |found| found.name);
    let choices = standings.iter().map(|standing| {
        let key = &standing.key;
        let account = key.account.as_ref().map(|account| format!(" ({account})"));
        Choice {
            id: key.to_string(),
            name: name(&key.provider) + &account.unwrap_or_default(),
            note: status::describe(standing),
        }
    });
    Ok(Key::from(&choose::one(&here.output, question, choices.collect()).await?))
}
