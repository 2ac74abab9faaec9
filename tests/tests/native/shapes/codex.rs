//! Codex's file.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantflow::core::Credential;
use grantflow::store::{Entry, Shape, StoreError, Tool};
use grantflow::{Account, Secret, providers};
use grantflow_tests::covers;
use serde_json::json;

use super::{key, login, replaced, saved};

const CODEX: Shape = Shape::Of(Tool::Codex);

#[test]
fn its_expiry_is_in_the_access_token_and_its_account_beside_it() {
    covers(&["B-CK-08"]);
    let found = login(CODEX, &file(), "openai-codex");
    let preset = providers::openai_codex();
    assert_eq!((found.origin, Some(found.client_id)), (preset.origin(), preset.client_id));
    assert_eq!(found.expires_at, Some(1_780_864_000_000));
    assert_eq!(found.obtained_at, 1_780_000_000_000);
    assert_eq!(found.account.id.as_deref(), Some("account-1"));
    assert_eq!(found.account.email.as_deref(), Some("person@example.com"));
    assert_eq!(found.account.plan.as_deref(), Some("plus"));
}

#[test]
fn a_renewal_changes_the_tokens_and_the_time_of_the_last_one() {
    covers(&["B-CF-28"]);
    let renewed = Credential {
        access_token: Secret::new("A"),
        refresh_token: Some(Secret::new("R")),
        obtained_at: 1_709_210_096_789,
        ..login(CODEX, &file(), "openai-codex")
    };
    let expected = replaced(
        &file(),
        &[
            (&access_token(), "A"),
            ("\"codex-r\"", "\"R\""),
            ("2026-05-28T20:26:40.123456Z", "2024-02-29T12:34:56.789Z"),
        ],
    );
    assert_eq!(saved(CODEX, &file(), &renewed), expected);
}

#[test]
fn nothing_changed_is_nothing_written() {
    let found = login(CODEX, &file(), "openai-codex");
    assert_eq!(saved(CODEX, &file(), &found), file());
}

#[test]
fn the_time_of_the_last_renewal_is_a_date_of_any_year() {
    covers(&["B-CK-05"]);
    let found = login(CODEX, &file(), "openai-codex");
    for (at, expected) in [
        (1, "1970-01-01T00:00:00.001Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] {
        let text = saved(CODEX, "{}", &Credential { obtained_at: at, ..found.clone() });
        let written: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(written["last_refresh"], expected);
    }
}

#[test]
fn another_accounts_login_is_refused_before_a_byte_is_changed() {
    for id in [Some("account-2".to_owned()), None] {
        let account = Account { id, ..Account::default() };
        let other = Credential { account, ..login(CODEX, &file(), "openai-codex") };
        let error = CODEX.with(Some(&file()), &key("openai-codex"), &other).unwrap_err();
        assert!(
            matches!(error, StoreError::OtherAccount { ref provider } if provider == "openai-codex")
        );
    }
    let signed_out = CODEX.without(&file(), &key("openai-codex")).unwrap().unwrap();
    let account = Account { id: Some("account-2".to_owned()), ..Account::default() };
    let other = Credential { account, ..login(CODEX, &file(), "openai-codex") };
    assert!(saved(CODEX, &signed_out, &other).contains("\"account_id\": \"account-2\""));
}

#[test]
fn its_key_is_the_other_providers_and_is_never_touched() {
    let text =
        replaced(&file(), &[("\"OPENAI_API_KEY\": null", "\"OPENAI_API_KEY\": \"sk-proj-k\"")]);
    let Some(Entry::ApiKey(stored)) = CODEX.entry(&text, &key("openai")).unwrap() else {
        panic!("a key");
    };
    assert_eq!(stored.text.expose(), "sk-proj-k");
    let left = CODEX.without(&text, &key("openai-codex")).unwrap().unwrap();
    assert!(left.contains("sk-proj-k") && left.contains("\"auth_mode\": \"chatgpt\""));
    assert!(!left.contains("codex-r") && !left.contains("last_refresh"));
    let error = CODEX.without(&text, &key("openai")).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
}

#[test]
fn an_opaque_access_token_has_no_known_expiry() {
    let text = replaced(&file(), &[(&access_token(), "opaque")]);
    let found = login(CODEX, &text, "openai-codex");
    assert_eq!((found.expires_at, found.obtained_at), (None, 0));
}

#[test]
fn tokens_that_are_none_blank_or_of_a_wrong_type_are_told_apart() {
    covers(&["B-CF-05", "B-CF-06"]);
    for none in ["{}", r#"{"tokens":null}"#, r#"{"auth_mode":"apikey","OPENAI_API_KEY":null}"#] {
        assert!(CODEX.entries(none).unwrap().is_empty(), "{none}");
    }
    let blank = replaced(&file(), &[(&access_token(), "")]);
    let entry = CODEX.entry(&blank, &key("openai-codex")).unwrap();
    assert!(matches!(entry, Some(Entry::Wiped)), "{entry:?}");
    let wrong = replaced(&file(), &[("\"codex-r\"", "[\"codex-r\"]")]);
    let error = CODEX.entry(&wrong, &key("openai-codex")).unwrap_err();
    assert!(matches!(error, StoreError::Entry { .. }), "{error:?}");
}

fn file() -> String {
    format!(
        r#"{{
  "auth_mode": "chatgpt",
  "OPENAI_API_KEY": null,
  "tokens": {{
    "id_token": "{}",
    "access_token": "{}",
    "refresh_token": "codex-r",
    "account_id": "account-1"
  }},
  "last_refresh": "2026-05-28T20:26:40.123456Z",
  "agent_identity": {{"n": 1.0}}
}}"#,
        jwt(&json!({
            "email": "person@example.com",
            "https://api.openai.com/auth": {"chatgpt_plan_type": "plus", "chatgpt_account_id": "account-0"},
        })),
        access_token()
    )
}

fn access_token() -> String {
    jwt(&json!({"iat": 1_780_000_000, "exp": 1_780_864_000}))
}

/// Nobody signed it, and nobody may care.
fn jwt(claims: &serde_json::Value) -> String {
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    [part(&json!({"alg": "none"})), part(claims), "c2ln".to_owned()].join(".")
}
