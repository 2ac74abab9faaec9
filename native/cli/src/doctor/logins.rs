//! The logins: what lapsed, what was interrupted, what a clock has spoilt, and what other tools have.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use grantflow::core::{Request, Response, TransportError};
use grantflow::drive::BoxFuture;
use grantflow::store::{Home, Tool};
use grantflow::transport::Transport;
use grantflow::{Credential, Health, Key, Provider, Standing, StoreError, providers as presets};

use super::{Finding, Level};
use crate::arguments::Which;
use crate::here::{Here, Store};
use crate::output::span;
use crate::status::{self, damaged};

/// Two clocks of people who care are no further apart.
const LEEWAY: Duration = Duration::from_secs(60);

pub(super) async fn look(
    here: &Here,
    store: &Store,
    only: Option<&Key>,
    which: &Which,
) -> Vec<Finding> {
    let is_meant = |key: &Key| only.is_none_or(|only| only.provider == key.provider);
    let again = |key: &Key| which.again(key, &here.place);
    let mut findings = Vec::new();
    // A store that cannot be read was told already.
    let standings = store.logins(Arc::new(Nowhere)).standings().await.unwrap_or_default();
    for standing in standings.iter().filter(|standing| is_meant(&standing.key)) {
        findings.push(login(standing, &again(&standing.key)));
    }
    for (key, why) in damaged(store).unwrap_or_default() {
        if is_meant(&key) {
            findings.push(unusable(&key, &why, &again(&key)));
        }
    }
    for (key, record) in store.as_store().list().await.unwrap_or_default() {
        if is_meant(&key) {
            findings.extend(dated(&key, &record.credential, &again(&key)));
        }
    }
    let has = |key: &Key| standings.iter().any(|standing| standing.key == *key);
    findings.extend(elsewhere(|key| is_meant(key) && !has(key)));
    findings
}

/// The providers of everything stored, as far as they are presets.
pub(super) async fn providers(store: &Store) -> Vec<Provider> {
    let records = store.as_store().list().await.unwrap_or_default();
    let mut ids: Vec<_> = records.into_iter().map(|(key, _)| key.provider).collect();
    ids.sort();
    ids.dedup();
    ids.iter().filter_map(|id| presets::find(id)).collect()
}

/// Looking at logins sends nothing, and certificates that cannot be read are another matter.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        Box::pin(async { Err(TransportError::NotSent) })
    }
}

fn login(standing: &Standing, again: &str) -> Finding {
    let (key, told) = (&standing.key, status::describe(standing));
    if let Some(interrupted) = &standing.interrupted {
        let what = format!("{key}: {}", status::meaning(interrupted));
        let next = if interrupted.is_refused { "login" } else { "refresh" };
        let level = if interrupted.is_refused { Level::Fail } else { Level::Warn };
        let finding = Finding::warn("interrupted", what, format!("grantflow {next} {again}"));
        return Finding { level, ..finding };
    }
    match (standing.health, &standing.borrowed_from) {
        (Health::Valid | Health::Renewable, _) => Finding::ok("login", format!("{key}: {told}")),
        (Health::Borrowed, lender) => {
            let lender = lender.as_deref().unwrap_or("the tool whose it is");
            Finding::warn("login", format!("{key}: {told}"), format!("use {lender} once"))
        }
        (Health::Lapsed, _) => {
            Finding::fail("login", format!("{key}: {told}"), format!("grantflow login {again}"))
        }
    }
}

fn unusable(key: &Key, why: &StoreError, again: &str) -> Finding {
    Finding::fail("login", format!("{key}: {why}"), format!("grantflow login {again}"))
}

/// A login from the future: then this clock, or the one of that day, is wrong.
fn dated(key: &Key, credential: &Credential, again: &str) -> Option<Finding> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ahead = Duration::from_millis(credential.obtained_at).saturating_sub(now);
    if ahead > LEEWAY {
        let what = format!(
            "{key}: its token was issued {} from now, so this clock was set back since",
            span(ahead)
        );
        let next = format!("set the clock, then: grantflow refresh {again}");
        return Some(Finding::warn("expiry", what, next));
    }
    let expires_at = credential.expires_at?;
    (credential.obtained_at != 0 && expires_at <= credential.obtained_at).then(|| {
        let what = format!("{key}: its token had lapsed when it was issued");
        Finding::warn("expiry", what, format!("grantflow refresh {again}"))
    })
}

/// What could be used from here.
fn elsewhere(is_new: impl Fn(&Key) -> bool) -> Vec<Finding> {
    let found = Tool::discover(&Home::look()).into_iter();
    let findings = found.filter_map(|found| {
        let (tool, place) = (found.tool, found.path.display().to_string());
        match found.keys {
            Ok(keys) => {
                let keys: Vec<_> =
                    keys.iter().filter(|key| is_new(key)).map(Key::to_string).collect();
                let what = format!("{} is signed in to {}", tool.name(), keys.join(", "));
                let next = format!("to use that from here: grantflow import {tool}");
                (!keys.is_empty()).then(|| Finding::ok("tools", what).with_next(next))
            }
            Err(why) => Some(Finding::warn("tools", why.to_string(), format!("mend {place}"))),
        }
    });
    findings.collect()
}
