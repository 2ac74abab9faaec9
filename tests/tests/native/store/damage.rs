//! What cannot be read is left as it is.

use std::fs;
#[cfg(unix)]
use std::process::Command;

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
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    use std::os::unix::net::UnixListener;
    covers(&["B-CF-11", "B-CF-09"]);
    let pipe = |place: &Place| {
        assert!(Command::new("mkfifo").arg(place.path()).status().unwrap().success());
    };
    let socket = |place: &Place| drop(UnixListener::bind(place.path()).unwrap());
    let linked = |target: &str, place: &Place| symlink(target, place.path()).unwrap();
    for name in ["a pipe", "a socket", "/dev/null", "/dev/zero", "/"] {
        let place = Place::empty();
        match name {
            "a pipe" => pipe(&place),
            "a socket" => socket(&place),
            target => linked(target, &place),
        }
        let kind = fs::metadata(place.path()).unwrap().file_type();
        for outcome in [
            place.store().load("standard").map(drop),
            place.store().save(&local::credential("new")),
            place.store().check_writable(),
        ] {
            let error = outcome.expect_err(name);
            // A device that anybody can write is not even looked at.
            let is_it = matches!(error, StoreError::NotAFile { .. } | StoreError::Unsafe { .. });
            assert!(is_it, "{name}: {error:?}");
        }
        let still = fs::metadata(place.path()).unwrap().file_type();
        assert_eq!(still.is_fifo() || still.is_socket(), kind.is_fifo() || kind.is_socket());
        assert!(!still.is_file(), "{name}");
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
