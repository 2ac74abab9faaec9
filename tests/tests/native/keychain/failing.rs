//! A keychain that is locked, missing or slow is told as that, in bounded time, and no credential
//! goes elsewhere.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grantflow::Remedy;
use grantflow::store::{CredentialStore as _, Expected, KeychainError, StoreError};
use grantflow_tests::{covers, local};

use super::{Place, is_written_under, key, put, token};

#[tokio::test]
async fn each_trouble_has_its_kind_and_its_remedy_and_nothing_is_written_in_clear() {
    covers(&["B-CF-22", "C-36"]);
    for (trouble, remedy) in [
        (KeychainError::Locked, Remedy::RetryLater),
        (KeychainError::Absent, Remedy::FixConfiguration),
        (KeychainError::TooLong, Remedy::FixConfiguration),
        (KeychainError::Failed, Remedy::RetryLater),
    ] {
        let place = Place::new();
        place.chain.state().failing = Some(trouble);
        let store = place.store();
        let credential = local::credential("the-secret");
        for error in [
            store.load(&key("standard")).await.map(drop).unwrap_err(),
            store.list().await.map(drop).unwrap_err(),
            store.probe(&key("standard")).await.unwrap_err(),
            store
                .save(&key("standard"), Expected::Anything, &credential)
                .await
                .map(drop)
                .unwrap_err(),
            store.remove(&key("standard")).await.map(drop).unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Keychain(why) if why == trouble), "{error:?}");
            assert_eq!(error.remedy(), remedy);
        }
        assert!(!place.file().exists());
        assert!(!is_written_under(place.folder.path(), "the-secret"));
    }
}

#[tokio::test]
async fn one_that_hangs_is_given_up_and_takes_neither_the_runtime_nor_more_threads_with_it() {
    covers(&["B-CF-22"]);
    let place = Place::new();
    put(&place.store(), &local::credential("first")).await;
    let store = place.store().patience(Duration::from_millis(60));
    let gate = Arc::clone(&place.chain.state().gate);
    let hanging = gate.lock().await;
    let begun = Instant::now();
    let calls = place.chain.state().calls;
    for _ in 0..5 {
        let error = store.load(&key("standard")).await.unwrap_err();
        assert!(matches!(error, StoreError::Keychain(KeychainError::TimedOut)), "{error:?}");
    }
    assert!(begun.elapsed() >= Duration::from_millis(300), "each had its time");
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(place.chain.state().calls, calls + 1, "the first one hangs, the others wait for it");
    drop(hanging);
}

#[tokio::test]
async fn one_that_panics_has_failed_and_no_file_stands_in_for_it() {
    covers(&["B-CF-22"]);
    let place = Place::new();
    place.chain.state().panics = true;
    let store = place.store().or_file();
    for _ in 0..2 {
        let credential = local::credential("the-secret");
        let saved = store.save(&key("standard"), Expected::Anything, &credential).await;
        let error = saved.unwrap_err();
        assert!(matches!(error, StoreError::Keychain(KeychainError::Failed)), "{error:?}");
    }
    assert!(!place.file().exists());
}

#[tokio::test]
async fn a_save_that_was_given_up_before_it_began_never_happens() {
    covers(&["B-CF-22"]);
    let place = Place::new();
    put(&place.store(), &local::credential("first")).await;
    let store = place.store().patience(Duration::from_millis(60));
    let gate = Arc::clone(&place.chain.state().gate);
    let hanging = gate.lock().await;
    store.load(&key("standard")).await.unwrap_err();
    let late = local::credential("late");
    store.save(&key("standard"), Expected::Anything, &late).await.unwrap_err();
    drop(hanging);
    // In its turn, so behind the one that was given up.
    let patient = store.clone().patience(Duration::from_secs(10));
    assert_eq!(token(&patient).await.unwrap(), "first");
}

#[tokio::test]
async fn what_somebody_else_put_there_is_damaged_and_stays() {
    for foreign in [&b"not ours"[..], b"", b"\xff", b"[]", b"in parts: 2 x"] {
        let place = Place::new();
        place.chain.state().values.insert("credentials".into(), foreign.to_owned());
        let store = place.store();
        for error in [
            store.load(&key("standard")).await.map(drop).unwrap_err(),
            store
                .save(&key("standard"), Expected::Anything, &local::credential("a"))
                .await
                .map(drop)
                .unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Keychain(KeychainError::Damaged)), "{error:?}");
        }
        assert_eq!(place.chain.state().values["credentials"], foreign);
    }
}
