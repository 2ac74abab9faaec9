//! The `grantflow` command: logins for agents, from a shell.

mod arguments;
mod choose;
mod demo;
mod exit;
mod instructions;
mod login;
mod output;
mod paste;
mod person;
mod provider;
mod qr;
mod session;
mod terms;
mod trace;

use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::output::Output;

fn main() -> ExitCode {
    #[cfg(unix)]
    leave_no_core_file();
    let arguments = Arguments::try_parse().unwrap_or_else(|mistake| {
        if mistake.use_stderr() && std::env::args_os().any(|word| word == "--json") {
            let what = mistake.kind().to_string();
            let failure = Failure::usage(what, "grantflow --help");
            output::mistake(&failure);
        }
        mistake.exit()
    });
    let output = Output::new(&arguments.common);
    let exit = run(arguments, output).unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit
    });
    exit.into()
}

fn run(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let Arguments { common, command } = arguments;
    match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "grantflow", &mut script);
            io::stdout().write_all(&script)?;
            Ok(Exit::Ok)
        }
        Command::Man { command } => man(command.as_deref()),
        Command::Providers => session::providers(&output),
        Command::Demo(demo) => wait_for(until_interrupted(demo::run(output, &demo))),
        Command::Login(login) => {
            wait_for(until_interrupted(login::login(output, common.store, login)))
        }
        Command::Resume(which) => {
            wait_for(until_interrupted(login::resume(output, common.store, &which)))
        }
        Command::Status(which) => wait_for(session::status(output, common.store, &which)),
        Command::Logout(which) => wait_for(session::logout(output, common.store, &which)),
        // These spend a refresh token, and what comes of it has to be saved.
        Command::Token(token) => {
            wait_for(finishing(output, session::token(output, common.store, &token)))
        }
        Command::Refresh(which) => {
            wait_for(finishing(output, session::refresh(output, common.store, &which)))
        }
    }
}

/// A crash writes no tokens to disk. A system that refuses leaves it as it was.
#[cfg(unix)]
fn leave_no_core_file() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// Runs on this thread: a login waits more than it works.
fn wait_for(task: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(task)
}

/// Ctrl-C drops the task: its listener closes, its terminal goes back, and no file is half written
/// because no write waits. It is listened for before the task begins.
async fn until_interrupted(
    task: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    tokio::select! {
        biased;
        interrupted = interrupt() => {
            interrupted?;
            Err(Failure::interrupted())
        }
        outcome = task => outcome,
    }
}

/// The first Ctrl-C waits for the end of what cannot be undone; the second doesn't.
async fn finishing(
    output: Output,
    task: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    tokio::pin!(task);
    tokio::select! {
        biased;
        interrupted = interrupt() => interrupted?,
        outcome = &mut task => return outcome,
    }
    output.explain("finishing the renewal, so that the new token is not lost; again to leave");
    let next = tokio::select! {
        biased;
        again = interrupt() => {
            again?;
            "the refresh token may be spent: grantflow status, and sign in again if need be"
        }
        outcome = task => {
            outcome?;
            "the renewal was finished and saved"
        }
    };
    Err(Failure::new(Exit::Interrupted, "interrupted", next))
}

/// Ctrl-C, or on Unix a request to end.
async fn interrupt() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut ended = signal(SignalKind::terminate())?;
        let mut hung_up = signal(SignalKind::hangup())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed?,
            _ = ended.recv() => {}
            _ = hung_up.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn man(command: Option<&str>) -> Result<Exit, Failure> {
    let mut root = Arguments::command();
    root.build();
    let page = match command {
        None => root,
        Some(name) => root
            .find_subcommand(name)
            .ok_or_else(|| Failure::usage(format!("no command {name:?}"), "see grantflow --help"))?
            .clone()
            .display_name(format!("grantflow-{name}")),
    };
    clap_mangen::Man::new(page).render(&mut io::stdout())?;
    Ok(Exit::Ok)
}
