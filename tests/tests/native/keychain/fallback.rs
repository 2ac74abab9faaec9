//! A file in place of a keychain, where that was asked for.

use grantflow::core::Credential;
use grantflow::store::{
    CredentialStore as _, Expected, FileStore, KeychainError, Saved, StoreError,
};
use grantflow_tests::{covers, local};

use super::{Place, key, put, token};

#[tokio::test]
async fn without_any_keychain_the_file_is_the_store() {
    covers(&["B-CF-22"]);
    let place = Place::new();
    place.chain.state().failing = Some(KeychainError::Absent);
    let store = place.store().or_file();
    put(&store, &issued("first", 1)).await;
    assert_eq!(token(&store).await.unwrap(), "first");
    assert_eq!(FileStore::at(place.file()).load("standard").unwrap().unwrap().obtained_at, 1);
    assert_eq!(store.list().await.unwrap().len(), 1);
    store.probe(&key("standard")).await.unwrap();
    assert!(store.remove(&key("standard")).await.unwrap());
    assert!(FileStore::at(place.file()).load("standard").unwrap().is_none());
}

#[tokio::test]
async fn a_locked_keychain_is_no_missing_one() {
    covers(&["B-CF-22"]);
    let place = Place::new();
    FileStore::at(place.file()).save(&issued("older", 1)).unwrap();
    for trouble in [KeychainError::Locked, KeychainError::Failed] {
        place.chain.state().failing = Some(trouble);
        let store = place.store().or_file();
        let error = store.load(&key("standard")).await.unwrap_err();
        assert!(matches!(error, StoreError::Keychain(why) if why == trouble), "{error:?}");
    }
}

#[tokio::test]
async fn of_two_the_newer_one_counts_and_the_next_save_leaves_no_other() {
    covers(&["B-CF-24"]);
    for (in_chain, in_file) in [(1, 2), (2, 1)] {
        let place = Place::new();
        put(&place.store(), &issued(&in_chain.to_string(), in_chain)).await;
        FileStore::at(place.file()).save(&issued(&in_file.to_string(), in_file)).unwrap();
        let store = place.store().or_file();
        assert!(store.is_doubled(&key("standard")).await.unwrap());
        assert_eq!(token(&store).await.unwrap(), "2");
        let listed = store.list().await.unwrap();
        assert_eq!((listed.len(), listed[0].1.credential.access_token.expose()), (1, "2"));

        let renewing =
            |spent: &Credential| Expected::RenewedBy(spent.renewed_by().unwrap().digest());
        let saved =
            store.save(&key("standard"), renewing(&issued("1", 1)), &issued("late", 3)).await;
        assert!(
            matches!(&saved, Ok(Saved::Changed(Some(there))) if there.obtained_at == 2),
            "{saved:?}"
        );
        let saved = store.save(&key("standard"), renewing(&issued("2", 2)), &issued("3", 3)).await;
        assert!(matches!(saved, Ok(Saved::Done)), "{saved:?}");
        assert_eq!(token(&store).await.unwrap(), "3");
        assert!(!store.is_doubled(&key("standard")).await.unwrap());
        assert_eq!(token(&place.store()).await.unwrap(), "3", "it is in the keychain");
        assert!(FileStore::at(place.file()).load("standard").unwrap().is_none());
    }
}

#[tokio::test]
async fn a_logout_is_from_both() {
    covers(&["B-CF-24"]);
    let place = Place::new();
    put(&place.store(), &issued("1", 1)).await;
    FileStore::at(place.file()).save(&issued("2", 2)).unwrap();
    let store = place.store().or_file();
    assert!(store.remove(&key("standard")).await.unwrap());
    assert!(store.load(&key("standard")).await.unwrap().is_none());
    assert!(!store.remove(&key("standard")).await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_used_in_the_file_keeps_no_login_out_of_the_keychain() {
    let place = Place::new();
    std::fs::write(place.file(), r#"{"standard":7}"#).unwrap();
    let store = place.store().or_file();
    put(&store, &issued("1", 1)).await;
    assert_eq!(token(&store).await.unwrap(), "1");
    assert_eq!(std::fs::read_to_string(place.file()).unwrap(), "{}");
}

#[tokio::test]
async fn a_file_that_nobody_named_for_it_is_not_looked_at() {
    let place = Place::new();
    FileStore::at(place.file()).save(&issued("1", 1)).unwrap();
    assert!(place.store().load(&key("standard")).await.unwrap().is_none());
    put(&place.store(), &issued("2", 2)).await;
    assert!(FileStore::at(place.file()).load("standard").unwrap().is_some());
}

fn issued(access_token: &str, obtained_at: u64) -> Credential {
    Credential {
        obtained_at,
        refresh_token: Some(format!("renews {access_token}").into()),
        ..local::credential(access_token)
    }
}
