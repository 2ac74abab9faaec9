//! Hints from tokens that may be anything (RFC 7519), by themselves and in a login.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use grantflow_core::{
    Client, Configuration, Credential, Error, Response, Secret, Step, UnverifiedClaims, providers,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, client, provider};
use grantflow_tests::world::DAWN;
use proptest::prelude::*;

use super::{After, after, redeeming, step_after};

#[test]
fn anything_but_three_segments_is_no_jwt() {
    covers(&["B-JW-01", "B-JW-07", "C-21"]);
    let payload = URL_SAFE_NO_PAD.encode("{\"a\":\"b\"}");
    for (name, text) in [
        ("nothing", String::new()),
        ("one segment", payload.clone()),
        ("two segments", format!("x.{payload}")),
        ("four segments", format!("x.{payload}.y.z")),
        ("five segments", format!("x.{payload}.y.z.{payload}")),
        ("an empty payload", "x..y".to_owned()),
        ("two dots", "..".to_owned()),
        ("a million dots", ".".repeat(1_000_000)),
        ("64 KiB of dots", ".".repeat(64 << 10)),
        ("a megabyte of payload", jwt(&format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)))),
        ("an opaque token", "sk-ant-oat01-0123456789".to_owned()),
    ] {
        assert!(claims(&text).is_none(), "{name}");
    }
    for (name, text) in [
        ("no signature", format!("x.{payload}.")),
        ("no header", format!(".{payload}.y")),
        ("alg none", format!("{}.{payload}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"))),
    ] {
        assert_eq!(hint(&text, &["a"]).as_deref(), Some("b"), "{name}: it is only a hint");
    }
}

#[test]
fn a_number_in_a_path_is_an_index_of_a_list_and_the_name_of_a_member() {
    let token = jwt(r#"{"list":["a",["b"]],"object":{"0":"c"}}"#);
    for (path, found) in [
        (&["list", "0"][..], Some("a")),
        (&["list", "1", "0"], Some("b")),
        (&["object", "0"], Some("c")),
        (&["list", "2"], None),
        (&["list", "x"], None),
        (&["object", "1"], None),
    ] {
        assert_eq!(hint(&token, path).as_deref(), found, "{path:?}");
    }
}

#[test]
fn a_payload_is_base64url_padded_or_not_of_one_object_without_repeats() {
    covers(&["B-JW-02", "B-JW-03", "B-JW-04", "B-JW-08"]);
    let json = "{\"a\":\"b?>~\",\"c\":\"???>>>\"}";
    let encoded = URL_SAFE_NO_PAD.encode(json);
    assert!(
        encoded.contains('-') && encoded.contains('_'),
        "both letters of the alphabet: {encoded}"
    );
    for (name, payload) in [("bare", encoded.clone()), ("padded", URL_SAFE.encode(json))] {
        assert_eq!(hint(&format!("x.{payload}.y"), &["a"]).as_deref(), Some("b?>~"), "{name}");
    }
    let (start, end) = encoded.split_at(8);
    for (name, payload) in [
        ("the other alphabet", STANDARD.encode(json)),
        ("a space inside", format!("{start} {end}")),
        ("a line break inside", format!("{start}\n{end}")),
        ("padding inside", format!("{start}={end}")),
        ("a letter outside ASCII", format!("{start}é{end}")),
        ("bits beyond the end", "e30".replace("30", "31")),
        ("one letter", "e".to_owned()),
    ] {
        assert!(claims(&format!("x.{payload}.y")).is_none(), "{name}");
    }
    for (name, payload) in [
        ("a list", "[{\"a\":\"b\"}]"),
        ("a text", "\"a\""),
        ("a number", "5"),
        ("null", "null"),
        ("nothing", ""),
        ("cut off", "{\"a\":\"b\""),
        ("a name twice", "{\"a\":\"b\",\"a\":\"c\"}"),
        ("a name twice in escapes", "{\"a\":\"b\",\"\\u0061\":\"c\"}"),
        ("more behind", "{\"a\":\"b\"}{}"),
    ] {
        assert!(claims(&jwt(payload)).is_none(), "{name}");
    }
    let no_text = format!("x.{}.y", URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xff\"}"));
    assert!(claims(&no_text).is_none(), "bytes that are no UTF-8");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(hint(&jwt(&deep), &["a", "0", "0"]), None, "deep brackets lead nowhere");
}

#[test]
fn a_path_leads_through_members_and_lists_to_text_that_can_be_shown_or_to_nothing() {
    covers(&["B-JW-06", "N-6749-22"]);
    let token = jwt(
        r#"{"a":{"b":"c"},"o":[{"id":"o-0"},{"id":"o-1"}],"n":5,"0":"zero","t":"x","d":{"k":"1","k":"2"}}"#,
    );
    for (path, found) in [
        (&["a", "b"][..], Some("c")),
        (&["o", "1", "id"], Some("o-1")),
        (&["0"], Some("zero")),
        (&["o", "2", "id"], None),
        (&["o", "id"], None),
        (&["o", "-1", "id"], None),
        (&["o", "18446744073709551616"], None),
        (&["a"], None),
        (&["n"], None),
        (&["t", "0"], None),
        (&["a", "b", "c"], None),
        (&["d", "k"], None),
        (&["missing"], None),
        (&[""], None),
        (&[], None),
    ] {
        assert_eq!(hint(&token, path).as_deref(), found, "{path:?}");
    }
    let (most, more) = ("é".repeat(256), "é".repeat(257));
    for (name, claim, shown) in [
        ("a name", "Zoë O'Neil <zoe@example.com>", true),
        ("256 characters", &most, true),
        ("257 characters", &more, false),
        ("nothing", "", false),
        ("NUL", "a\\u0000", false),
        ("a line break", "a\\nb", false),
        ("a carriage return", "a\\rb", false),
        ("an escape sequence", "\\u001b]0;x\\u0007", false),
        ("DEL", "a\\u007f", false),
        ("a control of Latin-1", "a\\u009b2J", false),
        ("reversed writing", "\\u202egnp.exe", false),
        ("an isolate", "\\u2066a", false),
        ("an Arabic letter mark", "a\\u061cb", false),
        ("a zero-width space", "a\\u200bb", false),
        ("a soft hyphen", "a\\u00adb", false),
        ("a byte order mark", "\\ufeffa", false),
        ("a line separator", "a\\u2028b", false),
        ("an annotation", "a\\ufff9b", false),
        ("letters of a tag", "a\\udb40\\udc41", false),
        ("half a surrogate pair", "\\ud800", false),
    ] {
        let found = hint(&jwt(&format!("{{\"email\":\"{claim}\"}}")), &["email"]);
        assert_eq!(found.is_some(), shown, "{name}: {found:?}");
    }
    let read = claims(&token).unwrap();
    assert_eq!(format!("{read:?}"), "UnverifiedClaims");
}

#[test]
fn a_time_is_in_seconds_or_unknown() {
    covers(&["B-JW-05"]);
    for (value, seconds) in [
        ("1780000000", Some(1_780_000_000)),
        ("\"1780000000\"", Some(1_780_000_000)),
        ("1780000000.9", Some(1_780_000_000)),
        ("1.78e9", Some(1_780_000_000)),
        ("8999999999", Some(8_999_999_999)),
        ("9000000000", None),
        ("1780000000000", None),
        ("999999999", None),
        ("0", None),
        ("-1780000000", None),
        ("1e400", None),
        ("18446744073709551615", None),
        ("\"2026-06-01\"", None),
        ("\"inf\"", None),
        ("null", None),
        ("true", None),
        ("[1780000000]", None),
    ] {
        let token = jwt(&format!("{{\"exp\":{value}}}"));
        assert_eq!(claims(&token).and_then(|claims| claims.seconds("exp")), seconds, "{value}");
    }
    assert_eq!(claims(&jwt("{}")).and_then(|claims| claims.seconds("exp")), None, "missing");
}

#[test]
fn a_chatgpt_account_is_read_from_either_token_and_without_one_there_is_no_login() {
    covers(&["B-JW-04", "B-JW-08", "B-JW-06", "B-JW-07"]);
    let nested = |id: &str| {
        format!("{{\"https://api.openai.com/auth\":{{\"chatgpt_account_id\":\"{id}\"}}}}")
    };
    let root = |id: &str| format!("{{\"chatgpt_account_id\":\"{id}\"}}");
    let organization = |id: &str| format!("{{\"organizations\":[{{\"id\":\"{id}\"}}]}}");
    let none = || "{\"sub\":\"s\"}".to_owned();
    for (name, id_token, access_token, found) in [
        ("nested in the id_token", nested("a"), nested("b"), Some("a")),
        ("at its root", root("a"), nested("b"), Some("a")),
        ("nested in the access_token", none(), nested("b"), Some("b")),
        ("at its root too", none(), root("b"), Some("b")),
        ("rather than an organization", organization("o"), root("b"), Some("b")),
        ("an organization", organization("o"), none(), Some("o")),
        ("one of the access_token", none(), organization("o"), Some("o")),
        ("past an empty one", nested(""), root("b"), Some("b")),
        ("past one that cannot be shown", nested("a\\nb"), root("b"), Some("b")),
        ("nowhere", none(), none(), None),
        ("in no organization", "{\"organizations\":[]}".to_owned(), none(), None),
        ("in a number", "{\"chatgpt_account_id\":5}".to_owned(), none(), None),
        ("in repeated claims", "{\"sub\":\"s\",\"sub\":\"s\"}".to_owned(), none(), None),
    ] {
        let reply = format!(
            "{{\"access_token\":\"{}\",\"id_token\":\"{}\"}}",
            jwt(&access_token),
            jwt(&id_token)
        );
        let (mut flow, request) = redeeming(&client(Dialect::Codex));
        match step_after(&mut flow, &request, Response::new(200, reply)) {
            Step::Done(Ok(credential)) => {
                assert_eq!(credential.account.id.as_deref(), found, "{name}");
            }
            Step::Done(Err(why)) => {
                assert_eq!((why, found), (Error::NoAccountId, None), "{name}");
            }
            step @ (Step::Send(_) | Step::Wait(_)) => panic!("{name}: {step:?}"),
        }
    }
    let (mut flow, request) = redeeming(&client(Dialect::Codex));
    let opaque = Response::new(200, "{\"access_token\":\"opaque\",\"id_token\":\"opaque\"}");
    assert_eq!(after(&mut flow, &request, opaque), After::Failed(Error::NoAccountId), "opaque");
    let opaque = login(&client(Dialect::Standard), "{\"access_token\":\"a\",\"id_token\":\"b\"}");
    assert_eq!(opaque.account, grantflow_core::Account::default(), "no hint is no error");
}

#[test]
fn the_expiry_of_a_jwt_is_taken_where_the_preset_says_and_the_reply_stands_in_for_it() {
    covers(&["B-JW-05", "B-JW-07", "B-TR-09"]);
    let account = "\"chatgpt_account_id\":\"a\"";
    let second = DAWN.wall / 1000 + 100;
    let xai = {
        let mut standard = provider(Dialect::Standard, ISSUER);
        standard.token = providers::xai().token;
        Client::new(standard, Configuration::default()).unwrap()
    };
    let codex = client(Dialect::Codex);
    for (name, client, claim, member, expires_at) in [
        ("before the reply's", &codex, format!("{second}"), ",\"expires_in\":7", Some(100)),
        ("in place of an implausible one", &codex, "5".into(), ",\"expires_in\":7", Some(7)),
        ("in milliseconds", &codex, format!("{second}000"), ",\"expires_in\":7", Some(7)),
        ("neither", &codex, "null".into(), "", None),
        ("after the reply's", &xai, format!("{second}"), ",\"expires_in\":7", Some(7)),
        ("without the reply's", &xai, format!("{second}"), "", Some(100)),
        ("past", &xai, format!("{}", second - 200), "", Some(-100)),
    ] {
        let token = jwt(&format!("{{{account},\"exp\":{claim}}}"));
        let credential = login(client, &format!("{{\"access_token\":\"{token}\"{member}}}"));
        let expected = expires_at.map(|seconds| DAWN.wall.saturating_add_signed(seconds * 1000));
        assert_eq!(credential.expires_at, expected, "{name}");
    }
    assert_eq!(login(&xai, "{\"access_token\":\"opaque\"}").expires_at, None, "an opaque token");
}

proptest! {
    #[test]
    fn no_token_causes_a_panic(token in any::<String>(), payload in any::<String>()) {
        for text in [token, jwt(&payload), jwt(&format!("{{{payload}}}"))] {
            if let Some(claims) = claims(&text) {
                let _ = (claims.string(&[&payload]), claims.seconds("exp"));
            }
        }
    }

    #[test]
    fn a_hint_that_is_shown_has_no_control_character(claim in any::<String>()) {
        let token = jwt(&serde_json::json!({ "email": claim }).to_string());
        if let Some(shown) = hint(&token, &["email"]) {
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert_eq!(shown, claim);
        }
    }
}

/// An unsigned JWT with this payload.
fn jwt(payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", encode("{\"alg\":\"RS256\"}"), encode(payload))
}

fn claims(token: &str) -> Option<UnverifiedClaims> {
    UnverifiedClaims::read(&Secret::from(token))
}

fn hint(token: &str, path: &[&str]) -> Option<String> {
    claims(token)?.string(path)
}

fn login(client: &Client, reply: &str) -> Credential {
    let (mut flow, request) = redeeming(client);
    match step_after(&mut flow, &request, Response::new(200, reply)) {
        Step::Done(Ok(credential)) => credential,
        step @ (Step::Done(Err(_)) | Step::Send(_) | Step::Wait(_)) => panic!("{reply}: {step:?}"),
    }
}
