//! Logins from beginning to end, by each way there is.

use grantflow_test_server::{Config, Dialect, Person};
use grantflow_tests::covers;

use crate::command::Home;
use crate::server::{TestServer, get, redirect_of, standard};

#[test]
fn a_browser_login_ends_at_the_listener() {
    covers(&["N-8252-02"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login =
        home.start(&["login", "--provider-file", &file, "--flow", "browser", "--no-browser"]);
    let page = get(&redirect_of(&login.address()));
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let run = login.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.event("signed_in")["provider"], "acme");
    assert_eq!(server.findings(), [""; 0]);
    assert_works(&home, &file);
}

/// What follows a login: `status`, `token`, `refresh`, `logout`.
fn assert_works(home: &Home, file: &str) {
    let status = home.run(&["status", "acme", "--json"]);
    assert_eq!((status.code, &status.event("status")["health"]), (Some(0), &"valid".into()));

    let first = home.run(&["token", "--provider-file", file]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let header = home.run(&["token", "--provider-file", file, "--header"]);
    assert_eq!(header.out, format!("authorization: Bearer {}", first.out));
    home.age("acme", 1_000_000);
    let enough = home.run(&["token", "--provider-file", file, "--min-ttl", "2500"]);
    assert_eq!(enough.out, first.out, "it has 2600 s of its hour left");
    let lasting = home.run(&["token", "--provider-file", file, "--min-ttl", "2700"]);
    assert_ne!(lasting.out, first.out, "which is less than 2700, so it is renewed");

    let renewed = home.run(&["refresh", "--provider-file", file, "--json"]);
    assert_eq!(renewed.event("renewed")["provider"], "acme");
    assert_ne!(home.run(&["token", "--provider-file", file]).out, lasting.out);

    assert_eq!(home.run(&["logout", "acme", "--json"]).event("signed_out")["was_signed_in"], true);
    assert_eq!(home.run(&["token", "--provider-file", file]).code, Some(5));
    assert_eq!(home.run(&["logout", "acme", "--json"]).event("signed_out")["was_signed_in"], false);
}

#[test]
fn a_device_login_waits_for_the_person() {
    covers(&["N-8628-11", "N-8628-12", "N-8628-14", "C-41"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login = home.start(&["login", "--provider-file", &file, "--flow", "device"]);
    let prompt = login.next("prompt");
    assert_eq!(prompt["verification_uri"], format!("{}/device", server.issuer()));
    let user_code = prompt["user_code"].as_str().unwrap();
    let now = server.handle.now_ms();
    server.handle.server().approve(now, user_code).unwrap();
    let run = login.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains(user_code) && run.err.contains("/device"), "{}", run.err);
    assert!(run.err.contains("asked for yourself"), "{}", run.err);
    assert_eq!(server.findings(), [""; 0]);
}

#[test]
fn a_paste_ends_a_login_and_a_wrong_one_does_not() {
    covers(&["B-LS-18", "C-40", "B-CB-24"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login = home.start(&["login", "--provider-file", &file, "--flow", "paste"]);
    let address = login.address();
    let back = redirect_of(&address);

    login.type_line(&address);
    let refused = login.next("redirect");
    assert_eq!((&refused["by"], &refused["accepted"]), (&"paste".into(), &false.into()));
    assert!(refused["message"].as_str().unwrap().contains("the address to open"), "{refused}");
    let padding = format!("callback?padding={}&", "x".repeat(5000));
    login.type_line(&back.replace("callback?", &padding));
    assert_eq!(login.next("redirect")["accepted"], true, "longer than a terminal's line");

    let run = login.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("nobody else ever needs"), "{}", run.err);
}

#[test]
fn a_preset_at_another_address_logs_in() {
    let server = TestServer::start(Config {
        person: Person::Approve,
        interval_s: 1,
        ..Config::new(Dialect::Github, "")
    });
    let (home, issuer) = (Home::new(), server.issuer());
    let file = home.file(
        "copilot.json",
        &format!(
            r#"{{ "preset": "github-copilot", "id": "copilot-acme",
                 "device_authorization_endpoint": "{issuer}/login/device/code",
                 "token_endpoint": "{issuer}/login/oauth/access_token",
                 "then": {{ "endpoint": "{issuer}/copilot_internal/v2/token" }} }}"#
        ),
    );
    let run = home.run(&["login", "--provider-file", &file, "--flow", "device"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(server.findings(), [""; 0], "the editor headers name the command itself");
    let headers = home.run(&["token", "--provider-file", &file, "--header"]).out;
    assert!(headers.contains("editor-version: grantflow/"), "every header the API wants");
}

#[test]
fn the_secret_of_a_client_comes_from_the_environment() {
    let server = TestServer::start(Config {
        person: Person::Approve,
        interval_s: 1,
        ..Config::new(Dialect::Google, "")
    });
    let (home, issuer) = (Home::new(), server.issuer());
    let file = home.file(
        "google.toml",
        &format!(
            "preset = \"google\"\nid = \"google-acme\"\nissuer = \"{issuer}\"\n\
             client_id = \"test-client.apps.googleusercontent.com\"\n\
             authorization_endpoint = \"{issuer}/o/oauth2/v2/auth\"\n\
             token_endpoint = \"{issuer}/token\"\n\
             device_authorization_endpoint = \"{issuer}/device/code\"\n"
        ),
    );
    let arguments = ["login", "--provider-file", &file, "--flow", "device"];
    assert_eq!(home.run(&arguments).code, Some(6), "without a secret");
    let mut command = home.command(&arguments);
    let done = command.env("GRANTFLOW_CLIENT_SECRET", "test secret+100%").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(server.findings(), [""; 0]);
}

#[test]
fn a_secret_in_the_environment_is_for_clients_that_send_one() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    let secret = [("GRANTFLOW_CLIENT_SECRET", "of another client")];
    let login = ["login", "--provider-file", &file, "--flow", "device"];
    let run = home.run_where(&secret, &login);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(home.run_where(&secret, &["token", "--provider-file", &file]).code, Some(0));
    assert_eq!(server.findings(), [""; 0]);
}
