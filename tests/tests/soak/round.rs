//! Some seconds of many agents at work, and what came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use grantflow::transport::{Http, HttpOptions};
use grantflow::{Error, Remedy};
use grantflow_test_server::http::serve;
use grantflow_test_server::{Config, Dialect, Person, Server};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::proxy;
use super::work::{Agent, Subject};
use grantflow_tests::Chance;

const AGENTS: usize = 16;

/// What was done, and how it went.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) went_well: usize,
    pub(crate) hung: usize,
    failures: BTreeMap<(&'static str, String), usize>,
}

/// A server of its own behind a network of its own, so that what is left afterwards is the agents'.
pub(crate) async fn round(subject: Subject, length: Duration, chance: &mut Chance) -> Tally {
    let place = Place::open(chance.fork());
    let http = Http::new(&HttpOptions::default()).unwrap();
    let ends = Instant::now() + length;
    let mut agents = JoinSet::new();
    for _ in 0..AGENTS {
        let agent = Agent::new(subject, &place.issuer, http.clone(), chance.fork());
        agents.spawn(agent.work_until(ends));
    }
    let mut tally = Tally::default();
    while let Some(done) = agents.join_next().await {
        tally.add(done.unwrap_or_else(|why| panic!("an agent panicked: {why}")));
    }
    place.close();
    tally
}

/// A server and the way to it, on threads of their own.
struct Place {
    issuer: String,
    close: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Place {
    fn open(chance: Chance) -> Self {
        let (tell, told) = mpsc::channel();
        let (close, closed) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            runtime.block_on(async move {
                let mut config = Config::new(Dialect::Standard, "");
                (config.person, config.interval_s) = (Person::Approve, 1);
                config.device_code_life_s = 8;
                let server = serve(Server::new(config), (Ipv4Addr::LOCALHOST, 0).into());
                let server = server.await.unwrap();
                let (listener, address) = proxy::listen().await.unwrap();
                let issuer = format!("http://{address}");
                server.server().set_issuer(&issuer);
                tokio::spawn(proxy::relay(listener, server.address(), chance));
                tell.send(issuer).unwrap();
                // Fails where the round has failed, which ends it as well.
                let _ = closed.await;
            });
            runtime.shutdown_timeout(Duration::from_secs(5));
        });
        Self { issuer: told.recv().unwrap(), close, thread }
    }

    fn close(self) {
        self.close.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.went_well += other.went_well;
        self.hung += other.hung;
        for (failure, times) in other.failures {
            *self.failures.entry(failure).or_default() += times;
        }
    }

    /// A failure has a kind and a remedy, or does not compile.
    pub(crate) fn fail(&mut self, error: &Error) {
        let remedy: Remedy = error.remedy();
        let kind = if let Error::Ended(ended) = error.root() {
            ended.name().to_owned()
        } else {
            format!("{error:?}")
        };
        *self.failures.entry((remedy.name(), kind)).or_default() += 1;
    }

    pub(crate) fn failed(&self) -> usize {
        self.failures.values().sum()
    }

    pub(crate) fn kinds(&self) -> usize {
        self.failures.len()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} went well, {} hung", self.went_well, self.hung)?;
        for ((remedy, kind), times) in &self.failures {
            write!(f, ", {times} {kind} ({remedy})")?;
        }
        Ok(())
    }
}
