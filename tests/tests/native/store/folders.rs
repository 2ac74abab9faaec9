//! Locks that are folders: those of pi and Claude Code.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use grantflow::store::{HeldLock, Lock, Locks as _, OwnerLock, Tool};
use grantflow::{CredentialStore as _, FileStore, Key, StoreError};
use grantflow_tests::faults::{Trouble, What};
use grantflow_tests::{covers, local};

use super::Place;

const SOON: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(60);

/// As short as a test wants it.
const STALE: Duration = Duration::from_millis(600);

#[tokio::test]
async fn a_tools_locks_are_where_that_tool_takes_them() {
    covers(&["R-P-03"]);
    let home = tempfile::TempDir::new().unwrap();
    for (file, locks) in [
        (".pi/agent/auth.json", vec![".pi/agent/auth.json.lock"]),
        (".claude/.credentials.json", vec![".claude/.oauth_refresh.lock", ".claude.lock"]),
        (".codex/auth.json", vec![]),
        ("elsewhere/auth.json", vec![]),
    ] {
        let file = home.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let store = FileStore::at(&file).renewing(true);
        assert_eq!(store.has_owner_lock(&key()), !locks.is_empty(), "{file:?}");
        let held = owners(&store, SOON).await.unwrap().unwrap();
        let locks: Vec<PathBuf> = locks.iter().map(|lock| home.path().join(lock)).collect();
        assert!(locks.iter().all(|lock| lock.is_dir()), "{locks:?}");
        drop(held);
        assert!(!locks.iter().any(|lock| lock.exists()), "{locks:?}");
    }
}

#[tokio::test]
async fn a_fresh_lock_of_another_is_waited_for_and_left_alone() {
    covers(&["B-CF-18", "R-P-03"]);
    let place = Place::empty();
    let lock = planted(&place, Duration::from_secs(0));
    let modified = fs::metadata(&lock).unwrap().modified().unwrap();
    assert!(owners(&pi(&place), SOON).await.unwrap().is_none());
    assert_eq!(fs::metadata(&lock).unwrap().modified().unwrap(), modified);
    let store = pi(&place);
    let waiting = tokio::spawn(async move { owners(&store, LONG).await });
    fs::remove_dir(&lock).unwrap();
    assert!(waiting.await.unwrap().unwrap().is_some());
}

#[tokio::test]
async fn a_lock_is_given_up_after_the_longest_window_of_its_tool_and_not_before() {
    covers(&["B-CF-18", "R-P-03", "R-CR-10", "R-BUG-04"]);
    for (age, is_abandoned) in [(25, false), (35, true)] {
        let place = Place::empty();
        planted(&place, Duration::from_secs(age));
        let held = owners(&pi(&place), SOON).await.unwrap();
        assert_eq!(held.is_some(), is_abandoned, "{age} s");
    }
}

#[tokio::test]
async fn a_lock_from_the_future_is_given_up_once_it_was_watched_for_long_enough() {
    covers(&["B-CK-07", "R-EXP-04"]);
    let place = Place::empty();
    let lock = place.folder.path().join("tool.lock");
    fs::create_dir(&lock).unwrap();
    let next_year = SystemTime::now() + Duration::from_secs(365 * 24 * 3600);
    File::open(&lock).unwrap().set_modified(next_year).unwrap();
    let store = shared(&place);
    assert!(owners(&store, STALE).await.unwrap().is_none(), "not by its time");
    // What was seen while one waited counts for the next.
    assert!(owners(&store, 2 * STALE).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lock_that_its_holder_keeps_fresh_is_never_given_up() {
    covers(&["R-P-03"]);
    let place = Place::empty();
    let held = owners(&shared(&place), SOON).await.unwrap().unwrap();
    let other = shared(&place);
    let waiting = tokio::task::spawn(async move { owners(&other, 3 * STALE).await });
    while !waiting.is_finished() {
        assert!(held.is_held(), "also while its time is made fresh");
        tokio::task::yield_now().await;
    }
    assert!(waiting.await.unwrap().unwrap().is_none());
}

#[tokio::test]
async fn a_lock_that_was_taken_away_is_not_ours_any_more_and_not_released() {
    covers(&["B-CF-18", "R-P-03", "R-BUG-05"]);
    for take in [touched as fn(&Path), replaced, removed] {
        let place = Place::empty();
        let held = owners(&shared(&place), SOON).await.unwrap().unwrap();
        assert!(held.is_held());
        let lock = place.folder.path().join("tool.lock");
        take(&lock);
        let is_there = lock.exists();
        assert!(!held.is_held());
        drop(held);
        assert_eq!(lock.exists(), is_there, "the thief's lock is the thief's to release");
    }
}

#[tokio::test]
async fn a_file_in_place_of_a_lock_is_an_error_and_none_is_made() {
    covers(&["B-CF-18", "R-BUG-06"]);
    let place = Place::empty();
    fs::write(place.folder.path().join("auth.json.lock"), "").unwrap();
    let outcome = owners(&pi(&place), SOON).await;
    assert!(matches!(outcome, Err(StoreError::NoLock { .. })), "{outcome:?}");
}

#[tokio::test]
async fn where_no_lock_can_be_made_that_is_said() {
    covers(&["B-CF-18"]);
    let place = Place::empty();
    let nowhere = OwnerLock::none().and_folder(place.folder.path().join("no/such.lock"), STALE);
    let outcome = owners(&place.store().locked_by(nowhere), SOON).await;
    assert!(matches!(outcome, Err(StoreError::System { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_lock_that_cannot_be_kept_fresh_from_the_beginning_is_not_left_behind() {
    covers(&["B-CF-18"]);
    for at in 0.. {
        let place = Place::holding("{}");
        let lock = place.folder.path().join("auth.json.lock");
        let trouble = Arc::new(Trouble::at(at, What::Fail(5)));
        let store = pi(&place).with_faults(Arc::<Trouble>::clone(&trouble));
        let outcome = owners(&store, Duration::ZERO).await;
        if !trouble.has_come() {
            assert!(at > 2 && outcome.unwrap().is_some() && !lock.exists());
            break;
        }
        assert!(matches!(outcome, Err(StoreError::System { .. })), "{outcome:?}");
        assert!(!lock.exists(), "at {at}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_tool_whose_file_is_linked_finds_its_locks_where_it_looks_for_the_file() {
    covers(&["R-P-03", "B-CF-09"]);
    for (file, locks) in [
        (".claude/.credentials.json", [".claude/.oauth_refresh.lock", ".claude.lock"]),
        (".pi/agent/auth.json", ["dotfiles/auth.json.lock"; 2]),
    ] {
        let home = tempfile::TempDir::new().unwrap();
        let store = FileStore::at(linked(home.path(), file)).renewing(true);
        let held = owners(&store, SOON).await.unwrap().unwrap();
        for lock in locks {
            assert!(home.path().join(lock).is_dir(), "{lock}");
        }
        drop(held);
    }
    let home = tempfile::TempDir::new().unwrap();
    let path = linked(home.path(), ".codex/auth.json");
    let store = FileStore::at(&path).renewing(true);
    store.check_writable().unwrap();
    for lock in ["auth.lock", "auth.json.lock"] {
        assert!(path.with_file_name(lock).is_file(), "{lock}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_linked_has_the_older_lock_of_claude_code_beside_where_it_is() {
    covers(&["R-P-03"]);
    let home = tempfile::TempDir::new().unwrap();
    let folder = home.path().canonicalize().unwrap().join("dotfiles/claude");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(&folder, home.path().join(".claude")).unwrap();
    let file = home.path().join(".claude/.credentials.json");
    let expected = OwnerLock::none()
        .and_folder(home.path().join(".claude/.oauth_refresh.lock"), LONG)
        .and_folder(folder.with_file_name("claude.lock"), LONG);
    assert_eq!(OwnerLock::claude_code(&file), expected);
}

#[tokio::test]
async fn the_first_of_two_locks_is_released_if_the_second_is_taken() {
    covers(&["R-P-03"]);
    let home = tempfile::TempDir::new().unwrap();
    let folder = home.path().join(".claude");
    fs::create_dir(&folder).unwrap();
    fs::create_dir(home.path().join(".claude.lock")).unwrap();
    let store = FileStore::at(folder.join(".credentials.json")).renewing(true);
    assert!(owners(&store, SOON).await.unwrap().is_none());
    assert!(!folder.join(".oauth_refresh.lock").exists());
    assert!(home.path().join(".claude.lock").exists());
}

#[tokio::test]
async fn a_save_takes_the_tools_lock_unless_a_renewal_of_its_own_holds_it() {
    covers(&["R-P-03"]);
    let place = Place::empty();
    let store = shared(&place);
    let held = owners(&store, SOON).await.unwrap().unwrap();
    store.save(&local::credential("new")).unwrap();
    assert!(held.is_held(), "and the renewal goes on");
    let lock = place.folder.path().join("tool.lock");
    let other = shared(&place);
    let waiting = std::thread::spawn(move || other.save(&local::credential("newer")));
    assert!(store.load("standard").unwrap().unwrap().access_token.matches("new"));
    assert!(!waiting.is_finished() && lock.exists());
    drop(held);
    waiting.join().unwrap().unwrap();
    assert!(store.load("standard").unwrap().unwrap().access_token.matches("newer"));
    assert!(!lock.exists());
}

#[tokio::test]
async fn codex_finds_its_own_locks_held_while_its_file_is_written() {
    let home = tempfile::TempDir::new().unwrap();
    let path = home.path().join(".codex/auth.json");
    fs::create_dir(path.parent().unwrap()).unwrap();
    let store = FileStore::at(&path).renewing(true);
    let lock = File::create(path.with_file_name("auth.lock")).unwrap();
    lock.lock().unwrap();
    let mut credential = local::credential("new");
    credential.provider = "openai-codex".into();
    let waiting = std::thread::spawn(move || store.save(&credential));
    tokio::time::sleep(SOON).await; // nothing happens, and that is what is looked for
    assert!(!waiting.is_finished() && !path.exists());
    lock.unlock().unwrap();
    waiting.join().unwrap().unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn a_guest_writes_nothing() {
    covers(&["R-P-19"]);
    let home = tempfile::TempDir::new().unwrap();
    for tool in [".claude/.credentials.json", ".codex/auth.json", ".gemini/oauth_creds.json"] {
        let path = home.path().join(tool);
        let store = FileStore::at(&path);
        for outcome in [
            store.save(&local::credential("new")),
            store.remove("anthropic").map(drop),
            store.check_writable(),
            store.probe(&key()).await,
        ] {
            assert!(matches!(outcome, Err(StoreError::ReadOnly { .. })), "{outcome:?}");
        }
        assert!(!path.parent().unwrap().exists(), "{tool}");
    }
    assert!(FileStore::of(Tool::Pi).is_ok());
}

/// A tool's file that stands elsewhere, and is linked to where the tool looks for it.
#[cfg(unix)]
fn linked(home: &Path, file: &str) -> PathBuf {
    let (target, link) = (home.join("dotfiles/auth.json"), home.join(file));
    for path in [&target, &link] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
    }
    fs::write(&target, "{}").unwrap();
    std::os::unix::fs::symlink(target, &link).unwrap();
    link
}

fn touched(lock: &Path) {
    let then = SystemTime::now() + Duration::from_secs(1);
    File::open(lock).unwrap().set_modified(then).unwrap();
}

fn replaced(lock: &Path) {
    removed(lock);
    fs::create_dir(lock).unwrap();
}

fn removed(lock: &Path) {
    fs::remove_dir(lock).unwrap();
}

/// A lock of pi's that was last touched so long ago.
fn planted(place: &Place, age: Duration) -> PathBuf {
    let lock = place.folder.path().join("auth.json.lock");
    fs::create_dir(&lock).unwrap();
    File::open(&lock).unwrap().set_modified(SystemTime::now() - age).unwrap();
    lock
}

fn pi(place: &Place) -> FileStore {
    place.store().locked_by(OwnerLock::pi(&place.path()))
}

fn shared(place: &Place) -> FileStore {
    let lock = place.folder.path().join("tool.lock");
    place.store().locked_by(OwnerLock::none().and_folder(lock, STALE))
}

async fn owners(
    store: &FileStore,
    at_most: Duration,
) -> Result<Option<Box<dyn HeldLock>>, StoreError> {
    store.acquire(&key(), Lock::Owner, at_most).await
}

fn key() -> Key {
    Key::of("standard")
}
