//! Files in places that are awkward: mounts, full disks, folders of others, writers in between.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use grantflow::store::{Exposure, InPlaceOf, Journal as _, Lock, Locks as _, Warning};
use grantflow::{Credential, CredentialStore as _, Key, Remedy, StoreError};
use grantflow_tests::{covers, local};

use super::Place;

#[test]
fn a_file_that_is_being_written_is_read_again_until_it_is_whole() {
    covers(&["B-CF-15"]);
    let place = Place::empty();
    place.store().save(&local::credential(&"long".repeat(5000))).unwrap();
    let (text, is_over) = (place.text(), AtomicBool::new(false));
    thread::scope(|all| {
        let writer = all.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let mut file = File::create(place.path()).unwrap();
                for part in text.as_bytes().chunks(text.len() / 2 + 1) {
                    file.write_all(part).unwrap();
                    thread::sleep(Duration::from_millis(1)); // it is a slow writer
                }
                drop(file);
                thread::sleep(Duration::from_millis(2));
            }
        });
        let mut torn = 0;
        let read = (0..200).try_for_each(|_| {
            torn += usize::from(fs::read_to_string(place.path()).unwrap() != text);
            place.store().load("standard").map(|found| assert!(found.is_some()))
        });
        is_over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        read.unwrap();
        assert!(torn > 0, "a plain reader sees halves");
    });
}

#[test]
fn what_anybody_could_have_written_is_refused() {
    covers(&["B-CF-07"]);
    let place = Place::holding("{}");
    for path in [place.path(), place.folder.path().to_owned()] {
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(before.mode() | 0o002)).unwrap();
        refused(&place, &path, Exposure::WorldWritable);
        fs::set_permissions(&path, before).unwrap();
    }
    place.store().save(&local::credential("new")).unwrap();
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    covers(&["B-CF-07"]);
    let place = Place::holding("{}");
    for path in [place.path(), place.folder.path().to_owned()] {
        let uid = fs::metadata(&path).unwrap().uid();
        if std::os::unix::fs::chown(&path, Some(uid + 1), None).is_err() {
            return eprintln!("note: only root can give a file away");
        }
        refused(&place, &path, Exposure::ForeignOwner);
        std::os::unix::fs::chown(&path, Some(uid), None).unwrap();
    }
}

#[tokio::test]
async fn a_folder_of_notes_that_others_could_have_filled_is_refused_with_all_that_is_in_it() {
    covers(&["B-CF-07"]);
    let place = Place::empty();
    place.store().save(&local::credential("new")).unwrap();
    let notes = place.folder.path().join("auth.json.grantflow");
    rights(&notes, 0o777);
    let key = Key::of("standard");
    for outcome in [
        place.store().save(&local::credential("newer")),
        place.store().check_writable(),
        place.store().note(&key, InPlaceOf::Nothing, "noted").await.map(drop),
        place.store().read(&key).await.map(drop),
        place.store().acquire(&key, Lock::Ours, Duration::ZERO).await.map(drop),
    ] {
        let Err(StoreError::Unsafe { path, why }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((path.file_name(), why), (notes.file_name(), Exposure::WorldWritable));
    }
    assert!(place.store().load("standard").unwrap().is_some(), "the file itself is good");
}

#[tokio::test]
async fn a_pipe_in_place_of_a_lock_is_an_error_at_once() {
    covers(&["B-CF-11"]);
    let place = Place::empty();
    let codex = place.folder.path().join(".codex/auth.json");
    for (store, lock) in [
        (place.store(), place.folder.path().join("auth.json.grantflow/store.lock")),
        (grantflow::FileStore::at(&codex).renewing(true), codex.with_file_name("auth.lock")),
    ] {
        fs::create_dir_all(lock.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&lock).status().unwrap().success());
        let credential = Credential { provider: "openai-codex".into(), ..local::credential("new") };
        let error = store.save(&credential).unwrap_err();
        assert!(matches!(error, StoreError::NotAFile { .. }), "{error:?}");
        let probed = store.probe(&Key::of("openai-codex")).await;
        // A probe holds no lock of ours, and tries those of the tool.
        assert_eq!(probed.is_err(), lock.ends_with("auth.lock"), "{probed:?}");
    }
}

#[test]
fn a_file_of_ours_that_others_could_read_is_closed_by_the_next_reader_and_a_tools_is_told_of() {
    covers(&["B-CF-07"]);
    let place = Place::holding("{}");
    rights(&place.path(), 0o644);
    assert!(place.store().load("standard").unwrap().is_none());
    assert_eq!(fs::metadata(place.path()).unwrap().mode() & 0o777, 0o600);
    rights(place.folder.path(), 0o770);
    let folder = fs::canonicalize(place.folder.path()).unwrap();
    assert_eq!(place.store().warnings().unwrap(), [Warning::SharedFolder { path: folder }]);

    let pi = place.folder.path().join(".pi/agent/auth.json");
    fs::create_dir_all(pi.parent().unwrap()).unwrap();
    fs::write(&pi, "{}").unwrap();
    rights(&pi, 0o644);
    let store = grantflow::FileStore::at(&pi);
    store.save(&local::credential("new")).unwrap();
    assert_eq!(fs::metadata(&pi).unwrap().mode() & 0o777, 0o644, "its rights are that tool's");
    let path = fs::canonicalize(&pi).unwrap();
    assert_eq!(store.warnings().unwrap(), [Warning::Readable { path }]);
}

#[test]
fn a_file_that_is_mounted_by_itself_is_written_in_its_place() {
    covers(&["B-CF-12", "R-T-08"]);
    let (inside, outside) = (Place::holding("{\"a\": 1}\n"), Place::holding("{\"a\": 1}\n"));
    let number = fs::metadata(outside.path()).unwrap().ino();
    let Some(said) = mounted(
        "mount --bind \"$2/auth.json\" \"$1/auth.json\" && exec \"$0\" save \"$1/auth.json\"",
        [inside.folder.path(), outside.folder.path()],
    ) else {
        return;
    };
    assert!(said.contains("WrittenInPlace"), "{said}");
    assert!(outside.text().starts_with("{\"a\": 1,") && outside.text().contains("standard"));
    assert_eq!(fs::metadata(outside.path()).unwrap().ino(), number, "it is the same file");
    assert_eq!(inside.text(), "{\"a\": 1}\n", "and what it hid is as it was");
    assert_eq!(inside.backup(), "{\"a\": 1}\n");
    assert!(!inside.folder.path().join("auth.json.bak").exists(), "a name that people use");
}

#[test]
fn a_file_that_can_be_written_in_a_folder_that_cannot_has_its_notes_elsewhere() {
    covers(&["B-CF-12", "R-T-08"]);
    let (inside, outside) = (Place::holding("{}"), Place::holding("{}"));
    let line = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" \
                && mount --bind \"$2/auth.json\" \"$1/auth.json\" \
                && GRANTFLOW_HOME=$2/home exec \"$0\" save \"$1/auth.json\"";
    let Some(said) = mounted(line, [inside.folder.path(), outside.folder.path()]) else {
        return;
    };
    assert!(said.contains("WrittenInPlace") && said.contains("NotesElsewhere"), "{said}");
    assert!(outside.text().contains("standard"));
    let elsewhere = outside.folder.path().join("home/elsewhere");
    let notes: Vec<_> = fs::read_dir(elsewhere).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(notes.len(), 1);
    assert_eq!(fs::read_to_string(notes[0].path().join("bak")).unwrap(), "{}");
    assert!(!notes[0].path().join("draft").exists(), "no token is left behind");
}

#[test]
fn what_cannot_be_written_is_known_before_anything_is_spent_on_it() {
    covers(&["B-CF-13", "B-CF-14", "R-P-06"]);
    let read_only = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" \
                      && GRANTFLOW_HOME=$2 exec \"$0\" check \"$1/auth.json\"";
    let full = "mount -t tmpfs -o size=64k,mode=700 none \"$1\" \
                && head -c 60000 /dev/zero > \"$1/others\" && exec \"$0\" check \"$1/auth.json\"";
    let small =
        "mount -t tmpfs -o size=1m,mode=700 none \"$1\" && exec \"$0\" check \"$1/auth.json\"";
    let full_elsewhere = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" \
                          && mount --bind \"$2/auth.json\" \"$1/auth.json\" && mkdir \"$2/home\" \
                          && mount -t tmpfs -o size=64k,mode=700 none \"$2/home\" \
                          && head -c 60000 /dev/zero > \"$2/home/others\" \
                          && GRANTFLOW_HOME=$2/home exec \"$0\" check \"$1/auth.json\"";
    for (line, expected) in [
        (read_only, "ReadOnlyFilesystem"),
        (full, "StorageFull"),
        (full_elsewhere, "StorageFull"),
        (small, "Ok(())"),
    ] {
        let (inside, outside) = (Place::holding("{}"), Place::holding("{}"));
        let Some(said) = mounted(line, [inside.folder.path(), outside.folder.path()]) else {
            return;
        };
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn every_error_of_a_place_names_it_and_says_what_to_do() {
    let place = Place::holding("");
    let error = place.store().load("standard").unwrap_err();
    assert_eq!(error.remedy(), Remedy::FixConfiguration);
    let path = fs::canonicalize(place.path()).unwrap();
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    fs::write(place.path(), "{}").unwrap();
    place.store().save(&local::credential("new")).unwrap();
    fs::write(place.path(), "{").unwrap();
    let error = place.store().load("standard").unwrap_err();
    assert!(error.to_string().contains("auth.json.grantflow/bak"), "{error}");
}

/// Runs a line of shell with `$0` as `act` and two folders, in mounts of its own; `None`, and a
/// note, where that is not allowed.
pub(super) fn mounted(line: &str, folders: [&Path; 2]) -> Option<String> {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private", "sh", "-c"]);
    let may_mount = unshare.args(["mount -t tmpfs none /mnt"]).output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        eprintln!("note: nothing can be mounted here, so places in mounts are not tested");
        return None;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private", "sh", "-c", line]);
    let output = unshare.arg(env!("CARGO_BIN_EXE_act")).args(folders).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

fn refused(place: &Place, at: &Path, expected: Exposure) {
    let before = fs::read(place.path()).unwrap();
    let at = fs::canonicalize(at).unwrap();
    for outcome in [
        place.store().load("standard").map(drop),
        place.store().save(&local::credential("new")),
        place.store().check_writable(),
    ] {
        let Err(StoreError::Unsafe { path, why }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((path, why), (at.clone(), expected));
    }
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

fn rights(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
