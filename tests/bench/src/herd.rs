//! One token that has lapsed, a server a tenth of a second away, and everyone who wants it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use grantflow::drive::drive;
use grantflow::transport::{Http, HttpOptions, Transport};
use grantflow::{Client, Clock, Credential, FileStore, Keeper, Logins};
use grantflow_core::{Flow, Method, Now, Purpose, Request, RequestId, Scope, Secret};
use grantflow_test_server::http::{Handle, serve};
use grantflow_test_server::{Config, Dialect, GrantType, Person, Server};
use grantflow_tests::world::entropy;
use grantflow_tests::{Relay, local};

use crate::place::Place;

/// How long an answer takes.
pub const LATENCY: Duration = Duration::from_millis(100);

/// A server, the slow way to it, and a login.
pub struct Herd {
    server: Handle,
    relay: Relay,
    place: Place,
    http: Arc<Http>,
    credential: Credential,
}

impl Herd {
    /// With a login that was just made.
    pub async fn new() -> Self {
        let mut config = Config::new(Dialect::Standard, "");
        (config.person, config.interval_s) = (Person::Approve, 0);
        let server = serve(Server::new(config), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let relay = Relay::slow(server.address(), LATENCY).await.unwrap();
        let place = Place::at(&relay.url());
        let http = Arc::new(Http::new(&HttpOptions::default()).unwrap());
        let credential = signed_in(&place.client, &*http).await;
        Self { server, relay, place, http, credential }
    }

    /// One request and its answer, and nothing around them.
    pub async fn round_trip(&self) -> Duration {
        let begun = Instant::now();
        self.http.send(nothing(&self.relay.url())).await.unwrap();
        begun.elapsed()
    }

    /// How long it takes so many tasks to have the new token.
    pub async fn crowd(&mut self, callers: usize) -> Duration {
        self.lapse();
        let logins = Logins::over(self.place.store(), Arc::clone(&self.http) as Arc<dyn Transport>);
        let logins = logins.with_client(self.place.client.clone());
        let keeper = logins.keeper("standard").await.unwrap();
        let taken = all_at_once(&keeper, callers).await;
        keeper.settle().await;
        self.look();
        taken
    }

    /// The same for so many processes with so many tasks each.
    pub fn processes(&mut self, processes: usize, callers: usize) -> Duration {
        self.lapse();
        let (path, issuer) = (self.place.path(), self.relay.url());
        let mut members: Vec<_> =
            (0..processes).map(|_| Member::start(&path, &issuer, callers)).collect();
        for member in &mut members {
            member.hear("ready");
        }
        let begun = Instant::now();
        members.iter_mut().for_each(Member::go);
        for member in &mut members {
            member.hear("done");
        }
        let taken = begun.elapsed();
        members.into_iter().for_each(Member::end);
        self.look();
        taken
    }

    /// How often a refresh token was presented so far.
    pub fn renewals(&self) -> usize {
        let server = self.server.server();
        let is_renewal = |kind| kind == Some(GrantType::RefreshToken);
        server.log().iter().filter(|entry| is_renewal(entry.grant_type)).count()
    }

    /// The token in the store has lapsed.
    fn lapse(&mut self) {
        (self.credential.obtained_at, self.credential.expires_at) = (0, Some(wall()));
        self.place.put(&self.credential);
    }

    fn look(&mut self) {
        self.credential = self.place.store().load("standard").unwrap().unwrap();
    }
}

/// A process that waits for a sign.
struct Member {
    process: Child,
    told: BufReader<ChildStdout>,
}

impl Member {
    fn start(path: &Path, issuer: &str, callers: usize) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["member", path.to_str().unwrap(), issuer, &callers.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(process.stdout.take().unwrap());
        Self { process, told }
    }

    fn hear(&mut self, word: &str) {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), word);
    }

    fn go(&mut self) {
        self.process.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    fn end(mut self) {
        assert!(self.process.wait().unwrap().success());
    }
}

/// What such a process does.
#[tokio::main]
pub async fn member(path: &str, issuer: &str, callers: usize) {
    let provider = local::provider(Dialect::Standard, issuer);
    let client = Client::new(provider, local::configuration(Dialect::Standard)).unwrap();
    let http = Arc::new(Http::new(&HttpOptions::default()).unwrap());
    let logins = Logins::over(FileStore::at(path), http).with_client(client);
    let keeper = logins.keeper("standard").await.unwrap();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    all_at_once(&keeper, callers).await;
    println!("done");
    keeper.settle().await;
}

async fn all_at_once(keeper: &Keeper, callers: usize) -> Duration {
    let begun = Instant::now();
    let calls: Vec<_> = (0..callers)
        .map(|_| {
            let keeper = keeper.clone();
            tokio::spawn(async move { drop(keeper.access(Duration::ZERO).await.unwrap()) })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    begun.elapsed()
}

/// A device login whose person has approved before the first poll.
async fn signed_in(client: &Client, transport: &dyn Transport) -> Credential {
    let now = Now { wall: wall(), mono: 0 };
    let mut flow = Flow::device(client, Scope::default(), &entropy(2), now).unwrap();
    drive(&mut flow, &Clock::start(), transport, &mut ()).await.unwrap()
}

fn nothing(issuer: &str) -> Request {
    Request {
        id: RequestId::from_number(1),
        purpose: Purpose::Revoke,
        method: Method::Get,
        url: format!("{issuer}/.well-known/oauth-authorization-server"),
        headers: Vec::new(),
        body: Secret::default(),
        budget: Duration::from_secs(5),
    }
}

/// Milliseconds since 1970.
fn wall() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
