//! How a device login begins (RFC 8628 §3.2): what the reply may hold and what a person is shown.

use grantflow_core::{BadResponse, Error, Machine, Prompt, Purpose, Response, Step, Trouble};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{client, device_login};
use grantflow_tests::world::DAWN;

use super::{After, after, later, polling, sent};

use Dialect::{Codex, Google, Standard};

pub(super) const CODEX_REPLY: &str =
    r#"{"device_auth_id":"d-1","user_code":"AB12","interval":"5"}"#;

#[test]
fn a_reply_without_its_codes_or_with_unusable_ones_is_a_bad_response() {
    covers(&["N-8628-01", "B-DV-05", "B-DV-07", "B-BO-12", "N-6749-22"]);
    let long = format!("\"{}\"", "x".repeat(65));
    let huge = format!("\"{}\"", "x".repeat(256 << 10));
    let of = |member: &'static str, values: &[&str]| {
        values.iter().map(|value| (member, (*value).to_owned())).collect::<Vec<_>>()
    };
    let codes = ["null", "\"\"", "5", "true", "[\"d\"]", "\"d\\u0000\"", "\"d\\n\"", "\"é\""];
    let shown = [
        "null",
        "\"\"",
        "\"  \"",
        "5",
        "[\"d\"]",
        "\"a\\u0000\"",
        "\"a\\r\\nb\"",
        "\"\\u001b[2J\"",
        "\"\\u202eHTJM\"",
        "\"\\u200bA\"",
        "\"ＡＢ\"",
        &long,
        &huge,
    ];
    let pages = [
        "null",
        "\"\"",
        "5",
        "\"device\"",
        "\"//issuer.example/device\"",
        "\"javascript:alert(1)\"",
        "\"file:///etc/passwd\"",
        "\"http://issuer.example/device\"",
        "\"http://localhost/device\"",
        "\"https://u@issuer.example/\"",
        "\"https:///device\"",
        "\"https://issuer.example/a b\"",
        "\"https://issuer.example/\\n--new-window\"",
        "\"-oProxyCommand=x\"",
        "\" https://a.example\"",
        "\"https://issuer.example/\\\"&calc\"",
        "\"HTTPS://issuer.example/\"",
    ];
    let rows = [of("device_code", &codes), of("user_code", &shown), of("verification_uri", &pages)];
    for (member, value) in rows.concat() {
        let bad = Error::BadResponse(BadResponse::Member(member));
        assert_eq!(asked(Standard, &replied(member, &value)), After::Failed(bad), "{value}");
    }
    for member in ["device_code", "user_code", "verification_uri"] {
        let bad = Error::BadResponse(BadResponse::Member(member));
        let without = replied(member, "0").replace(member, "x");
        assert_eq!(asked(Standard, &without), After::Failed(bad), "no {member}");
    }
    let renamed = replied("x", "0").replace("user_code", "usercode");
    let bad = Error::BadResponse(BadResponse::Member("user_code"));
    assert_eq!(asked(Standard, &renamed), After::Failed(bad), "a name of Codex's");
    for (reply, member) in [
        (r#"{"user_code":"AB12"}"#, "device_auth_id"),
        (r#"{"device_code":"d-1","user_code":"AB12"}"#, "device_auth_id"),
        (r#"{"device_auth_id":"d-1"}"#, "user_code"),
    ] {
        let bad = Error::BadResponse(BadResponse::Member(member));
        assert_eq!(asked(Codex, reply), After::Failed(bad), "{reply}");
    }
}

#[test]
fn the_codes_of_every_dialect_are_shown_as_they_came_and_the_device_code_never_is() {
    covers(&["B-DV-05", "N-8628-11", "N-8628-12"]);
    let google = replied("x", "0").replace("verification_uri", "verification_url");
    let codex_other = CODEX_REPLY.replace("user_code", "usercode");
    let page = "https://issuer.example/device";
    let codex_page = "http://127.0.0.1:4000/codex/device";
    for (dialect, reply, code, address) in [
        (Standard, replied("user_code", "\"wdjb-MJHT 7\""), "wdjb-MJHT 7", page),
        (Standard, replied("user_code", "\"<&>\""), "<&>", page),
        (Google, google, "WDJB-MJHT", page),
        (Codex, CODEX_REPLY.to_owned(), "AB12", codex_page),
        (Codex, codex_other, "AB12", codex_page),
    ] {
        let flow = polling(&client(dialect), &reply);
        let prompt = flow.prompt().expect("a prompt");
        let Prompt::EnterCode { user_code, verification_uri, .. } = &prompt else { panic!() };
        assert_eq!((user_code.as_str(), verification_uri.as_str()), (code, address));
        assert!(!format!("{prompt:?} {flow:?}").contains("d-1"), "{dialect:?}");
    }
}

#[test]
fn a_complete_address_is_offered_only_on_the_site_of_the_plain_one() {
    covers(&["B-DV-06", "N-8628-11", "B-BO-12"]);
    let site = "https://issuer.example";
    for (complete, offered) in [
        (format!("{site}/device?user_code=WDJB-MJHT"), true),
        (format!("{site}/#WDJB-MJHT"), true),
        (site.to_owned(), true),
        ("https://evil.example/device?user_code=WDJB-MJHT".to_owned(), false),
        (format!("{site}.evil.example/device"), false),
        (format!("{site}@evil.example/device"), false),
        (format!("{site}:444/device"), false),
        ("https://sub.issuer.example/device".to_owned(), false),
        ("http://issuer.example/device".to_owned(), false),
        ("http://127.0.0.1/device".to_owned(), false),
        ("javascript:alert(1)".to_owned(), false),
        ("data:text/html,x".to_owned(), false),
        (format!("{site}/device code"), false),
        (format!("{site}/\\n"), false),
        (String::new(), false),
    ] {
        let reply = replied("verification_uri_complete", &format!("\"{complete}\""));
        let flow = polling(&client(Standard), &reply);
        let Some(Prompt::EnterCode { verification_uri, verification_uri_complete, .. }) =
            flow.prompt()
        else {
            panic!("{complete}: no prompt")
        };
        let expected = offered.then_some(complete.as_str());
        assert_eq!(verification_uri_complete.as_deref(), expected, "{complete}");
        assert_eq!(verification_uri, "https://issuer.example/device", "{complete}");
    }
}

#[test]
fn a_server_that_offers_no_device_login_is_told_from_one_that_refuses_this_one() {
    covers(&["B-DV-15", "N-6749-12"]);
    let unavailable = After::Failed(Error::DeviceLoginUnavailable);
    for (status, body) in [
        (401, ""),
        (403, "<html>"),
        (404, ""),
        (405, ""),
        (422, "{\"detail\":\"x\"}"),
        (404, "{\"error\":\"not_found\"}"),
        (400, "{\"error\":\"device_flow_disabled\"}"),
        (200, "{\"error\":\"device_flow_disabled\"}"),
        (400, "{\"error\":\"unauthorized_client\"}"),
        (400, "{\"error\":\"unsupported_grant_type\"}"),
    ] {
        let found = begun(Standard, Response::new(status, body));
        assert_eq!(found, unavailable, "{status} {body}");
    }
    for (status, body) in [
        (400, ""),
        (400, "{\"error\":\"invalid_scope\"}"),
        (404, "{\"error\":\"invalid_client\"}"),
        (401, "{\"error\":\"invalid_client\"}"),
        (403, "{\"error\":\"some_policy\"}"),
    ] {
        let found = begun(Standard, Response::new(status, body));
        let After::Failed(Error::Refused { purpose, .. }) = found else {
            panic!("{body}: {found:?}")
        };
        assert_eq!(purpose, Some(Purpose::RequestDeviceCode), "{status} {body}");
    }
    for (name, answer) in [
        ("a web page", Response::new(200, "<html>")),
        ("a redirect", Response::new(302, "")),
        ("a 5xx", Response::new(500, "{\"error\":\"invalid_client\"}")),
        ("a rate limit", Response::new(429, "")),
    ] {
        assert_eq!(begun(Standard, answer), After::Again, "{name}");
    }
    let mut flow = device_login(&client(Standard), 1);
    let mut now = DAWN;
    let error = loop {
        match flow.poll(now) {
            Step::Send(request) => {
                let page = Ok(Response::new(200, "<html>"));
                assert_eq!(flow.handle_response(now, request.id, &page), Ok(()));
            }
            Step::Wait(Some(wait)) => now = later(now, u64::try_from(wait.as_millis()).unwrap()),
            Step::Done(Err(error)) => break error,
            step @ (Step::Wait(None) | Step::Done(Ok(_))) => panic!("{step:?}"),
        }
    };
    assert_eq!(error, Error::Unreachable(Trouble::Unreadable));
}

/// A whole reply in which `member` has this value.
pub(super) fn replied(member: &str, value: &str) -> String {
    let known = [
        ("device_code", "\"d-1\""),
        ("user_code", "\"WDJB-MJHT\""),
        ("verification_uri", "\"https://issuer.example/device\""),
        ("expires_in", "900"),
        ("interval", "5"),
    ];
    let kept = known.iter().filter(|(name, _)| *name != member);
    let members: Vec<_> =
        kept.chain([&(member, value)]).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn asked(dialect: Dialect, reply: &str) -> After {
    begun(dialect, Response::new(200, reply))
}

/// Where the answer to the request for codes leads.
fn begun(dialect: Dialect, answer: Response) -> After {
    let mut flow = device_login(&client(dialect), 1);
    let request = sent(&mut flow);
    after(&mut flow, &request, answer)
}
