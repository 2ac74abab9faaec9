//! The keychain of the system that the tests run on, if it has one.

use grantflow::store::{
    CredentialStore as _, Expected, FileStore, Keychain as _, KeychainError, KeychainStore, Saved,
    StoreError, SystemKeychain,
};
use grantflow_tests::local;
use tempfile::TempDir;

use super::{key, token};

#[tokio::test]
async fn the_systems_keychain_keeps_a_credential_or_says_why_not() {
    let folder = TempDir::new().unwrap();
    let chain = SystemKeychain::of(format!("grantflow-tests-{}", std::process::id()));
    let beside = FileStore::at(folder.path().join("auth.json"));
    let store = KeychainStore::new(chain.clone(), beside).unwrap();
    let long = "ü\n".repeat(2000);
    match store.save(&key("standard"), Expected::Anything, &local::credential(&long)).await {
        Ok(saved) => assert!(matches!(saved, Saved::Done)),
        Err(StoreError::Keychain(
            why @ (KeychainError::Absent | KeychainError::Locked | KeychainError::TimedOut),
        )) => {
            eprintln!("not tried, because of the system: {why}");
            return;
        }
        Err(why) => panic!("{why:?}"),
    }
    assert_eq!(token(&store).await.unwrap(), long);
    store.probe(&key("standard")).await.unwrap();
    assert!(store.remove(&key("standard")).await.unwrap());
    assert_eq!(token(&store).await, None);
    chain.remove("credentials").unwrap();
    assert!(chain.read("credentials").unwrap().is_none());
}
