//! A keychain with little room for each value: Windows' has 2,560 bytes.

use grantflow::store::{CredentialStore as _, KeychainError, StoreError};
use grantflow_tests::{covers, local};

use super::{Place, key, put, token};

const WINDOWS: usize = 2560;

#[tokio::test]
async fn what_does_not_fit_is_cut_into_parts_and_never_shortened() {
    covers(&["B-CF-23"]);
    for length in [1, 1200, 2100, 2200, 2560, 5120, 100_000] {
        let place = Place::with_room(WINDOWS);
        let long = Some("ü".repeat(length));
        let mut credential = local::credential("a");
        credential.account.email.clone_from(&long);
        put(&place.store(), &credential).await;
        let found = place.store().load(&key("standard")).await.unwrap().unwrap();
        assert_eq!(found.credential.account.email, long);
        let state = place.chain.state();
        assert!(state.values.values().all(|value| value.len() <= WINDOWS), "{length}");
        assert_eq!(state.values.len() > 1, length * 2 > 2000, "{length}: {}", state.values.len());
    }
}

#[tokio::test]
async fn parts_of_a_former_text_go_with_it() {
    covers(&["B-CF-23"]);
    let place = Place::with_room(WINDOWS);
    let store = place.store();
    for length in [6000, 9000, 3000, 3000] {
        put(&store, &local::credential(&"a".repeat(length))).await;
        let parts = place.chain.state().values.len() - 1;
        assert_eq!(parts, (length + 500).div_ceil(WINDOWS), "{length}");
    }
    put(&store, &local::credential("short")).await;
    assert_eq!(place.chain.state().values.len(), 1);
    put(&store, &local::credential(&"a".repeat(6000))).await;
    assert!(store.remove(&key("standard")).await.unwrap());
    assert_eq!(place.chain.state().values.len(), 1);
}

#[tokio::test]
async fn a_write_that_fails_anywhere_leaves_the_old_text_or_the_new_one() {
    covers(&["B-CF-23"]);
    let (old, new) = ("o".repeat(7000), "n".repeat(9000));
    for changes in 0.. {
        let place = Place::with_room(WINDOWS);
        put(&place.store(), &local::credential(&old)).await;
        let parts = place.chain.state().values.len();
        place.chain.state().changes_left = Some(changes);
        let saved = place
            .store()
            .save(&key("standard"), super::Expected::Anything, &local::credential(&new))
            .await;
        let found = token(&place.store()).await.unwrap();
        assert!(found == old || found == new, "{changes}: {} bytes", found.len());
        match saved {
            Ok(_) => {
                assert_eq!(found, new, "{changes}");
                assert!(changes > 5, "there were parts to write and to remove");
                break;
            }
            Err(why) => assert!(matches!(why, StoreError::Keychain(KeychainError::Failed))),
        }
        if found == old {
            assert_eq!(place.chain.state().values.len(), parts, "{changes}: no part is left over");
        }
    }
}

#[tokio::test]
async fn parts_that_an_ended_process_left_go_with_the_next_write() {
    covers(&["B-CF-23"]);
    for ends_after in 0.. {
        let place = Place::with_room(WINDOWS);
        put(&place.store(), &local::credential(&"former ".repeat(1000))).await;
        place.chain.state().ends_after = Some(ends_after);
        let next = local::credential(&"next ".repeat(1500));
        let saved = place.store().save(&key("standard"), super::Expected::Anything, &next).await;
        place.chain.state().ends_after = None;
        assert!(place.store().remove(&key("standard")).await.unwrap());
        let values = place.chain.state().values.clone();
        assert_eq!(values.into_keys().collect::<Vec<_>>(), ["credentials"], "at {ends_after}");
        if saved.is_ok() {
            assert!(ends_after > 8, "only {ends_after} changes");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_while_another_writes_finds_a_whole_text() {
    covers(&["B-CF-23"]);
    let place = Place::with_room(WINDOWS);
    put(&place.store(), &local::credential(&"a".repeat(3000))).await;
    let writer = place.store();
    let writing = tokio::spawn(async move {
        for number in 0..40 {
            put(&writer, &local::credential(&["a", "b"][number % 2].repeat(3000 + number))).await;
        }
    });
    let reader = place.store();
    let mut reads = 0;
    while !writing.is_finished() {
        let found = token(&reader).await.unwrap();
        assert!(found.bytes().all(|byte| Some(byte) == found.bytes().next()));
        reads += 1;
    }
    writing.await.unwrap();
    assert!(reads > 10, "{reads}");
}

#[tokio::test]
async fn a_text_that_is_replaced_between_its_parts_is_read_again() {
    covers(&["B-CF-23"]);
    let (place, later) = (Place::with_room(WINDOWS), Place::with_room(WINDOWS));
    put(&place.store(), &local::credential(&"a".repeat(6000))).await;
    put(&later.store(), &local::credential(&"b".repeat(6000))).await;
    let values = later.chain.state().values.clone();
    place.chain.state().replacement = Some(values);
    assert_eq!(token(&place.store()).await.unwrap(), "b".repeat(6000));
}

#[tokio::test]
async fn a_part_that_is_gone_or_changed_is_noticed() {
    covers(&["B-CF-23"]);
    for damage in [None, Some(b"other".to_vec()), Some(vec![0xff])] {
        let place = Place::with_room(WINDOWS);
        put(&place.store(), &local::credential(&"a".repeat(6000))).await;
        {
            let values = &mut place.chain.state().values;
            let part = values.keys().find(|name| name.ends_with(".2")).unwrap().clone();
            values.remove(&part);
            values.extend(damage.map(|damage| (part, damage)));
        }
        let error = place.store().load(&key("standard")).await.unwrap_err();
        assert!(matches!(error, StoreError::Keychain(KeychainError::Damaged)), "{error:?}");
    }
}

#[tokio::test]
async fn what_no_number_of_parts_can_hold_is_refused_and_changes_nothing() {
    covers(&["B-CF-23"]);
    let place = Place::with_room(1024);
    put(&place.store(), &local::credential("first")).await;
    let huge = local::credential(&"a".repeat(300 << 10));
    let error = place.store().save(&key("standard"), super::Expected::Anything, &huge).await;
    assert!(matches!(error, Err(StoreError::Keychain(KeychainError::TooLong))), "{error:?}");
    assert_eq!(token(&place.store()).await.unwrap(), "first");
}
