//! pi's file.

use grantflow::core::{Credential, Endpoint};
use grantflow::store::{Entry, Shape, StoreError, Tool};
use grantflow::{Account, Secret, providers};
use grantflow_tests::{covers, local};

use super::{key, login, replaced, saved};

const PI: Shape = Shape::Of(Tool::Pi);

const FILE: &str = r#"{
  "anthropic": {
    "type": "oauth",
    "access": "sk-ant-oat01-a",
    "refresh": "sk-ant-ort01-r",
    "expires": 1780000000000
  },
  "openai-codex": {
    "type": "oauth", "access": "codex-a", "refresh": "codex-r", "expires": 1780000000000.75,
    "accountId": "account-1", "later": [1.0, 12345678901234567890123]
  },
  "github-copilot": {
    "type": "oauth",
    "refresh": "ghu_first",
    "access": "tid=1;exp=1780000300;proxy-ep=proxy.business.githubcopilot.com;sku=x",
    "expires": 1780000000000,
    "availableModelIds": ["gpt-x"]
  },
  "xai": {"type": "api_key", "key": "!pass show xai", "env": {"REGION": "eu"}},
  "kimi-coding": {"type": "oauth", "access": "kimi-a", "refresh": "kimi-r", "expires": 1},
  "openrouter": {"type": "oauth", "access": "or-a", "refresh": "", "expires": 9007199254740991}
}"#;

#[test]
fn what_pi_leaves_out_follows_from_its_id_for_the_provider() {
    for (id, preset, refresh) in [
        ("anthropic", providers::anthropic(), "sk-ant-ort01-r"),
        ("openai-codex", providers::openai_codex(), "codex-r"),
        ("kimi", providers::kimi(), "kimi-r"),
    ] {
        let found = login(PI, FILE, id);
        assert_eq!((found.provider.as_str(), found.origin), (id, preset.origin()));
        assert_eq!(Some(found.client_id), preset.client_id);
        assert_eq!(found.refresh_token.unwrap().expose(), refresh);
        assert!(found.subject_token.is_none());
    }
    let codex = login(PI, FILE, "openai-codex");
    assert_eq!(codex.account.id.as_deref(), Some("account-1"));
    assert_eq!(codex.extra["later"].expose(), "[1.0, 12345678901234567890123]");
}

/// pi would not read it there, and we write it where pi does: the old one would be read for ever.
#[test]
fn a_login_under_our_own_name_for_pis_provider_is_none_of_pis() {
    covers(&["B-CF-05", "F-01"]);
    let file = r#"{"kimi": {"type": "oauth", "access": "old", "refresh": "spent", "expires": 1}}"#;
    assert!(PI.entries(file).unwrap().is_empty());
    let renewed = Credential { provider: "kimi".into(), ..local::credential("new") };
    let file = saved(PI, file, &renewed);
    assert_eq!(login(PI, &file, "kimi").access_token.expose(), "new");
    assert!(file.contains(r#""refresh": "spent""#), "it is not ours to remove: {file}");
}

#[test]
fn a_login_to_a_provider_that_nobody_presets_has_no_origin_and_so_is_never_renewed() {
    let found = login(PI, FILE, "openrouter");
    assert_eq!((found.origin.as_str(), found.client_id.as_str()), ("", ""));
    assert!(!found.is_renewable());
}

#[test]
fn copilots_refresh_is_githubs_token_and_its_access_token_names_the_api() {
    let found = login(PI, FILE, "github-copilot");
    assert_eq!(found.subject_token.unwrap().expose(), "ghu_first");
    assert!(found.refresh_token.is_none());
    let api = Endpoint::parse("https://api.business.githubcopilot.com").unwrap();
    assert_eq!(found.api_base, Some(api));
    for astray in [
        "proxy.evil.example",
        "evil.example/.githubcopilot.com",
        "proxy.githubcopilot.com.evil.example",
    ] {
        let text = replaced(FILE, &[("proxy.business.githubcopilot.com", astray)]);
        assert_eq!(login(PI, &text, "github-copilot").api_base, None, "{astray}");
    }
}

#[test]
fn an_enterprise_host_is_part_of_the_origin_and_comes_back_as_pi_wrote_it() {
    let text = replaced(
        FILE,
        &[(
            "\"availableModelIds\"",
            "\"enterpriseUrl\": \"ghe.example.com\", \"availableModelIds\"",
        )],
    );
    let found = login(PI, &text, "github-copilot");
    let provider = providers::github_copilot_enterprise("ghe.example.com").unwrap();
    assert_eq!(found.origin, provider.origin());
    assert_eq!(found.account.organization.as_deref(), Some("ghe.example.com"));
    assert_eq!(saved(PI, &text, &found), text);

    let fresh = saved(PI, "{}", &found);
    assert_eq!(login(PI, &fresh, "github-copilot").origin, provider.origin());
    assert!(fresh.contains("\"enterpriseUrl\": \"ghe.example.com\"") && !fresh.contains("origin"));
    let at_home = Credential { origin: providers::github_copilot().origin(), ..found };
    assert!(!saved(PI, &fresh, &at_home).contains("enterpriseUrl"));
}

#[test]
fn pis_margins_are_undone_in_reading_and_done_in_writing() {
    covers(&["B-CK-08"]);
    for (id, margin) in [("anthropic", 300_000), ("github-copilot", 300_000), ("openai-codex", 0)] {
        let found = login(PI, FILE, id);
        assert_eq!(found.expires_at, Some(1_780_000_000_000 + margin), "{id}");
        assert_eq!(saved(PI, FILE, &found), FILE, "{id}: nothing changed, so nothing is written");
        let renewed = Credential { expires_at: Some(1_790_000_300_000), ..found };
        let text = saved(PI, FILE, &renewed);
        let expected = format!("\"expires\": {}", 1_790_000_300_000_u64 - margin);
        assert!(text.contains(&expected), "{id}: {text}");
        assert_eq!(login(PI, &text, id).expires_at, renewed.expires_at);
    }
}

#[test]
fn an_expiry_at_the_end_of_the_calendar_is_none_and_is_written_so() {
    covers(&["B-CK-05"]);
    let found = login(PI, FILE, "openrouter");
    assert_eq!(found.expires_at, None);
    assert_eq!(saved(PI, FILE, &found), FILE);
    for (number, expected) in
        [("1e300", None), ("18446744073709551616", None), ("-62135596800000", Some(0))]
    {
        let text = replaced(FILE, &[("9007199254740991", number)]);
        let text = replaced(&text, &[("\"refresh\": \"\"", "\"refresh\": \"or-r\"")]);
        assert_eq!(login(PI, &text, "openrouter").expires_at, expected, "{number}");
    }
}

#[test]
fn a_key_is_handed_on_as_it_is_written_and_stays_when_others_change() {
    let Some(Entry::ApiKey(stored)) = PI.entry(FILE, &key("xai")).unwrap() else {
        panic!("a key");
    };
    assert_eq!(stored.text.expose(), "!pass show xai");
    assert_eq!(stored.environment["REGION"].expose(), "eu");
    let renewed = Credential { access_token: Secret::new("new"), ..login(PI, FILE, "anthropic") };
    let expected = replaced(FILE, &[("sk-ant-oat01-a", "new")]);
    assert_eq!(saved(PI, FILE, &renewed), expected);
}

#[test]
fn a_login_takes_the_place_of_a_key_whole() {
    let credential = Credential { provider: "xai".into(), ..local::credential("a") };
    let text = saved(PI, FILE, &credential);
    assert!(!text.contains("!pass show xai") && !text.contains("REGION"));
    assert_eq!(login(PI, &text, "xai").access_token.expose(), "a");
}

#[test]
fn what_pis_id_does_not_imply_is_written_beside() {
    let credential = local::credential("a");
    let text = saved(PI, FILE, &credential);
    let found = login(PI, &text, "standard");
    assert_eq!((found.origin, found.client_id), (credential.origin, credential.client_id));
    let usual = saved(PI, "{}", &login(PI, FILE, "anthropic"));
    assert!(!usual.contains("origin"), "pi's own entries are as pi writes them: {usual}");
}

#[test]
fn a_client_is_written_under_the_name_that_the_entry_has_for_it() {
    let text = r#"{"n":{"type":"oauth","access":"a","refresh":"r","expires":1,"clientId":"c"}}"#;
    let found = login(PI, text, "n");
    let moved = Credential { origin: "https://n.example".into(), client_id: "d".into(), ..found };
    let text = saved(PI, text, &moved);
    assert!(text.contains("\"clientId\":\"d\"") && !text.contains("client_id"), "{text}");
    let found = login(PI, &text, "n");
    assert_eq!((found.origin, found.client_id), (moved.origin.clone(), moved.client_id.clone()));

    let both = r#"{"n":{"type":"oauth","access":"a","refresh":"r","expires":1,"clientId":"c","client_id":"d"}}"#;
    let error = PI.entry(both, &key("n")).unwrap_err();
    assert!(matches!(error, StoreError::Entry { .. }), "{error:?}");
    assert_eq!(login(PI, &saved(PI, both, &moved), "n").client_id, "d", "and a login mends it");
}

#[test]
fn a_new_entry_is_one_that_pi_accepts() {
    let credential = Credential {
        account: Account { id: Some("account-2".into()), ..Account::default() },
        ..login(PI, FILE, "openai-codex")
    };
    let text = saved(PI, "{}", &credential);
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let entry = &file["openai-codex"];
    assert_eq!(entry["type"], "oauth");
    assert_eq!((&entry["access"], &entry["refresh"]), (&"codex-a".into(), &"codex-r".into()));
    assert_eq!(
        (&entry["expires"], &entry["accountId"]),
        (&1_780_000_000_000_u64.into(), &"account-2".into())
    );
    let kimi = saved(PI, "{}", &login(PI, FILE, "kimi"));
    assert!(kimi.contains("\"kimi-coding\""), "{kimi}");
}

#[test]
fn an_entry_of_a_wrong_type_is_unusable_by_itself() {
    covers(&["B-CF-05"]);
    for wrong in [
        r#"{"type":"oauth","access":"a","refresh":"r","expires":"123"}"#,
        r#"{"type":"oauth","access":"a","refresh":"r","expires":null}"#,
        r#"{"type":"oauth","access":"a","refresh":"r"}"#,
        r#"{"type":"oauth","access":"a","refresh":null,"expires":1}"#,
        r#"{"type":"oauth","access":7,"refresh":"r","expires":1}"#,
        r#"{"type":"oauth","access":"a","access":"b","refresh":"r","expires":1}"#,
        r#"{"type":"oauth","access":"a","refresh":"r","expires":1,"of_theirs":1,"of_theirs":2}"#,
        r#"{"type":"magic"}"#,
        r#"["oauth","a","r",1]"#,
        "\"oauth\"",
        "null",
    ] {
        let text = format!("{{\"openai\": {wrong},{}", &FILE[1..]);
        let error = PI.entry(&text, &key("openai")).unwrap_err();
        assert!(
            matches!(error, StoreError::Entry { ref provider } if provider == "openai"),
            "{wrong}"
        );
        assert_eq!(login(PI, &text, "anthropic").access_token.expose(), "sk-ant-oat01-a");
        let usable = PI.entries(&text).unwrap().into_iter().filter(|(_, entry)| entry.is_ok());
        assert_eq!(usable.count(), 6, "{wrong}");
    }
}

#[test]
fn blanked_tokens_are_no_login() {
    covers(&["B-CF-06"]);
    for wiped in [
        r#"{"type":"oauth","access":"","refresh":"","expires":0}"#,
        r#"{"type":"oauth","access":"a","refresh":"","expires":0}"#,
        r#"{"type":"oauth","access":" ","refresh":"r","expires":1780000000000}"#,
    ] {
        let text = format!("{{\"openai\": {wiped}}}");
        for shape in [PI, Shape::Own, Shape::Of(Tool::Synaps)] {
            let entry = shape.entry(&text, &key("openai")).unwrap();
            assert!(matches!(entry, Some(Entry::Wiped)), "{shape:?} {wiped}: {entry:?}");
        }
    }
}
