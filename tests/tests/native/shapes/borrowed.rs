//! Files of tools whose logins are only read.

use grantflow::core::Endpoint;
use grantflow::providers;
use grantflow::store::{Entry, Shape, StoreError, Tool};
use grantflow_tests::{covers, local};

use super::{key, login};

const OPENCODE: &str = r#"{
  "anthropic": {"type":"oauth","access":"a","refresh":"r","expires":1780000000000},
  "openai": {"type":"oauth","access":"c","refresh":"cr","expires":1780000000000,"accountId":"account-1"},
  "github-copilot": {"type":"oauth","access":"gho_x","refresh":"gho_x","expires":0},
  "xai": {"type":"api","key":"xai-key"},
  "https://example.com": {"type":"wellknown","key":"K","token":"T"}
}"#;

const GEMINI: &str = r#"{"access_token":"ya29.a","refresh_token":"1//r","scope":"https://www.googleapis.com/auth/cloud-platform openid","token_type":"Bearer","id_token":"a.b.c","expiry_date":1780000000000}"#;

const QWEN: &str = r#"{"access_token":"qa","refresh_token":"qr","token_type":"Bearer","resource_url":"portal.qwen.ai","expiry_date":1780000000000}"#;

const APPS: &str = r#"{
  "ghe.example.com:Iv1.x": {"user":"other","oauth_token":"ghu_other"},
  "github.com:Iv23": {"user":"broken","oauth_token":null},
  "github.com:Iv1.b507a08c87ecfe98": {"user":"person","oauth_token":"ghu_x","githubAppId":"Iv1.b507a08c87ecfe98"}
}"#;

#[test]
fn opencodes_expiry_is_what_it_says_and_zero_is_never() {
    covers(&["B-CK-08"]);
    let shape = Shape::Of(Tool::Opencode);
    assert_eq!(login(shape, OPENCODE, "anthropic").expires_at, Some(1_780_000_000_000));
    let copilot = login(shape, OPENCODE, "github-copilot");
    assert_eq!(copilot.expires_at, None);
    assert_eq!(copilot.access_token.expose(), "gho_x");
    assert!(!copilot.is_renewable(), "its client's tokens cannot be exchanged");
    assert_eq!(copilot.api_base, Endpoint::parse("https://api.githubcopilot.com").ok());
}

#[test]
fn opencodes_chatgpt_login_is_codexs_and_its_keys_are_keys() {
    let shape = Shape::Of(Tool::Opencode);
    let codex = login(shape, OPENCODE, "openai-codex");
    assert_eq!(codex.origin, providers::openai_codex().origin());
    assert_eq!(codex.account.id.as_deref(), Some("account-1"));
    let entry = shape.entry(OPENCODE, &key("xai")).unwrap();
    assert!(
        matches!(&entry, Some(Entry::ApiKey(stored)) if stored.text.expose() == "xai-key"),
        "{entry:?}"
    );
}

#[test]
fn geminis_login_is_of_its_own_client() {
    let found = login(Shape::Of(Tool::GeminiCli), GEMINI, "google");
    assert!(found.client_id.starts_with("681255809395-"));
    assert_eq!(found.origin, providers::google().origin());
    assert_eq!(found.expires_at, Some(1_780_000_000_000));
    assert_eq!(
        (found.refresh_token.unwrap().expose(), found.id_token.unwrap().expose()),
        ("1//r", "a.b.c")
    );
    assert_eq!(found.scope.iter().count(), 2);
}

#[test]
fn qwens_login_names_its_api() {
    for url in ["portal.qwen.ai", "https://portal.qwen.ai", "https://portal.qwen.ai/v1/"] {
        let found = login(Shape::Of(Tool::QwenCode), &QWEN.replace("portal.qwen.ai", url), "qwen");
        assert_eq!(found.api_base, Endpoint::parse("https://portal.qwen.ai/v1").ok(), "{url}");
        assert_eq!(found.access_token.expose(), "qa");
    }
}

#[test]
fn an_editors_login_has_to_be_exchanged_before_it_is_of_use() {
    for text in [APPS, r#"{"github.com":{"user":"person","oauth_token":"ghu_x"}}"#] {
        let found = login(Shape::Of(Tool::CopilotEditors), text, "github-copilot");
        assert_eq!(found.subject_token.as_ref().unwrap().expose(), "ghu_x");
        assert_eq!((found.access_token.expose(), found.expires_at), ("", Some(0)));
        assert_eq!(found.account.id.as_deref(), Some("person"));
        assert_eq!(found.origin, providers::github_copilot().origin());
    }
}

#[test]
fn what_makes_no_sense_is_unusable_by_itself_and_what_is_blank_is_wiped() {
    covers(&["B-CF-05", "B-CF-06"]);
    for (tool, at, text) in [
        (Tool::Opencode, "anthropic", r#"{"anthropic":{"type":"oauth","access":"a"}}"#),
        (Tool::Opencode, "xai", r#"{"xai":{"type":"api_key","key":"k"}}"#),
        (Tool::GeminiCli, "google", r#"{"access_token":1}"#),
        (Tool::GeminiCli, "google", r#"{"access_token":"a","expiry_date":"1"}"#),
        (Tool::QwenCode, "qwen", r#"{"refresh_token":"r"}"#),
        (Tool::CopilotEditors, "github-copilot", r#"{"github.com":{"user":"person"}}"#),
    ] {
        let error = tool.shape().entry(text, &key(at)).unwrap_err();
        assert!(matches!(error, StoreError::Entry { .. }), "{text}: {error:?}");
    }
    for (tool, at, text) in [
        (
            Tool::Opencode,
            "anthropic",
            r#"{"anthropic":{"type":"oauth","access":"","refresh":"","expires":0}}"#,
        ),
        (Tool::GeminiCli, "google", r#"{"access_token":"","refresh_token":""}"#),
        (Tool::QwenCode, "qwen", r#"{"access_token":" "}"#),
        (Tool::CopilotEditors, "github-copilot", r#"{"github.com":{"oauth_token":""}}"#),
    ] {
        let entry = tool.shape().entry(text, &key(at)).unwrap();
        assert!(matches!(entry, Some(Entry::Wiped)), "{text}: {entry:?}");
    }
    for tool in Tool::ALL {
        assert!(tool.shape().entries("{}").unwrap().is_empty(), "{tool}");
    }
}

#[test]
fn synaps_entries_are_read_without_pis_margins() {
    let text =
        r#"{"anthropic":{"type":"oauth","access":"a","refresh":"r","expires":1780000000000}}"#;
    let found = login(Shape::Of(Tool::Synaps), text, "anthropic");
    assert_eq!(found.expires_at, Some(1_780_000_000_000));
}

#[test]
fn nothing_is_written_into_a_file_that_is_only_read() {
    covers(&["R-P-19"]);
    for (tool, at, text) in [
        (Tool::Synaps, "anthropic", OPENCODE),
        (Tool::Opencode, "anthropic", OPENCODE),
        (Tool::GeminiCli, "google", GEMINI),
        (Tool::QwenCode, "qwen", QWEN),
        (Tool::CopilotEditors, "github-copilot", APPS),
    ] {
        let shape = tool.shape();
        for error in [
            shape.with(Some(text), &key(at), &local::credential("new")).unwrap_err(),
            shape.with(None, &key(at), &local::credential("new")).unwrap_err(),
            shape.without(text, &key(at)).unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::ReadOnly { ref owner } if owner == tool.name()));
        }
        assert!(!tool.may_renew(true), "{tool}: not even if asked");
    }
}

#[test]
fn who_renews_whose_login() {
    covers(&["R-P-19"]);
    assert!(Tool::Pi.may_renew(false));
    for tool in [Tool::ClaudeCode, Tool::Codex] {
        assert!(!tool.may_renew(false) && tool.may_renew(true), "{tool}");
    }
}
