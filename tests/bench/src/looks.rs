//! The ways of having a token that is fresh, from memory and from a file.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use grantflow::core::Credential;
use grantflow::{FileStore, Keeper};
use tokio::runtime::{Builder, Runtime};

use crate::place::Place;
use crate::{cached, ready};

/// One of them.
pub struct Way {
    /// Whose.
    pub name: &'static str,
    /// How often a thread calls it in one turn, if there is no other: often enough that its start
    /// does not tell.
    pub alone: u32,
    /// The same if there are others, which some ways make dear.
    pub among_others: u32,
    /// One look.
    pub look: Box<dyn Fn() + Sync>,
}

/// All of them, ours first.
pub fn ways(place: &Place) -> Vec<Way> {
    let runtime = Arc::new(Builder::new_multi_thread().enable_all().build().unwrap());
    let keeper = runtime.block_on(place.logins().keeper("standard")).unwrap();
    let tokio = tokio_mutex(&place.first, Arc::clone(&runtime));
    let way = |name, [alone, among_others]: [u32; 2], look| Way { name, alone, among_others, look };
    vec![
        way("access()", [20_000, 20_000], access(keeper)),
        way("std mutex + Arc", [20_000, 20_000], std_mutex(&place.first)),
        way("tokio mutex + Arc", [10_000, 1_250], tokio),
        way("huskarl's cache", [10_000, 10_000], huskarl()),
        way("read + parse", [256, 32], plain_file(place.path())),
        way("spawn_blocking(read + parse)", [64, 8], blocking_file(place.path(), runtime)),
        way("our store's load()", [128, 16], our_store(place.store())),
    ]
}

type Look = Box<dyn Fn() + Sync>;

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
