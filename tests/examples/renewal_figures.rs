//! What renewals cost, measured on this machine:
//!
//! ```text
//! cargo run --release -p grantflow-tests --example renewal_figures
//! ```
//!
//! prints the tables of `docs/benchmarks.md`; with `UPDATE_DOCS=1` it writes them there.
#![allow(clippy::unwrap_used)] // a program for measuring fails as tests do

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use grantflow::drive::BoxFuture;
use grantflow::transport::{Http, HttpOptions, Transport};
use grantflow::{Access, Client, Event, FileStore, Keeper, Logins};
use grantflow_core::{Credential, Now, RENEW_BEFORE, Request, Response, TransportError};
use grantflow_test_server::http::serve;
use grantflow_test_server::{Config, Dialect, Person, Server};
use grantflow_tests::in_process::{InProcess, wall};
use grantflow_tests::local;
use tempfile::TempDir;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md");
const BEGIN: &str = "<!-- figures of renewals -->\n";
const END: &str = "<!-- end of figures -->\n";

/// Many and short, so that some of them have a core to themselves.
const ROUNDS: usize = 101;
const LOOKS: u32 = 40_000;
const LOADS: u32 = 128;
const RENEWALS: usize = 500;
const CROWD: usize = 1000;
const CROWDS: usize = 15;

#[tokio::main]
async fn main() {
    let mut tables = format!("{}\n\n", machine());
    looks(&mut tables).await;
    durability(&mut tables).await;
    crowds(&mut tables).await;
    println!("{tables}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        update(&tables);
    }
}

/// A fresh token: a look at it, and what else one might do.
async fn looks(tables: &mut String) {
    let place = Place::new();
    place.put(&place.first);
    let keeper = place.logins().keeper("standard").await.unwrap();
    let guarded = Mutex::new(place.first.clone());
    let store = place.store();
    let look = || drop(black_box(now(&keeper)));
    let clone = || {
        let held = guarded.lock().unwrap();
        let now = Now { wall: wall(), mono: 0 };
        assert!(!held.is_due(&place.client, RENEW_BEFORE, now));
        drop(black_box(held.access_token.clone()));
    };
    let load = || drop(black_box(store.load("standard").unwrap()));

    tables.push_str("### A token while it is fresh\n\n");
    tables
        .push_str("| threads | `access()` | a clone behind a mutex | read and parse the file |\n");
    tables.push_str("|---:|---:|---:|---:|\n");
    for threads in [1, 2, 4, 8, 16, 32, 64] {
        let (look, clone) = (cost(threads, LOOKS, &look), cost(threads, LOOKS, &clone));
        let load = cost(threads, LOADS, &load);
        let _ = writeln!(tables, "| {threads} | {look} | {clone} | {load} |");
    }
    look(); // the first look of a thread makes room for its later ones
    let count = |what: &dyn Fn()| measure(what).count_total;
    let (look, clone, load) = (count(&look), count(&clone), count(&load));
    let _ = writeln!(tables, "| allocations | {look} | {clone} | {load} |\n");
}

/// How long new tokens exist and are not safe.
async fn durability(tables: &mut String) {
    let place = Place::new();
    place.put(&place.first);
    let times = Arc::new(Mutex::new(Times::default()));
    let transport = Timed { desk: place.desk.clone(), times: Arc::clone(&times) };
    let seen = Arc::clone(&times);
    let logins = Logins::over(place.store(), Arc::new(transport)).with_client(place.client.clone());
    let logins = logins.with_watch(move |event| seen.lock().unwrap().see(event));
    for _ in 0..RENEWALS {
        logins.refresh("standard").await.unwrap();
    }
    let mut times = times.lock().unwrap();
    tables.push_str("### From the server's answer to the disk\n\n");
    let _ = writeln!(tables, "| {RENEWALS} renewals | p50 | p99 | longest |\n|---|---:|---:|---:|");
    for (name, taken) in [
        ("in hand", &mut Vec::clone(&times.answered)),
        (
            "in the stash, durable: a crash loses nothing from here on",
            &mut Vec::clone(&times.stashed),
        ),
        ("in the record, durable", &mut times.saved),
    ] {
        taken.sort();
        let at = |percent: usize| shown(taken[(taken.len() * percent / 100).min(taken.len() - 1)]);
        let _ = writeln!(tables, "| {name} | {} | {} | {} |", at(50), at(99), at(100));
    }
    tables.push('\n');
}

/// Everybody wants a token that has lapsed, at once.
async fn crowds(tables: &mut String) {
    let mut config = Config::new(Dialect::Standard, "");
    (config.person, config.interval_s) = (Person::Approve, 0);
    let server = serve(Server::new(config), ([127, 0, 0, 1], 0).into()).await.unwrap();
    let place = Place::at(&server.issuer());
    let http = Arc::new(Http::new(&HttpOptions::default()).unwrap());
    let mut credential = sign_in_over(&place, &*http).await;
    let (mut alone, mut crowd) = (Vec::new(), Vec::new());
    for round in 0..CROWDS * 2 {
        (credential.obtained_at, credential.expires_at) = (0, Some(wall()));
        place.put(&credential);
        let logins = Logins::over(place.store(), Arc::clone(&http) as Arc<dyn Transport>);
        let keeper = logins.with_client(place.client.clone()).keeper("standard").await.unwrap();
        let callers = if round % 2 == 0 { 1 } else { CROWD };
        let taken = all_at_once(&keeper, callers).await;
        if callers == 1 {
            alone.push(taken);
        } else {
            crowd.push(taken);
        }
        keeper.settle().await;
        credential = place.store().load("standard").unwrap().unwrap();
    }
    let renewals = server.server().log().iter().filter(|entry| entry.grant_type.is_some()).count();
    let (one, all) = (median(&mut alone), median(&mut crowd));
    tables.push_str("### One token that has lapsed, and everyone who wants it\n\n");
    tables.push_str(
        "| callers | until the last one has the new token | requests |\n|---:|---:|---:|\n",
    );
    let _ = writeln!(tables, "| 1 | {} | 1 |", shown(one));
    let _ = writeln!(tables, "| {CROWD} | {} | 1 |", shown(all));
    let ratio = all.as_secs_f64() / one.as_secs_f64();
    let _ = writeln!(tables, "| ratio | {ratio:.2} | |\n");
    let sign_in = 1;
    assert_eq!(renewals, CROWDS * 2 + sign_in, "one request for each crowd");
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

/// A folder with a store in it, and a server in this process.
struct Place {
    folder: TempDir,
    desk: InProcess,
    client: Client,
    first: Credential,
}

impl Place {
    fn new() -> Self {
        Self::at(local::ISSUER)
    }

    fn at(issuer: &str) -> Self {
        let desk = InProcess::of(Dialect::Standard, |config| issuer.clone_into(&mut config.issuer));
        let provider = local::provider(Dialect::Standard, issuer);
        let client = Client::new(provider, local::configuration(Dialect::Standard)).unwrap();
        let first = desk.signed_in(&client);
        // On the disk that we were built on: a folder for temporary files may be in memory.
        let folder = TempDir::new_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
        Self { folder, desk, client, first }
    }

    fn store(&self) -> FileStore {
        FileStore::at(self.folder.path().join("auth.json"))
    }

    fn put(&self, credential: &Credential) {
        self.store().save(credential).unwrap();
    }

    fn logins(&self) -> Logins {
        let logins = Logins::over(self.store(), Arc::new(self.desk.clone()));
        logins.with_client(self.client.clone())
    }
}

/// The in-process server, and when it has answered.
struct Timed {
    desk: InProcess,
    times: Arc<Mutex<Times>>,
}

#[derive(Default)]
struct Times {
    rotated: Option<Instant>,
    answered: Vec<Duration>,
    stashed: Vec<Duration>,
    saved: Vec<Duration>,
}

impl Times {
    fn see(&mut self, event: &Event) {
        let Some(since) = self.rotated.map(|rotated| rotated.elapsed()) else { return };
        if let Event::Answered { .. } = event {
            self.answered.push(since);
        }
        if let Event::Performed { task: "stash", went_well: true } = event {
            self.stashed.push(since);
        }
        if let Event::Performed { task: "save", went_well: true } = event {
            self.saved.push(since);
            self.rotated = None;
        }
    }
}

impl Transport for Timed {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let (sending, times) = (self.desk.send(request), Arc::clone(&self.times));
        Box::pin(async move {
            let answer = sending.await;
            times.lock().unwrap().rotated = Some(Instant::now());
            answer
        })
    }
}

/// A device login whose person has approved before the first poll.
async fn sign_in_over(place: &Place, transport: &dyn Transport) -> Credential {
    let mut flow = grantflow_core::Flow::device(
        &place.client,
        grantflow_core::Scope::default(),
        &grantflow_tests::world::entropy(2),
        Now { wall: wall(), mono: 0 },
    )
    .unwrap();
    let clock = grantflow::Clock::start();
    grantflow::drive::drive(&mut flow, &clock, transport, &mut ()).await.unwrap()
}

/// Without waiting for anything.
fn now(keeper: &Keeper) -> Access {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(keeper.access(Duration::ZERO)).poll(&mut context) {
        Poll::Ready(token) => token.unwrap(),
        Poll::Pending => panic!("it is fresh"),
    }
}

/// The time of one core for one call, where so many threads call at once: the median of the rounds,
/// and what the fastest tenth of them stayed below.
fn cost(threads: u32, calls: u32, what: &(impl Fn() + Sync)) -> String {
    let (calls, at_once) = (calls / threads.min(8), cores().min(threads));
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let taken = elapsed(threads, || (0..calls).for_each(|_| what()));
            taken.as_secs_f64() * 1e9 * f64::from(at_once) / f64::from(calls * threads)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let (tenth, median) = (rounds[ROUNDS / 10], rounds[ROUNDS / 2]);
    if median < 1e4 {
        format!("{median:.0} ns ({tenth:.0})")
    } else {
        format!("{:.0} µs ({:.0})", median / 1e3, tenth / 1e3)
    }
}

/// From the first that begins to the last that ends.
fn elapsed(threads: u32, what: impl Fn() + Sync) -> Duration {
    let barrier = Barrier::new(threads as usize);
    let thread = || {
        barrier.wait();
        let begun = Instant::now();
        what();
        (begun, Instant::now())
    };
    let times: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (begun, ended) = (times.iter().map(|time| time.0), times.iter().map(|time| time.1));
    ended.max().unwrap() - begun.min().unwrap()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// What it was measured on.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, name)| name);
    let mut told = format!("Measured on {model}, {} cores, {}", cores(), std::env::consts::OS);
    if cfg!(debug_assertions) {
        told.push_str(", WITHOUT optimisation: these figures are worth nothing");
    }
    told + "."
}

fn cores() -> u32 {
    let cores = std::thread::available_parallelism();
    cores.ok().and_then(|cores| u32::try_from(cores.get()).ok()).unwrap_or(1)
}

fn update(tables: &str) {
    let document = Path::new(DOCUMENT);
    let text = std::fs::read_to_string(document).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let text = [before, BEGIN, "\n", tables.trim_end(), "\n\n", END, after].concat();
    std::fs::write(document, text).unwrap();
}
