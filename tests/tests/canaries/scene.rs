//! A server, a recorded road to it, logins, and everything that comes out of them.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grantflow::core::DeviceDialect;
use grantflow::environment::{Environment, Surroundings};
use grantflow::transport::{Http, HttpOptions};
use grantflow::{Client, FileStore, LoginOptions, Logins, Route};
use grantflow_test_server::http::{Handle, serve};
use grantflow_test_server::{Config, Dialect, Person as Decision, RedirectUri, Server};
use grantflow_tests::canaries::{Canaries, Leak};
use grantflow_tests::{Relay, local};
use tempfile::TempDir;

use crate::ears;
use crate::front::{self, Speech};
use crate::person::{Habit, Person};

/// Of the client that has one.
pub(crate) const CLIENT_SECRET: &str = "test secret+100%";

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    Plain,
    Tls(Speech),
}

pub(crate) struct Scene {
    pub(crate) server: Handle,
    pub(crate) client: Client,
    pub(crate) canaries: Canaries,
    relay: Relay,
    logins: Logins,
    folder: TempDir,
    events: Arc<Mutex<String>>,
}

impl Scene {
    pub(crate) async fn with(
        dialect: Dialect,
        road: Road,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        ears::open();
        let mut config = Config::new(dialect, "");
        (config.person, config.interval_s) = (Decision::Approve, 1);
        // Each scene has secrets of its own, since all write into one log.
        config.seed = u64::from(rand_seed());
        if dialect == Dialect::Codex {
            config.clients[0].redirect_uris =
                vec![RedirectUri::AnyPort("http://localhost/auth/callback".into())];
        }
        change(&mut config);
        let server = serve(Server::new(config), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let relay = Relay::to(server.address()).await.unwrap();
        let folder = TempDir::new().unwrap();
        let (address, ca_file) = match road {
            Road::Plain => (relay.url(), None),
            Road::Tls(speech) => {
                let (url, certificate) = front::before(relay.address(), speech).await;
                let file = folder.path().join("ca.pem");
                fs::write(&file, certificate).unwrap();
                (url, Some(file))
            }
        };
        let client = client(dialect, &address, &server.issuer());
        let events = Arc::<Mutex<String>>::default();
        let logins = logins(&folder, ca_file, &events).with_client(client.clone());
        let mut canaries = Canaries::default();
        canaries.mark("the client's secret", CLIENT_SECRET);
        Self { server, client, canaries, relay, logins, folder, events }
    }

    /// Whether it ended with a credential.
    pub(crate) async fn login(&mut self, route: Route, habit: Habit) -> bool {
        let mut person = Person::of(&self.server, habit);
        let outcome = self.logins.login(&self.client, &options(route), &mut person).await;
        self.canaries.print(&outcome);
        if let Err(why) = &outcome {
            self.canaries.hear("an error", why.to_string());
        }
        self.canaries.hear("what a person is told", &person.told);
        self.canaries.hear("the page", person.pages());
        for address in &person.addresses {
            self.canaries.is_shown(address);
            self.canaries.harvest(address.as_bytes());
        }
        for address in &person.sent_to {
            self.canaries.harvest(address.as_bytes());
        }
        outcome.is_ok()
    }

    /// A renewal, and what the values that a caller gets print.
    pub(crate) async fn renew(&mut self) {
        let id = &self.client.provider().id;
        let outcome = self.logins.refresh(id.as_str()).await;
        self.canaries.print(&outcome);
        if let Err(why) = &outcome {
            self.canaries.hear("an error", why.to_string());
        }
    }

    pub(crate) async fn use_and_renew(&mut self) {
        self.renew().await;
        let id = self.client.provider().id.clone();
        let token = self.logins.access_token(id.as_str(), Duration::ZERO).await.unwrap();
        self.canaries.print(&token);
        self.canaries.print(&token.header());
        self.canaries.print(&token.headers());
        let keeper = self.logins.keeper(id.as_str()).await.unwrap();
        self.canaries.print(&keeper);
        let access = keeper.access(Duration::ZERO).await.unwrap();
        self.canaries.print(&access);
        self.canaries.print(&access.secret());
        self.canaries.print(&self.client);
        self.canaries.print(&self.logins);
        let stored = self.store().load(id.as_str()).unwrap();
        self.canaries.print(&stored);
    }

    pub(crate) async fn logout(&mut self) {
        let id = self.client.provider().id.clone();
        let outcome = self.logins.logout(id.as_str()).await;
        self.canaries.print(&outcome);
    }

    fn store(&self) -> FileStore {
        FileStore::at(self.folder.path().join("store/auth.json"))
    }

    /// The names of all files, and what is in those that are not `private`.
    pub(crate) fn look_into_files(&mut self, private: &[&str]) {
        self.canaries.hear_folder(&self.folder.path().join("store"), private);
    }

    pub(crate) fn leaks(&mut self) -> Vec<Leak> {
        for (requests, answers) in self.relay.traffic() {
            self.canaries.harvest(&requests);
            self.canaries.harvest(&answers);
            let text = String::from_utf8_lossy(&requests).into_owned();
            for line in text.lines().filter(|line| line.ends_with(" HTTP/1.1")) {
                self.canaries.hear("requests", line);
            }
        }
        // What everybody knows: it stands in addresses and is called by the name of a secret.
        self.canaries.is_public(self.client.client_id());
        self.canaries.hear("the log", ears::logged());
        self.canaries.hear("panics", ears::panicked());
        let events = self.events.lock().unwrap().clone();
        self.canaries.hear("events", events);
        self.canaries.leaks()
    }

    #[track_caller]
    pub(crate) fn ends_without_a_leak(mut self, what: &str) {
        let leaks = self.leaks();
        assert_eq!(leaks, [], "{what}");
        assert!(self.canaries.count() >= 4, "{what}: {:?}", self.canaries);
        for channel in ["Debug", "events", "requests", "the log", "what a person is told"] {
            let is_empty = self.canaries.length_of(channel) == 0;
            assert!(!is_empty || channel == "events", "{what}: nothing came by {channel}");
        }
    }
}

fn client(dialect: Dialect, address: &str, issuer: &str) -> Client {
    let mut provider = local::provider(dialect, address);
    // The person's browser goes there by itself.
    let direct = local::provider(dialect, issuer);
    (provider.issuer, provider.authorization_endpoint) =
        (direct.issuer, direct.authorization_endpoint);
    if let DeviceDialect::AuthorizationCode { redirect_uri: given, .. } = direct.device.dialect
        && let DeviceDialect::AuthorizationCode { redirect_uri, .. } = &mut provider.device.dialect
    {
        *redirect_uri = given;
    }
    if let Some(loopback) = &mut provider.authorization.loopback {
        (loopback.ports, loopback.any_port) = (Vec::new(), true);
    }
    Client::new(provider, local::configuration(dialect)).unwrap()
}

fn logins(folder: &TempDir, ca_file: Option<PathBuf>, events: &Arc<Mutex<String>>) -> Logins {
    let http = Http::new(&HttpOptions { ca_file, user_agent: None }).unwrap();
    let path = folder.path().join("store/auth.json");
    let logins = Logins::over(FileStore::at(&path), Arc::new(http)).with_pending_beside(path);
    let events = Arc::clone(events);
    logins.with_watch(move |event| writeln!(events.lock().unwrap(), "{event:?}").unwrap())
}

/// On a machine without a browser.
pub(crate) fn options(route: Route) -> LoginOptions {
    LoginOptions {
        route: Some(route),
        open_browser: false,
        accept_terms: true,
        environment: Environment::of(&Surroundings::default()),
        ..LoginOptions::default()
    }
}

/// Another number each time, in each process.
fn rand_seed() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    let number = RandomState::new().hash_one(std::process::id());
    u32::try_from(number & u64::from(u32::MAX)).unwrap()
}
