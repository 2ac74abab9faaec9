//! `login` and `resume`.

use std::time::Duration;

use grantflow::{
    Client, Credential, Error, Key, LoginOptions, Logins, PendingError, Provider, ProviderFile,
    Route, Scope, providers as presets,
};
use serde_json::json;

use crate::arguments::{self, Expected, Flow, Which, quoted};
use crate::choose::{self, Choice};
use crate::exit::{Exit, Failure};
use crate::here::Here;
use crate::instructions::{self, Login};
use crate::output::{Output, span};
use crate::person::{Gone, Person};
use crate::provider;
use crate::record;
use crate::session::{self, until};
use crate::status;
use crate::terms;

/// Signs in, or with `--no-wait` begins to.
pub(crate) async fn login(here: &Here, asked: arguments::Login) -> Result<Exit, Failure> {
    let (output, logins) = (here.output, here.logins()?);
    let (mut found, key) = match provider::named(&asked.which)? {
        Some(found) => named(found, &asked.which)?,
        None => choose_one(&output, &logins, &asked.which).await?,
    };
    provider::redirect(&mut found.provider, asked.host, asked.port);
    found.configuration.patience = asked.timeout.map(Duration::from_secs);
    let again = asked.which.again(&key, &here.place);
    terms::accept(&output, &found.provider, &again, asked.accept_terms).await?;
    let client = Client::new(found.provider, found.configuration)?;
    let options = LoginOptions {
        route: match asked.flow {
            Flow::Auto => None,
            Flow::Browser => Some(Route::Browser),
            Flow::Device => Some(Route::Device),
            Flow::Paste => Some(Route::Paste),
        },
        scope: Scope::parse(&asked.scopes.join(" ")),
        account: key.account.clone(),
        expect: asked.expected.expect.clone(),
        open_browser: !asked.no_browser,
        accept_terms: true,
        ..LoginOptions::default()
    };
    let resume = format!("grantflow resume {again}{}", expecting(&asked.expected));
    if asked.no_wait {
        return begin(output, &logins, &client, &options, (&again, resume)).await;
    }
    let next = format!(
        "grantflow login {again} --no-wait, then {resume} with the answer on standard input"
    );
    let login = Login::of(client.provider(), resume, false);
    let mut person = Person::new(here, login, asked.flow == Flow::Paste);
    let gone = person.gone();
    let task = logins.login(&client, &options, &mut person);
    let ending = Ending { again: &again, expected: &asked.expected, next };
    let credential = ending.of(task, &gone).await?;
    drop(person); // and with it what it draws and reads
    signed_in(output, &client, &key, &credential)
}

/// Goes on with what `login --no-wait` began.
pub(crate) async fn resume(here: &Here, asked: &arguments::Resume) -> Result<Exit, Failure> {
    let (output, logins, which) = (here.output, here.logins()?, &asked.which);
    let (found, key) = match provider::named(which)? {
        Some(found) => named(found, which)?,
        None => choose_waiting(&output, &logins, which).await?,
    };
    let client = Client::new(found.provider, found.configuration)?;
    let again = which.again(&key, &here.place);
    let resume = format!("grantflow resume {again}{}", expecting(&asked.expected));
    let next = format!("{resume}, with the answer on standard input");
    let login = Login::of(client.provider(), resume, false);
    let mut person = Person::new(here, login, true).reading_all();
    let gone = person.gone();
    let (account, expect) = (key.account.clone(), asked.expected.expect.clone());
    let options = LoginOptions { account, expect, ..LoginOptions::default() };
    let task = logins.resume(&client, &options, &mut person);
    let ending = Ending { again: &again, expected: &asked.expected, next };
    let credential = ending.of(task, &gone).await?;
    drop(person); // and with it what it draws and reads
    signed_in(output, &client, &key, &credential)
}

fn expecting(expected: &Expected) -> String {
    let expect = expected.expect.as_deref();
    expect.map(|who| format!(" --expect {}", quoted(who))).unwrap_or_default()
}

fn named(found: ProviderFile, which: &Which) -> Result<(ProviderFile, Key), Failure> {
    let account = which.provider.as_ref().and_then(|key| key.account.clone());
    let key = Key { provider: found.provider.id.clone(), account };
    Ok((found, record::with_account(key, which)?))
}

/// Up to what the person must do, which is this command's result.
async fn begin(
    output: Output,
    logins: &Logins,
    client: &Client,
    options: &LoginOptions,
    (again, resume): (&str, String),
) -> Result<Exit, Failure> {
    let provider = client.provider();
    let mut unseen = |_: &grantflow::Prompt, _| {};
    let pending = logins
        .begin(client, options, &mut unseen)
        .await
        .map_err(|error| Failure::of(again, &error))?;
    output.event("prompt", &instructions::object(&pending.prompt, pending.left))?;
    let login = Login::of(provider, resume.clone(), true);
    for line in instructions::lines(&output, output.out, &login, &pending.prompt, pending.left) {
        output.result(&line)?;
    }
    output.event(
        "pending",
        &json!({ "provider": provider.id, "account_name": options.account, "next": resume }),
    )?;
    Ok(Exit::NeedsPerson)
}

/// How a login with a person ends.
struct Ending<'a> {
    again: &'a str,
    expected: &'a Expected,
    /// What to do when nobody is there.
    next: String,
}

impl Ending<'_> {
    /// The task's outcome, unless the person leaves first; then it is dropped.
    async fn of(
        self,
        task: impl Future<Output = Result<Credential, Error>>,
        gone: &Gone,
    ) -> Result<Credential, Failure> {
        let error = tokio::select! {
            outcome = task => match outcome {
                Ok(credential) => return Ok(credential),
                Err(error) => error,
            },
            failure = gone.wait(self.next) => return Err(failure),
        };
        match (&error, &self.expected.expect) {
            (Error::SomebodyElse(found), Some(who)) => {
                let found = found.as_ref().map(|found| format!(" ({found})")).unwrap_or_default();
                Err(Failure::new(
                    Exit::SignInAgain,
                    format!("somebody else than {who} signed in{found}, and nothing was kept"),
                    format!("grantflow login {}, as {who}", self.again),
                ))
            }
            _ => Err(Failure::of(self.again, &error)),
        }
    }
}

async fn choose_one(
    output: &Output,
    logins: &Logins,
    which: &Which,
) -> Result<(ProviderFile, Key), Failure> {
    let standings = logins.standings().await.map_err(|error| Failure::of("", &error))?;
    let choices = logins.providers().into_iter().map(|provider| {
        let key = Key { account: which.account.clone(), ..Key::of(&provider.id) };
        let standing = standings.iter().find(|standing| standing.key == key);
        let note = standing.map(status::describe).unwrap_or_default();
        Choice { id: provider.id, name: provider.name, note }
    });
    let id = choose::one(output, "Sign in to", choices.collect()).await?;
    chosen(&Key::of(id), which)
}

/// Of those that wait; others have nothing to go on with.
async fn choose_waiting(
    output: &Output,
    logins: &Logins,
    which: &Which,
) -> Result<(ProviderFile, Key), Failure> {
    let waiting = logins.waiting().map_err(|error| Failure::of("", &error))?;
    let choices = waiting.iter().map(|key| {
        let name = presets::find(&key.provider).map(|provider| provider.name);
        Choice { id: key.to_string(), name: name.unwrap_or_default(), note: key.to_string() }
    });
    let choices: Vec<_> = choices.collect();
    if choices.is_empty() {
        return Err(Failure::of("", &PendingError::None.into()));
    }
    let key = Key::from(&choose::one(output, "Go on with", choices).await?);
    chosen(&key, which)
}

fn chosen(key: &Key, which: &Which) -> Result<(ProviderFile, Key), Failure> {
    let chosen = Which { provider: Some(key.clone()), ..which.clone() };
    let unknown = || Failure::of("", &Error::UnknownProvider(key.provider.clone()));
    named(provider::named(&chosen)?.ok_or_else(unknown)?, &chosen)
}

fn signed_in(
    output: Output,
    client: &Client,
    key: &Key,
    credential: &Credential,
) -> Result<Exit, Failure> {
    output.event("signed_in", &session::signed_in(key, credential))?;
    let who = credential.account.email.as_ref().or(credential.account.id.as_ref());
    let who = who.map(|who| format!(" as {who}")).unwrap_or_default();
    let kept = key.account.as_ref().map(|_| format!(", kept as {key}")).unwrap_or_default();
    let mark = output.out.green("signed in");
    output.result(&format!("{mark} to {}{who}{kept}", client.provider().name))?;
    let good = until(credential.expires_at).map(|left| format!("good for {}", span(left)));
    let good = good.unwrap_or_else(|| "good until the server says otherwise".to_owned());
    let renewed = if credential.is_renewable() { ", then renewed" } else { "" };
    output.result(&format!("{good}{renewed}"))?;
    Ok(Exit::Ok)
}

impl Login {
    fn of(provider: &Provider, resume: String, no_wait: bool) -> Self {
        Self { name: provider.name.clone(), resume, no_wait }
    }
}
