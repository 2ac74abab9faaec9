//! Another tool's login, used from here.

use std::fs;

use grantflow_tests::covers;
use serde_json::{Value, json};

use crate::command::Home;

/// As Claude Code writes it; it lapses in 2033.
pub(crate) const CLAUDE: &str = r#"{"claudeAiOauth":{"accessToken":"sk-ant-oat01-claude","refreshToken":"sk-ant-ort01-claude","expiresAt":1995000000000,"scopes":["user:inference"],"subscriptionType":"max"}}"#;

#[test]
fn a_reference_is_written_and_the_login_is_read_where_it_is() {
    covers(&["R-P-19"]);
    let home = Home::new();
    let place = home.file(".claude/.credentials.json", CLAUDE);
    let run = home.run(&["import", "--yes", "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.event("found")["logins"], json!(["anthropic"]));
    assert_eq!(run.event("imported")["borrowed_from"], "Claude Code");
    let stored = fs::read_to_string(home.store()).unwrap();
    assert!(!stored.contains("sk-ant"), "no token is copied: {stored}");

    assert_eq!(home.run(&["token", "anthropic"]).out, "sk-ant-oat01-claude\n");
    fs::write(&place, CLAUDE.replace("oat01-claude", "oat01-renewed")).unwrap();
    assert_eq!(home.run(&["token", "anthropic"]).out, "sk-ant-oat01-renewed\n");
    let status = home.run(&["status", "--json"]).event("status");
    assert_eq!(
        (&status["borrowed_from"], &status["renewable"]),
        (&"Claude Code".into(), &false.into())
    );

    let again = home.run(&["import", "--yes"]);
    assert_eq!(again.code, Some(0), "the same once more changes nothing: {again:?}");
    assert_eq!(fs::read_to_string(home.store()).unwrap(), stored);
}

#[test]
fn a_lapsed_one_is_its_tools_to_renew() {
    covers(&["R-P-19"]);
    let home = Home::new();
    let lapsed = CLAUDE.replace("1995000000000", "1000");
    let place = home.file(".claude/.credentials.json", &lapsed);
    home.run(&["import", "claude-code", "--yes"]);
    for arguments in [
        &["token", "anthropic"][..],
        &["refresh", "anthropic"],
        &["status", "anthropic"],
        &["exec", "anthropic", "--", "true"],
        &["token", "anthropic", "--store", &place],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(8), "{arguments:?}: {run:?}");
        assert!(run.err.contains("use Claude Code once"), "{}", run.err);
    }
    assert_eq!(fs::read_to_string(place).unwrap(), lapsed);
}

#[test]
fn nothing_is_borrowed_without_consent() {
    let home = Home::new();
    home.file(".claude/.credentials.json", CLAUDE);
    let run = home.run(&["import", "claude-code"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.err.contains("grantflow import claude-code --yes"), "{}", run.err);
    assert!(!home.store().exists());
}

#[test]
fn a_login_of_ours_is_replaced_only_when_asked_for() {
    let home = Home::new();
    home.file(".claude/.credentials.json", CLAUDE);
    let ours = json!({ "anthropic": { "type": "api_key", "key": "sk-ant-api-ours" } });
    home.sign_in(&ours);
    let run = home.run(&["import", "--yes"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.err.contains("--replace"), "{}", run.err);
    assert_eq!(fs::read_to_string(home.store()).unwrap(), ours.to_string());
    assert_eq!(home.run(&["import", "--yes", "--replace"]).code, Some(0));
    assert_eq!(home.run(&["token", "anthropic"]).out, "sk-ant-oat01-claude\n");
}

#[test]
fn what_to_do_next_names_the_store_and_what_was_agreed_to() {
    let home = Home::new();
    let lapsed = CLAUDE.replace("1995000000000", "1000");
    let claude = home.file(".claude/.credentials.json", &lapsed);
    let store = home.file("own.json", r#"{"anthropic":{"type":"api_key","key":"k"}}"#);
    let next = |arguments: &[&str]| {
        let run = home.run(&[arguments, &["--json"]].concat());
        run.event("error")["next"].as_str().unwrap().to_owned()
    };
    let import = ["import", "claude-code", "--store", &store];
    let ends = |told: String, words: String| assert!(told.ends_with(&words), "{told:?}: {words}");
    ends(next(&import), format!(": grantflow import claude-code --yes --store {store}"));
    ends(
        next(&[&import[..], &["--replace"]].concat()),
        format!(": grantflow import claude-code --replace --yes --store {store}"),
    );
    let replacing = format!("grantflow import claude-code --replace --yes --store {store}");
    ends(next(&[&import[..], &["--yes"]].concat()), format!(": {replacing}"));
    let words: Vec<_> = replacing.split(' ').skip(1).collect();
    assert_eq!(home.run(&words).code, Some(0));
    ends(
        next(&["token", "anthropic", "--store", &store]),
        format!(": grantflow login anthropic --store {store}"),
    );
    // In that tool's own file nobody else signs in.
    ends(next(&["token", "anthropic", "--store", &claude]), ": grantflow login anthropic".into());
}

#[test]
fn every_other_entry_stays_byte_for_byte() {
    covers(&["B-CF-04"]);
    let home = Home::new();
    home.file(".claude/.credentials.json", CLAUDE);
    let other = "  \"someone\" : {\"n\":1.0,  \"big\":123456789012345678901234567890}";
    home.file("data/auth.json", &format!("{{\n{other}\n}}\n"));
    assert_eq!(home.run(&["import", "--yes"]).code, Some(0));
    let stored = fs::read_to_string(home.store()).unwrap();
    assert!(stored.contains(other) && stored.contains("\"borrowed\""), "{stored}");
}

#[test]
fn of_several_tools_one_is_named() {
    let home = Home::new();
    home.file(".claude/.credentials.json", CLAUDE);
    let pi = json!({ "anthropic": { "type": "oauth", "access": "sk-ant-oat01-pi",
        "refresh": "sk-ant-ort01-pi", "expires": 1_995_000_000_000_u64 } });
    home.file(".pi/agent/auth.json", &pi.to_string());
    let run = home.run(&["import", "--yes"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("name one of pi, claude-code"), "{}", run.err);
    assert_eq!(home.run(&["import", "pi", "--yes"]).code, Some(0));
    assert_eq!(home.run(&["token", "anthropic"]).out, "sk-ant-oat01-pi\n");
}

#[test]
fn nothing_found_says_where_it_was_looked_for() {
    let home = Home::new();
    let run = home.run(&["import", "codex"]);
    assert_eq!(run.code, Some(5), "{run:?}");
    let place = home.path().join(".codex/auth.json");
    let told = run.err.replace('\n', " ");
    assert!(told.contains(place.to_str().unwrap()), "{told}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_place() {
    let home = Home::new();
    home.file(".claude/.credentials.json", "{\"claudeAiOauth\": sk-ant-secret");
    let run = home.run(&["import", "--json", "--yes"]);
    assert_eq!(run.code, Some(5), "{run:?}");
    let message = run.event("found")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(".credentials.json") && !message.contains("sk-ant"), "{message}");
}

#[test]
fn another_tools_file_is_changed_only_when_asked_for_and_the_risk_is_said() {
    let home = Home::new();
    let place = home.file(".claude/.credentials.json", CLAUDE);
    let run = home.run(&["token", "anthropic", "--store", &place, "--renew-foreign", "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let warning = run.event("warning");
    assert_eq!(warning["warning"], "renewing_foreign");
    let status = home.run(&["status", "--store", &place, "--json", "--renew-foreign"]);
    assert_eq!(status.event("status")["renewable"], true);
    let status = home.run(&["status", "--store", &place, "--json"]);
    assert_eq!(status.event("status")["renewable"], false);

    let synaps: Value = json!({});
    let synaps = home.file(".synaps-cli/auth.json", &synaps.to_string());
    let guest = home.run(&["status", "--store", &synaps, "--renew-foreign"]);
    assert_eq!(guest.code, Some(2), "no one may there: {guest:?}");
}

#[test]
fn a_reference_stands_in_a_file_of_our_own() {
    let home = Home::new();
    let place = home.file(".claude/.credentials.json", CLAUDE);
    for store in [place.as_str(), "keychain"] {
        let run = home.run(&["import", "claude-code", "--yes", "--store", store]);
        assert_eq!(run.code, Some(2), "{store}: {run:?}");
    }
    assert_eq!(fs::read_to_string(place).unwrap(), CLAUDE);
}
