//! The commands that use a login which is there: `token`, `refresh`, `logout`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use grantflow::core::{Kept, Revoked};
use grantflow::{AccessToken, Client, Credential, Key, SignedOut};
use serde_json::{Value, json};

use crate::arguments::{Token, Which};
use crate::exit::{Exit, Failure};
use crate::here::Here;
use crate::output::{Output, span, wrap};
use crate::provider;
use crate::record::{self, Held};

/// Prints the token: the one place where a secret reaches standard output.
pub(crate) async fn token(here: &Here, asked: &Token) -> Result<Exit, Failure> {
    let held = Held::find(here, &asked.which, "A token for").await?;
    let token = access(&held, asked.min_ttl).await?;
    let headers = if asked.header { held.headers(&token)? } else { Vec::new() };
    let named: BTreeMap<_, _> =
        headers.iter().map(|header| (header.name.as_str(), header.value.expose())).collect();
    here.output.event(
        "token",
        &json!({ "provider": held.key.provider, "account_name": held.key.account,
            "access_token": token.secret().expose(),
            "expires_at": token.credential().expires_at, "headers": named,
        }),
    )?;
    if headers.is_empty() {
        here.output.result(token.secret().expose())?;
    }
    for header in &headers {
        here.output.result(&format!("{}: {}", header.name, header.value.expose()))?;
    }
    Ok(tell(&here.output, &held, &token))
}

/// Renews now, whether it is due or not.
pub(crate) async fn refresh(here: &Here, which: &Which) -> Result<Exit, Failure> {
    let held = Held::find(here, which, "Renew").await?;
    let renewed = held.logins.refresh(&held.key).await.map_err(|error| held.failure(&error))?;
    let (credential, key) = (renewed.credential(), &held.key);
    here.output.event("renewed", &self::renewed(key, credential))?;
    let good = until(credential.expires_at).map(|left| format!(", good for {}", span(left)));
    let mark = here.output.out.green("renewed");
    here.output.result(&format!("{mark} {key}{}", good.unwrap_or_default()))?;
    Ok(tell(&here.output, &held, &renewed))
}

/// A token that is good for so many seconds more, renewed first if it is due.
pub(crate) async fn access(held: &Held, min_ttl: u64) -> Result<AccessToken, Failure> {
    let token = held.logins.access_token(&held.key, Duration::from_secs(min_ttl)).await;
    token.map_err(|error| held.failure(&error))
}

/// What is less than well about a token that works all the same, and how that ends the command.
pub(crate) fn tell(output: &Output, held: &Held, token: &AccessToken) -> Exit {
    let (key, again) = (&held.key, &held.again);
    let left = until(token.credential().expires_at);
    let left = left.map(|left| format!(" for {}", span(left))).unwrap_or_default();
    // A second token that is only in memory can be had again.
    let kept = if token.is_at_risk() { token.kept() } else { Kept::Saved };
    let message = match (kept, token.trouble()) {
        (Kept::Saved, None) => return Exit::Ok,
        (Kept::Saved, Some(why)) => {
            let what = format!("{key} could not be renewed, and is still good{left}: {why}");
            output.warn("renewal_failed", &what);
            return Exit::Ok;
        }
        (Kept::Stashed, _) => format!(
            "the store cannot be written: the new tokens for {key} are beside it, and the next \
             renewal puts them in place. grantflow doctor tells more"
        ),
        (Kept::InMemory, _) => format!(
            "the store cannot be written: the new refresh token for {key} is lost. The access \
             token works{left}; repair the store, then: grantflow login {again}"
        ),
    };
    output.warn("not_saved", &message);
    Exit::NotSaved
}

/// Forgets a login here, and asks the server to.
pub(crate) async fn logout(here: &Here, which: &Which) -> Result<Exit, Failure> {
    let mut logins = here.logins()?;
    let key = match record::key(which)? {
        Some(key) => key,
        None => record::choose_signed_in(here, &logins, "Sign out of").await?,
    };
    if which.provider_file.is_some()
        && let Some(found) = provider::named(which)?
    {
        logins = logins.with_client(Client::new(found.provider, found.configuration)?);
    }
    let held = logins.store().load(&key).await.ok().flatten();
    let lender = held.and_then(|held| held.borrowed_from);
    let again = which.again(&key, &here.place);
    let signed_out = logins.logout(&key).await.map_err(|error| Failure::of(&again, &error))?;
    let is_known = logins.client(&key.provider).is_ok();
    let (revoked, told) = there(&signed_out.revoked, lender.as_deref(), is_known);
    let SignedOut { was_there, .. } = signed_out;
    here.output.event(
        "signed_out",
        &json!({ "provider": key.provider, "account_name": key.account,
            "was_signed_in": was_there, "revoked": was_there.then_some(revoked),
            "message": was_there.then_some(&told),
        }),
    )?;
    if !was_there {
        here.output.result(&format!("nobody was signed in to {key}"))?;
        return Ok(Exit::Ok);
    }
    here.output.result(&format!("signed out of {key}"))?;
    for line in wrap(&format!("forgotten here; {told}"), here.output.width) {
        here.output.result(&line)?;
    }
    Ok(Exit::Ok)
}

/// What a logout means where the login came from.
fn there(revoked: &Revoked, lender: Option<&str>, is_known: bool) -> (&'static str, String) {
    match (revoked, lender) {
        (_, Some(lender)) => ("not_ours", format!("{lender} stays signed in")),
        (Revoked::Yes, None) => ("yes", "the server confirms that it has revoked it".to_owned()),
        (Revoked::NotOffered, None) if is_known => (
            "not_offered",
            "the provider has no place to revoke it, so there it ends when it expires".to_owned(),
        ),
        (Revoked::NotOffered, None) => {
            ("not_told", "the server was not told: its --provider-file was not named".to_owned())
        }
        (Revoked::Failed(why), None) => (
            "failed",
            format!(
                "the server could not be told: {why}. There it ends when it expires, or when you \
                 revoke it in the account's settings"
            ),
        ),
    }
}

/// How long until then, by the clock on the wall.
pub(crate) fn until(at_ms: Option<u64>) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    at_ms.map(|at| Duration::from_millis(at).saturating_sub(now))
}

/// A login that is there now, as an event's members.
pub(crate) fn signed_in(key: &Key, credential: &Credential) -> Value {
    json!({ "provider": key.provider, "account_name": key.account,
        "account": account(&credential.account),
        "expires_at": credential.expires_at, "renewable": credential.is_renewable(),
        "scope": credential.scope.to_string(),
    })
}

/// A renewal that has ended, as an event's members.
pub(crate) fn renewed(key: &Key, credential: &Credential) -> Value {
    json!({ "provider": key.provider, "account_name": key.account,
        "expires_at": credential.expires_at,
    })
}

/// Who signed in, as a member of events.
pub(crate) fn account(account: &grantflow::Account) -> Value {
    json!({
        "id": account.id, "email": account.email,
        "plan": account.plan, "organization": account.organization,
    })
}
