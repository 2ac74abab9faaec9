//! `exec`: a command with an access token in its environment.

use std::io;
use std::process;

use grantflow::core::Provider;
use grantflow::{AccessToken, Secret};

use crate::arguments::Exec;
use crate::exit::{Exit, Failure};
use crate::here::Here;
use crate::record::Held;
use crate::session::{access, tell};

/// A command that is ready to run. Everything about the token is settled.
pub(crate) struct Prepared {
    command: process::Command,
}

/// Renews the token if it is due, and names the variable for it.
pub(crate) async fn prepare(here: &Here, asked: &Exec) -> Result<Prepared, Failure> {
    let held = Held::find(here, &asked.which, "With a token for").await?;
    let client = held.logins.client(&held.key.provider).map_err(|error| held.failure(&error))?;
    let named = asked.variable.as_deref().or_else(|| variable(client.provider()));
    let variable = named.ok_or_else(|| {
        let what = format!("no variable is known in which programs look for {}", held.key);
        Failure::usage(what, "name one: --variable NAME")
    })?;
    let token = access(&held, asked.min_ttl).await?;
    // A token that is not in the store works all the same; it was said.
    tell(&here.output, &held, &token);
    let secret = match asked.variable {
        Some(_) => token.secret(),
        None => wanted(&token),
    };
    let [program, arguments @ ..] = &asked.command[..] else {
        return Err(Failure::usage("no command", "name it after --"));
    };
    let mut command = process::Command::new(program);
    command.args(arguments).env(variable, secret.expose());
    Ok(Prepared { command })
}

/// Where programs for this provider look.
fn variable(provider: &Provider) -> Option<&str> {
    let api = &provider.api;
    api.token_variables.first().or(api.key_variables.first()).map(String::as_str)
}

/// Where a login's first token is exchanged for a second, programs do so themselves.
fn wanted(token: &AccessToken) -> &Secret {
    token.credential().subject_token.as_ref().unwrap_or(token.secret())
}

impl Prepared {
    /// Becomes the command: the same process, with its input, output and signals.
    #[cfg(unix)]
    pub(crate) fn run(mut self) -> Result<Exit, Failure> {
        let why = std::os::unix::process::CommandExt::exec(&mut self.command);
        Err(self.failure(&why))
    }

    /// Runs the command, and ends as it does.
    #[cfg(not(unix))]
    pub(crate) fn run(mut self) -> Result<Exit, Failure> {
        let status = self.command.status().map_err(|why| self.failure(&why))?;
        process::exit(status.code().unwrap_or(1))
    }

    fn failure(&self, why: &io::Error) -> Failure {
        let program = self.command.get_program().display();
        let exit =
            if why.kind() == io::ErrorKind::NotFound { Exit::NoCommand } else { Exit::CannotRun };
        Failure::new(exit, format!("{program}: {why}"), "name a program that is there, after --")
    }
}
