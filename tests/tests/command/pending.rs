//! `login --no-wait` in one process, `resume` in another.

use grantflow_test_server::Person;

use crate::command::{Home, Run};
use crate::server::{TestServer, redirect_of, standard};

#[test]
fn a_device_login_goes_on_in_another_process() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let begun = begin(&home, &file, "device");
    let user_code = begun.event("prompt")["user_code"].as_str().unwrap().to_owned();
    let now = server.handle.now_ms();
    server.handle.server().approve(now, &user_code).unwrap();

    let resumed = home.run(&["resume", "--provider-file", &file, "--json"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(resumed.event("signed_in")["provider"], "acme");
    assert_eq!(server.findings(), [""; 0]);
    assert_eq!(home.run(&["resume", "--provider-file", &file]).code, Some(5), "it is used up");
}

#[test]
fn a_browser_login_goes_on_with_what_the_browser_showed() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let begun = begin(&home, &file, "browser");
    let address = begun.event("prompt")["sign_ins"][0]["url"].as_str().unwrap().to_owned();
    let answer = redirect_of(&address);

    let early = home.run(&["resume", "--provider-file", &file]);
    assert_eq!(early.code, Some(3), "without an answer it waits for a person: {early:?}");
    let wrong = home.run_with(&["resume", "--provider-file", &file], "nonsense\n");
    assert_eq!(wrong.code, Some(3), "and a wrong one leaves it waiting: {wrong:?}");

    // As a chat or a terminal hands it on: broken in the middle, wherever that is.
    let (head, tail) = answer.trim_end().split_at(answer.trim_end().len() - 5);
    let broken = format!("{head}\n{tail}\n");
    let resumed = home.run_with(&["resume", "--provider-file", &file, "--json"], &broken);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(resumed.event("signed_in")["provider"], "acme");
    assert_eq!(server.findings(), [""; 0]);
}

#[test]
fn people_are_told_what_to_do_and_how_to_go_on() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let run = home.run(&["login", "--provider-file", &file, "--flow", "device", "--no-wait"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let next = format!("grantflow resume --provider-file {file}");
    assert!(run.out.contains("/device") && run.out.contains(&next), "{}", run.out);
}

#[test]
fn resume_offers_what_waits_and_nothing_else() {
    let home = Home::new();
    let begun = home.run(&["login", "anthropic:work", "--accept-terms", "--no-wait", "--json"]);
    assert_eq!(begun.code, Some(3), "{begun:?}");
    assert_eq!(begun.event("pending")["next"], "grantflow resume anthropic --account work");
    let other = ["login", "anthropic:Someone@example.com", "--accept-terms", "--no-wait"];
    assert_eq!(home.run(&other).code, Some(3));
    let run = home.run(&["resume"]);
    assert_eq!(run.code, Some(2), "nobody is here to choose: {run:?}");
    let names = "name one of anthropic:Someone@example.com, anthropic:work";
    assert!(run.err.replace('\n', " ").contains(names), "{}", run.err);
    assert!(!run.err.contains("kimi"), "{}", run.err);
}

/// A login up to what the person must do.
fn begin(home: &Home, file: &str, flow: &str) -> Run {
    let begun =
        home.run(&["login", "--provider-file", file, "--flow", flow, "--no-wait", "--json"]);
    assert_eq!(begun.code, Some(3), "{begun:?}");
    assert_eq!(begun.event("pending")["provider"], "acme");
    begun
}
