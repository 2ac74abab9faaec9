//! `login` and `resume`.

use std::path::PathBuf;
use std::time::Duration;

use grantflow::{Client, Credential, LoginOptions, Logins, Provider, Route, Scope};
use serde_json::json;

use crate::arguments::{self, Flow, Which};
use crate::choose;
use crate::exit::{Exit, Failure};
use crate::instructions::{self, Login};
use crate::output::{Output, span};
use crate::person::{Gone, Person};
use crate::provider;
use crate::session::{self, until};
use crate::terms;

/// Signs in, or with `--no-wait` begins to.
pub(crate) async fn login(
    output: Output,
    store: Option<PathBuf>,
    asked: arguments::Login,
) -> Result<Exit, Failure> {
    let logins = session::open(output, store.clone())?;
    let mut found = match provider::named(&asked.which)? {
        Some(found) => found,
        None => choose_one(&output, &logins, &asked.which).await?,
    };
    provider::redirect(&mut found.provider, asked.host, asked.port);
    found.configuration.patience = asked.timeout.map(Duration::from_secs);
    let again = asked.which.again(&found.provider.id, store.as_deref());
    terms::accept(&output, &found.provider, &again, asked.accept_terms)?;
    let client = Client::new(found.provider, found.configuration)?;
    let options = LoginOptions {
        route: match asked.flow {
            Flow::Auto => None,
            Flow::Browser => Some(Route::Browser),
            Flow::Device => Some(Route::Device),
            Flow::Paste => Some(Route::Paste),
        },
        scope: Scope::parse(&asked.scopes.join(" ")),
        open_browser: !asked.no_browser,
        accept_terms: true,
        ..LoginOptions::default()
    };
    if asked.no_wait {
        return begin(output, &logins, &client, &options, again).await;
    }
    let next = format!(
        "grantflow login {again} --no-wait, then grantflow resume {again} with the answer on \
         standard input"
    );
    let login = Login::of(client.provider(), again.clone(), false);
    let mut person = Person::new(output, login, asked.flow == Flow::Paste);
    let gone = person.gone();
    let task = logins.login(&client, &options, &mut person);
    let credential = unless_gone(task, &gone, &again, next).await?;
    signed_in(output, client.provider(), &credential)
}

/// Goes on with what `login --no-wait` began.
pub(crate) async fn resume(
    output: Output,
    store: Option<PathBuf>,
    which: &Which,
) -> Result<Exit, Failure> {
    let logins = session::open(output, store.clone())?;
    let found = match provider::named(which)? {
        Some(found) => found,
        None => choose_one(&output, &logins, which).await?,
    };
    let client = Client::new(found.provider, found.configuration)?;
    let again = which.again(&client.provider().id, store.as_deref());
    let next = format!("grantflow resume {again}, with the answer on standard input");
    let login = Login::of(client.provider(), again.clone(), false);
    let mut person = Person::new(output, login, true).reading_all();
    let gone = person.gone();
    let options = LoginOptions::default();
    let task = logins.resume(&client, &options, &mut person);
    let credential = unless_gone(task, &gone, &again, next).await?;
    signed_in(output, client.provider(), &credential)
}

/// Up to what the person must do, which is this command's result.
async fn begin(
    output: Output,
    logins: &Logins,
    client: &Client,
    options: &LoginOptions,
    again: String,
) -> Result<Exit, Failure> {
    let provider = client.provider();
    let mut unseen = |_: &grantflow::Prompt, _| {};
    let pending = logins
        .begin(client, options, &mut unseen)
        .await
        .map_err(|error| Failure::of(&again, &error))?;
    output.event("prompt", &instructions::object(&pending.prompt, pending.left))?;
    let next = format!("grantflow resume {again}");
    let login = Login::of(provider, again, true);
    for line in instructions::lines(&output, output.out, &login, &pending.prompt, pending.left) {
        output.result(&line)?;
    }
    output.event("pending", &json!({ "provider": provider.id, "next": next }))?;
    Ok(Exit::NeedsPerson)
}

/// The task's outcome, unless the person leaves first; then it is dropped.
async fn unless_gone(
    task: impl Future<Output = Result<Credential, grantflow::Error>>,
    gone: &Gone,
    again: &str,
    next: String,
) -> Result<Credential, Failure> {
    tokio::select! {
        outcome = task => outcome.map_err(|error| Failure::of(again, &error)),
        failure = gone.wait(next) => Err(failure),
    }
}

async fn choose_one(
    output: &Output,
    logins: &Logins,
    which: &Which,
) -> Result<grantflow::ProviderFile, Failure> {
    let standings = session::standings(logins).await?;
    let choices = logins.providers().into_iter().map(|provider| {
        let standing = standings.iter().find(|standing| standing.key.provider == provider.id);
        let note = standing.map(session::describe).unwrap_or_default();
        choose::Choice { id: provider.id, name: provider.name, note }
    });
    let id = choose::provider(output, "Sign in to", choices.collect())?;
    let chosen = Which { provider: Some(id.clone()), ..which.clone() };
    let unknown = || Failure::of(&id, &grantflow::Error::UnknownProvider(id.clone()));
    provider::named(&chosen)?.ok_or_else(unknown)
}

fn signed_in(
    output: Output,
    provider: &Provider,
    credential: &Credential,
) -> Result<Exit, Failure> {
    output.event(
        "signed_in",
        &json!({ "provider": provider.id, "account": session::account(credential),
            "expires_at": credential.expires_at, "renewable": credential.is_renewable(),
            "scope": credential.scope.to_string(),
        }),
    )?;
    let who = credential.account.email.as_ref().or(credential.account.id.as_ref());
    let who = who.map(|who| format!(" as {who}")).unwrap_or_default();
    let mark = output.out.green("signed in");
    output.result(&format!("{mark} to {}{who}", provider.name))?;
    let good = until(credential.expires_at).map(|left| format!("good for {}", span(left)));
    let good = good.unwrap_or_else(|| "good until the server says otherwise".to_owned());
    let renewed = if credential.is_renewable() { ", then renewed" } else { "" };
    output.result(&format!("{good}{renewed}"))?;
    Ok(Exit::Ok)
}

impl Login {
    fn of(provider: &Provider, again: String, no_wait: bool) -> Self {
        Self { name: provider.name.clone(), again, no_wait }
    }
}
