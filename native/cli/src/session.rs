//! The commands about logins that are there: `status`, `token`, `refresh`, `logout`, `providers`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use grantflow::{Client, Credential, Health, Logins, Provider, Standing, providers as presets};
use serde_json::{Value, json};

use crate::arguments::{Token, Which};
use crate::choose::{self, Choice};
use crate::exit::{Exit, Failure};
use crate::output::{Output, span, wrap};
use crate::person::watch;
use crate::provider::{self, ourselves};
use crate::terms;
use crate::trace::Trace;

/// The logins in the store that was named, or in this user's own.
pub(crate) fn open(output: Output, store: Option<PathBuf>) -> Result<Logins, Failure> {
    let logins = match store {
        Some(path) => Logins::open(path),
        None => Logins::open_default(),
    };
    let logins = logins.map_err(|error| Failure::of("", &error))?;
    let trace = Mutex::new(Trace::new(output.err, output.width));
    Ok(logins.with_variables(ourselves()).with_watch(move |event| {
        watch(&output, &mut trace.lock().unwrap_or_else(PoisonError::into_inner), event);
    }))
}

/// Who is signed in; with a provider also by the exit code.
pub(crate) async fn status(
    output: Output,
    store: Option<PathBuf>,
    which: &Which,
) -> Result<Exit, Failure> {
    let logins = open(output, store)?;
    let only = id(which)?;
    let shown = |standing: &Standing| only.as_ref().is_none_or(|id| *id == standing.key.provider);
    let standings: Vec<_> = standings(&logins).await?.into_iter().filter(shown).collect();
    for standing in &standings {
        output.event(
            "status",
            &json!({ "provider": standing.key.provider, "health": health(standing.health),
                "expires_at": standing.expires_at, "account": account_hints(&standing.account),
            }),
        )?;
        let colour = if standing.works() { output.out.green("●") } else { output.out.red("○") };
        let line = format!("{colour} {}", output.out.bold(&standing.key.provider));
        output.result(&line)?;
        output.result(&format!("  {}", describe(standing)))?;
    }
    match (only, standings.first()) {
        (Some(id), None) => Err(Failure::of(&id, &grantflow::Error::NotSignedIn(id.clone()))),
        (Some(id), Some(standing)) if !standing.works() => Err(Failure::new(
            Exit::SignInAgain,
            format!("the login to {id} has lapsed"),
            format!("sign in again: grantflow login {id}"),
        )),
        (None, None) => {
            output.result("nobody is signed in: grantflow login")?;
            Ok(Exit::Ok)
        }
        (Some(_) | None, Some(_)) => Ok(Exit::Ok),
    }
}

/// Prints the token: the one place where a secret reaches standard output.
pub(crate) async fn token(
    output: Output,
    store: Option<PathBuf>,
    asked: &Token,
) -> Result<Exit, Failure> {
    let (logins, id) = signed_in(output, store, &asked.which, "A token for").await?;
    let min_ttl = Duration::from_secs(asked.min_ttl);
    let token = logins.access_token(&id, min_ttl).await;
    let token = token.map_err(|error| Failure::of(&id, &error))?;
    let headers = if asked.header {
        token
            .headers()
            .map_err(|why| Failure::new(Exit::NotPermitted, why, format!("grantflow login {id}")))?
    } else {
        Vec::new()
    };
    let named: BTreeMap<_, _> =
        headers.iter().map(|header| (header.name.as_str(), header.value.expose())).collect();
    output.event(
        "token",
        &json!({ "provider": id, "access_token": token.secret().expose(),
            "expires_at": token.credential().expires_at, "headers": named,
        }),
    )?;
    if headers.is_empty() {
        output.result(token.secret().expose())?;
    }
    for header in &headers {
        output.result(&format!("{}: {}", header.name, header.value.expose()))?;
    }
    Ok(Exit::Ok)
}

/// Renews now, whether it is due or not.
pub(crate) async fn refresh(
    output: Output,
    store: Option<PathBuf>,
    which: &Which,
) -> Result<Exit, Failure> {
    let (logins, id) = signed_in(output, store, which, "Renew").await?;
    let renewed = logins.refresh(&id).await.map_err(|error| Failure::of(&id, &error))?;
    let credential = renewed.credential();
    output.event(
        "renewed",
        &json!({ "provider": id, "expires_at": credential.expires_at,
        }),
    )?;
    let good = until(credential.expires_at).map(|left| format!(", good for {}", span(left)));
    let mark = output.out.green("renewed");
    output.result(&format!("{mark} {id}{}", good.unwrap_or_default()))?;
    Ok(Exit::Ok)
}

/// Forgets a credential here. The server is not told: presets name no place to tell it.
pub(crate) async fn logout(
    output: Output,
    store: Option<PathBuf>,
    which: &Which,
) -> Result<Exit, Failure> {
    let logins = open(output, store)?;
    let id = match id(which)? {
        Some(id) => id,
        None => choose_signed_in(&output, &logins, "Sign out of").await?,
    };
    let signed_out = logins.logout(&id).await.map_err(|error| Failure::of(&id, &error))?;
    let was_there = signed_out.was_there;
    output.event("signed_out", &json!({ "provider": id, "was_signed_in": was_there }))?;
    if was_there {
        output.result(&format!("signed out of {id}"))?;
        output.result("forgotten here; the server was not told")?;
    } else {
        output.result(&format!("nobody was signed in to {id}"))?;
    }
    Ok(Exit::Ok)
}

/// Every preset, with who may use it.
pub(crate) fn providers(output: &Output) -> Result<Exit, Failure> {
    for provider in presets::all() {
        let status = terms::status(provider.terms.status);
        output.event(
            "provider",
            &json!({ "provider": provider.id, "name": provider.name,
                "flows": flows(&provider), "needs_client_id": provider.client_id.is_none(),
                "checks_issuer": !provider.ignore_iss,
                "terms": { "status": status, "note": provider.terms.note,
                           "source": provider.terms.source, "date": provider.terms.date },
            }),
        )?;
        output.result(&format!("{}  {}", output.out.bold(&provider.id), provider.name))?;
        let own = if provider.client_id.is_none() { "; needs a client of your own" } else { "" };
        let issuer = if provider.ignore_iss { "; publishes no issuer to check" } else { "" };
        let line = format!("{}; terms {status}{own}{issuer}", flows(&provider).join(", "));
        for line in wrap(&line, output.width.saturating_sub(2)) {
            output.result(&format!("  {}", output.out.dim(&line)))?;
        }
    }
    Ok(Exit::Ok)
}

fn flows(provider: &Provider) -> Vec<&'static str> {
    let rules = &provider.authorization;
    let signs_in = provider.authorization_endpoint.is_some();
    let has = [
        (signs_in && rules.loopback.is_some(), "browser"),
        (provider.device_authorization_endpoint.is_some(), "device"),
        (signs_in && rules.page.is_some(), "paste"),
    ];
    has.into_iter().filter(|(there, _)| *there).map(|(_, flow)| flow).collect()
}

/// A provider that somebody is signed in to, and its client as that person used it.
async fn signed_in(
    output: Output,
    store: Option<PathBuf>,
    which: &Which,
    question: &str,
) -> Result<(Logins, String), Failure> {
    let logins = open(output, store)?;
    let id = match id(which)? {
        Some(id) => id,
        None => choose_signed_in(&output, &logins, question).await?,
    };
    let failure = |error: grantflow::Error| Failure::of(&id, &error);
    let stored = logins.store().load(&id.as_str().into()).await;
    let stored = stored.map_err(|error| failure(error.into()))?;
    let stored = stored.ok_or_else(|| failure(grantflow::Error::NotSignedIn(id.clone())))?;
    let which = Which {
        provider: which.provider_file.is_none().then(|| id.clone()),
        client_id: which.client_id.clone().or(Some(stored.credential.client_id)),
        ..which.clone()
    };
    if which.provider_file.is_none() && presets::find(&id).is_none() {
        let what = format!("{id} was signed in to with a provider file");
        return Err(Failure::usage(what, "name it again, by --provider-file FILE"));
    }
    let Some(found) = provider::named(&which)? else { return Ok((logins, id)) };
    Ok((logins.with_client(Client::new(found.provider, found.configuration)?), id))
}

/// Under which name the credential is kept. A name alone need not be a preset's.
fn id(which: &Which) -> Result<Option<String>, Failure> {
    match &which.provider {
        Some(id) => Ok(Some(id.clone())),
        None => Ok(provider::named(which)?.map(|found| found.provider.id)),
    }
}

async fn choose_signed_in(
    output: &Output,
    logins: &Logins,
    question: &str,
) -> Result<String, Failure> {
    let standings = standings(logins).await?;
    if standings.is_empty() {
        let what = "nobody is signed in here";
        return Err(Failure::new(Exit::SignInAgain, what, "sign in first: grantflow login"));
    }
    let name = |id: &str| presets::find(id).map_or_else(|| id.to_owned(), |found| found.name);
    let choices = standings.iter().map(|standing| Choice {
        id: standing.key.provider.clone(),
        name: name(&standing.key.provider),
        note: describe(standing),
    });
    choose::provider(output, question, choices.collect())
}

pub(crate) async fn standings(logins: &Logins) -> Result<Vec<Standing>, Failure> {
    logins.standings().await.map_err(|error| Failure::of("", &error))
}

/// `person@example.com, valid for 59 min`
pub(crate) fn describe(standing: &Standing) -> String {
    let account = &standing.account;
    let who = account.email.as_ref().or(account.id.as_ref());
    let state = match (standing.health, until(standing.expires_at)) {
        (Health::Valid, Some(left)) => format!("valid for {}", span(left)),
        (Health::Valid, None) => "valid, expiry unknown".to_owned(),
        (Health::Renewable, _) => "lapsed, renewed when used".to_owned(),
        (Health::Borrowed, _) => format!(
            "lapsed: {} has to renew it",
            standing.borrowed_from.as_deref().unwrap_or("the tool whose it is")
        ),
        (Health::Lapsed, _) => "lapsed: sign in again".to_owned(),
    };
    who.map(|who| format!("{who}, {state}")).unwrap_or(state)
}

/// How long until then, by the clock on the wall.
pub(crate) fn until(at_ms: Option<u64>) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    at_ms.map(|at| Duration::from_millis(at).saturating_sub(now))
}

pub(crate) fn account(credential: &Credential) -> Value {
    account_hints(&credential.account)
}

fn account_hints(account: &grantflow::Account) -> Value {
    json!({
        "id": account.id, "email": account.email,
        "plan": account.plan, "organization": account.organization,
    })
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Valid => "valid",
        Health::Renewable => "renewable",
        Health::Borrowed => "borrowed",
        Health::Lapsed => "lapsed",
    }
}
