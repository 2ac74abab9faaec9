//! Signing out, here and there.

use grantflow_test_server::{Endpoint, Fault, Person};
use grantflow_tests::covers;
use serde_json::Value;

use crate::command::{Home, Run};
use crate::importing::CLAUDE;
use crate::server::{TestServer, standard};

#[test]
fn the_server_is_told_too() {
    let (run, _, server) = leave(|_| (), true);
    let event = run.event("signed_out");
    assert_eq!((&event["was_signed_in"], &event["revoked"]), (&true.into(), &"yes".into()));
    let log = server.handle.server();
    let asked = log.log().iter().filter(|entry| entry.path == "/revoke").count();
    assert_eq!(asked, 1);
}

#[test]
fn a_server_that_cannot_be_told_changes_nothing_here() {
    let fault = Fault::Unavailable.always().at(Endpoint::Revocation);
    let (run, home, _server) = leave(move |server| server.handle.server().inject(fault), true);
    let event = run.event("signed_out");
    assert_eq!(event["revoked"], "failed");
    assert!(event["message"].as_str().unwrap().contains("status 503"), "{event}");
    assert_eq!(home.run(&["status", "acme"]).code, Some(5), "it is gone here");
}

#[test]
fn where_nothing_can_be_revoked_that_is_said() {
    let (run, ..) = leave(|_| (), false);
    assert_eq!(run.event("signed_out")["revoked"], "not_offered");
}

#[test]
fn a_provider_file_that_is_not_named_is_no_reason_to_stay() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    home.run(&["login", "--provider-file", &file, "--flow", "device"]);
    let run = home.run(&["logout", "acme", "--json"]);
    assert_eq!(run.event("signed_out")["revoked"], "not_told", "{run:?}");
    assert_eq!(home.run(&["status", "acme"]).code, Some(5));
}

#[test]
fn what_is_borrowed_is_given_back_and_nobody_else_signed_out() {
    let home = Home::new();
    let place = home.file(".claude/.credentials.json", CLAUDE);
    assert_eq!(home.run(&["import", "claude-code", "--yes"]).code, Some(0));
    let run = home.run(&["logout", "anthropic", "--json"]);
    assert_eq!(run.event("signed_out")["revoked"], "not_ours", "{run:?}");
    assert!(run.events().iter().all(|event| event["event"] != "request"), "{run:?}");
    assert_eq!(std::fs::read_to_string(place).unwrap(), CLAUDE);
    assert_eq!(home.run(&["status", "anthropic"]).code, Some(5));
}

#[test]
fn nobody_is_signed_out_of_a_tool_that_is_only_read() {
    covers(&["R-P-19"]);
    let home = Home::new();
    let place = home.file(".claude/.credentials.json", CLAUDE);
    let run = home.run(&["logout", "anthropic", "--store", &place]);
    assert_eq!(run.code, Some(8), "{run:?}");
    assert!(run.err.contains("Claude Code keeps this login"), "{}", run.err);
    assert_eq!(std::fs::read_to_string(place).unwrap(), CLAUDE);
}

/// A login and its end, at a server that was changed in between.
fn leave(change: impl FnOnce(&TestServer), revokes: bool) -> (Run, Home, TestServer) {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let revocation = format!("revocation_endpoint = \"{}/revoke\"\n", server.issuer());
    let text = server.provider_file() + if revokes { &revocation } else { "" };
    let file = home.file("acme.toml", &text);
    let login = home.run(&["login", "--provider-file", &file, "--flow", "device"]);
    assert_eq!(login.code, Some(0), "{login:?}");
    change(&server);
    let run = home.run(&["logout", "--provider-file", &file, "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let stored: Value = serde_json::from_slice(&std::fs::read(home.store()).unwrap()).unwrap();
    assert_eq!(stored, serde_json::json!({}));
    (run, home, server)
}
