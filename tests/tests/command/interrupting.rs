//! Ctrl-C at any point.

use std::net::{Ipv4Addr, TcpListener};

use grantflow_test_server::Person;
use grantflow_tests::covers;

use crate::command::Home;
use crate::server::{TestServer, standard};

#[test]
fn a_browser_login_closes_its_port_and_leaves_nothing() {
    covers(&["N-8252-05", "N-21-03", "B-CF-27"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login =
        home.start(&["login", "--provider-file", &file, "--flow", "browser", "--no-browser"]);
    let address = login.address();
    let (_, port) = address.split_once("127.0.0.1%3A").unwrap();
    let port: u16 = port.split('%').next().unwrap().parse().unwrap();
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err(), "it listens");
    login.interrupt();
    let run = login.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(run.event("error")["kind"], "interrupted");
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free again");
    assert_eq!(home.files(), [""; 0]);
}

#[test]
fn a_device_login_leaves_nothing() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login = home.start(&["login", "--provider-file", &file, "--flow", "device"]);
    login.next("wait");
    login.interrupt();
    assert_eq!(login.end().code, Some(130));
    assert_eq!(home.files(), [""; 0]);
}

#[test]
fn a_resumed_login_can_be_resumed_again() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let begun =
        home.run(&["login", "--provider-file", &file, "--flow", "device", "--no-wait", "--json"]);
    let user_code = begun.event("prompt")["user_code"].as_str().unwrap().to_owned();
    let mut resumed = home.start(&["resume", "--provider-file", &file]);
    resumed.next("wait");
    resumed.interrupt();
    assert_eq!(resumed.end().code, Some(130));

    let now = server.handle.now_ms();
    server.handle.server().approve(now, &user_code).unwrap();
    let again = home.run(&["resume", "--provider-file", &file]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(server.findings(), [""; 0]);
}
