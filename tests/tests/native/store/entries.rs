//! A credential goes in and comes out whole, in the shape that other tools read.

use grantflow::core::{Credential, Endpoint};
use grantflow::{Account, Secret, StoreError};
use grantflow_tests::{covers, local};
use serde_json::json;

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
    let file: serde_json::Value = serde_json::from_str(&place.text()).unwrap();
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
    covers(&["B-CF-05"]);
    for broken in
        [json!({"type": "oauth"}), json!({}), json!(7), json!({"type": "oauth", "access": 1})]
    {
        let file = json!({ "broken": broken, "key": {"type": "api_key", "key": "k"} });
        let place = Place::holding(file.to_string());
        place.store().save(&local::credential("new")).unwrap();
        let error = place.store().load("broken").unwrap_err();
        assert!(matches!(error, StoreError::Entry { ref provider } if provider == "broken"));
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
