//! What cannot be read is left as it is.

use std::fs;

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
        "\0\0\0\0",
    ];
    let mut texts = texts.map(str::as_bytes).to_vec();
    texts.push(b"{\"a\": \"\xff\"}");
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
fn a_pipe_in_place_of_the_file_is_an_error_at_once() {
    covers(&["B-CF-11"]);
    let place = Place::empty();
    let made = std::process::Command::new("mkfifo").arg(place.path()).status().unwrap();
    assert!(made.success());
    let error = place.store().load("standard").unwrap_err();
    assert!(matches!(error, StoreError::NotAFile { .. }), "{error:?}");
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
