//! A server without a network: requests reach it, and answers come back, when a test lets them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use grantflow::drive::BoxFuture;
use grantflow::transport::Transport;
use grantflow_core::{
    Client, Credential, Flow, Machine as _, Request, Response, Scope, Step, TransportError,
};
use grantflow_test_server::{Config, Dialect, GrantType, Person, Reply, Server};
use zeroize::Zeroizing;

use crate::gate::Gate;
use crate::local::ISSUER;
use crate::world::{entropy, translate};

/// A server in this process, and a transport that leads to it. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct InProcess {
    server: Arc<Mutex<Server>>,
    /// Before a request reaches the server.
    pub requests: Gate,
    /// After the server has acted.
    pub answers: Gate,
}

impl InProcess {
    /// The dialect's server at [`ISSUER`], where everyone approves, changed by `change`.
    pub fn of(dialect: Dialect, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(dialect, ISSUER);
        (config.person, config.interval_s) = (Person::Approve, 0);
        change(&mut config);
        let server = Arc::new(Mutex::new(Server::new(config)));
        Self { server, requests: Gate::default(), answers: Gate::default() }
    }

    /// The machine: its log, and what goes wrong.
    pub fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a refresh token was presented.
    pub fn renewals(&self) -> usize {
        let server = self.server();
        let presented = |entry: &&grantflow_test_server::LogEntry| {
            entry.grant_type == Some(GrantType::RefreshToken)
        };
        server.log().iter().filter(presented).count()
    }

    /// A device login that takes no time.
    ///
    /// # Panics
    /// When it does not yield a credential.
    pub fn signed_in(&self, client: &Client) -> Credential {
        let mut now = grantflow_core::Now { wall: wall(), mono: 0 };
        let flow = Flow::device(client, Scope::default(), &entropy(1), now);
        let mut flow = flow.expect("a device login");
        loop {
            match flow.poll(now) {
                Step::Send(request) => {
                    let answer = self.handle(&request);
                    flow.handle_response(now, request.id, &answer).expect("it was out");
                }
                Step::Wait(wait) => now.mono += wait.map_or(1, |wait| wait.as_secs() * 1000 + 1),
                Step::Done(outcome) => return outcome.expect("signed in"),
            }
        }
    }

    fn handle(&self, request: &Request) -> Result<Response, TransportError> {
        match self.server().handle(wall(), &translate(request)) {
            Reply::Answer(answer) => Ok(Response {
                status: answer.status,
                retry_after: answer.header("retry-after").map(str::to_owned),
                body: Zeroizing::new(answer.body),
            }),
            Reply::Reset { processed: false } => Err(TransportError::NotSent),
            Reply::Stall | Reply::Reset { processed: true } | Reply::Truncated { .. } => {
                Err(TransportError::Lost)
            }
        }
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let desk = self.clone();
        Box::pin(async move {
            desk.requests.pass().await;
            let answer = desk.handle(&request);
            desk.answers.pass().await;
            answer
        })
    }
}

/// Milliseconds since 1970.
pub fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
