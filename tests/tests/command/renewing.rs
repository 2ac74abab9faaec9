//! Renewals that fail, are interrupted, or cannot be saved.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use grantflow_tests::covers;
use serde_json::{Value, json};

use crate::command::Home;

#[test]
fn a_token_that_is_still_good_is_given_with_a_warning() {
    let (home, endpoint) = (Home::new(), Endpoint::open());
    let file = endpoint.provider_file(&home, 200);
    let token = home.start(&["token", "--provider-file", &file, "--min-ttl", "60"]);
    endpoint.asked().answer("503 Service Unavailable", "");
    // A definite answer that says nothing was done is tried again, with the same token.
    for _ in 0..2 {
        endpoint.asked().answer("503 Service Unavailable", "");
    }
    let run = token.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.event("token")["access_token"], "old-access");
    assert_eq!(run.event("warning")["warning"], "renewal_failed");
    assert!(run.err.contains("is still good for 3 min"), "{}", run.err);
}

#[test]
fn new_tokens_that_cannot_be_saved_are_told_with_where_they_are() {
    covers(&["B-CF-14"]);
    // It is tried for half a minute, so both at once.
    let begun = [(true, "are beside it"), (false, "is lost")].map(|(stashes, words)| {
        let (home, endpoint) = (Home::new(), Endpoint::open());
        let file = endpoint.provider_file(&home, 0);
        let token = home.start(&["token", "--provider-file", &file]);
        let asked = endpoint.asked();
        break_store(&home, stashes);
        asked.answer("200 OK", &tokens());
        (home, file, token, stashes, words)
    });
    for (home, file, token, stashes, words) in begun {
        let run = token.end();
        assert_eq!(run.code, Some(9), "{run:?}");
        assert_eq!(run.event("token")["access_token"], "new-access", "it works all the same");
        assert_eq!(run.event("warning")["warning"], "not_saved");
        let told = run.err.replace('\n', " ");
        assert!(told.contains(words), "{words} in {told}");
        if stashes {
            mend_store(&home);
            let next = home.run(&["token", "--provider-file", &file]);
            assert_eq!((next.code, next.out.as_str()), (Some(0), "new-access\n"), "{next:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_lets_a_renewal_end() {
    let (home, endpoint) = (Home::new(), Endpoint::open());
    let file = endpoint.provider_file(&home, 0);
    let mut refresh = home.start(&["refresh", "--provider-file", &file]);
    let asked = endpoint.asked();
    refresh.next("request");
    refresh.interrupt();
    let mut told = refresh.stderr();
    assert!(told.next_line().starts_with("finishing the renewal"), "before the answer");
    asked.answer("200 OK", &tokens());
    let run = refresh.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(told.rest().contains("the renewal was finished"));
    assert_eq!(home.run(&["token", "--provider-file", &file]).out, "new-access\n", "and saved");
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_leaves_and_the_renewal_is_told_as_interrupted() {
    covers(&["R-P-17"]);
    let (home, endpoint) = (Home::new(), Endpoint::open());
    let file = endpoint.provider_file(&home, 0);
    let mut refresh = home.start(&["refresh", "--provider-file", &file]);
    let _asked = endpoint.asked();
    refresh.next("request");
    refresh.interrupt();
    let mut told = refresh.stderr();
    told.next_line();
    refresh.interrupt();
    assert_eq!(refresh.end().code, Some(130));
    let status = home.run(&["status", "--json"]).event("status");
    assert_eq!(status["interrupted"]["outcome"], "may_be_spent", "{status}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_before_anything_is_spent_leaves_at_once() {
    let (home, endpoint) = (Home::new(), Endpoint::open());
    let file = endpoint.provider_file(&home, 0);
    let mut first = home.start(&["refresh", "--provider-file", &file]);
    let asked = endpoint.asked();
    first.next("request");
    let mut second = home.start(&["refresh", "--provider-file", &file]);
    assert_eq!(second.next("state")["state"], "TakingLock", "which the first one holds");
    second.interrupt();
    let run = second.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(run.err.contains("nothing was changed"), "{}", run.err);
    asked.answer("200 OK", &tokens());
    assert_eq!(first.end().code, Some(0));
}

/// A token endpoint whose answers come when the test says so.
pub(crate) struct Endpoint {
    listener: TcpListener,
}

/// A request that waits for its answer.
pub(crate) struct Asked {
    stream: TcpStream,
}

impl Endpoint {
    pub(crate) fn open() -> Self {
        Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/token", self.listener.local_addr().unwrap())
    }

    /// A provider whose tokens come from here, and a login to it that lasts for so many seconds.
    pub(crate) fn provider_file(&self, home: &Home, lasts: u64) -> String {
        let url = self.url();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = u64::try_from(now.as_millis()).unwrap();
        home.sign_in(&json!({ "acme": {
            "type": "oauth", "access": "old-access", "refresh": "old-refresh",
            "expires": now + lasts * 1000, "origin": url, "client_id": "test-client",
            "obtained_at": now - 3_600_000,
        } }));
        let text = format!(
            "id = \"acme\"\nclient_id = \"test-client\"\ntoken_endpoint = \"{url}\"\n\
             device_authorization_endpoint = \"{url}\"\n"
        );
        home.file("acme.toml", &text)
    }

    /// The next request, read to its end.
    pub(crate) fn asked(&self) -> Asked {
        let (stream, _) = self.listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).unwrap() > 2 {
            let value = line.to_lowercase();
            if let Some(value) = value.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        Asked { stream }
    }
}

impl Asked {
    fn answer(mut self, status: &str, body: &str) {
        let head = "content-type: application/json\r\nconnection: close\r\nretry-after: 1\r\n";
        let length = body.len();
        write!(self.stream, "HTTP/1.1 {status}\r\n{head}content-length: {length}\r\n\r\n{body}")
            .unwrap();
    }
}

fn tokens() -> String {
    let tokens: Value = json!({ "access_token": "new-access", "refresh_token": "new-refresh",
        "token_type": "Bearer", "expires_in": 3600 });
    tokens.to_string()
}

/// Nothing can be written any more: not the file, and if `stashes` says so not beside it either.
fn break_store(home: &Home, stashes: bool) {
    fs::rename(home.store(), home.path().join("data/aside")).unwrap();
    fs::create_dir(home.store()).unwrap();
    if !stashes {
        let beside = home.path().join("data/auth.json.grantflow");
        fs::rename(&beside, home.path().join("data/beside-aside")).unwrap();
        fs::write(beside, "in the way").unwrap();
    }
}

fn mend_store(home: &Home) {
    fs::remove_dir(home.store()).unwrap();
    fs::rename(home.path().join("data/aside"), home.store()).unwrap();
}
