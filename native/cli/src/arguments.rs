//! What can be said to the command. Its help, man page and completions come from here.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use grantflow::Key;
use grantflow::store::Tool;

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
    #[command(flatten)]
    pub(crate) place: Place,
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

/// Which store, and what may be done there.
#[derive(Args, Clone, Default)]
pub(crate) struct Place {
    /// The file that keeps the credentials, ours or another tool's; or `keychain`, or
    /// `keychain-or-file`; `GRANTFLOW_STORE` if not given
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) store: Option<PathBuf>,
    /// Renew in a file of another tool that would rather do so alone; what that risks is said
    #[arg(long, global = true)]
    pub(crate) renew_foreign: bool,
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
    Resume(Resume),
    /// Show who is signed in, and until when
    Status(Which),
    /// Print an access token, renewed if need be
    Token(Token),
    /// Run a command with an access token in its environment
    ///
    /// The token is renewed before the command starts, stands in the variable that programs for this
    /// provider read, and is in no argument. Input, output, signals and the exit code are the
    /// command's own.
    Exec(Exec),
    /// Renew a credential now
    Refresh(Which),
    /// Forget a credential, and ask the server to; without a provider, choose one
    Logout(Which),
    /// Use another tool's login from here; that tool goes on renewing it
    Import(Import),
    /// Look for what keeps logins from working, and say what to do
    ///
    /// Nothing is spent: endpoints are asked for nothing, without a credential.
    Doctor(Which),
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
    /// A provider that `grantflow providers` lists; PROVIDER:ACCOUNT for one of several accounts
    pub(crate) provider: Option<Key>,
    /// One of several accounts there, by a name of your own
    #[arg(long, value_name = "NAME", value_parser = account)]
    pub(crate) account: Option<String>,
    /// A provider of your own, in TOML or JSON
    #[arg(long, value_name = "FILE", conflicts_with = "provider")]
    pub(crate) provider_file: Option<PathBuf>,
    /// A client of your own; its secret goes into the provider file or `GRANTFLOW_CLIENT_SECRET`
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
}

impl Which {
    /// The arguments that name this record again, in this store.
    pub(crate) fn again(&self, key: &Key, place: &Place) -> String {
        let mut words = match &self.provider_file {
            Some(file) => vec!["--provider-file".to_owned(), path(file)],
            None => vec![key.provider.clone()],
        };
        if let Some(account) = &key.account {
            words.extend(["--account".to_owned(), quoted(account)]);
        }
        if let Some(client_id) = &self.client_id {
            words.extend(["--client-id".to_owned(), quoted(client_id)]);
        }
        words.extend(place.again());
        words.join(" ")
    }
}

impl Place {
    /// The store that the environment names, if no argument does. An empty variable names none.
    pub(crate) fn or_of_environment(self) -> Self {
        let named = || env::var_os("GRANTFLOW_STORE").filter(|named| !named.is_empty());
        Self { store: self.store.or_else(|| named().map(PathBuf::from)), ..self }
    }

    /// The arguments that name this store again.
    pub(crate) fn again(&self) -> Vec<String> {
        let store = self.store.as_deref().map(|store| ["--store".to_owned(), path(store)]);
        let flag = self.renew_foreign.then(|| "--renew-foreign".to_owned());
        store.into_iter().flatten().chain(flag).collect()
    }
}

fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// It is shown to people, so it has to be fit to be.
fn account(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("give the account a name");
    }
    Ok(name.to_owned())
}

#[derive(Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) expected: Expected,
}

/// Who has to sign in.
#[derive(Args, Clone, Default)]
pub(crate) struct Expected {
    /// Keep the login only if this is who signed in: an e-mail address or account id
    #[arg(long, value_name = "WHO")]
    pub(crate) expect: Option<String>,
}

#[derive(Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) expected: Expected,
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
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Renew unless it is good for this long
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) min_ttl: u64,
    /// Put the access token in this variable instead of the provider's own
    #[arg(long, value_name = "NAME", value_parser = variable)]
    pub(crate) variable: Option<String>,
    /// The command and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

fn variable(name: &str) -> Result<String, &'static str> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins_well = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if is_plain && begins_well { Ok(name.to_owned()) } else { Err("no name of a variable") }
}

#[derive(Args)]
pub(crate) struct Import {
    /// The tool whose login to use; without it, one that is found
    #[arg(value_parser = tool())]
    pub(crate) tool: Option<Tool>,
    /// You agree that it is read from here on
    #[arg(long)]
    pub(crate) yes: bool,
    /// Forget what this store has for the same provider
    #[arg(long)]
    pub(crate) replace: bool,
}

impl Import {
    /// The arguments that ask for this tool's login, with consent.
    pub(crate) fn agreed(tool: Tool, replacing: bool, place: &Place) -> String {
        let flags = if replacing { "--replace --yes" } else { "--yes" };
        let words = [tool.id().to_owned(), flags.to_owned()].into_iter();
        words.chain(place.again()).collect::<Vec<_>>().join(" ")
    }
}

fn tool() -> impl clap::builder::TypedValueParser<Value = Tool> {
    PossibleValuesParser::new(Tool::ALL.map(Tool::id)).try_map(|id| id.parse::<Tool>())
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Sign in yourself, in your browser
    #[arg(long)]
    pub(crate) interactive: bool,
    /// Serve the web demo of this checkout instead, and open it
    #[arg(long, conflicts_with = "interactive")]
    pub(crate) web: bool,
    /// The port of the web demo; a free one if not given
    #[arg(long, requires = "web", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
}

fn exit_codes() -> String {
    let rows = Exit::ALL.iter().map(|exit| format!("  {:>3}  {}\n", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", rows.collect::<String>())
}
