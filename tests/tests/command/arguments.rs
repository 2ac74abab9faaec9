//! What may be said, and what is answered when it makes no sense.

use grantflow_core::{TermsStatus, providers};
use grantflow_test_server::Person;
use grantflow_tests::covers;

use crate::command::Home;
use crate::server::{TestServer, standard};

#[test]
fn nonsense_is_a_mistake_of_usage() {
    let home = Home::new();
    for arguments in [
        &["frobnicate"][..],
        &["login", "kimi", "--flow", "pigeon"],
        &["login", "kimi", "--port", "0"],
        &["login", "kimi", "--provider-file", "acme.toml"],
        &["login", "nobody-we-know"],
        &["login", "kimi:"],
        &["login", "kimi", "--account", ""],
        &["login", "kimi:work", "--account", "home"],
        &["import", "frobnicate"],
        &["exec", "kimi"],
        &["exec", "kimi", "--variable", "NO NAME", "--", "true"],
        &["status", "--renew-foreign"],
        &["status", "--renew-foreign", "--store", "keychain"],
        &["man", "frobnicate"],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
        assert_eq!(run.out, "", "{arguments:?}");
    }
}

#[test]
fn a_client_secret_is_no_argument() {
    covers(&["S-11"]);
    let run = Home::new().run(&["login", "google", "--client-secret", "s"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn an_empty_variable_names_no_store() {
    let (home, empty) = (Home::new(), [("GRANTFLOW_STORE", "")]);
    home.sign_in(&serde_json::json!({}));
    assert_eq!(home.run_where(&empty, &["status"]), home.run(&["status"]));
    let named = home.file("named.json", "{");
    let run = home.run_where(&[("GRANTFLOW_STORE", &named)], &["status"]);
    assert_eq!(run.code, Some(1), "one that names a store counts: {run:?}");
    let run = home.run_where(&[("GRANTFLOW_STORE", &named)], &["status", "--store", "own.json"]);
    assert_ne!(run.code, Some(1), "and an argument counts more: {run:?}");
    assert_eq!(home.run(&["status", "--store", ""]).code, Some(2), "which is never empty");
}

#[test]
fn without_a_terminal_the_choices_are_named() {
    let run = Home::new().run(&["login"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    for provider in providers::all() {
        assert!(run.err.contains(&provider.id), "names {}", provider.id);
    }
    for command in ["resume", "logout", "token", "refresh"] {
        let run = Home::new().run(&[command]);
        assert_eq!(run.code, Some(5), "there is nothing to choose from: {run:?}");
    }
}

#[test]
fn an_error_is_an_object_too() {
    let error = Home::new().run(&["login", "--json"]).event("error");
    assert_eq!(error["exit"], 2);
    assert_eq!(error["kind"], "usage");
    assert!(error["next"].as_str().unwrap().contains("openai-codex"));
    let mistake = Home::new().run(&["login", "--json", "--bogus"]);
    assert_eq!((mistake.code, mistake.event("error")["exit"].as_u64()), (Some(2), Some(2)));
    assert!(mistake.err.contains("--bogus"), "the parser's own words: {mistake:?}");
}

#[test]
fn what_the_caller_registered_stands_in_the_address() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = free.to_string();
    let begun = home.run(&[
        "login",
        "--provider-file",
        &file,
        "--flow",
        "browser",
        "--no-wait",
        "--json",
        "--scope",
        "one",
        "--scope",
        "two",
        "--host",
        "localhost",
        "--port",
        &port,
        "--client-id",
        "mine",
    ]);
    let sign_in = begun.event("prompt")["sign_ins"][0].clone();
    assert_eq!(sign_in["redirect_uri"], format!("http://localhost:{port}/callback"), "{begun:?}");
    let url = sign_in["url"].as_str().unwrap();
    assert!(url.contains("scope=one+two") && url.contains("client_id=mine"), "{url}");
}

#[test]
fn a_login_from_a_file_is_told_to_name_the_file_again() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    assert_eq!(home.run(&["login", "--provider-file", &file, "--flow", "device"]).code, Some(0));
    let token = home.run(&["token", "acme"]);
    assert_eq!(token.code, Some(2), "{token:?}");
    assert!(token.err.contains("--provider-file"), "{token:?}");
    assert_eq!(home.run(&["token", "--provider-file", &file]).code, Some(0));
}

#[test]
fn providers_are_the_presets_with_their_terms() {
    let events = Home::new().run(&["providers", "--json"]).events();
    assert_eq!(events.len(), providers::all().len());
    for (event, provider) in events.iter().zip(providers::all()) {
        assert_eq!(event["provider"], provider.id);
        assert_eq!(event["terms"]["note"], provider.terms.note);
        let restricted = provider.terms.status == TermsStatus::Restricted;
        assert_eq!(event["terms"]["status"] == "restricted", restricted);
    }
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let home = Home::new();
    let commands = [
        "login",
        "resume",
        "status",
        "token",
        "exec",
        "refresh",
        "logout",
        "import",
        "doctor",
        "providers",
        "demo",
    ];
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = home.run(&["completions", shell]);
        assert_eq!(script.code, Some(0));
        assert!(commands.iter().all(|command| script.out.contains(command)), "{shell}");
    }
    let page = home.run(&["man"]).out;
    for command in commands {
        assert!(page.contains(&format!("grantflow\\-{command}")), "{command} in {page}");
        let own = home.run(&["man", command]);
        assert_eq!(own.code, Some(0));
        assert!(own.out.contains(&format!(".TH grantflow-{command}")), "{}", own.out);
    }
}

#[test]
fn a_restricted_login_needs_a_person_or_their_word() {
    covers(&["C-42"]);
    let run = Home::new().run(&["login", "anthropic"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.err.contains("--accept-terms"), "{}", run.err);
}
