//! The kernel's locks, between processes.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use grantflow::store::{Call, HeldLock, Lock, Locks as _, Warning};
use grantflow::{FileStore, Key};
use grantflow_tests::faults::{Meanwhile, Trouble};
use grantflow_tests::{covers, local};

use super::Place;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_lock_ends_with_the_process_that_held_it() {
    covers(&["R-CR-01", "R-P-02"]);
    let place = Place::empty();
    let holder = Holder::of(&place.path());
    let begun = Instant::now();
    assert!(ours(&place.store(), Duration::from_millis(100)).await.is_none());
    assert!(begun.elapsed() >= Duration::from_millis(100), "it was waited for");
    let (store, begun) = (place.store(), Instant::now());
    let waiting = tokio::spawn(async move { ours(&store, LONG).await });
    drop(holder); // kill -9
    assert!(waiting.await.unwrap().unwrap().is_held());
    assert!(begun.elapsed() < LONG / 2, "no window has to pass");
}

#[tokio::test]
async fn who_waits_for_a_lock_can_leave_at_once_and_has_taken_nothing() {
    let place = Place::empty();
    let holder = Holder::of(&place.path());
    let store = place.store();
    let patience = tokio::time::timeout(Duration::from_millis(50), ours(&store, LONG)).await;
    assert!(patience.is_err());
    drop(holder);
    assert!(ours(&store, LONG).await.is_some());
}

#[tokio::test]
async fn a_lock_file_that_somebody_deleted_is_no_lock() {
    covers(&["R-EXP-06"]);
    let place = Place::empty();
    let store = place.store();
    let held = ours(&store, LONG).await.unwrap();
    let folder = place.folder.path().join("auth.json.grantflow");
    let names = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let is_lock = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "lock");
    let locks: Vec<_> = names.filter(is_lock).collect();
    assert_eq!(locks.len(), 1, "{locks:?}");
    fs::remove_file(&locks[0]).unwrap();
    assert!(!held.is_held());
    let next = ours(&store, LONG).await.unwrap();
    assert!(next.is_held() && !held.is_held());
    drop((held, next));
    assert!(locks[0].exists(), "a lock file stays");
}

#[tokio::test]
async fn a_lock_file_that_is_deleted_just_before_it_is_locked_is_locked_anew() {
    covers(&["R-EXP-06"]);
    let place = Place::holding("{}");
    let delete = Meanwhile::before(Call::Lock, 3, |path| fs::remove_file(path).unwrap());
    let store = place.store().with_faults(Arc::new(delete));
    let held = ours(&store, LONG).await.unwrap();
    assert!(held.is_held());
    assert!(ours(&place.store(), Duration::from_millis(50)).await.is_none());
}

#[test]
fn processes_hold_a_lock_one_after_the_other() {
    covers(&["R-T-06", "R-P-02"]);
    let place = Place::empty();
    let log = place.folder.path().join("log");
    fs::write(&log, "").unwrap();
    let mut act = Command::new(env!("CARGO_BIN_EXE_act"));
    act.arg("overlap").arg(place.path()).arg(&log);
    let holders: Vec<Child> = (0..30).map(|_| act.spawn().unwrap()).collect();
    for mut holder in holders {
        assert!(holder.wait().unwrap().success());
    }
    in_turn(&fs::read_to_string(log).unwrap(), 30 * 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn where_the_kernel_has_no_locks_a_folder_stands_for_them_and_that_is_said() {
    covers(&["B-CF-19"]);
    let place = Place::holding("{}");
    let without = || place.store().with_faults(Arc::new(Trouble::never().without_locks()));
    let log = Arc::new(std::sync::Mutex::new(String::new()));
    let tasks: Vec<_> = (0..8).map(|task| (task, without(), Arc::clone(&log))).collect();
    let tasks: Vec<_> = tasks
        .into_iter()
        .map(|(task, store, log)| {
            tokio::spawn(async move {
                let held = ours(&store, LONG).await.unwrap();
                write!(log.lock().unwrap(), "<{task}").unwrap();
                tokio::task::yield_now().await;
                assert!(held.is_held());
                writeln!(log.lock().unwrap(), "{task}>").unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    in_turn(&log.lock().unwrap(), 8);
    let store = without();
    store.save(&local::credential("new")).unwrap();
    let warnings = store.warnings().unwrap();
    assert!(matches!(warnings[..], [Warning::NoKernelLock { .. }]), "never silently: {warnings:?}");
    assert_eq!(place.store().warnings().unwrap(), []);
}

/// Every holder is alone from its `<` to its `>`.
fn in_turn(log: &str, holds: usize) {
    let is_whole = |line: &str| {
        let who = line.strip_prefix('<').and_then(|line| line.strip_suffix('>'));
        who.is_some_and(|who| who.split_at(who.len() / 2).0 == who.split_at(who.len() / 2).1)
    };
    assert_eq!(log.lines().find(|line| !is_whole(line)), None);
    assert_eq!(log.lines().count(), holds);
}

async fn ours(store: &FileStore, at_most: Duration) -> Option<Box<dyn HeldLock>> {
    store.acquire(&Key::of("standard"), Lock::Ours, at_most).await.unwrap()
}

/// A process that holds the lock of a record, until this is dropped and it is killed.
struct Holder(Child);

impl Holder {
    fn of(store: &Path) -> Self {
        let mut act = Command::new(env!("CARGO_BIN_EXE_act"));
        act.arg("hold").arg(store).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = Self(act.spawn().unwrap());
        let mut said = String::new();
        BufReader::new(holder.0.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "held\n");
        holder
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
