//! Logins put away and taken up again.

use std::path::PathBuf;
use std::time::Duration;

use grantflow_core::{
    BadResponse, Client, Credential, Digest, Endpoint, Error, Flow, Machine, Now, Provider,
    Redirect, Scope, Secret, SnapshotError, Step, TransportError, state_digest,
};
use grantflow_test_server::{Decision, Dialect, Hesitation, Person};
use grantflow_tests::covers;
use grantflow_tests::local::{
    ISSUER, browser_login, client, configuration, device_login, provider, server,
};
use grantflow_tests::world::{DAWN, World, entropy};

/// The same login as in the fixture of this name, at dawn or soon after.
fn login(state: &str) -> (Client, Flow) {
    let dialect = match state {
        "AwaitingRedirect" | "RedeemingCode" => Dialect::Anthropic,
        _ => Dialect::Github,
    };
    let client = client(dialect);
    let mut world = World::new(server(dialect, |config| {
        config.person = if dialect == Dialect::Anthropic { Person::Ask } else { Person::Approve };
    }));
    let mut flow = if dialect == Dialect::Anthropic {
        browser_login(&client, 50_123, 3)
    } else {
        device_login(&client, 3)
    };
    while flow.view(world.now).state != state {
        match flow.poll(world.now) {
            Step::Send(request) => {
                let result = world.perform(&request);
                flow.handle_response(world.now, request.id, &result).unwrap();
            }
            Step::Wait(_) if flow.view(world.now).state == "AwaitingRedirect" => {
                let back = world.visit(&flow, 0, Decision::Approve);
                flow.handle_redirect(world.now, Redirect::Callback(&back)).unwrap();
            }
            Step::Wait(wait) => world.wait(wait.unwrap()),
            Step::Done(outcome) => panic!("{outcome:?} before {state}"),
        }
    }
    (client, flow)
}

const STATES: [&str; 5] =
    ["AwaitingRedirect", "RedeemingCode", "RequestingCode", "Polling", "ExchangingToken"];

fn fixture(state: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/core/fixtures");
    PathBuf::from(folder).join(format!("snapshot-v1-{state}.json"))
}

#[test]
fn snapshots_of_every_state_and_format_version_load_for_ever() {
    for state in STATES {
        let (client, flow) = login(state);
        let written = flow.save().unwrap();
        if std::env::var_os("UPDATE_FIXTURES").is_some() && !fixture(state).exists() {
            std::fs::write(fixture(state), written.expose()).unwrap();
        }
        let old = Secret::new(std::fs::read_to_string(fixture(state)).unwrap());
        let saved: serde_json::Value = serde_json::from_str(old.expose()).unwrap();
        let now = Now { wall: saved["saved_at"].as_u64().unwrap(), mono: 0 };
        let restored = Flow::restore(&client, &old, now).unwrap();
        assert_eq!(restored.view(now).state, state);
        assert_eq!(old.expose(), written.expose(), "{state}: the format changed: a new version");
    }
}

#[test]
fn a_damaged_newer_or_foreign_snapshot_is_refused_and_says_which() {
    covers(&["B-MD-06"]);
    let (client, flow) = login("Polling");
    let saved = flow.save().unwrap();
    let restore = |text: &str| Flow::restore(&client, &Secret::from(text), DAWN).map(drop);
    let newer = saved.expose().replace(r#""version":1"#, r#""version":2"#);
    assert_eq!(restore(&newer), Err(SnapshotError::Newer));
    for text in ["", "{}", "null", "[]", &saved.expose()[1..], r#"{"version":0}"#] {
        assert_eq!(restore(text), Err(SnapshotError::Unreadable), "{text}");
    }
    let members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(saved.expose()).unwrap();
    for name in members.keys().filter(|name| !OPTIONAL.contains(&name.as_str())) {
        let mut damaged = members.clone();
        damaged.remove(name);
        let text = serde_json::to_string(&damaged).unwrap();
        let why = match name.as_str() {
            "client" => SnapshotError::OtherClient,
            _ => SnapshotError::Unreadable,
        };
        assert_eq!(restore(&text), Err(why), "without {name}");
    }
    let other = self::client(Dialect::Standard);
    let refused = Flow::restore(&other, &saved, DAWN).map(drop);
    assert_eq!(refused, Err(SnapshotError::OtherClient));
    for (why, says) in [
        (SnapshotError::Unreadable, "begin a new login"),
        (SnapshotError::Newer, "a newer version"),
        (SnapshotError::OtherClient, "another client"),
    ] {
        assert!(why.to_string().contains(says), "{why}");
    }
    let elsewhere = Endpoint::parse("https://evil.example/token").unwrap();
    let moves: [(&str, Move); 6] = [
        ("token", |provider, to| provider.token_endpoint = to),
        ("device", |provider, to| provider.device_authorization_endpoint = Some(to)),
        ("authorization", |provider, to| provider.authorization_endpoint = Some(to)),
        ("poll", |provider, to| provider.device.poll_endpoint = Some(to)),
        ("exchange", |provider, to| provider.then.as_mut().unwrap().endpoint = to),
        ("issuer", |provider, to| provider.issuer = Some(to.as_str().to_owned())),
    ];
    for (name, moved) in moves {
        let mut provider = provider(Dialect::Github, "http://127.0.0.1:4000");
        moved(&mut provider, elsewhere.clone());
        let client = Client::new(provider, configuration(Dialect::Github)).unwrap();
        let refused = Flow::restore(&client, &saved, DAWN).map(drop);
        assert_eq!(refused, Err(SnapshotError::OtherClient), "{name}");
    }
}

#[test]
fn a_credential_that_was_saved_is_an_object_that_names_what_it_needs_once() {
    for (damaged, why) in [
        ("", BadResponse::NotAnObject),
        ("[]", BadResponse::NotAnObject),
        (r#"{"provider":"a","provider":"b"}"#, BadResponse::RepeatedMember),
        (r#"{"origin":"a"}"#, BadResponse::Member("provider")),
    ] {
        assert_eq!(Credential::restore(&damaged.into()).err(), Some(why), "{damaged}");
    }
}

#[test]
fn a_snapshot_that_cannot_have_come_about_is_refused_and_panics_nowhere() {
    let (client, flow) = login("Polling");
    let saved = flow.save().unwrap();
    let changed = |from: &str, to: &str| {
        assert!(saved.expose().contains(from), "{from}");
        Flow::restore(&client, &Secret::new(saved.expose().replace(from, to)), DAWN)
    };
    let out = changed(r#""due_in":5000,"#, "").unwrap();
    assert_eq!(out.view(DAWN).tries, (0, 1), "without a due time the request was out");
    for (from, to) in [
        (r#""state":"Polling""#, r#""state":"Dreaming""#),
        (r#""lost":0"#, r#""lost":255"#),
        (r#""unprocessed":0"#, r#""unprocessed":4"#),
        (r#""slow_downs":0"#, r#""slow_downs":0,"code_verifier":"short""#),
        (r#""slow_downs":0"#, &format!(r#""slow_downs":0,"code_verifier":"{}""#, "a".repeat(43))),
    ] {
        assert_eq!(changed(from, to).map(drop), Err(SnapshotError::Unreadable), "{to}");
    }
    let (client, flow) = login("AwaitingRedirect");
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(flow.save().unwrap().expose()).unwrap();
    let refused = |members: &serde_json::Map<String, serde_json::Value>| {
        let text = serde_json::to_string(members).unwrap();
        Flow::restore(&client, &Secret::new(text), DAWN).map(drop)
    };
    let unreadable = Err(SnapshotError::Unreadable);
    members["states"].as_array_mut().unwrap().push("one more".into());
    assert_eq!(refused(&members), unreadable, "a state without a place to come back to");
    for list in ["states", "redirect_uris"] {
        members[list].as_array_mut().unwrap().clear();
    }
    assert_eq!(refused(&members), unreadable, "no way back at all");
    let hasty = changed(r#""interval":5000"#, r#""interval":0"#).unwrap();
    assert_eq!(hasty.view(DAWN).pace, Some((1_000, 1_000, 0)), "never below the floor");
    let undying = changed(r#""expires_in":"#, r#""expires_in":9"#).unwrap();
    assert_eq!(undying.prompt().unwrap().left(DAWN), Duration::from_secs(3600), "an hour at most");
}

#[test]
fn a_device_login_with_pkce_goes_on_with_a_whole_code_verifier_or_not_at_all() {
    let mut provider = provider(Dialect::Standard, ISSUER);
    provider.device.code_challenge = true;
    let client = Client::new(provider, configuration(Dialect::Standard)).unwrap();
    let flow = Flow::device(&client, Scope::default(), &entropy(1), DAWN).unwrap();
    let saved = flow.save().unwrap();
    assert!(Flow::restore(&client, &saved, DAWN).is_ok());
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(saved.expose()).unwrap();
    for verifier in [serde_json::Value::Null, "short".into(), "é".repeat(43).into()] {
        members["code_verifier"] = verifier;
        let text = serde_json::to_string(&members).unwrap();
        let restored = Flow::restore(&client, &Secret::new(text), DAWN).map(drop);
        assert_eq!(restored, Err(SnapshotError::Unreadable));
    }
}

/// Puts an endpoint of a provider elsewhere.
type Move = fn(&mut Provider, Endpoint);

/// Absent when there is nothing to say: no complete address, no PKCE, a request that is out.
const OPTIONAL: [&str; 3] = ["verification_uri_complete", "code_verifier", "due_in"];

#[test]
fn a_snapshot_carries_no_endpoint_and_no_client_secret() {
    for state in STATES {
        let (client, flow) = login(state);
        let saved = flow.save().unwrap();
        let provider = serde_json::to_string(client.provider()).unwrap();
        let addresses = provider.split('"').filter(|text| text.contains("://") && text.len() > 8);
        for address in addresses {
            // The page's address is the `redirect_uri` to repeat, and no credential is sent there.
            let is_page = address.ends_with("/oauth/code/callback");
            assert!(is_page || !saved.expose().contains(address), "{state}: {address}");
        }
    }
    let client = client(Dialect::Google);
    let saved = browser_login(&client, 50_123, 1).save().unwrap();
    assert!(!saved.expose().contains("test secret"));
}

#[test]
fn a_login_interrupted_after_every_single_step_still_succeeds_and_polls_no_faster() {
    covers(&["B-CK-02"]);
    let mut with_pkce = provider(Dialect::Standard, "http://127.0.0.1:4000");
    with_pkce.device.code_challenge = true;
    let with_pkce = Client::new(with_pkce, configuration(Dialect::Standard)).unwrap();
    for (dialect, client, is_device) in [
        (Dialect::Standard, client(Dialect::Standard), true),
        (Dialect::Standard, with_pkce, true),
        (Dialect::Codex, client(Dialect::Codex), true),
        (Dialect::Github, client(Dialect::Github), true),
        (Dialect::Google, client(Dialect::Google), true),
        (Dialect::Standard, client(Dialect::Standard), false),
        (Dialect::Anthropic, client(Dialect::Anthropic), false),
        (Dialect::Codex, client(Dialect::Codex), false),
    ] {
        let mut world = World::new(server(dialect, |config| {
            config.person = Person::Approve;
            config.hesitation = Hesitation::Polls(2);
            config.device_pkce = client.provider().device.code_challenge;
        }));
        let mut flow = if is_device {
            device_login(&client, 1)
        } else {
            browser_login(&client, grantflow_tests::local::port(dialect), 1)
        };
        let mut interruptions = 0;
        let outcome = loop {
            let step = flow.poll(world.now);
            let wait = match step {
                Step::Send(request) => {
                    let result = world.perform(&request);
                    flow.handle_response(world.now, request.id, &result).unwrap();
                    None
                }
                Step::Wait(_) if flow.view(world.now).state == "AwaitingRedirect" => {
                    let saved = flow.save().unwrap();
                    flow = Flow::restore(&client, &saved, world.now).unwrap();
                    let back = world.visit(&flow, 0, Decision::Approve);
                    flow.handle_redirect(world.now, Redirect::Callback(&back)).unwrap();
                    None
                }
                Step::Wait(wait) => wait,
                Step::Done(outcome) => break outcome,
            };
            if let Some(saved) = flow.save() {
                flow = Flow::restore(&client, &saved, world.now).unwrap();
                interruptions += 1;
            }
            world.wait(wait.unwrap_or_default());
        };
        assert!(interruptions >= if is_device { 6 } else { 1 }, "{dialect:?}: {interruptions}");
        let credential = outcome.unwrap_or_else(|why| panic!("{dialect:?}: {why}"));
        let refreshes = client.provider().scope.iter().any(|token| token == "offline_access");
        assert!(!refreshes || credential.refresh_token.is_some(), "{dialect:?}");
        assert_eq!(world.findings(), [], "{dialect:?}");
    }
}

#[test]
fn an_answer_to_the_life_before_is_stale() {
    let client = client(Dialect::Standard);
    let mut world = World::new(server(Dialect::Standard, |_| {}));
    let mut flow = device_login(&client, 1);
    let Step::Send(request) = flow.poll(world.now) else { panic!("a request") };
    let saved = flow.save().unwrap();
    let mut restored = Flow::restore(&client, &saved, world.now).unwrap();
    let late = world.perform(&request);
    let refused = restored.handle_response(world.now, request.id, &late);
    assert_eq!(refused, Err(grantflow_core::Rejected::Stale));
    assert!(world.drive_until_prompt(&mut restored));
}

#[test]
fn a_code_that_was_out_at_the_crash_is_presented_once_more_and_then_no_more() {
    let (client, mut flow) = login("RedeemingCode");
    let mut now = DAWN;
    for expected in [true, true, false] {
        now.mono += 60_000;
        match flow.poll(now) {
            Step::Send(_) => assert!(expected, "presented a third time"),
            Step::Done(outcome) => {
                assert!(!expected);
                assert_eq!(outcome.unwrap_err(), Error::OutcomeUnknown);
                return;
            }
            Step::Wait(wait) => panic!("waits {wait:?}"),
        }
        flow = Flow::restore(&client, &flow.save().unwrap(), now).unwrap();
    }
}

#[test]
fn time_in_a_drawer_counts_for_the_person_and_not_for_the_pace() {
    covers(&["B-CK-02", "N-8628-03"]);
    let (client, flow) = login("Polling");
    let saved = flow.save().unwrap();
    let wall: serde_json::Value = serde_json::from_str(saved.expose()).unwrap();
    let wall = wall["saved_at"].as_u64().unwrap();
    for (gone, expires_in) in [(0, 900_000), (60_000, 840_000), (3_600_000, 0), (u64::MAX, 0)] {
        let now = Now { wall: wall.saturating_add(gone), mono: 3 };
        let view = Flow::restore(&client, &saved, now).unwrap().view(now);
        assert_eq!(view.expires_in, Some(expires_in), "gone for {gone} ms");
        assert_eq!(view.due_in, Some(5_000), "gone for {gone} ms");
    }
    let set_back = Now { wall: wall - 3_600_000, mono: 3 };
    let view = Flow::restore(&client, &saved, set_back).unwrap().view(set_back);
    assert_eq!((view.expires_in, view.due_in), (Some(900_000), Some(5_000)));
}

#[test]
fn a_redirect_finds_the_snapshot_that_waits_for_it() {
    let client = client(Dialect::Anthropic);
    let mut world = World::new(server(Dialect::Anthropic, |_| {}));
    let flow = browser_login(&client, 50_123, 1);
    let names = flow.names();
    for index in [0, 1] {
        let back = world.visit(&flow, index, Decision::Approve);
        assert_eq!(state_digest(Redirect::Callback(&back)), Some(names[index]));
    }
    let pasted = Digest::of("the-state");
    assert_eq!(state_digest(Redirect::Pasted(" code#the-state\n")), Some(pasted));
    for text in ["", "code", "/callback?code=a", "/callback?state=a&state=b", "code#"] {
        assert_eq!(state_digest(Redirect::Pasted(text)), None, "{text}");
    }
}

#[test]
fn losing_the_request_that_was_out_is_what_restoring_means() {
    for state in STATES {
        let (client, mut flow) = login(state);
        let now = Now { wall: DAWN.wall + 6_000, mono: DAWN.mono + 6_000 };
        let Step::Send(request) = flow.poll(now) else {
            assert_eq!(state, "AwaitingRedirect", "every other state has something to send");
            continue;
        };
        let saved = flow.save().unwrap();
        let restored = Flow::restore(&client, &saved, now).unwrap();
        flow.handle_response(now, request.id, &Err(TransportError::Lost)).unwrap();
        let (is, was) = (restored.view(now), flow.view(now));
        assert_eq!((is.state, is.tries, is.pace), (was.state, was.tries, was.pace), "{state}");
        // The jitter of a back-off goes by the request's id, and a restored one has an id more.
        let is_near = |a: u64, b: u64| a.abs_diff(b) <= a / 4;
        assert!(is_near(is.due_in.unwrap(), was.due_in.unwrap()), "{state}: {is:?} {was:?}");
    }
}
