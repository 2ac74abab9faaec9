//! Narrow terminals, no colours, and an address that can be copied.

use grantflow_test_server::Person;
use grantflow_tests::covers;

use crate::command::{Home, Run};
use crate::server::{TestServer, standard};

#[test]
fn forty_columns_are_enough() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let narrow = |arguments: &[&str]| {
        let output = home.command(arguments).env("COLUMNS", "40").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    };
    for (arguments, code) in [
        (&["providers"][..], 0),
        (&["status"], 0),
        (&["login"], 2),
        (&["login", "anthropic"], 3),
        (&["login", "--provider-file", &file, "--flow", "device"], 0),
        (&["login", "--provider-file", &file, "--flow", "browser", "--no-wait"], 3),
        (&["status"], 0),
        (&["refresh", "--provider-file", &file], 0),
    ] {
        let run = narrow(arguments);
        assert_eq!(run.code, Some(code), "{run:?}");
        for line in run.out.lines().chain(run.err.lines()) {
            // What is to be copied stays on one line.
            let is_copied = line.starts_with("http") || line.starts_with("  grantflow ");
            let fits = line.chars().count() <= 40 || is_copied;
            assert!(fits, "{line:?} of {arguments:?}");
        }
    }
}

#[test]
fn an_address_stands_on_one_line_of_its_own() {
    covers(&["B-BO-10", "N-8252-09"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let arguments = ["login", "--provider-file", &file, "--flow", "browser", "--no-wait"];
    let output = home.command(&arguments).env("COLUMNS", "40").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let address = out.lines().find(|line| line.starts_with("http")).unwrap();
    assert!(address.contains("&state=") && address.len() > 200, "{address} is whole");
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Look at the address of the page before you type"), "{words}");
}

#[test]
fn colours_are_a_choice() {
    let home = Home::new();
    assert!(!home.run(&["providers"]).out.contains('\x1b'), "none without a terminal");
    assert!(home.run(&["providers", "--color", "always"]).out.contains('\x1b'));
    assert!(!home.run(&["providers", "--color", "never"]).out.contains('\x1b'));
}
