//! Logins over real HTTP, with a person played by the test.

mod cancelling;
mod claiming;
mod dialects;
pub(crate) mod person;
mod replacing;
mod resuming;
mod routes;
mod waiting;

use std::net::Ipv4Addr;

use grantflow::core::Credential;
use grantflow::environment::{Environment, Surroundings};
use grantflow::{Client, Error, FileStore, LoginOptions, Logins, Route};
use grantflow_test_server::http::{Handle, serve};
use grantflow_test_server::{Config, Dialect, Finding, Person as Decision, RedirectUri, Server};
use grantflow_tests::local;
use tempfile::TempDir;

use self::person::Person;

/// A dialect's server, a client of it, and a store.
pub(crate) struct Scene {
    pub(crate) server: Handle,
    pub(crate) client: Client,
    pub(crate) logins: Logins,
    pub(crate) folder: TempDir,
}

impl Scene {
    pub(crate) async fn of(dialect: Dialect) -> Self {
        Self::with(dialect, |_| {}).await
    }

    /// Everyone approves, and polls may come every second.
    pub(crate) async fn with(dialect: Dialect, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(dialect, "");
        config.person = Decision::Approve;
        config.interval_s = 1;
        if dialect == Dialect::Codex {
            // Its two ports may be in use by something else on this machine.
            config.clients[0].redirect_uris =
                vec![RedirectUri::AnyPort("http://localhost/auth/callback".into())];
        }
        change(&mut config);
        let server = serve(Server::new(config), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let mut provider = local::provider(dialect, &server.issuer());
        if let Some(loopback) = &mut provider.authorization.loopback {
            (loopback.ports, loopback.any_port) = (Vec::new(), true);
        }
        let client = Client::new(provider, local::configuration(dialect)).unwrap();
        let folder = TempDir::new().unwrap();
        let logins = Logins::open(folder.path().join("store/auth.json")).unwrap();
        let logins = logins.with_client(client.clone());
        Self { server, client, logins, folder }
    }

    pub(crate) async fn login(
        &self,
        route: Route,
        person: &mut Person<'_>,
    ) -> Result<Credential, Error> {
        may_move(self.logins.login(&self.client, &options(Some(route)), person)).await
    }

    /// A device login, whose person approves at once.
    pub(crate) async fn signed_in(&self) -> Credential {
        self.login(Route::Device, &mut Person::of(&self.server)).await.unwrap()
    }

    /// Where the logins are kept.
    pub(crate) fn store(&self) -> FileStore {
        FileStore::at(self.folder.path().join("store/auth.json"))
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let server = self.server.server();
        server.log().iter().flat_map(|entry| entry.findings.clone()).collect()
    }

    /// How often this endpoint was asked.
    pub(crate) fn asked(&self, endpoint: grantflow_test_server::Endpoint) -> usize {
        let server = self.server.server();
        server.log().iter().filter(|entry| entry.endpoint == endpoint).count()
    }
}

/// An agent runs logins in tasks that move between threads.
fn may_move<F: Future + Send>(login: F) -> F {
    login
}

/// On a machine without a browser.
pub(crate) fn options(route: Option<Route>) -> LoginOptions {
    LoginOptions {
        route,
        open_browser: false,
        accept_terms: true,
        environment: Environment::of(&Surroundings::default()),
        ..LoginOptions::default()
    }
}
