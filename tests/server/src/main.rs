//! `grantflow-test-server`: the machine on a loopback port, its log on standard output.

use std::{
    io::{self, Write as _},
    net::Ipv4Addr,
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use grantflow_test_server::{Config, Dialect, FaultRule, Hesitation, Person, Server, http};

/// An OAuth authorization server for tests, on loopback.
///
/// Prints its address as one line of JSON, then one line for each request: what it was, what was
/// wrong with it, how it was answered.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port; a free one if not given
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Whose manners: standard, anthropic, codex, github, google
    #[arg(long, default_value_t = Dialect::Standard)]
    dialect: Dialect,
    /// What the person does who is asked; shows pages to a real one if not given
    #[arg(long)]
    person: Option<Answer>,
    /// What goes wrong: NAME[:COUNT|:always][@ENDPOINT], once if not said otherwise
    #[arg(long = "fault", value_name = "RULE")]
    faults: Vec<FaultRule>,
    /// How many polls of a device login find nothing before the person's decision is found
    #[arg(long, value_name = "N")]
    after_polls: Option<u32>,
    /// Seconds between two polls of a device login
    #[arg(long, default_value_t = 5)]
    interval: u64,
    /// Codes and tokens follow from it
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Lets browsers on other origins call the token and device endpoints
    #[arg(long)]
    cors: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Answer {
    Approve,
    Deny,
    Ignore,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the log has gone: the end of the run.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("grantflow-test-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> io::Result<()> {
    let port = arguments.port;
    let server = Server::new(config(arguments));
    let handle = http::serve(server, (Ipv4Addr::LOCALHOST, port).into()).await?;
    let dialect = handle.server().config().dialect;
    let mut out = io::stdout();
    writeln!(out, r#"{{"address":"{}","dialect":"{dialect}"}}"#, handle.issuer())?;
    let mut printed = 0;
    loop {
        for entry in handle.log_from(printed).await {
            writeln!(out, "{}", entry.to_json())?;
            printed += 1;
        }
        out.flush()?;
    }
}

fn config(arguments: Arguments) -> Config {
    Config {
        seed: arguments.seed,
        interval_s: arguments.interval,
        person: match arguments.person {
            None => Person::Ask,
            Some(Answer::Approve) => Person::Approve,
            Some(Answer::Deny) => Person::Deny,
            Some(Answer::Ignore) => Person::Ignore,
        },
        hesitation: arguments.after_polls.map_or(Hesitation::None, Hesitation::Polls),
        cors: arguments.cors,
        faults: arguments.faults,
        // The host puts the address it got in place.
        ..Config::new(arguments.dialect, "")
    }
}
