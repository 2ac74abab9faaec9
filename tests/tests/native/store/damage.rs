//! What cannot be read is left as it is.

use std::fs;
#[cfg(unix)]
use std::process::{Command, Stdio};

use grantflow::{FileStore, Remedy, StoreError};
use grantflow_tests::{covers, local};

use super::Place;

#[test]
fn a_missing_file_holds_nothing() {
    covers(&["B-CF-01"]);
    let place = Place::empty();
    assert!(place.store().load("standard").unwrap().is_none());
    assert_eq!(place.store().list().unwrap().len(), 0);
    assert!(!place.path().exists(), "reading creates nothing");
}

#[test]
fn an_empty_file_is_damaged_and_not_written_over() {
    covers(&["B-CF-02", "R-EXP-03"]);
    let texts = ["", "  \n", "\u{feff}"].map(str::as_bytes);
    untouched(&texts, |why| matches!(why, StoreError::Empty { .. }));
}

#[test]
fn what_cannot_be_read_is_not_written_over() {
    covers(&["B-CF-03"]);
    let texts = [
        "{\"a\": 1",
        "{\"a\": 1}}",
        "{\"a\": 1} trailing",
        "[]",
        "null",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": 1, \"\\u0061\": 2}",
        "{'a': 1}",
        "{\"a\": 1,}",
        "{\"a\": 1}{\"a\": 1}",
        "{\"a\": 1 \"b\": 2}",
        "{\"a\": \"half",
        "{\"a\": \"\\u00",
        "{\"a\": \"a\nline\"}",
        "{\"a\": NaN}",
        "{\"a\": 01}",
        "{\"a\": .5}",
        "{a: 1}",
        "// a comment\n{}",
        "{\"a\": 1} // a comment",
        "\"text\"",
        "17",
        "true",
        "a = 1",
        "<html>",
        "\0\0\0\0",
        "{\"a\": 1}\0\0\0\0",
    ];
    let mut texts = texts.map(str::as_bytes).to_vec();
    texts.push(b"{\"a\": \"\xff\"}");
    texts.push(b"\xff\xfe{\0}\0");
    texts.push(b"\xfe\xff\0{\0}");
    untouched(&texts, |why| matches!(why, StoreError::Corrupt { .. }));
}

#[test]
fn a_file_beyond_its_cap_is_refused() {
    covers(&["B-CF-25", "C-22"]);
    let text = format!("{{\"a\": \"{}\"}}", "x".repeat(4 << 20));
    untouched(&[text.as_bytes()], |why| matches!(why, StoreError::TooLarge { .. }));
}

#[test]
fn a_folder_in_place_of_the_file_is_an_error() {
    covers(&["B-CF-11"]);
    let place = Place::empty();
    fs::create_dir(place.path()).unwrap();
    let error = place.store().save(&local::credential("new")).unwrap_err();
    assert!(matches!(error, StoreError::NotAFile { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn whatever_is_no_file_is_an_error_at_once_and_stays() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;
    covers(&["B-CF-11", "B-CF-09"]);
    let made = |program: &str, arguments: &[&str], place: &Place| {
        let mut command = Command::new(program);
        command.arg(place.path()).args(arguments).stderr(Stdio::null());
        command.status().unwrap().success()
    };
    for name in ["a folder", "a link to a folder", "a pipe", "a socket", "a device"] {
        let place = Place::empty();
        let is_made = match name {
            "a folder" => fs::create_dir(place.path()).is_ok(),
            "a link to a folder" => {
                fs::create_dir(place.folder.path().join("it")).unwrap();
                symlink("it", place.path()).is_ok()
            }
            "a pipe" => made("mkfifo", &[], &place),
            "a socket" => UnixListener::bind(place.path()).is_ok(),
            // Which only root can make.
            _ => made("mknod", &["c", "1", "3"], &place),
        };
        assert!(is_made || name == "a device", "{name}");
        if !is_made {
            continue;
        }
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for outcome in [
            place.store().load("standard").map(drop),
            place.store().list().map(drop),
            place.store().save(&local::credential("new")),
            place.store().check_writable(),
        ] {
            let error = outcome.expect_err(name);
            assert!(matches!(error, StoreError::NotAFile { .. }), "{name}: {error:?}");
        }
        let found = fs::metadata(place.path()).unwrap();
        assert!(!found.is_file(), "{name}");
        assert_eq!(found.permissions().mode() & 0o777, 0o755, "{name}: it is not ours to close");
    }
}

#[test]
fn no_error_quotes_the_file() {
    covers(&["C-39"]);
    let place = Place::holding("{\"xai\": {\"access\": \"the-secret\" oops");
    let error = place.store().load("xai").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("the-secret"));
    assert_eq!(error.remedy(), Remedy::FixConfiguration);
}

/// All at once, since each reader gives a writer the time to finish.
fn untouched(texts: &[&[u8]], expected: impl Fn(&StoreError) -> bool + Sync) {
    let expected = &expected;
    std::thread::scope(|all| {
        for bytes in texts {
            all.spawn(move || untouched_one(bytes, expected));
        }
    });
}

fn untouched_one(bytes: &[u8], expected: impl Fn(&StoreError) -> bool) {
    let place = Place::holding(bytes);
    let store: FileStore = place.store();
    let credential = local::credential("new");
    for error in [
        store.load("standard").map(drop).unwrap_err(),
        store.list().map(drop).unwrap_err(),
        store.save(&credential).unwrap_err(),
        store.remove("standard").map(drop).unwrap_err(),
        store.check_writable().unwrap_err(),
    ] {
        assert!(expected(&error), "{error:?}");
    }
    assert_eq!(fs::read(place.path()).unwrap(), bytes);
    let backup = place.folder.path().join("auth.json.grantflow/bak");
    assert!(!backup.exists(), "a damaged file is no good version");
}
