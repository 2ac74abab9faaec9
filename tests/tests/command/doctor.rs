//! Each thing that `doctor` looks at, broken by itself.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, SystemTime};

use grantflow_core::{Digest, Ended};
use grantflow_test_server::{Fault, Person};
use grantflow_tests::covers;
use serde_json::{Value, json};

use crate::command::{Home, Run};
use crate::importing::CLAUDE;
use crate::server::{TestServer, standard};
use crate::status::{interrupt, later, login};

#[test]
fn where_nothing_is_wrong_nothing_is_found() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    assert_eq!(home.run(&["login", "--provider-file", &file, "--flow", "device"]).code, Some(0));
    let before = fs::read(home.store()).unwrap();
    let run = home.run(&["doctor", "--provider-file", &file, "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let checks: Vec<_> = run.events().iter().map(|it| it["check"].clone()).collect();
    assert_eq!(
        checks,
        [
            "store",
            "writable",
            "locks",
            "permissions",
            "leftovers",
            "login",
            "proxy",
            "certificates",
            "endpoint",
            "clock"
        ]
    );
    assert_eq!(wrong(&run), [""; 0]);
    assert_eq!(fs::read(home.store()).unwrap(), before, "and nothing was changed");
    let log = server.handle.server();
    let last = log.log().last().unwrap();
    assert_eq!((last.method.as_str(), last.path.as_str()), ("GET", "/token"), "nor spent");
}

#[test]
fn a_store_that_cannot_be_read() {
    let home = Home::new();
    home.file("data/auth.json", "{ \"xai\": ");
    home.file("data/auth.json.grantflow/bak", "{}");
    let run = offline(&home, &[]);
    assert!(wrong(&run).contains(&"fail store".to_owned()), "{run:?}");
    let next = finding(&run, "store")["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with("cp ") && next.contains("auth.json.grantflow/bak"), "{next}");
}

#[test]
fn a_store_that_cannot_be_written() {
    covers(&["B-CF-13"]);
    let home = Home::new();
    home.sign_in(&json!({}));
    home.file("data/auth.json.grantflow", "in the way");
    let run = offline(&home, &[]);
    assert!(wrong(&run).contains(&"fail writable".to_owned()), "{run:?}");
    assert_eq!(finding(&run, "store")["level"], "ok", "it can be read all the same");
}

#[test]
fn locks_that_do_not_work() {
    covers(&["B-CF-19"]);
    let home = Home::new();
    home.sign_in(&json!({}));
    let name = Digest::of("doctor").to_string();
    fs::create_dir_all(home.path().join(format!("data/auth.json.grantflow/{name}.lock"))).unwrap();
    assert_eq!(wrong(&offline(&home, &[])), ["fail locks"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_in() {
    use std::os::unix::fs::PermissionsExt as _;
    covers(&["B-CF-07"]);
    let home = Home::new();
    home.sign_in(&json!({}));
    let folder = home.path().join("data");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
    let run = offline(&home, &[]);
    assert_eq!(wrong(&run), ["warn permissions"]);
    let next = finding(&run, "permissions")["next"].as_str().unwrap().to_owned();
    assert_eq!(next, format!("chmod go-w {}", folder.display()));

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(wrong(&offline(&home, &[])).contains(&"fail store".to_owned()), "that is too much");
}

#[test]
fn what_an_interrupted_write_has_left() {
    covers(&["R-CR-02"]);
    let home = Home::new();
    home.sign_in(&json!({}));
    let left = home.file("data/.grantflow-abc.tmp", "half");
    assert_eq!(wrong(&offline(&home, &[])), [""; 0], "its writer may be at it");
    let old = SystemTime::now() - Duration::from_secs(3600);
    File::options().write(true).open(&left).unwrap().set_modified(old).unwrap();
    assert_eq!(wrong(&offline(&home, &[])), ["warn leftovers"]);
}

#[test]
fn logins_that_lapsed_are_damaged_or_were_interrupted() {
    let one = |entry: Value| {
        let home = Home::new();
        home.sign_in(&json!({ "xai": entry }));
        home
    };
    let mut lapsed = login(1_700_000_000_001);
    lapsed["refresh"] = "".into();
    assert_eq!(wrong_logins(&one(lapsed)), ["fail login"]);
    let damaged = json!({ "type": "oauth", "access": 1 });
    assert_eq!(wrong_logins(&one(damaged)), ["fail login"]);
    let mut unborn = login(later());
    unborn["obtained_at"] = (later() + 86_400_000).into();
    assert_eq!(wrong_logins(&one(unborn)), ["warn expiry"], "issued tomorrow");
    for (ended, expected) in [
        (None, "warn interrupted"),
        (Some(Ended::Unknown), "warn interrupted"),
        (Some(Ended::Refused), "fail interrupted"),
    ] {
        let home = one(login(later()));
        assert_eq!(wrong_logins(&home), [""; 0]);
        interrupt(&home, false, ended);
        assert_eq!(wrong_logins(&home), [expected], "{ended:?}");
    }
}

#[test]
fn a_borrowed_login_that_has_lapsed_names_its_tool() {
    let home = Home::new();
    home.file(".claude/.credentials.json", &CLAUDE.replace("1995000000000", "1000"));
    home.run(&["import", "--yes"]);
    let run = home.run_where(&[("HTTPS_PROXY", CLOSED)], &["doctor", "--json"]);
    assert_eq!(finding(&run, "login")["level"], "warn", "{run:?}");
    assert_eq!(finding(&run, "login")["next"], "use Claude Code once");
}

#[test]
fn another_tools_login_is_a_hint_and_a_damaged_file_a_warning() {
    let home = Home::new();
    home.file(".claude/.credentials.json", CLAUDE);
    let run = offline(&home, &[]);
    let hint = finding(&run, "tools");
    assert_eq!(hint["level"], "ok");
    assert!(hint["next"].as_str().unwrap().contains("grantflow import claude-code"), "{hint}");
    home.file(".claude/.credentials.json", "nonsense");
    assert_eq!(wrong(&offline(&home, &[])), ["warn tools"]);
}

#[test]
fn a_proxy_is_named_without_its_password() {
    let home = Home::new();
    let run = offline(&home, &[("HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")]);
    let what = finding(&run, "proxy")["message"].as_str().unwrap().to_owned();
    assert_eq!(what, "requests go by proxy.example:3128 (HTTPS_PROXY)");
    assert!(!run.out.contains("hunter2"), "{run:?}");
    assert_eq!(wrong(&offline(&home, &[("HTTPS_PROXY", "http://:3128")])), ["fail proxy"]);
}

#[test]
fn certificates_that_cannot_be_read() {
    let home = Home::new();
    assert_eq!(wrong(&offline(&home, &[("SSL_CERT_FILE", "/nowhere.pem")])), ["fail certificates"]);
}

#[test]
fn how_far_the_connection_came() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let server = TestServer::start(standard(Person::Approve));
    let plain = server.issuer().replace("http://", "https://");
    let (gate, cut) = (refusing(b"HTTP/1.1 403 Forbidden\r\n\r\n"), refusing(b""));
    for (endpoint, proxy, words) in [
        (format!("http://{closed}"), None, "nobody answers there"),
        (plain, None, "the encryption fails"),
        ("https://no-such-host.invalid".into(), None, "has no address here"),
        ("https://auth.example".into(), Some(format!("http://{gate}")), "the proxy does not let"),
        (format!("http://{cut}"), None, "the connection broke"),
    ] {
        let home = Home::new();
        let file = home.file("acme.toml", &provider_at(&endpoint));
        let variables: Vec<_> = proxy.iter().map(|proxy| ("HTTPS_PROXY", proxy.as_str())).collect();
        let run = home.run_where(&variables, &["doctor", "--provider-file", &file, "--json"]);
        assert_eq!(wrong(&run), ["fail endpoint"], "{endpoint}: {run:?}");
        let what = finding(&run, "endpoint")["message"].as_str().unwrap().to_owned();
        assert!(what.contains(words), "{words} in {what}");
        assert_eq!(run.code, Some(1));
    }
}

#[test]
fn a_server_in_trouble() {
    let (run, _) = at_server(Fault::Unavailable);
    assert_eq!(wrong(&run), ["warn endpoint"]);
}

#[test]
fn a_clock_that_is_hours_off() {
    for (fault, words) in
        [(Fault::ClockBehind, "2 h 0 min ahead of"), (Fault::ClockAhead, "min behind")]
    {
        let (run, code) = at_server(fault);
        assert_eq!(wrong(&run), ["fail clock"], "{run:?}");
        assert_eq!(code, Some(1));
        let what = finding(&run, "clock")["message"].as_str().unwrap().to_owned();
        assert!(what.contains(words), "{words} in {what}");
    }
}

#[test]
fn people_see_the_worst_and_what_to_do() {
    let home = Home::new();
    home.sign_in(&json!({ "xai": { "type": "oauth", "access": 1 } }));
    let run = home.run(&["doctor", "kimi"]);
    assert!(run.out.contains("ok   store: "), "{run:?}");
    let run = home.run_where(&[("HTTPS_PROXY", CLOSED)], &["doctor", "xai"]);
    assert!(run.out.contains("fail login: xai: "), "{run:?}");
    assert!(run.out.contains("\n     next: grantflow login xai"), "{run:?}");
}

/// A proxy that is not there, so that no test asks a real server.
const CLOSED: &str = "http://127.0.0.1:1";

/// A look at a home where no provider is asked.
fn offline(home: &Home, variables: &[(&str, &str)]) -> Run {
    home.run_where(variables, &["doctor", "--json"])
}

/// What is wrong with the logins; that the provider is out of reach is not the matter here.
fn wrong_logins(home: &Home) -> Vec<String> {
    let run = home.run_where(&[("HTTPS_PROXY", CLOSED)], &["doctor", "--json"]);
    wrong(&run).into_iter().filter(|finding| !finding.ends_with("endpoint")).collect()
}

fn at_server(fault: Fault) -> (Run, Option<i32>) {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    server.handle.server().inject(fault.always());
    let file = home.file("acme.toml", &server.provider_file());
    let run = home.run(&["doctor", "--provider-file", &file, "--json"]);
    let code = run.code;
    (run, code)
}

/// `level check` of everything that is not well.
fn wrong(run: &Run) -> Vec<String> {
    let events = run.events();
    let findings =
        events.iter().filter(|event| event["event"] == "finding" && event["level"] != "ok");
    let named = findings.map(|event| {
        assert!(event["next"].is_string(), "one thing to do about {event}");
        format!("{} {}", event["level"].as_str().unwrap(), event["check"].as_str().unwrap())
    });
    named.collect()
}

#[track_caller]
fn finding(run: &Run, check: &str) -> Value {
    let found = run.events().into_iter().find(|event| event["check"] == check);
    found.unwrap_or_else(|| panic!("{check} in {run:?}"))
}

fn provider_at(endpoint: &str) -> String {
    format!(
        "id = \"acme\"\nclient_id = \"c\"\ntoken_endpoint = \"{endpoint}/token\"\n\
         device_authorization_endpoint = \"{endpoint}/device\"\n"
    )
}

/// Reads a request and answers like this, however often it is asked; then hangs up.
fn refusing(answer: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            stream.write_all(answer).unwrap();
        }
    });
    address
}
