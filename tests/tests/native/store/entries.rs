//! A credential goes in and comes out whole, in the shape that other tools read.

use grantflow::core::{Credential, Endpoint};
use grantflow::{Account, CredentialStore, FileStore, Key, Secret, StoreError};
use grantflow_tests::{covers, local};
use serde_json::{Value, json};

use super::Place;

#[test]
fn a_credential_comes_back_whole() {
    covers(&["B-TR-38"]);
    for credential in [local::credential("plain"), full(), exchanged(), endless()] {
        let place = Place::empty();
        place.store().save(&credential).unwrap();
        let found = place.store().load("standard").unwrap().unwrap();
        assert_eq!(found.save().expose(), credential.save().expose());
        assert_eq!(place.store().list().unwrap().len(), 1);
    }
}

#[test]
fn others_find_what_they_look_for() {
    let place = Place::empty();
    place.store().save(&exchanged()).unwrap();
    let file: Value = serde_json::from_str(&place.text()).unwrap();
    let entry = &file["standard"];
    assert_eq!(entry["type"], "oauth");
    assert_eq!(entry["access"], "the-second-token");
    assert_eq!(entry["refresh"], "the-first-token");
    assert_eq!(entry["expires"].as_u64(), exchanged().expires_at);
}

#[test]
fn what_others_wrote_is_read() {
    let place = Place::holding(
        r#"{"xai":{"type":"oauth","access":"a","refresh":"r","expires":1780000000000.5,"more":[1]}}"#,
    );
    let found = place.store().load("xai").unwrap().unwrap();
    assert_eq!((found.access_token.expose(), found.expires_at), ("a", Some(1_780_000_000_000)));
    assert_eq!(found.refresh_token.unwrap().expose(), "r");
    assert_eq!(found.origin, "");
}

#[test]
fn an_entry_of_another_shape_is_unusable_by_itself_and_harms_no_other() {
    covers(&["B-CF-05", "B-TR-40"]);
    let tokens = |name: &str, value: Value| {
        let mut entry = json!({"type": "oauth", "access": "a", "refresh": "r", "expires": 1});
        entry[name] = value;
        entry
    };
    for broken in [
        json!({"type": "oauth"}),
        json!({}),
        json!(7),
        json!(null),
        json!(true),
        json!("oauth"),
        json!([]),
        json!({"type": 1}),
        json!({"type": "something of later"}),
        tokens("access", json!(1)),
        tokens("access", json!(["a"])),
        tokens("access", json!({})),
        tokens("refresh", json!(1)),
        tokens("refresh", json!(["r"])),
        tokens("expires", json!("soon")),
        tokens("expires", json!([1])),
        tokens("access", json!("a\nb")),
        tokens("refresh", json!("r\u{0}")),
    ] {
        let file = json!({ "broken": broken, "key": {"type": "api_key", "key": "k"} });
        let place = Place::holding(file.to_string());
        place.store().save(&local::credential("new")).unwrap();
        let outcome = place.store().load("broken").map(|found| found.is_some());
        let error = outcome.expect_err(&file.to_string());
        let is_it = matches!(error, StoreError::Entry { ref provider } if provider == "broken");
        assert!(is_it, "{file}: {error:?}");
        assert!(place.store().load("key").unwrap().is_none());
        assert!(place.store().load("standard").unwrap().is_some());
        assert_eq!(place.store().list().unwrap().len(), 1);
    }
}

#[test]
fn an_entry_with_blank_tokens_counts_as_signed_out() {
    covers(&["B-CF-06"]);
    let place = Place::holding(r#"{"xai":{"type":"oauth","access":"","refresh":"","expires":0}}"#);
    assert!(place.store().load("xai").unwrap().is_none());
    assert_eq!(place.store().list().unwrap().len(), 0);
}

#[test]
fn an_entry_is_removed_once() {
    let place = Place::empty();
    assert!(!place.store().remove("standard").unwrap());
    assert!(!place.path().exists(), "nothing was there to change");
    place.store().save(&local::credential("new")).unwrap();
    assert!(place.store().remove("standard").unwrap());
    assert!(place.store().load("standard").unwrap().is_none());
    assert!(!place.store().remove("standard").unwrap());
}

#[tokio::test]
async fn a_reference_leads_to_the_tools_own_file_and_is_never_ours_to_renew() {
    let place = Place::empty();
    let pi = place.folder.path().join(".pi/agent/auth.json");
    std::fs::create_dir_all(pi.parent().unwrap()).unwrap();
    let entry = json!({"type": "oauth", "access": "a", "refresh": "r", "expires": 1});
    std::fs::write(&pi, json!({ "anthropic": entry }).to_string()).unwrap();
    let reference = json!({"type": "borrowed", "tool": "pi", "path": pi});
    let ours = json!({ "anthropic": reference, "xai": reference }).to_string();
    std::fs::write(place.path(), &ours).unwrap();
    let (store, key) = (place.store(), Key::of("anthropic"));

    // pi's own store is one that we may renew, and that changes nothing here.
    let lender = FileStore::at(&pi).list().unwrap();
    assert_eq!(lender[0].access_token.expose(), "a");
    let record = CredentialStore::load(&store, &key).await.unwrap().unwrap();
    assert_eq!(record.credential.access_token.expose(), "a");
    assert_eq!(record.borrowed_from.as_deref(), Some("pi"));
    let listed = CredentialStore::list(&store).await.unwrap();
    assert_eq!(listed.len(), 1, "what is not there is passed over");
    assert_eq!(listed[0].1.borrowed_from.as_deref(), Some("pi"));

    let missing = store.load("xai").unwrap_err();
    assert!(matches!(missing, StoreError::NoEntry { ref provider } if provider == "xai"));
    std::fs::remove_file(&pi).unwrap();
    let missing = store.load("anthropic").unwrap_err();
    let path = std::fs::canonicalize(pi.parent().unwrap()).unwrap().join("auth.json");
    assert!(matches!(missing, StoreError::Missing { path: ref at } if *at == path), "{missing:?}");
    assert_eq!(place.text(), ours);
}

fn full() -> Credential {
    let text = |text: &str| Some(text.to_owned());
    Credential {
        id_token: Some(Secret::new("a.b.c")),
        renew_at: Some(1_780_000_100_000),
        account: Account {
            id: text("id"),
            email: text("person@example.com"),
            plan: text("plus"),
            organization: text("Ex \"quoted\" \\ ünï\ncode"),
        },
        api_base: Some(Endpoint::parse("https://api.example.com/v1").unwrap()),
        extra: [("nested".to_owned(), Secret::new(r#"{"a":[1,"two",null]}"#))].into(),
        ..local::credential("access \" with \\ everything")
    }
}

fn exchanged() -> Credential {
    Credential {
        subject_token: Some(Secret::new("the-first-token")),
        ..local::credential("the-second-token")
    }
}

fn endless() -> Credential {
    Credential { expires_at: None, refresh_token: None, ..local::credential("endless") }
}

#[test]
fn a_store_may_be_anywhere_that_a_path_can_lead_to() {
    covers(&["B-CF-21"]);
    let folder = tempfile::TempDir::new().unwrap();
    let inside = |names: &[&str]| names.iter().fold(folder.path().to_owned(), |at, it| at.join(it));
    let mut paths = vec![
        inside(&["with a space", "auth.json"]),
        inside(&["there", "..", "back", "auth.json"]),
        inside(&["Größe", "\u{202e}", "auth.json"]),
        inside(&[&"long".repeat(60), &"longer".repeat(40), "auth.json"]),
    ];
    std::fs::create_dir(inside(&["there"])).unwrap();
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"not \xff UTF-8");
        paths.push(folder.path().join(name).join("auth.json"));
    }
    for path in paths {
        let store = FileStore::at(&path);
        store.save(&local::credential("mine")).unwrap_or_else(|why| panic!("{path:?}: {why}"));
        let found = FileStore::at(&path).load("standard").unwrap().unwrap();
        assert!(found.access_token.matches("mine"), "{path:?}");
        assert!(path.exists(), "{path:?}");
    }
}
