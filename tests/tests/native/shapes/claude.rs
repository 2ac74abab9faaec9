//! Claude Code's file.

use grantflow::core::Credential;
use grantflow::store::{Entry, Shape, StoreError, Tool};
use grantflow::{Scope, Secret, providers};
use grantflow_tests::{covers, local};

use super::{key, login, replaced, saved};

const CLAUDE: Shape = Shape::Of(Tool::ClaudeCode);

const FILE: &str = r#"{"claudeAiOauth":{"accessToken":"sk-ant-oat01-a","refreshToken":"sk-ant-ort01-r","expiresAt":1780000000000,"refreshTokenExpiresAt":1790000000000,"scopes":["user:inference","user:profile"],"subscriptionType":"max","rateLimitTier":"default_claude_max_5x"},"mcpOAuth":{"x":1.0},"organizationUuid":"o"}"#;

#[test]
fn its_login_is_anthropics() {
    let found = login(CLAUDE, FILE, "anthropic");
    let preset = providers::anthropic();
    assert_eq!((found.origin, Some(found.client_id)), (preset.origin(), preset.client_id));
    assert_eq!(found.access_token.expose(), "sk-ant-oat01-a");
    assert_eq!(found.refresh_token.unwrap().expose(), "sk-ant-ort01-r");
    assert_eq!(found.expires_at, Some(1_780_000_000_000), "no margin is hidden in it");
    assert_eq!(found.scope, Scope::parse("user:inference user:profile"));
    assert_eq!(found.account.plan.as_deref(), Some("max"));
}

#[test]
fn a_renewal_changes_tokens_and_expiry_and_no_other_byte() {
    covers(&["B-CF-28", "B-CK-08"]);
    let same = Credential { access_token: Secret::new("A"), ..login(CLAUDE, FILE, "anthropic") };
    assert_eq!(saved(CLAUDE, FILE, &same), replaced(FILE, &[("\"sk-ant-oat01-a\"", "\"A\"")]));
    let renewed = Credential {
        access_token: Secret::new("A"),
        refresh_token: Some(Secret::new("R")),
        expires_at: Some(1_785_000_000_000),
        ..login(CLAUDE, FILE, "anthropic")
    };
    let expected = replaced(
        FILE,
        &[
            ("\"sk-ant-oat01-a\"", "\"A\""),
            ("\"sk-ant-ort01-r\"", "\"R\""),
            ("1780000000000", "1785000000000"),
            // That of the former token.
            ("\"refreshTokenExpiresAt\":1790000000000,", ""),
        ],
    );
    assert_eq!(saved(CLAUDE, FILE, &renewed), expected);
    let narrower = Credential { scope: Scope::parse("user:inference"), ..renewed };
    let expected =
        replaced(&expected, &[("[\"user:inference\",\"user:profile\"]", "[\"user:inference\"]")]);
    assert_eq!(saved(CLAUDE, FILE, &narrower), expected);
}

#[test]
fn its_login_is_taken_out_alone() {
    let left = CLAUDE.without(FILE, &key("anthropic")).unwrap().unwrap();
    assert_eq!(*left, r#"{"mcpOAuth":{"x":1.0},"organizationUuid":"o"}"#);
    assert!(CLAUDE.entry(&left, &key("anthropic")).unwrap().is_none());
    assert!(CLAUDE.without(&left, &key("anthropic")).unwrap().is_none());
    let back = saved(CLAUDE, &left, &login(CLAUDE, FILE, "anthropic"));
    assert_eq!(login(CLAUDE, &back, "anthropic").access_token.expose(), "sk-ant-oat01-a");
}

#[test]
fn a_token_that_cannot_be_renewed_is_a_login_and_a_blanked_one_is_none() {
    covers(&["B-CF-06"]);
    let set_up = replaced(FILE, &[("\"sk-ant-ort01-r\"", "null")]);
    assert!(!login(CLAUDE, &set_up, "anthropic").is_renewable());
    for pairs in [
        [("\"sk-ant-ort01-r\"", "\"\""), ("\"expiresAt\":1780000000000", "\"expiresAt\":0")],
        [("\"sk-ant-oat01-a\"", "\"\""), ("\"sk-ant-ort01-r\"", "\"\"")],
    ] {
        let entry = CLAUDE.entry(&replaced(FILE, &pairs), &key("anthropic")).unwrap();
        assert!(matches!(entry, Some(Entry::Wiped)), "{entry:?}");
    }
}

#[test]
fn a_login_of_wrong_types_is_unusable_and_its_absence_is_none() {
    covers(&["B-CF-05"]);
    for (old, new) in [
        ("1780000000000", "\"123\""),
        ("1780000000000", "null"),
        ("\"sk-ant-oat01-a\"", "7"),
        ("[\"user:inference\",\"user:profile\"]", "\"user:inference\""),
    ] {
        let error = CLAUDE.entry(&replaced(FILE, &[(old, new)]), &key("anthropic")).unwrap_err();
        assert!(matches!(error, StoreError::Entry { .. }), "{new}: {error:?}");
    }
    let list = r#"{"claudeAiOauth":["a","r",1780000000000,["user:inference"],"max"]}"#;
    let error = CLAUDE.entry(list, &key("anthropic")).unwrap_err();
    assert!(matches!(error, StoreError::Entry { .. }), "{error:?}");
    for empty in ["{}", r#"{"claudeAiOauth":null}"#, r#"{"mcpOAuth":{}}"#] {
        assert!(CLAUDE.entry(empty, &key("anthropic")).unwrap().is_none(), "{empty}");
    }
}

#[test]
fn only_anthropics_one_login_has_a_place_in_it() {
    for at in ["standard", "anthropic:work"] {
        let error = CLAUDE.with(Some(FILE), &key(at), &local::credential("a")).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{at}: {error:?}");
    }
}
