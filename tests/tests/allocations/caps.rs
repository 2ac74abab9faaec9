//! Readers of what others send, at their cap, one beyond it, and far beyond: what is too long is refused,
//! and takes no more memory than what is long enough.

use std::fmt::Write as _;

use allocation_counter::measure;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantflow_core::json::{NotAnObject, Object};
use grantflow_core::{
    BadResponse, Client, Error, Flow, MAX_BODY, Machine as _, Malformed, Misread, Prompt, Redirect,
    Rejected, Response, Secret, Step, Trouble, UnverifiedClaims, read_redirect,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{browser_login, client, device_login, port};
use grantflow_tests::world::DAWN;

const STATE: &str = "the-state";

/// One reader: an input of any size, and what its reader makes of it.
struct Capped {
    name: &'static str,
    cap: usize,
    input: fn(usize) -> String,
    read: fn(&str) -> Outcome,
    /// For each byte of an input at the cap, and room for everything else.
    memory: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Taken,
    TooLarge,
}

const READERS: [Capped; 9] = [
    Capped {
        name: "a callback, in bytes",
        cap: 16 << 10,
        input: |size| padded(&format!("/callback?code=a&state={STATE}&more="), "", size),
        read: |text| redirect(Redirect::Callback(text)),
        memory: 6,
    },
    Capped {
        name: "a paste, in bytes",
        cap: 16 << 10,
        input: |size| padded(&format!("?code=a&state={STATE}&more="), "", size),
        read: |text| redirect(Redirect::Pasted(text)),
        memory: 6,
    },
    Capped {
        name: "a redirect, in parameters",
        cap: 64,
        input: |size| format!("?code=a&state={STATE}{}", "&a=b".repeat(size - 2)),
        read: |text| redirect(Redirect::Pasted(text)),
        memory: 1 << 10,
    },
    Capped {
        name: "a reply, in bytes",
        cap: MAX_BODY,
        input: |size| padded(r#"{"access_token":"at"}"#, "", size).replace('x', " "),
        read: |body| token_reply(body, Trouble::Unreadable),
        memory: 3,
    },
    Capped {
        name: "a reply, in members",
        cap: 256,
        input: |size| {
            let mut text = String::from(r#"{"access_token":"at""#);
            (1..size).for_each(|number| write!(text, r#","a{number}":1"#).unwrap());
            text + "}"
        },
        read: |body| token_reply(body, Trouble::Unreadable),
        memory: 1 << 10,
    },
    Capped {
        name: "a token, in bytes",
        cap: 64 << 10,
        input: |size| format!(r#"{{"access_token":"{}"}}"#, "x".repeat(size)),
        read: |body| definite(body, "access_token"),
        memory: 8,
    },
    Capped {
        name: "scopes of a reply",
        cap: 256,
        input: |size| format!(r#"{{"access_token":"at","scope":"{}"}}"#, "a ".repeat(size)),
        read: |body| definite(body, "scope"),
        memory: 1 << 10,
    },
    Capped {
        name: "a JWT, in bytes",
        cap: 64 << 10,
        input: |size| padded(&format!("e30.{}.", URL_SAFE_NO_PAD.encode(r#"{"a":1}"#)), "", size),
        read: |jwt| match UnverifiedClaims::read(&Secret::new(jwt)) {
            Some(_) => Outcome::Taken,
            None => Outcome::TooLarge,
        },
        memory: 8,
    },
    Capped {
        name: "a user code, in bytes",
        cap: 64,
        input: |size| "x".repeat(size),
        read: user_code,
        memory: 1 << 10,
    },
];

#[test]
fn at_the_cap_it_counts_beyond_it_is_refused_and_memory_stays_flat() {
    covers(&["F-02", "C-22", "B-CB-25"]);
    for Capped { name, cap, input, read, memory } in READERS {
        let most = memory * cap as u64 + (64 << 10);
        let tried = |size: usize| {
            let input = input(size);
            let mut outcome = Outcome::Taken;
            // What the reader is given is not its own.
            let held = measure(|| outcome = read(&input)).bytes_max;
            (outcome, held.saturating_sub(given(&input)))
        };
        let (at, held) = tried(cap);
        assert_eq!(at, Outcome::Taken, "{name} at the cap");
        assert!(held <= most, "{name}: {held} bytes at the cap, {most} are allowed");
        for size in [cap + 1, cap * 2, cap * 8] {
            let (beyond, held) = tried(size);
            assert_eq!(beyond, Outcome::TooLarge, "{name} of {size}");
            assert!(held <= most, "{name}: {held} bytes for {size}, {most} are allowed");
        }
    }
}

/// A reader without a cap would show.
#[test]
fn memory_that_grows_is_seen() {
    let held = |size| {
        let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(size));
        measure(|| drop(Object::parse(&text).map(|object| object.string("a")))).bytes_max
    };
    assert!(held(1 << 22) > 4 << 20 && held(1 << 10) < 64 << 10);
}

/// An error code is shown, and cut.
#[test]
fn an_error_code_longer_than_48_is_not_shown() {
    covers(&["F-02"]);
    for (length, is_shown) in [(48, true), (49, false), (1 << 19, false)] {
        let code = "a".repeat(length);
        let body = format!(r#"{{"error":"{code}"}}"#);
        let Err(error) = redeemed(400, &body) else { panic!("a refusal is an error") };
        let text = format!("{error} {error:?}");
        assert_eq!(text.contains(&code), is_shown, "{length}");
        assert!(text.len() < 400);
    }
}

/// Bodies are handed over as copies.
fn given(input: &str) -> u64 {
    2 * input.len() as u64
}

fn padded(start: &str, end: &str, size: usize) -> String {
    [start, &"x".repeat(size - start.len() - end.len()), end].concat()
}

fn redirect(redirect: Redirect<'_>) -> Outcome {
    let client = client(Dialect::Codex);
    match read_redirect(&client, "http://localhost:1455/callback", &Secret::new(STATE), redirect) {
        Ok(_) => Outcome::Taken,
        Err(Misread::Rejected(Rejected::Malformed(Malformed::TooLarge))) => Outcome::TooLarge,
        Err(other) => panic!("neither taken nor too large: {other:?}"),
    }
}

fn token_reply(body: &str, why: Trouble) -> Outcome {
    match redeemed(200, body) {
        Ok(()) => Outcome::Taken,
        Err(Error::OutcomeUnknown) => {
            assert_eq!(
                Object::read(body.as_bytes()).err(),
                Some(NotAnObject::Unreadable),
                "{why:?}"
            );
            Outcome::TooLarge
        }
        Err(other) => panic!("neither taken nor too large: {other:?}"),
    }
}

fn definite(body: &str, member: &'static str) -> Outcome {
    match redeemed(200, body) {
        Ok(()) => Outcome::Taken,
        Err(Error::BadResponse(BadResponse::Member(name))) if name == member => Outcome::TooLarge,
        Err(other) if body.len() > MAX_BODY => {
            assert_eq!(other, Error::OutcomeUnknown);
            Outcome::TooLarge
        }
        Err(other) => panic!("neither taken nor too large: {other:?}"),
    }
}

/// A code that meets this answer, and once more if it has to.
fn redeemed(status: u16, body: &str) -> Result<(), Error> {
    let client = client(Dialect::Standard);
    let mut flow = browser_login(&client, port(Dialect::Standard), 8);
    let back = back(&client, &flow);
    flow.handle_redirect(DAWN, Redirect::Callback(&back)).unwrap();
    let mut now = DAWN;
    loop {
        match flow.poll(now) {
            Step::Send(request) => {
                flow.handle_response(now, request.id, &Ok(Response::new(status, body))).unwrap();
            }
            Step::Wait(wait) => now.mono += u64::try_from(wait.unwrap().as_millis()).unwrap(),
            Step::Done(outcome) => return outcome.map(drop),
        }
    }
}

fn back(client: &Client, flow: &Flow) -> String {
    let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!("no address") };
    let url = url::Url::parse(&sign_ins[0].url).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let iss = client.provider().issuer.as_deref().unwrap_or_default();
    format!("/callback?code=the-code&state={state}&iss={iss}")
}

fn user_code(code: &str) -> Outcome {
    let client = client(Dialect::Standard);
    let mut flow = device_login(&client, 9);
    let Step::Send(request) = flow.poll(DAWN) else { panic!("codes are asked for at once") };
    let body = format!(
        r#"{{"device_code":"d","user_code":"{code}","expires_in":9,"verification_uri":"https://a.example/"}}"#
    );
    flow.handle_response(DAWN, request.id, &Ok(Response::new(200, body))).unwrap();
    if flow.prompt().is_some() { Outcome::Taken } else { Outcome::TooLarge }
}
