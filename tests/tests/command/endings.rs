//! How a login can end, told by the exit code.

use std::net::{Ipv4Addr, TcpListener};

use grantflow_test_server::{Config, Dialect, Fault, Person};
use grantflow_tests::covers;

use crate::command::{Home, Run};
use crate::server::{TestServer, get, redirect_of, standard, with_client};

#[test]
fn a_person_who_says_no_has_to_sign_in_again() {
    let (run, home) = device(standard(Person::Deny));
    assert_ended(&run, 5, "denied");
    assert_eq!(home.files(), [""; 0], "nothing is stored");
}

#[test]
fn a_person_who_never_comes_ends_it_in_time() {
    covers(&["B-LS-16"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ignore)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login = home.start(&[
        "login",
        "--provider-file",
        &file,
        "--flow",
        "browser",
        "--no-browser",
        "--timeout",
        "1",
    ]);
    let port = redirect_port(&login.address());
    assert_ended(&login.end(), 5, "in time");
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free again");
}

#[test]
fn a_server_that_cannot_be_reached_may_be_there_later() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let home = Home::new();
    let file = home.file(
        "gone.toml",
        &format!(
            "id = \"gone\"\nclient_id = \"c\"\ntoken_endpoint = \"http://127.0.0.1:{port}/token\"\n\
             device_authorization_endpoint = \"http://127.0.0.1:{port}/device\"\n"
        ),
    );
    assert_ended(&home.run(&["login", "--provider-file", &file]), 4, "no connection");
}

#[test]
fn a_client_that_the_server_does_not_know_is_a_matter_of_configuration() {
    let (run, _) = device(with_client(standard(Person::Approve), "another-client"));
    assert_ended(&run, 6, "invalid_client");
}

#[test]
fn an_account_without_a_seat_needs_somebody_else() {
    let server = TestServer::start(Config {
        person: Person::Approve,
        interval_s: 1,
        faults: vec![Fault::SecondToken403.always()],
        ..Config::new(Dialect::Github, "")
    });
    let home = Home::new();
    let file = home.file("copilot.toml", &server.copilot_file());
    assert_ended(&home.run(&["login", "--provider-file", &file]), 7, "exchange");
}

#[test]
fn a_flow_that_the_provider_does_not_have_is_a_matter_of_configuration() {
    assert_ended(&Home::new().run(&["login", "kimi", "--flow", "browser"]), 6, "no such login");
}

#[test]
fn a_store_that_cannot_be_written_is_found_out_before_anything_is_sent() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let run = home.run(&[
        "login",
        "--provider-file",
        &file,
        "--flow",
        "device",
        "--store",
        "/dev/null/auth.json",
    ]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(server.handle.server().log().len(), 0);
}

#[test]
fn a_login_that_cannot_be_put_aside_is_a_matter_of_the_store() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    home.file("data/pending", "in the way");
    let login = ["login", "--provider-file", &file, "--flow", "device", "--no-wait"];
    assert_ended(&home.run(&login), 1, "pending");
}

#[test]
fn an_answer_for_another_login_is_refused_and_the_login_goes_on() {
    covers(&["B-LS-13"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login =
        home.start(&["login", "--provider-file", &file, "--flow", "browser", "--no-browser"]);
    let back = redirect_of(&login.address());
    let forged = back.replace("state=", "state=x");
    get(&forged);
    assert_eq!(login.next("redirect")["accepted"], false);
    get(&back);
    assert_eq!(login.end().code, Some(0));
}

/// A device login against this server.
fn device(config: Config) -> (Run, Home) {
    let (home, server) = (Home::new(), TestServer::start(config));
    let file = home.file("acme.toml", &server.provider_file());
    (home.run(&["login", "--provider-file", &file, "--flow", "device"]), home)
}

/// The code, a word of what happened, and one line that says what to do.
#[track_caller]
fn assert_ended(run: &Run, code: i32, word: &str) {
    assert_eq!(run.code, Some(code), "{run:?}");
    let told = format!("{}{}", run.out, run.err);
    assert!(told.contains(word), "{word:?} in {told}");
    assert!(run.err.contains("\nnext: "), "what to do next in {}", run.err);
}

fn redirect_port(address: &str) -> u16 {
    let (_, port) = address.split_once("redirect_uri=http%3A%2F%2F127.0.0.1%3A").unwrap();
    port.split('%').next().unwrap().parse().unwrap()
}
