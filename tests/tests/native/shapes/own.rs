//! Our own file: several accounts, references, and members that a later version may add.

use std::path::Path;

use grantflow::Secret;
use grantflow::core::Credential;
use grantflow::store::{Entry, Shape, StoreError, Tool};
use grantflow_tests::{covers, local};

use super::{key, login, replaced};

const OWN: Shape = Shape::Own;

#[test]
fn accounts_of_one_provider_stand_beside_each_other() {
    let mut text = "{}\n".to_owned();
    for name in ["standard", "standard:work", "standard:ünï \"quoted\""] {
        text = OWN.with(Some(&text), &key(name), &local::credential(name)).unwrap().to_string();
    }
    let keys: Vec<String> =
        OWN.entries(&text).unwrap().iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(keys, ["standard", "standard:work", "standard:ünï \"quoted\""]);
    assert_eq!(login(OWN, &text, "standard:work").access_token.expose(), "standard:work");
    assert_eq!(login(OWN, &text, "standard:work").provider, "standard");
    let left = OWN.without(&text, &key("standard")).unwrap().unwrap();
    assert_eq!(OWN.entries(&left).unwrap().len(), 2);
    assert!(OWN.without(&left, &key("standard")).unwrap().is_none());
}

#[test]
fn members_of_a_later_version_stay_in_our_own_entry() {
    covers(&["B-CF-28"]);
    let text = OWN.with(None, &key("standard"), &local::credential("first")).unwrap();
    let text = replaced(
        &text,
        &[("\"client_id\"", "\"of_tomorrow\" : [ 1.0,18446744073709551616 ] , \"client_id\"")],
    );
    let renewed = Credential {
        access_token: Secret::new("second"),
        expires_at: Some(1_790_000_000_000),
        ..login(OWN, &text, "standard")
    };
    let before = login(OWN, &text, "standard").expires_at.unwrap().to_string();
    let after = OWN.with(Some(&text), &key("standard"), &renewed).unwrap();
    let expected = replaced(
        &text,
        &[("first", "second"), (&format!("\"expires\": {before}"), "\"expires\": 1790000000000")],
    );
    assert_eq!(*after, expected);
}

#[test]
fn what_a_credential_no_longer_has_goes() {
    let full = Credential { id_token: Some(Secret::new("a.b.c")), ..local::credential("a") };
    let text = OWN.with(None, &key("standard"), &full).unwrap();
    assert!(text.contains("id_token"));
    let text = OWN.with(Some(&text), &key("standard"), &local::credential("a")).unwrap();
    assert!(!text.contains("id_token"));
    assert!(login(OWN, &text, "standard").id_token.is_none());
}

#[test]
fn a_reference_names_the_tool_and_its_file_and_a_login_takes_its_place() {
    let path = Path::new("/home/person/.claude/.credentials.json");
    let text = OWN.refer(None, &key("anthropic"), Tool::ClaudeCode, path).unwrap();
    let entry = OWN.entry(&text, &key("anthropic")).unwrap();
    let Some(Entry::Borrowed { tool, path: found }) = entry else { panic!("{entry:?}") };
    assert_eq!((tool, found.as_path()), (Tool::ClaudeCode, path));

    let mine = Credential { provider: "anthropic".into(), ..local::credential("mine") };
    let text = OWN.with(Some(&text), &key("anthropic"), &mine).unwrap();
    assert!(!text.contains("claude-code") && !text.contains("path"), "{}", *text);
    assert_eq!(login(OWN, &text, "anthropic").access_token.expose(), "mine");
    let text = OWN.refer(Some(&text), &key("anthropic"), Tool::Codex, path).unwrap();
    assert!(!text.contains("mine"), "a reference holds no secret");
}

#[test]
fn a_reference_stands_in_no_file_but_ours() {
    for tool in Tool::ALL {
        let error = tool.shape().refer(None, &key("xai"), Tool::Pi, Path::new("/x")).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { ref owner } if owner == tool.name()));
    }
}

#[test]
fn a_reference_to_no_known_tool_is_unusable() {
    let text = r#"{"anthropic": {"type":"borrowed","tool":"hearsay","path":"/x"}}"#;
    let error = OWN.entry(text, &key("anthropic")).unwrap_err();
    assert!(matches!(error, StoreError::Entry { .. }), "{error:?}");
}
