//! Part 2: a token that is fresh, had by one thread or by many at once.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant, SystemTime};

use grantflow::core::Credential;
use grantflow::{FileStore, Keeper};
use grantflow_bench::place::Place;
use grantflow_bench::results::{Row, Series, is_quick, rounded, write};
use grantflow_bench::{cached, ready};
use tokio::runtime::{Builder, Runtime};

/// One look of one thread.
type Look = Box<dyn Fn() + Sync>;

pub(crate) fn measure() {
    let place = Place::new();
    place.put(&place.first);
    let runtime = Arc::new(Builder::new_multi_thread().enable_all().build().unwrap());
    let keeper = runtime.block_on(place.logins().keeper("standard")).unwrap();
    let ways: Vec<(&str, u32, Look)> = vec![
        ("access()", 20_000, access(keeper)),
        ("std mutex + Arc", 20_000, std_mutex(&place.first)),
        ("tokio mutex + Arc", 10_000, tokio_mutex(&place.first, Arc::clone(&runtime))),
        ("huskarl's cache", 10_000, huskarl()),
        ("read + parse", 256, plain_file(place.path())),
        ("spawn_blocking(read + parse)", 64, blocking_file(place.path(), runtime)),
        ("our store's load()", 128, our_store(place.store())),
    ];
    let rows = [1, 2, 4, 8, 16, 32, 64]
        .map(|threads| Row::new(threads.to_string(), looks(threads, &ways)));
    write("token", &rows);
}

/// As many rounds as there are; in each everyone has a turn.
fn looks(threads: u32, ways: &[(&str, u32, Look)]) -> Vec<Series> {
    let rounds = if is_quick() { 5 } else { 101 };
    let mut series: Vec<_> = ways.iter().map(|(name, ..)| Series::new(*name)).collect();
    for round in 0..rounds {
        for place in 0..ways.len() {
            let turn = (round + place) % ways.len();
            let (_, calls, look) = &ways[turn];
            let calls = (calls / threads.min(8)).max(1);
            let taken = elapsed(threads, || (0..calls).for_each(|_| look()));
            // Of one core: threads beyond the cores wait for their turn, and not for each other.
            let at_once = f64::from(cores().min(threads));
            let each = taken.as_secs_f64() * 1e9 * at_once / f64::from(calls * threads);
            series[turn].ns.push(rounded(each));
        }
    }
    series
}

/// What this crate has for it.
fn access(keeper: Keeper) -> Look {
    Box::new(move || {
        std::hint::black_box(ready(keeper.access(Duration::ZERO)).unwrap());
    })
}

fn std_mutex(credential: &Credential) -> Look {
    let held = Mutex::new(Arc::new(credential.clone()));
    Box::new(move || {
        let held = Arc::clone(&held.lock().unwrap());
        assert!(is_fresh(&held));
        std::hint::black_box(held);
    })
}

fn tokio_mutex(credential: &Credential, runtime: Arc<Runtime>) -> Look {
    let held = tokio::sync::Mutex::new(Arc::new(credential.clone()));
    Box::new(move || {
        // A lock that is free needs no runtime.
        let held = match held.try_lock() {
            Ok(held) => Arc::clone(&held),
            Err(_) => runtime.block_on(async { Arc::clone(&*held.lock().await) }),
        };
        assert!(is_fresh(&held));
        std::hint::black_box(held);
    })
}

fn huskarl() -> Look {
    let cache = cached::huskarl();
    Box::new(move || {
        std::hint::black_box(cached::look(&cache));
    })
}

/// What an agent does that keeps its login in a file of JSON and asks it each time.
fn plain_file(path: PathBuf) -> Look {
    Box::new(move || {
        std::hint::black_box(parsed(&fs::read(&path).unwrap()));
    })
}

/// The same where the thread must not wait.
fn blocking_file(path: PathBuf, runtime: Arc<Runtime>) -> Look {
    Box::new(move || {
        let path = path.clone();
        let reading = async { tokio::task::spawn_blocking(move || fs::read(path)).await };
        let bytes = runtime.block_on(reading).unwrap().unwrap();
        std::hint::black_box(parsed(&bytes));
    })
}

fn our_store(store: FileStore) -> Look {
    Box::new(move || {
        std::hint::black_box(store.load("standard").unwrap());
    })
}

fn parsed(bytes: &[u8]) -> serde_json::Value {
    let parsed: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert!(parsed.is_object());
    parsed
}

fn is_fresh(credential: &Credential) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u128::from(credential.expires_at.unwrap()) > now.as_millis()
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

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap())
}
