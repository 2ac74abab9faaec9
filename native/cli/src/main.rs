//! The `grantflow` command: logins for agents, from a shell.

mod arguments;
mod choose;
mod demo;
mod doctor;
mod exec;
mod exit;
mod here;
mod import;
mod instructions;
mod login;
mod output;
mod paste;
mod person;
mod progress;
mod provider;
mod qr;
mod record;
mod session;
mod status;
mod terms;
mod trace;

use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::here::Here;
use crate::progress::Passed;

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
    let here = Here::new(&arguments.common);
    let exit = run(&here, arguments.command).unwrap_or_else(|failure| {
        here.output.failure(&failure);
        failure.exit
    });
    exit.into()
}

fn run(here: &Here, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "grantflow", &mut script);
            io::stdout().write_all(&script)?;
            Ok(Exit::Ok)
        }
        Command::Man { command } => man(command.as_deref()),
        Command::Providers => provider::list(&here.output),
        Command::Demo(demo) => wait_for(here, demo::run(here.output, &demo)),
        Command::Login(login) => wait_for(here, login::login(here, login)),
        Command::Resume(resume) => wait_for(here, login::resume(here, &resume)),
        Command::Status(which) => wait_for(here, status::status(here, &which)),
        Command::Logout(which) => wait_for(here, session::logout(here, &which)),
        Command::Token(token) => wait_for(here, session::token(here, &token)),
        Command::Refresh(which) => wait_for(here, session::refresh(here, &which)),
        // The runtime has ended when the command begins.
        Command::Exec(exec) => wait_for(here, exec::prepare(here, &exec))?.run(),
        Command::Import(import) => wait_for(here, import::import(here, &import)),
        Command::Doctor(which) => wait_for(here, doctor::doctor(here, &which)),
    }
}

/// A crash writes no tokens to disk. A system that refuses leaves it as it was.
#[cfg(unix)]
fn leave_no_core_file() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// What still runs on another thread is a write that has begun, which is as good as done, or what
/// may be stuck and is of no use any more: the look-up of a host name, the wait for a lock. A write
/// that is cut off leaves the old file or the new one.
const LAST_WRITE: Duration = Duration::from_millis(500);

/// Runs on this thread: a login waits more than it works.
fn wait_for<T>(here: &Here, task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(until_interrupted(here, task));
    runtime.shutdown_timeout(LAST_WRITE);
    outcome
}

/// Ctrl-C drops the task: its listener closes, its terminal goes back, and no file is half written
/// because no write waits. But while a refresh token is being spent the first one waits for the end
/// of that. It is listened for before the task begins.
async fn until_interrupted<T>(
    here: &Here,
    task: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::pin!(task);
    tokio::select! {
        biased;
        interrupted = interrupt() => interrupted?,
        outcome = &mut task => return outcome,
    }
    let passed = here.progress.passed();
    if passed != Passed::Marking {
        return Err(Failure::new(Exit::Interrupted, "interrupted", passed.told()));
    }
    let output = here.output;
    output.explain("finishing the renewal, so that the new token is not lost; again to leave");
    let next = tokio::select! {
        biased;
        again = interrupt() => {
            again?;
            passed.told()
        }
        outcome = task => {
            outcome?;
            "the renewal was finished"
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
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed?,
            _ = ended.recv() => {}
            hung_up = hang_up() => hung_up?,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// The terminal goes. Never, where whoever started us wants that ignored, as `nohup` does: to listen
/// would end that. Linux alone tells.
#[cfg(unix)]
async fn hang_up() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let hangup = SignalKind::hangup();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    if ignored.is_some_and(|signals| signals >> (hangup.as_raw_value() - 1) & 1 == 1) {
        return std::future::pending().await;
    }
    signal(hangup)?.recv().await;
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
