//! No secret is printed by any command but `token`.

use grantflow_test_server::{Fault, Person};
use grantflow_tests::covers;
use serde_json::Value;

use crate::command::{Home, Run};
use crate::server::{TestServer, standard};

#[test]
fn only_token_prints_a_secret() {
    covers(&["S-T-01", "S-14"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut secrets = Vec::new();
    let mut runs = Vec::new();
    for arguments in [
        &["login", "--provider-file", &file, "--flow", "device", "-v"][..],
        &["status", "-v"],
        &["status", "--json"],
        &["refresh", "--provider-file", &file, "-v"],
        &["refresh", "--provider-file", &file, "-v", "--json"],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(0), "{run:?}");
        runs.push(run);
        secrets.extend(stored(&home));
    }
    server.handle.server().inject(Fault::ErrorEcho.always());
    let refused = home.run(&["refresh", "--provider-file", &file, "-v"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    runs.push(refused);
    assert!(secrets.len() >= 6, "tokens before and after each renewal");
    for run in &runs {
        assert_shows_none(run, &secrets);
    }

    let token = home.run(&["token", "--provider-file", &file, "--min-ttl", "0"]);
    assert!(secrets.contains(&token.out.trim_end().to_owned()), "the token and nothing else");
    assert_eq!(token.err, "");
}

#[test]
fn verbose_tells_each_step() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let run = home.run(&["login", "--provider-file", &file, "--flow", "device", "-v"]);
    for step in ["RequestingCode", "send POST /device_authorization", "Polling", "done"] {
        assert!(run.err.contains(step), "{step} in {}", run.err);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_quoted() {
    covers(&["C-39"]);
    let home = Home::new();
    let file = home.file("acme.toml", "id = \"acme\"\nclient_secret = \"hush hush\n");
    let run = home.run(&["login", "--provider-file", &file]);
    assert_eq!(run.code, Some(6), "{run:?}");
    assert!(run.err.contains("line 2") && !run.err.contains("hush"), "{}", run.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_would_leave_no_core_file() {
    covers(&["S-07"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login = home.start(&["login", "--provider-file", &file, "--flow", "device"]);
    login.next("prompt");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", login.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let limits: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(limits, ["0", "0"], "neither now nor raised later");
    login.interrupt();
    assert_eq!(login.end().code, Some(130));
}

/// The tokens in the store.
fn stored(home: &Home) -> Vec<String> {
    let text = std::fs::read_to_string(home.path().join("data/auth.json")).unwrap();
    let store: Value = serde_json::from_str(&text).unwrap();
    let entry = store["acme"].as_object().unwrap();
    ["access", "refresh"].iter().map(|name| entry[*name].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_shows_none(run: &Run, secrets: &[String]) {
    for secret in secrets {
        assert!(!run.out.contains(secret) && !run.err.contains(secret), "{secret} in {run:?}");
    }
}
