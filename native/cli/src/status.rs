//! `status`: who is signed in, for how long, and what stands in the way.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use grantflow::{Error, Health, Interrupted, Key, Standing, StoreError};
use serde_json::{Value, json};

use crate::arguments::Which;
use crate::exit::{Exit, Failure};
use crate::here::{Here, Store};
use crate::output::{Output, span, wrap};
use crate::record;
use crate::session::{account, until};

/// Who is signed in; with a provider also by the exit code.
pub(crate) async fn status(here: &Here, which: &Which) -> Result<Exit, Failure> {
    let store = here.store()?;
    let logins = here.logins_in(&store)?;
    let only = record::key(which)?;
    let is_meant = |key: &Key| only.as_ref().is_none_or(|only| is_or_has(only, key));
    let mut standings = logins.standings().await.map_err(|error| Failure::of("", &error))?;
    standings.retain(|standing| is_meant(&standing.key));
    let mut damaged = damaged(&store)?;
    damaged.retain(|(key, _)| is_meant(key));

    let page = Page { output: here.output, store: store.as_store().describe() };
    standings.iter().try_for_each(|standing| page.record(standing))?;
    damaged.iter().try_for_each(|(key, why)| page.damaged(key, why))?;
    page.close(&store, standings.is_empty() && damaged.is_empty() && only.is_none())?;

    let Some(key) = only else { return Ok(Exit::Ok) };
    let again = which.again(&key, &here.place);
    if let Some((_, why)) = damaged.into_iter().find(|(found, _)| *found == key) {
        return Err(Failure::of(&again, &why.into()));
    }
    match standings.iter().find(|standing| standing.key == key) {
        None => Err(Failure::of(&again, &Error::NotSignedIn(key.to_string()))),
        Some(standing) => judge(standing, &again, &which.again(&key, &here.place_of_own())),
    }
}

/// Without an account, a provider means all of them.
fn is_or_has(only: &Key, key: &Key) -> bool {
    only == key || only.account.is_none() && only.provider == key.provider
}

/// Logins that cannot be used, so that they hide no other.
pub(crate) fn damaged(store: &Store) -> Result<Vec<(Key, StoreError)>, Failure> {
    let damaged = store.file().map(grantflow::FileStore::damaged).transpose();
    Ok(damaged.map_err(|why| Failure::of("", &why.into()))?.unwrap_or_default())
}

fn judge(standing: &Standing, again: &str, own: &str) -> Result<Exit, Failure> {
    match (standing.health, &standing.borrowed_from) {
        (Health::Valid | Health::Renewable, _) => Ok(Exit::Ok),
        (Health::Borrowed, from) => {
            let (provider, from) = (standing.key.to_string(), from.clone().unwrap_or_default());
            Err(Failure::of(own, &Error::Borrowed { provider, from }))
        }
        (Health::Lapsed, _) => Err(Failure::new(
            Exit::SignInAgain,
            format!("the login to {} has lapsed", standing.key),
            format!("sign in again: grantflow login {again}"),
        )),
    }
}

struct Page {
    output: Output,
    store: String,
}

impl Page {
    fn record(&self, standing: &Standing) -> Result<(), Failure> {
        let Standing { key, expires_at, is_renewable, borrowed_from, interrupted, .. } = standing;
        self.output.event(
            "status",
            &json!({ "provider": key.provider, "account_name": key.account,
                "store": self.store, "health": health(standing.health),
                "expires_at": expires_at, "renewable": is_renewable,
                "account": account(&standing.account), "borrowed_from": borrowed_from,
                "interrupted": interrupted.as_ref().map(interrupted_object),
                "replaced": standing.is_replaced, "message": null,
            }),
        )?;
        let paint = self.output.out;
        let dot = if standing.works() { paint.green("●") } else { paint.red("○") };
        self.output.result(&format!("{dot} {}", paint.bold(&key.to_string())))?;
        let who = standing.account.email.as_ref().or(standing.account.id.as_ref());
        who.map_or(Ok(()), |who| self.detail(who))?;
        self.detail(&condition(standing))?;
        if let (Some(lender), Health::Valid) = (borrowed_from, standing.health) {
            self.detail(&format!("borrowed from {lender}, which renews it"))?;
        }
        if standing.is_replaced {
            return self.detail("a newer login waits: the next use of it puts it in place");
        }
        interrupted.as_ref().map_or(Ok(()), |interrupted| self.detail(&meaning(interrupted)))
    }

    fn damaged(&self, key: &Key, why: &StoreError) -> Result<(), Failure> {
        self.output.event(
            "status",
            &json!({ "provider": key.provider, "account_name": key.account,
                "store": self.store, "health": "damaged", "expires_at": null,
                "renewable": false, "account": account(&grantflow::Account::default()),
                "borrowed_from": null, "interrupted": null, "replaced": false,
                "message": why.to_string(),
            }),
        )?;
        let paint = self.output.out;
        self.output.result(&format!("{} {}", paint.red("○"), paint.bold(&key.to_string())))?;
        self.detail(&why.to_string())
    }

    fn close(&self, store: &Store, is_empty: bool) -> Result<(), Failure> {
        if is_empty {
            self.output.result("nobody is signed in: grantflow login")?;
        }
        for line in wrap(&format!("in {}", self.store), self.output.width) {
            self.output.result(&self.output.out.dim(&line))?;
        }
        let warnings = store.file().map(grantflow::FileStore::warnings).transpose();
        for warning in warnings.map_err(|why| Failure::of("", &why.into()))?.unwrap_or_default() {
            self.output.warn("store", &warning.to_string());
        }
        Ok(())
    }

    fn detail(&self, text: &str) -> Result<(), Failure> {
        for line in wrap(text, self.output.width.saturating_sub(2)) {
            self.output.result(&format!("  {line}"))?;
        }
        Ok(())
    }
}

/// `person@example.com, valid for 59 min`
pub(crate) fn describe(standing: &Standing) -> String {
    let who = standing.account.email.as_ref().or(standing.account.id.as_ref());
    let condition = condition(standing);
    who.map(|who| format!("{who}, {condition}")).unwrap_or(condition)
}

fn condition(standing: &Standing) -> String {
    let renewed = if standing.is_renewable { ", then renewed" } else { "" };
    match (standing.health, until(standing.expires_at)) {
        (Health::Valid, Some(left)) => format!("valid for {}{renewed}", span(left)),
        (Health::Valid, None) => format!("valid, expiry unknown{renewed}"),
        (Health::Renewable, _) => "lapsed, renewed when used".to_owned(),
        (Health::Borrowed, _) => format!(
            "lapsed: {} has to renew it",
            standing.borrowed_from.as_deref().unwrap_or("the tool whose it is")
        ),
        (Health::Lapsed, _) => "lapsed: sign in again".to_owned(),
    }
}

/// When it was, and what it means.
pub(crate) fn meaning(interrupted: &Interrupted) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ago = span(now.saturating_sub(Duration::from_millis(interrupted.at)));
    let meaning = if interrupted.is_recoverable {
        "its new tokens are safe, and the next renewal puts them in place"
    } else if interrupted.is_refused {
        "the server has refused the refresh token since: sign in again"
    } else {
        "the refresh token may be spent, and the next renewal tries it once more"
    };
    format!("a renewal was interrupted {ago} ago: {meaning}")
}

fn interrupted_object(interrupted: &Interrupted) -> Value {
    let outcome = if interrupted.is_recoverable {
        "recoverable"
    } else if interrupted.is_refused {
        "refused"
    } else {
        "may_be_spent"
    };
    json!({ "began_at": interrupted.at, "by": interrupted.by, "outcome": outcome })
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Valid => "valid",
        Health::Renewable => "renewable",
        Health::Borrowed => "borrowed",
        Health::Lapsed => "lapsed",
    }
}
