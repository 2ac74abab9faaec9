//! Who is signed in, and what stands in the way.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use grantflow_core::{Digest, Ended, Ledger, Mark};
use grantflow_tests::{covers, local};
use serde_json::{Value, json};

use crate::command::Home;
use crate::importing::CLAUDE;

#[test]
fn a_damaged_login_hides_no_other() {
    covers(&["B-CF-05"]);
    let home = Home::new();
    home.sign_in(&json!({
        "kimi": { "type": "oauth", "access": "a", "refresh": "r", "expires": "soon" },
        "xai": login(later()),
        "anthropic": { "type": "borrowed", "tool": "claude-code", "path": "/nowhere/at/all" },
    }));
    let run = home.run(&["status", "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let health: Vec<_> =
        run.events().iter().map(|it| (it["provider"].clone(), it["health"].clone())).collect();
    let pair = |provider: &str, health: &str| (Value::from(provider), Value::from(health));
    assert_eq!(
        health,
        [pair("xai", "valid"), pair("anthropic", "damaged"), pair("kimi", "damaged")]
    );
    let lost = &run.events()[1];
    assert!(lost["message"].as_str().unwrap().contains("/nowhere/at/all"), "{lost}");

    let words = home.run(&["status"]).out;
    assert!(words.contains("○ kimi") && words.contains("● xai"), "{words}");
    assert_eq!(home.run(&["status", "xai"]).code, Some(0));
    assert_eq!(home.run(&["status", "kimi"]).code, Some(5), "it has to be signed in to again");
}

#[test]
fn notes_that_cannot_be_read_hide_no_login() {
    let home = Home::new();
    home.sign_in(&json!({ "xai": login(later()), "kimi": login(later()) }));
    let name = Digest::of("xai").to_string();
    let ledger = home.path().join(format!("data/auth.json.grantflow/{name}.ledger"));
    fs::create_dir_all(ledger).unwrap();
    let run = home.run(&["status", "--json"]);
    let shown: Vec<_> = run.events().iter().map(|it| it["provider"].clone()).collect();
    assert_eq!((run.code, shown), (Some(0), vec!["kimi".into(), "xai".into()]));
}

#[test]
fn an_interrupted_renewal_says_what_it_means() {
    for (stash, ended, outcome, words) in [
        (true, None, "recoverable", "its new tokens are safe"),
        (false, None, "may_be_spent", "may be spent"),
        (false, Some(Ended::Unknown), "may_be_spent", "tries it once more"),
        (false, Some(Ended::Refused), "refused", "sign in again"),
    ] {
        let home = Home::new();
        home.sign_in(&json!({ "xai": login(later()) }));
        interrupt(&home, stash, ended);
        let status = home.run(&["status", "--json"]).event("status");
        assert_eq!(status["interrupted"]["outcome"], outcome, "{status}");
        assert_eq!(status["renewable"], ended != Some(Ended::Refused), "{status}");
        let told = home.run(&["status"]).out.replace("\n ", "");
        assert!(told.contains("a renewal was interrupted 3 min ago"), "{told}");
        assert!(told.contains(words), "{words} in {told}");
    }
}

#[test]
fn a_login_that_waits_is_told_with_the_one_that_it_will_replace() {
    let home = Home::new();
    home.sign_in(&json!({ "xai": login(later()) }));
    let name = Digest::of("xai").to_string();
    let waits = local::credential("newer").save();
    let stash = format!(r#"{{"logins":0,"credential":{}}}"#, waits.expose());
    for (stash, is_replaced) in [("{}", false), (stash.as_str(), true)] {
        home.file(&format!("data/auth.json.grantflow/{name}.stash"), stash);
        let status = home.run(&["status", "--json"]).event("status");
        assert_eq!(status["replaced"], is_replaced, "{status}");
        assert_eq!(home.run(&["status"]).out.contains("a newer login waits"), is_replaced);
    }
}

#[test]
fn one_that_nobody_interrupted_says_nothing() {
    let home = Home::new();
    home.sign_in(&json!({ "xai": login(later()) }));
    assert_eq!(home.run(&["status", "--json"]).event("status")["interrupted"], Value::Null);
}

#[test]
fn whose_it_is_and_who_can_read_it_is_said() {
    covers(&["B-CF-07"]);
    let home = Home::new();
    let place = home.file(".claude/.credentials.json", CLAUDE);
    home.run(&["import", "--yes"]);
    let told = home.run(&["status"]).out;
    assert!(told.contains("borrowed from Claude Code, which renews it"), "{told}");
    assert!(told.contains(home.store().to_str().unwrap()), "the store is named: {told}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o644)).unwrap();
        let foreign = home.run(&["status", "--store", &place, "--json"]);
        let warning = foreign.event("warning");
        assert_eq!(warning["warning"], "store", "{foreign:?}");
        assert!(warning["message"].as_str().unwrap().contains("by others"), "{warning}");
    }
}

#[test]
fn forty_columns_hold_every_kind_of_login() {
    let home = Home::new();
    home.file(".claude/.credentials.json", CLAUDE);
    home.sign_in(&json!({ "xai": login(later()), "kimi": { "type": "oauth" } }));
    interrupt(&home, false, None);
    assert_eq!(home.run(&["import", "--yes"]).code, Some(0));
    let nowhere = home.path().join("nowhere");
    for arguments in [&["status"][..], &["doctor", "--store", nowhere.to_str().unwrap()]] {
        let run = home.run_where(&[("COLUMNS", "40")], arguments);
        for line in run.out.lines().chain(run.err.lines()) {
            // A path, or a command to be copied, is in one piece.
            let is_one_word = !line.trim().contains(' ');
            assert!(line.chars().count() <= 40 || is_one_word, "{line:?} of {run:?}");
        }
    }
}

/// An entry of ours.
pub(crate) fn login(expires: u64) -> Value {
    json!({ "type": "oauth", "access": "the-access", "refresh": "the-refresh",
        "expires": expires, "origin": "https://auth.x.ai/oauth2/token", "client_id": "c",
        "obtained_at": 1_700_000_000_000_u64 })
}

/// In an hour.
pub(crate) fn later() -> u64 {
    now() + 3_600_000
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// What a process leaves behind that was killed while it renewed `xai`.
pub(crate) fn interrupt(home: &Home, stash: bool, ended: Option<Ended>) {
    let mark = Mark {
        digest: Digest::of("the-refresh"),
        attempt: 7,
        presented: 1,
        who: gone(),
        at: now() - 200_000,
        host: "auth.x.ai".into(),
        ended,
    };
    let ledger = Ledger { mark: Some(mark), ..Ledger::default() };
    let name = Digest::of("xai").to_string();
    home.file(&format!("data/auth.json.grantflow/{name}.ledger"), &ledger.write());
    if stash {
        home.file(&format!("data/auth.json.grantflow/{name}.stash"), "{}");
    }
}

/// A process of this machine that has ended, as it called itself.
fn gone() -> String {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let id = child.id();
    child.wait().unwrap();
    let own = grantflow::owner::Owner::this().to_string();
    let (_, rest) = own.split_once(' ').unwrap();
    format!("pid={id} {rest}")
}
