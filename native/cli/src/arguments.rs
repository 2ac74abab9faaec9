//! What can be said to the command. Its help, man page and completions come from here.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::exit::Exit;

/// Log agents in, and keep their tokens at hand.
///
/// Browser, device and paste logins for the providers that agents use, and for any standard
/// OAuth server described in a file. What people read goes to standard error, results go to
/// standard output, and secrets reach standard output only from `token`.
#[derive(Parser)]
#[command(name = "grantflow", version, after_long_help = exit_codes(), max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Args)]
pub(crate) struct Common {
    /// The file that keeps the credentials
    #[arg(long, global = true, value_name = "PATH", env = "GRANTFLOW_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour; `auto` asks the terminal and `NO_COLOR`
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) color: When,
    /// Show each step on standard error; never a secret
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sign in; without a provider, choose one
    Login(Login),
    /// Go on with a login that `login --no-wait` began
    ///
    /// A device login is waited for. A browser login takes the address or code that the browser
    /// showed at the end, from standard input.
    Resume(Which),
    /// Show who is signed in, and until when
    Status(Which),
    /// Print an access token, renewed if need be
    Token(Token),
    /// Renew a credential now
    Refresh(Which),
    /// Forget a credential; without a provider, choose one
    Logout(Which),
    /// List the providers that are known, and who may use them
    Providers,
    /// Watch four logins and a renewal happen, on this machine alone
    Demo(Demo),
    /// Print a completion script
    Completions {
        /// For this shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print a man page
    Man {
        /// Of this command; of grantflow itself if not given
        command: Option<String>,
    },
}

/// Which provider, and as whom.
#[derive(Args, Clone, Default)]
pub(crate) struct Which {
    /// A provider that `grantflow providers` lists
    pub(crate) provider: Option<String>,
    /// A provider of your own, in TOML or JSON
    #[arg(long, value_name = "FILE", conflicts_with = "provider")]
    pub(crate) provider_file: Option<PathBuf>,
    /// A client of your own; its secret goes into the provider file or `GRANTFLOW_CLIENT_SECRET`
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
}

impl Which {
    /// The arguments that name this provider again, in this store.
    pub(crate) fn again(&self, id: &str, store: Option<&Path>) -> String {
        let mut words = match &self.provider_file {
            Some(file) => vec!["--provider-file".to_owned(), quoted(file)],
            None => vec![id.to_owned()],
        };
        if let Some(client_id) = &self.client_id {
            words.extend(["--client-id".to_owned(), client_id.clone()]);
        }
        if let Some(store) = store {
            words.extend(["--store".to_owned(), quoted(store)]);
        }
        words.join(" ")
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[derive(Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) which: Which,
    /// How to sign in; `auto` looks where we run
    #[arg(long, value_enum, default_value_t = Flow::Auto)]
    pub(crate) flow: Flow,
    /// Ask for this scope; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// The host of the redirect to this machine, if you registered another
    #[arg(long, value_enum)]
    pub(crate) host: Option<Host>,
    /// The port of the redirect to this machine, if you registered another
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Wait this long for a person
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: Option<u64>,
    /// Print the address instead of opening it
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Print what a person has to do, and exit; `resume` goes on
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// You know that the provider restricts this login, and go on
    #[arg(long)]
    pub(crate) accept_terms: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    /// What fits this machine: the browser, else the device login, else a paste
    Auto,
    /// A browser on this machine
    Browser,
    /// A code, entered on any device
    Device,
    /// A browser anywhere; paste what it shows at the end
    Paste,
}

/// The two spellings of this machine that providers register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    #[value(name = "127.0.0.1")]
    Ipv4,
    #[value(name = "localhost")]
    Localhost,
}

#[derive(Args)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Renew unless it is good for this long
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) min_ttl: u64,
    /// Print it as the header that the provider's API wants
    #[arg(long)]
    pub(crate) header: bool,
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Sign in yourself, in your browser
    #[arg(long)]
    pub(crate) interactive: bool,
}

fn exit_codes() -> String {
    let rows = Exit::ALL.iter().map(|exit| format!("  {:>3}  {}\n", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", rows.collect::<String>())
}
