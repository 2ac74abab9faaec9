//! Several accounts at one provider, and who it has to be.

use std::fs;

use grantflow_test_server::{Account, Config, Dialect, Person};
use grantflow_tests::covers;

use crate::command::Home;
use crate::server::TestServer;

#[test]
fn accounts_live_side_by_side() {
    let (home, server) = (Home::new(), server("one@example.com"));
    let other = self::server("two@example.com");
    let (one, two) = (provider_file(&home, "one", &server), provider_file(&home, "two", &other));
    let login = |file: &str, account: &[&str]| {
        let arguments = ["login", "--provider-file", file, "--flow", "device"];
        home.run(&[&arguments[..], account].concat())
    };
    let first = login(&one, &[]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.out.contains("signed in to Acme as one@example.com"), "{first:?}");
    let second = login(&two, &["--account", "work"]);
    assert!(second.out.contains("as two@example.com, kept as acme:work"), "{second:?}");

    let all = home.run(&["status", "acme", "--json"]).events();
    let accounts: Vec<_> = all.iter().map(|status| &status["account"]["email"]).collect();
    assert_eq!(accounts, ["one@example.com", "two@example.com"]);
    let work = home.run(&["status", "acme:work", "--json"]).event("status");
    assert_eq!(work["account_name"], "work");
    let token = |account: &[&str], file: &str| {
        home.run(&[&["token", "--provider-file", file][..], account].concat()).out
    };
    assert_ne!(token(&["--account", "work"], &two), token(&[], &one));

    let gone = home.run(&["logout", "acme:work", "--provider-file", &two]);
    assert_eq!(gone.code, Some(2), "a provider or a file, not both: {gone:?}");
    assert_eq!(home.run(&["logout", "acme", "--account", "work"]).code, Some(0));
    assert_eq!(home.run(&["status", "acme:work"]).code, Some(5));
    assert_eq!(home.run(&["status", "acme"]).code, Some(0), "the other one stays");
}

#[test]
fn a_login_of_somebody_else_is_not_kept() {
    covers(&["B-CF-27"]);
    let (home, server) = (Home::new(), server("one@example.com"));
    let file = provider_file(&home, "one", &server);
    let login = |who: &str| {
        home.run(&["login", "--provider-file", &file, "--flow", "device", "--expect", who])
    };
    assert_eq!(login("One@Example.com").code, Some(0), "letters in either case");
    let before = fs::read(home.store()).unwrap();
    let other = login("two@example.com");
    assert_eq!(other.code, Some(5), "{other:?}");
    let told = "somebody else than two@example.com signed in (one@example.com)";
    assert!(other.err.contains(told), "{}", other.err);
    assert_eq!(fs::read(home.store()).unwrap(), before, "the login that was there is still there");
}

#[test]
fn who_it_has_to_be_goes_on_to_resume() {
    let (home, server) = (Home::new(), server("one@example.com"));
    let file = provider_file(&home, "one", &server);
    let who = ["--expect", "two@example.com"];
    let login = ["login", "--provider-file", &file, "--flow", "device", "--no-wait", "--json"];
    let begun = home.run(&[&login[..], &who].concat());
    let next = begun.event("pending")["next"].as_str().unwrap().to_owned();
    assert!(next.ends_with("--expect two@example.com"), "{next}");
    let resumed = home.run(&[&["resume", "--provider-file", &file][..], &who].concat());
    assert_eq!(resumed.code, Some(5), "{resumed:?}");
    assert!(!home.store().exists());
}

/// A server whose person has this address.
fn server(email: &str) -> TestServer {
    TestServer::start(Config {
        person: Person::Approve,
        interval_s: 1,
        account: Account { email: email.to_owned(), ..Account::default() },
        // Others than another server's.
        seed: email.bytes().map(u64::from).sum(),
        ..Config::new(Dialect::Google, "")
    })
}

/// A provider that tells who signed in.
fn provider_file(home: &Home, name: &str, server: &TestServer) -> String {
    let issuer = server.issuer();
    let text = format!(
        "preset = \"google\"\nid = \"acme\"\nname = \"Acme\"\nissuer = \"{issuer}\"\n\
         client_id = \"test-client.apps.googleusercontent.com\"\n\
         client_secret = \"test secret+100%\"\n\
         authorization_endpoint = \"{issuer}/o/oauth2/v2/auth\"\n\
         token_endpoint = \"{issuer}/token\"\n\
         device_authorization_endpoint = \"{issuer}/device/code\"\n"
    );
    home.file(&format!("{name}.toml"), &text)
}
