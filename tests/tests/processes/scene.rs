//! A server, a file with a login of ours between the entries of others, and who renews it.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use grantflow::core::{Digest, Error as Ended, Ledger, Reuse};
use grantflow::drive::BoxFuture;
use grantflow::environment::{Environment, Surroundings};
use grantflow::{Client, Configuration, Credential, Error, FileStore, Host, LoginOptions, Logins};
use grantflow::{Prompt, ProviderFile, Route, Secret, Way};
use grantflow_test_server::http::{Handle, serve};
use grantflow_test_server::{
    Config, Decision, Dialect, Fault, LogEntry, Person as Answer, Rotation, Server,
};
use grantflow_tests::{Relay, local};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::verdict::Verdict;

/// What stands in the file before our login: a key, and a login that another tool wrote, with more
/// digits and members than we know.
const OTHERS: [&str; 2] = [
    r#"  "openrouter": {
    "type": "api_key",
    "key": "$OPENROUTER_API_KEY",
    "added": 90071992547409
  },
"#,
    r#"  "somebody": {
    "type": "oauth",
    "refresh": "their-refresh-token",
    "access": "their-access-token",
    "expires": 1780000000000,
    "models": [
      "one",
      "two"
    ]
  },
"#,
];

/// The id of the provider that the server is.
pub(crate) const PROVIDER: &str = "standard";

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    pub(crate) server: Handle,
    pub(crate) client: Client,
    folder: TempDir,
}

impl Scene {
    /// A server that revokes a login whose refresh token comes twice; somebody is signed in to it.
    pub(crate) async fn strict() -> Self {
        Self::with(|_| {}).await
    }

    /// A server that forgives that for a minute; our client knows.
    pub(crate) async fn forgiving() -> Self {
        Self::with(|config| config.rotation = Rotation::Grace { ms: 60_000 }).await
    }

    /// The same, with tokens that live for so many seconds.
    pub(crate) async fn forgiving_for(life_s: u64) -> Self {
        Self::with(|config| {
            config.rotation = Rotation::Grace { ms: 60_000 };
            config.access_token_life_s = life_s;
        })
        .await
    }

    /// Either.
    pub(crate) async fn of(is_strict: bool) -> Self {
        if is_strict { Self::strict().await } else { Self::forgiving().await }
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(Dialect::Standard, "");
        (config.person, config.access_token_life_s) = (Answer::Approve, 600);
        change(&mut config);
        let is_forgiving = matches!(config.rotation, Rotation::Grace { .. });
        let server = serve(Server::new(config), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let mut provider = local::provider(Dialect::Standard, &server.issuer());
        provider.token.reuse = if is_forgiving { Reuse::Within(60) } else { Reuse::Never };
        let client = Client::new(provider, Configuration::default()).unwrap();
        let scene = Self { server, client, folder: TempDir::new().unwrap() };
        let text = format!("{{\n{}  \"last\": {{}}\n}}\n", OTHERS.concat());
        std::fs::create_dir(scene.store().parent().unwrap()).unwrap();
        std::fs::write(scene.store(), text).unwrap();
        scene.sign_in().await;
        scene
    }

    /// From now on the token endpoint is reached through a relay; somebody signs in to that.
    pub(crate) async fn goes_through(&mut self, relay: &Relay) {
        let provider = serde_json::to_string(self.client.provider()).unwrap();
        let (direct, through) = (self.server.issuer(), relay.url());
        let provider = provider.replace(&format!("{direct}/token"), &format!("{through}/token"));
        let provider = ProviderFile::parse(&provider).unwrap().provider;
        self.client = Client::new(provider, Configuration::default()).unwrap();
        self.sign_in().await;
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store/auth.json")
    }

    /// A file of this test, outside of the store's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new login, by a person who copies the address that the browser ended at.
    pub(crate) async fn sign_in(&self) -> Credential {
        self.sign_in_to(&self.logins()).await
    }

    /// The same, for a store elsewhere.
    pub(crate) async fn sign_in_to(&self, logins: &Logins) -> Credential {
        let options = LoginOptions {
            route: Some(Route::Paste),
            open_browser: false,
            environment: Environment::of(&Surroundings::default()),
            ..LoginOptions::default()
        };
        let mut person = Person::at(&self.server);
        logins.login(&self.client, &options, &mut person).await.unwrap()
    }

    pub(crate) fn logins(&self) -> Logins {
        Logins::open(self.store()).unwrap().with_client(self.client.clone())
    }

    /// A process that renews, told this besides.
    pub(crate) fn renewer(&self, told: &[&str]) -> Child {
        let provider = serde_json::to_string(self.client.provider()).unwrap();
        Command::new(env!("CARGO_BIN_EXE_renewer"))
            .arg(format!("store={}", self.store().display()))
            .arg(format!("provider={provider}"))
            .args(told)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// What a process prints that renews once.
    pub(crate) async fn renewed_by_another(&self, told: &[&str]) -> String {
        let output = within(self.renewer(told).wait_with_output()).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What stands in the file under our key; whoever wrote last, it can be read.
    pub(crate) fn stored(&self) -> Option<Credential> {
        FileStore::at(self.store()).load(PROVIDER).unwrap()
    }

    /// What renews it.
    pub(crate) fn refresh_token(&self) -> Digest {
        self.stored().unwrap().refresh_token.unwrap().digest()
    }

    /// The file is whole, and what others keep in it is as it was, byte for byte.
    #[track_caller]
    pub(crate) fn assert_others_are_whole(&self) {
        let text = std::fs::read_to_string(self.store()).unwrap();
        let whole: Result<serde_json::Value, _> = serde_json::from_str(&text);
        assert!(whole.is_ok_and(|whole| whole.is_object()), "the file is broken: {text:?}");
        for entry in OTHERS {
            assert_eq!(text.matches(entry).count(), 1, "{entry} in {text}");
        }
    }

    /// What processes have told each other about our record.
    pub(crate) fn ledger(&self) -> Ledger {
        let text = self.note("ledger");
        text.map_or_else(Ledger::default, |text| Ledger::read(&text).unwrap())
    }

    /// New tokens that are not in the file.
    pub(crate) fn stash(&self) -> Option<String> {
        self.note("stash")
    }

    fn note(&self, ending: &str) -> Option<String> {
        let notes = self.store().with_file_name("auth.json.grantflow");
        let mut files = std::fs::read_dir(notes).ok()?.map(|file| file.unwrap().path());
        let file = files.find(|file| file.extension().is_some_and(|found| found == ending))?;
        std::fs::read_to_string(file).ok()
    }

    /// The request that a fault struck.
    pub(crate) fn has_struck(&self, fault: Fault) -> Option<LogEntry> {
        let server = self.server.server();
        server.log().iter().find(|entry| entry.faults.contains(&fault)).cloned()
    }

    /// What the server's log says.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::of(self.server.server().log())
    }
}

/// Signs in wherever the prompt leads.
pub(crate) struct Person<'s> {
    server: &'s Handle,
    address: String,
}

impl<'s> Person<'s> {
    pub(crate) fn at(server: &'s Handle) -> Self {
        Self { server, address: String::new() }
    }
}

impl Host for Person<'_> {
    fn show(&mut self, prompt: &Prompt, _left: Duration) {
        let Prompt::OpenUrl { sign_ins, .. } = prompt else { panic!("{prompt:?}") };
        let redirect = sign_ins.iter().find(|sign_in| sign_in.way == Way::Redirect).unwrap();
        let now = self.server.now_ms();
        self.address =
            self.server.server().authorize(now, &redirect.url, Decision::Approve).unwrap();
    }

    fn paste(&mut self) -> BoxFuture<'_, Secret> {
        Box::pin(async { Secret::new(self.address.clone()) })
    }
}

/// Whatever hangs is a failure and not the end of all tests.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it hangs")
}

/// Looks until something is there.
pub(crate) async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it never comes");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether the tests may take as long as it takes.
pub(crate) fn is_long() -> bool {
    std::env::var_os("GRANTFLOW_LONG").is_some()
}

/// How a renewal ended, whoever else waited for it.
pub(crate) fn ended(why: &Error) -> Option<&Ended> {
    if let Error::Shared(why) = why {
        return ended(why);
    }
    if let Error::Ended(why) = why { Some(why) } else { None }
}
