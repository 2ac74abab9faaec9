//! What stands under the key and cannot be used is in nobody's way.

use std::fs;

use grantflow::{Error, FileStore, Route, SignedOut, StoreError};
use grantflow_test_server::Dialect;

use super::Scene;
use super::person::Person;

/// Entries of which no login can be read, and references to none.
const UNUSABLE: [&str; 6] = [
    r#"{"type":"oauth","access":5}"#,
    r#"{"type":"zzz"}"#,
    "7",
    r#"{"type":"borrowed","tool":"codex","path":"/nowhere/auth.json"}"#,
    r#"{"type":"borrowed","tool":"codex","path":"EMPTY"}"#,
    r#"{"type":"borrowed","tool":"codex","path":"DAMAGED"}"#,
];

#[tokio::test]
async fn a_login_takes_the_place_of_what_cannot_be_used() {
    for entry in UNUSABLE {
        let scene = Scene::of(Dialect::Standard).await;
        let store = holding(&scene, entry);
        let signed_in = scene.login(Route::Device, &mut Person::of(&scene.server)).await;
        let credential = signed_in.unwrap_or_else(|why| panic!("{entry}: {why}"));
        let stored = store.load("standard").unwrap().unwrap();
        assert_eq!(stored.access_token.expose(), credential.access_token.expose());
        assert!(fs::read_to_string(store.path()).unwrap().contains("\"other\" : {\"n\":1.0}"));
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_forgotten_like_anything_else() {
    for entry in UNUSABLE {
        let scene = Scene::of(Dialect::Standard).await;
        let store = holding(&scene, entry);
        let signed_out = scene.logins.logout("standard").await;
        let SignedOut { was_there, .. } = signed_out.unwrap_or_else(|why| panic!("{entry}: {why}"));
        assert!(was_there, "{entry}");
        assert_eq!(fs::read_to_string(store.path()).unwrap(), "{\"other\" : {\"n\":1.0}}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_in_the_way_and_stays_as_it_is() {
    let scene = Scene::of(Dialect::Standard).await;
    let store = holding(&scene, "{");
    let signed_in = scene.login(Route::Device, &mut Person::of(&scene.server)).await;
    assert!(matches!(signed_in, Err(Error::Store(StoreError::Corrupt { .. }))), "{signed_in:?}");
    let signed_out = scene.logins.logout("standard").await;
    assert!(matches!(signed_out, Err(Error::Store(StoreError::Corrupt { .. }))), "{signed_out:?}");
    assert!(fs::read_to_string(store.path()).unwrap().contains("\"standard\":{"));
    assert_eq!(scene.server.server().log().len(), 0);
}

/// A store with this under the scene's key.
fn holding(scene: &Scene, entry: &str) -> FileStore {
    let lender = |name: &str, text| {
        let path = scene.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let entry = entry.replace("EMPTY", &lender("none.json", "{}"));
    let entry = entry.replace("DAMAGED", &lender("damaged.json", "{\"tokens\":"));
    let store = scene.store();
    fs::create_dir_all(store.path().parent().unwrap()).unwrap();
    let text = format!("{{\"other\" : {{\"n\":1.0}},\"standard\":{entry}}}");
    fs::write(store.path(), text).unwrap();
    store
}
