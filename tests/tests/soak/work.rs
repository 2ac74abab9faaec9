//! What an agent does all day: it signs in, by one way or the other, renews, and signs out.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use grantflow::drive::BoxFuture;
use grantflow::environment::{Environment, Surroundings};
use grantflow::transport::{Http, Transport};
use grantflow::{
    Client, Configuration, Error, KeeperOptions, LoginOptions, Logins, MemoryStore, Route,
};
use grantflow_core::{Request, Response, TransportError};
use grantflow_test_server::Dialect;
use grantflow_tests::local;
use tokio::net::TcpStream;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::person::Person;
use super::round::Tally;
use grantflow_tests::Chance;

/// Longer than any login or renewal may take here: a code lives for 8 s, a request for one.
const DEADLINE: Duration = Duration::from_secs(30);
const PROVIDER: &str = "standard";
const BUDGET: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(8);
/// Between two misdeeds.
const PAUSE: Duration = Duration::from_millis(50);

/// What is soaked: grantflow, or something that does what it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Shipped,
    LeavesConnections,
    LeavesTasks,
    LeavesMemory,
    WaitsForEver,
}

pub(crate) struct Agent {
    subject: Subject,
    issuer: String,
    client: Client,
    logins: Logins,
    chance: Chance,
    tally: Tally,
}

impl Agent {
    /// `http` is made before: to read the system's certificates takes its time.
    pub(crate) fn new(subject: Subject, issuer: &str, http: Http, chance: Chance) -> Self {
        let configuration = Configuration { patience: Some(PATIENCE), ..Configuration::default() };
        let client =
            Client::new(local::provider(Dialect::Standard, issuer), configuration).unwrap();
        let budget = if subject == Subject::WaitsForEver { Duration::MAX } else { BUDGET };
        let mut options = KeeperOptions::default();
        (options.budget, options.patience) = (BUDGET, PATIENCE);
        let logins = Logins::over(MemoryStore::new(), Arc::new(Brisk { http, budget }));
        let logins = logins.with_client(client.clone()).with_options(options);
        let (issuer, tally) = (issuer.to_owned(), Tally::default());
        Self { subject, issuer, client, logins, chance, tally }
    }

    pub(crate) async fn work_until(mut self, ends: Instant) -> Tally {
        while Instant::now() < ends && self.tally.hung == 0 {
            if self.misbehaves().await || !self.sign_in().await {
                continue;
            }
            for _ in 0..self.chance.below(5) {
                let renewed = timeout(DEADLINE, self.logins.refresh(PROVIDER)).await;
                self.note(&renewed);
            }
            if self.chance.below(2) == 0 {
                let gone = timeout(DEADLINE, self.logins.logout(PROVIDER)).await;
                self.note(&gone);
            }
        }
        // What hung once would only do so again.
        if self.tally.hung == 0 {
            let settled = timeout(DEADLINE, self.logins.settle()).await;
            self.note(&settled.map(Ok));
        }
        self.tally
    }

    async fn sign_in(&mut self) -> bool {
        let route = [Route::Device, Route::Browser, Route::Paste][self.chance.below(3)];
        let options = LoginOptions {
            route: Some(route),
            open_browser: false,
            environment: Environment::of(&Surroundings::default()),
            ..LoginOptions::default()
        };
        let mut person = Person::going(route);
        let login = self.logins.login(&self.client, &options, &mut person);
        let outcome = timeout(DEADLINE, login).await;
        self.note(&outcome)
    }

    fn note<T>(&mut self, outcome: &Result<Result<T, Error>, Elapsed>) -> bool {
        match outcome {
            Ok(Ok(_)) => self.tally.went_well += 1,
            Ok(Err(why)) => self.tally.fail(why),
            Err(_) => self.tally.hung += 1,
        }
        matches!(outcome, Ok(Ok(_)))
    }

    async fn misbehaves(&self) -> bool {
        match self.subject {
            Subject::Shipped | Subject::WaitsForEver => return false,
            Subject::LeavesConnections => {
                let address = self.issuer.trim_start_matches("http://");
                mem::forget(TcpStream::connect(address).await);
            }
            Subject::LeavesTasks => drop(tokio::spawn(std::future::pending::<()>())),
            Subject::LeavesMemory => mem::forget(vec![1_u8; 1024 * 1024]),
        }
        tokio::time::sleep(PAUSE).await;
        true
    }
}

/// Who is in a hurry gives each request less time than the machines would.
struct Brisk {
    http: Http,
    budget: Duration,
}

impl Transport for Brisk {
    fn send(&self, mut request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        request.budget = self.budget;
        self.http.send(request)
    }
}
