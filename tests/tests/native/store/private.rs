//! Only the owner reads it, and a crash leaves the old or the new file.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use grantflow::StoreError;
use grantflow_tests::{covers, local};
use tempfile::TempDir;

use super::Place;

#[test]
fn the_file_and_its_companions_are_for_the_owner_alone_under_any_umask() {
    covers(&["B-CF-01", "B-CF-08", "C-37", "C-35"]);
    for umask in ["000", "022", "077", "777"] {
        let folder = TempDir::new().unwrap();
        let store = folder.path().join("deep/grantflow/auth.json");
        for _ in 0..2 {
            let line = format!("umask {umask}; exec \"$0\" save \"$1\"");
            let act = env!("CARGO_BIN_EXE_act");
            let child = Command::new("sh").args(["-c", &line, act]).arg(&store).output().unwrap();
            assert!(child.status.success(), "{umask}");
        }
        let found = found_in(&folder.path().join("deep"));
        assert!(found.len() >= 6, "two folders, the store, its backup and its lock: {found:?}");
        for path in found {
            let rights = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), rights, "{umask} {}", path.display());
        }
    }
}

/// A folder, with everything in it.
fn found_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for path in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        found.append(&mut if path.is_dir() { found_in(&path) } else { vec![path] });
    }
    found
}

#[test]
fn a_file_that_others_could_read_is_closed_to_them_by_the_next_save() {
    covers(&["B-CF-08"]);
    let place = Place::holding("{}");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o644)).unwrap();
    place.store().save(&local::credential("new")).unwrap();
    assert_eq!(mode(&place.path()), 0o600);
}

#[test]
fn a_link_stays_a_link() {
    covers(&["B-CF-09"]);
    let place = Place::empty();
    let target = place.folder.path().join("elsewhere.json");
    fs::write(&target, "{}").unwrap();
    symlink("elsewhere.json", place.path()).unwrap();
    place.store().save(&local::credential("new")).unwrap();
    assert!(place.path().is_symlink());
    assert!(!target.is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("\"standard\""));
}

#[test]
fn a_link_that_leads_nowhere_is_an_error_and_stays() {
    covers(&["B-CF-09"]);
    for target in ["nothing.json", "auth.json"] {
        let place = Place::empty();
        symlink(target, place.path()).unwrap();
        for outcome in [
            place.store().load("standard").map(drop),
            place.store().save(&local::credential("new")),
        ] {
            assert!(matches!(outcome, Err(StoreError::BrokenLink { .. })), "{outcome:?}");
        }
        assert!(place.path().is_symlink());
        assert!(!place.path().exists());
    }
}

#[test]
fn a_link_put_there_later_is_not_written_over() {
    covers(&["B-CF-10", "C-34"]);
    let place = Place::holding("{}");
    let store = place.store();
    let target = place.folder.path().join("elsewhere.json");
    fs::rename(place.path(), &target).unwrap();
    symlink(&target, place.path()).unwrap();
    let outcome = store.save(&local::credential("new"));
    assert!(matches!(outcome, Err(StoreError::BrokenLink { .. })), "{outcome:?}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "{}");
}

#[test]
fn a_process_killed_while_it_writes_leaves_a_whole_file() {
    covers(&["B-CF-16", "R-BUG-11", "R-EXP-07"]);
    let place = Place::empty();
    for _ in 0..8 {
        let writer = Writer::to(&place.path());
        // Reading the file for a while lets the writer come to any point.
        for _ in 0..200 {
            place.store().load("standard").unwrap();
        }
        drop(writer);
        let found = place.store().load("standard").unwrap().unwrap();
        assert_eq!(found.access_token.expose().len() % 2000, 0, "no part of a token");
    }
    place.store().save(&local::credential("the lock ended with its holder")).unwrap();
}

/// A process that saves until it is killed: when this is dropped, also by a test that fails.
struct Writer(Child);

impl Writer {
    /// Returns when it has saved once.
    fn to(store: &Path) -> Self {
        let mut act = Command::new(env!("CARGO_BIN_EXE_act"));
        let child = act.arg("save-on").arg(store).stdout(Stdio::piped()).spawn().unwrap();
        let mut writer = Self(child);
        let mut said = String::new();
        BufReader::new(writer.0.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "on\n");
        writer
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
