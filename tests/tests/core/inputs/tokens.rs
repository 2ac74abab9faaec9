//! What a token reply holds (RFC 6749 §5.1), member by member, when a code is redeemed.

use grantflow_core::{
    BadResponse, Client, Configuration, Credential, Error, Expiry, Machine, Response, Scope,
    Secret, Step,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, client, provider};
use grantflow_tests::renewing::{Renewing, interrupted};
use grantflow_tests::world::{DAWN, entropy};
use proptest::prelude::*;

use super::{After, after, redeeming, redeeming_code, sent, step_after};

const TEN_YEARS_MS: u64 = 315_576_000_000;

#[test]
fn an_access_token_is_visible_ascii_of_at_most_64_kib_or_there_is_no_credential() {
    covers(&["B-TR-05", "B-TR-20", "B-TR-40", "N-6749-08", "N-6749-22"]);
    let client = client(Dialect::Standard);
    for (name, member) in [
        ("missing", "\"x\":1".to_owned()),
        ("null", "\"access_token\":null".into()),
        ("empty", "\"access_token\":\"\"".into()),
        ("a number", "\"access_token\":5".into()),
        ("true", "\"access_token\":true".into()),
        ("a list", "\"access_token\":[\"a\"]".into()),
        ("an object", "\"access_token\":{\"a\":\"b\"}".into()),
        ("a space", "\"access_token\":\" \"".into()),
        ("a space inside", "\"access_token\":\"a b\"".into()),
        ("an escaped NUL", "\"access_token\":\"a\\u0000\"".into()),
        ("a line break", "\"access_token\":\"a\\r\\nx: y\"".into()),
        ("a tab", "\"access_token\":\"a\\t\"".into()),
        ("an escape sequence", "\"access_token\":\"\\u001b[2J\"".into()),
        ("DEL", "\"access_token\":\"a\\u007f\"".into()),
        ("a letter outside ASCII", "\"access_token\":\"é\"".into()),
        ("half a surrogate pair", "\"access_token\":\"\\ud800\"".into()),
        ("reversed writing", "\"access_token\":\"\\u202ea\"".into()),
        ("a capital name", "\"Access_Token\":\"a\"".into()),
        ("a byte too long", format!("\"access_token\":\"{}\"", "x".repeat((64 << 10) + 1))),
        ("900 KiB", format!("\"access_token\":\"{}\"", "x".repeat(900 << 10))),
    ] {
        let reply = format!("{{{member},\"token_type\":\"Bearer\"}}");
        let bad = Error::BadResponse(BadResponse::Member("access_token"));
        assert_eq!(redeemed(&client, &reply), After::Failed(bad), "{name}");
    }
    for token in ["a".to_owned(), "x".repeat(64 << 10), "!~;=\\\"|".escape_default().to_string()] {
        let reply = format!("{{\"access_token\":{token:?}}}");
        assert!(credential(&client, &reply).access_token.matches(&token));
    }
}

#[test]
fn the_other_tokens_may_be_missing_but_not_malformed() {
    covers(&["B-TR-06", "B-TR-07", "B-TR-20", "N-6749-22"]);
    let client = client(Dialect::Standard);
    for name in ["refresh_token", "id_token"] {
        for value in ["5", "true", "[]", "{}", "\"a\\u0000\"", "\"a b\"", "\"a\\n\"", "\"é\""] {
            let reply = format!("{{\"access_token\":\"a\",\"{name}\":{value}}}");
            let bad = Error::BadResponse(BadResponse::Member(name));
            assert_eq!(redeemed(&client, &reply), After::Failed(bad), "{name} {value}");
        }
        for value in ["null", "\"\""] {
            let reply = format!("{{\"access_token\":\"a\",\"{name}\":{value}}}");
            let credential = credential(&client, &reply);
            assert!(credential.refresh_token.is_none() && credential.id_token.is_none());
        }
    }
    assert!(credential(&client, "{\"access_token\":\"a\"}").refresh_token.is_none());
}

#[test]
fn a_renewal_keeps_the_refresh_token_unless_it_brings_another() {
    covers(&["B-TR-06", "B-TR-07", "B-TR-08", "N-6749-18"]);
    let client = client(Dialect::Standard);
    for (name, member, kept) in [
        ("missing", "", "r-1"),
        ("null", ",\"refresh_token\":null", "r-1"),
        ("empty", ",\"refresh_token\":\"\"", "r-1"),
        ("the same", ",\"refresh_token\":\"r-1\"", "r-1"),
        ("another", ",\"refresh_token\":\"r-2\"", "r-2"),
    ] {
        let reply = format!("{{\"access_token\":\"a-2\"{member}}}");
        let renewed = renewed(&client, &reply).expect(name);
        assert!(renewed.access_token.matches("a-2"), "{name}");
        assert!(renewed.refresh_token.is_some_and(|token| token.matches(kept)), "{name}");
    }
    for reply in ["{}", "{\"access_token\":\"\"}", "{\"access_token\":\"a\",\"refresh_token\":5}"] {
        let ended = renewed(&client, reply).unwrap_err();
        assert_eq!(ended, interrupted(DAWN), "the token may be rotated: {reply}");
    }
}

#[test]
fn expires_in_is_a_number_in_quotes_or_not_or_the_expiry_is_unknown() {
    covers(&["B-TR-09", "B-TR-10", "B-TR-11", "B-TR-12", "N-6749-14", "B-CK-05"]);
    let client = client(Dialect::Standard);
    for (value, life) in [
        ("3600", Some(3_600_000)),
        ("\"3600\"", Some(3_600_000)),
        ("\" 3600 \"", Some(3_600_000)),
        ("\"3600.0\"", Some(3_600_000)),
        ("3600.0", Some(3_600_000)),
        ("3.6e3", Some(3_600_000)),
        ("3599.9999", Some(3_599_999)),
        ("0.5", Some(500)),
        ("0", Some(0)),
        ("-0.0", Some(0)),
        ("-1", Some(0)),
        ("-1e400", Some(0)),
        ("1e-400", Some(0)),
        ("315576000", Some(TEN_YEARS_MS)),
        ("315576001", Some(TEN_YEARS_MS)),
        ("18446744073709551615", Some(TEN_YEARS_MS)),
        ("9007199254740993", Some(TEN_YEARS_MS)),
        ("1e308", Some(TEN_YEARS_MS)),
        ("1e400", Some(TEN_YEARS_MS)),
        ("\"1h\"", None),
        ("\"\"", None),
        ("\"NaN\"", None),
        ("\"inf\"", None),
        ("\"0x10\"", None),
        ("\"3,600\"", None),
        ("\"1e\"", None),
        ("null", None),
        ("true", None),
        ("[3600]", None),
        ("{\"s\":3600}", None),
    ] {
        let credential = credential(&client, &reply_with("expires_in", value));
        let found = credential.expires_at.map(|at| at - DAWN.wall);
        assert_eq!(found, life, "{value}");
        assert_eq!(credential.is_expired(DAWN), life == Some(0), "{value}");
    }
    let credential = credential(&client, "{\"access_token\":\"a\"}");
    assert_eq!((credential.expires_at, credential.is_expired(DAWN)), (None, false), "missing");
    for value in ["NaN", "Infinity", "0x10", "3600s", "+5", ".5", "01"] {
        let reply = reply_with("expires_in", value);
        assert_eq!(redeemed(&client, &reply), After::Again, "{value} is no JSON");
    }
}

#[test]
fn an_absolute_expiry_is_read_in_the_unit_of_the_providers_data_and_never_guessed() {
    covers(&["B-TR-14", "B-TR-09"]);
    let second = DAWN.wall / 1000 + 60;
    for (name, source, members, expires_at) in [
        ("seconds", Expiry::ExpiresAt, format!("\"expires_at\":{second}"), Some(second * 1000)),
        (
            "in quotes",
            Expiry::ExpiresAt,
            format!("\"expires_at\":\"{second}\""),
            Some(second * 1000),
        ),
        ("ms for seconds", Expiry::ExpiresAt, format!("\"expires_at\":{second}000"), None),
        ("a date", Expiry::ExpiresAt, "\"expires_at\":\"2026-06-01T00:00:00Z\"".into(), None),
        ("zero", Expiry::ExpiresAt, "\"expires_at\":0".into(), None),
        ("negative", Expiry::ExpiresAt, "\"expires_at\":-5".into(), None),
        ("no number", Expiry::ExpiresAt, "\"expires_at\":1e999".into(), None),
        ("ms", Expiry::ExpiredInMs, format!("\"expired_in\":{second}000"), Some(second * 1000)),
        (
            "parts of ms",
            Expiry::ExpiredInMs,
            format!("\"expired_in\":{second}000.6"),
            Some(second * 1000),
        ),
        ("seconds for ms", Expiry::ExpiredInMs, format!("\"expired_in\":{second}"), None),
        (
            "from its making",
            Expiry::CreatedAt,
            format!("\"created_at\":{},\"expires_in\":70", second - 10),
            Some((second + 60) * 1000),
        ),
        ("no making", Expiry::CreatedAt, "\"expires_in\":70".into(), None),
        ("of opaque tokens", Expiry::AccessToken, "\"expires_in\":70".into(), None),
    ] {
        let mut provider = provider(Dialect::Standard, ISSUER);
        provider.token.expiry = [source].into();
        let client = Client::new(provider, Configuration::default()).unwrap();
        let credential = credential(&client, &format!("{{\"access_token\":\"a\",{members}}}"));
        assert_eq!(credential.expires_at, expires_at, "{name}");
    }
}

#[test]
fn a_token_type_other_than_bearer_is_not_used_as_bearer() {
    covers(&["B-TR-15", "N-6749-13"]);
    let client = client(Dialect::Standard);
    for value in ["\"bearer\"", "\"Bearer\"", "\"BEARER\"", "null"] {
        let reply = reply_with("token_type", value);
        assert_eq!(redeemed(&client, &reply), After::Granted, "{value}");
    }
    assert_eq!(redeemed(&client, "{\"access_token\":\"a\"}"), After::Granted, "missing");
    for value in ["\"N_A\"", "\"mac\"", "\"DPoP\"", "\"Bearer \"", "\"\"", "5", "true", "[]", "{}"]
    {
        let bad = Error::BadResponse(BadResponse::TokenType);
        let reply = reply_with("token_type", value);
        assert_eq!(redeemed(&client, &reply), After::Failed(bad), "{value}");
    }
}

#[test]
fn an_account_is_looked_for_along_a_path_of_names_and_places() {
    let mut provider = provider(Dialect::Standard, ISSUER);
    provider.token.account.id = vec![["reply", "list", "1", "id"].map(str::to_owned).into()];
    let client = Client::new(provider, Configuration::default()).unwrap();
    for (list, found) in [
        (r#"[{"id":"a"},{"id":"b"}]"#, Some("b")),
        (r#"{"0":{"id":"a"},"1":{"id":"b"}}"#, Some("b")),
        (r#"[{"id":"a"}]"#, None),
        (r#"{"id":"b"}"#, None),
        (r#"["id","id"]"#, None),
        ("1", None),
    ] {
        let credential = credential(&client, &reply_with("list", list));
        assert_eq!(credential.account.id.as_deref(), found, "{list}");
    }
    let mut elsewhere = client.provider().clone();
    elsewhere.token.account.id = vec![["headers", "id"].map(str::to_owned).into(), vec![]];
    let client = Client::new(elsewhere, Configuration::default()).unwrap();
    let credential = credential(&client, &reply_with("id", "\"a\""));
    assert_eq!(credential.account.id, None, "nowhere but in the reply and its tokens");
}

#[test]
fn a_plain_text_that_a_caller_keeps_with_a_credential_is_saved_as_one() {
    let mut credential = Credential::bare("example", Secret::from("a"));
    credential.extra.insert("note", Secret::from("not JSON"));
    let again = Credential::restore(&credential.save()).unwrap();
    assert_eq!(again.extra["note"].expose(), "\"not JSON\"");
}

#[test]
fn scope_is_text_or_a_list_and_what_was_granted_replaces_what_was_asked_for() {
    covers(&["B-TR-16", "B-TR-37", "N-6749-15", "N-6749-08"]);
    let client = client(Dialect::Standard);
    let asked = "openid offline_access";
    let most: Vec<String> = (0..256).map(|at| format!("s{at}")).collect();
    for (value, granted) in [
        ("\"openid\"", "openid"),
        ("\"openid more\"", "openid more"),
        ("\" a\\t b  a \"", "a b"),
        ("[\"a\",\"b\",\"a\"]", "a b"),
        ("[\"a b\",\"c\"]", "a b c"),
        ("\"\"", asked),
        ("\" \"", asked),
        ("[]", asked),
        ("null", asked),
        (&format!("{:?}", most.join(" ")), &most.join(" ")),
    ] {
        let credential = credential(&client, &reply_with("scope", value));
        let found: Vec<&str> = credential.scope.iter().collect();
        assert_eq!(found, granted.split(' ').collect::<Vec<_>>(), "{value}");
        assert_eq!(credential.scope.to_string(), granted, "{value}");
    }
    let listed = ["a b", " ", "b"].into_iter().collect();
    assert_eq!(Scope::parse("a b"), listed, "white space parts tokens wherever they come from");
    let missing = credential(&client, "{\"access_token\":\"a\"}");
    assert_eq!(missing.scope, Scope::parse(asked));
    let tokens = |count: usize| (0..count).map(|at| format!("{at:x}")).collect::<Vec<_>>();
    for (name, value) in [
        ("a number", "5".to_owned()),
        ("true", "true".into()),
        ("an object", "{}".into()),
        ("a list with a number", "[\"a\",5]".into()),
        ("a list in a list", "[[\"a\"]]".into()),
        ("257 tokens", format!("{:?}", tokens(257).join(" "))),
        ("a hundred thousand tokens", format!("{:?}", tokens(100_000).join(" "))),
        ("a hundred thousand in a list", format!("{:?}", tokens(100_000))),
        ("an escape sequence", "\"a\\u001b[2J\"".into()),
        ("reversed writing", "[\"\\u202ea\"]".into()),
        ("NUL", "\"a\\u0000\"".into()),
    ] {
        let bad = Error::BadResponse(BadResponse::Member("scope"));
        assert_eq!(redeemed(&client, &reply_with("scope", &value)), After::Failed(bad), "{name}");
    }
}

#[test]
fn members_nobody_knows_are_kept_beside_the_credential_and_change_nothing() {
    covers(&["B-TR-38", "N-6749-16"]);
    let reply = "{\"access_token\":\"a\",\"\":0,\"organization\":{\"uuid\":\"o-1\"},\"n\":1e999}";
    let credential = credential(&client(Dialect::Standard), reply);
    let extra: Vec<_> = credential.extra.iter().map(|(n, v)| (n.as_str(), v.expose())).collect();
    assert_eq!(extra, [("", "0"), ("n", "1e999"), ("organization", "{\"uuid\":\"o-1\"}")]);
}

#[test]
fn an_api_address_out_of_a_reply_is_followed_only_to_a_bare_origin_the_preset_allows() {
    covers(&["B-TR-41"]);
    let client = client(Dialect::Github);
    let base = "https://api.individual.githubcopilot.com";
    let business = "https://api.business.githubcopilot.com";
    let endpoints =
        |api: &str| format!("{{\"token\":\"tid=1\",\"endpoints\":{{\"api\":{api:?}}}}}");
    let proxy = |host: &str| format!("{{\"token\":\"tid=1;proxy-ep={host};x=y\"}}");
    for (name, reply, expected) in [
        ("an allowed host", endpoints(business), business),
        (
            "the one host of a list",
            endpoints("https://copilot-api.github.com"),
            "https://copilot-api.github.com",
        ),
        ("a slash behind", endpoints(&format!("{business}/")), business),
        ("a proxy", proxy("proxy.business.githubcopilot.com"), business),
        ("none", "{\"token\":\"tid=1\"}".to_owned(), base),
        ("another host", endpoints("https://evil.example"), base),
        ("a host that begins alike", endpoints(&format!("{business}.evil.example")), base),
        ("a host that ends alike", endpoints("https://evilgithubcopilot.com"), base),
        ("the suffix alone", endpoints("https://.githubcopilot.com"), base),
        ("http", endpoints("http://api.business.githubcopilot.com"), base),
        ("a port", endpoints(&format!("{business}:444")), base),
        ("a path", endpoints(&format!("{business}/v1")), base),
        ("a query", endpoints(&format!("{business}?x")), base),
        ("a user", endpoints("https://x@api.business.githubcopilot.com"), base),
        ("ours as a user", endpoints(&format!("{business}@evil.example")), base),
        ("a backslash", endpoints("https://evil.example\\.githubcopilot.com"), base),
        ("a number", "{\"token\":\"tid=1\",\"endpoints\":{\"api\":5}}".to_owned(), base),
        ("another proxy", proxy("proxy.evil.example"), base),
        ("a proxy with a port", proxy("proxy.business.githubcopilot.com:1"), base),
        ("a proxy with a path", proxy("evil.example/.githubcopilot.com"), base),
        ("a proxy with a user", proxy("evil.example@x.githubcopilot.com"), base),
        ("a proxy of nothing", proxy(""), base),
    ] {
        let mut flow = exchanging(&client);
        let request = sent(&mut flow);
        let Step::Done(Ok(credential)) = step_after(&mut flow, &request, Response::new(200, reply))
        else {
            panic!("{name}: no credential")
        };
        assert_eq!(credential.api_base.unwrap().as_str(), expected, "{name}");
    }
    for token in ["null", "\"\"", "5", "\"a b\"", "\"a\\n\"", "[]"] {
        let mut flow = exchanging(&client);
        let request = sent(&mut flow);
        let reply = Response::new(200, format!("{{\"token\":{token}}}"));
        let bad = Error::BadResponse(BadResponse::Member("token"));
        assert_eq!(after(&mut flow, &request, reply), After::Failed(bad), "{token}");
    }
}

proptest! {
    #[test]
    fn whatever_is_stored_can_stand_in_a_header(token in any::<String>(), scope in any::<String>()) {
        let reply = serde_json::json!({"access_token": token, "refresh_token": token, "scope": scope});
        let (mut flow, request) = redeeming(&client(Dialect::Standard));
        let reply = Response::new(200, reply.to_string());
        if let Step::Done(Ok(credential)) = step_after(&mut flow, &request, reply) {
            let header = credential.header(&client(Dialect::Standard));
            prop_assert!(header.value.expose().bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert!(credential.scope.to_string().bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }
}

fn reply_with(name: &str, value: &str) -> String {
    format!("{{\"access_token\":\"a\",\"{name}\":{value}}}")
}

fn redeemed(client: &Client, reply: &str) -> After {
    let (mut flow, request) = redeeming(client);
    after(&mut flow, &request, Response::new(200, reply))
}

fn credential(client: &Client, reply: &str) -> Credential {
    let (mut flow, request) = redeeming_code(client, "c");
    match step_after(&mut flow, &request, Response::new(200, reply)) {
        Step::Done(Ok(credential)) => credential,
        step @ (Step::Done(Err(_)) | Step::Send(_) | Step::Wait(_)) => panic!("{reply}: {step:?}"),
    }
}

/// What this reply makes of a credential whose refresh token is `r-1`.
fn renewed(client: &Client, reply: &str) -> Result<Credential, Error> {
    let held = credential(client, "{\"access_token\":\"a-1\",\"refresh_token\":\"r-1\"}");
    let mut renewal = Renewing::new(client, held, &entropy(2), DAWN);
    let request = sent(&mut renewal);
    match step_after(&mut renewal, &request, Response::new(200, reply)) {
        Step::Done(outcome) => outcome,
        step @ (Step::Send(_) | Step::Wait(_)) => panic!("{reply}: {step:?}"),
    }
}

/// A device login that has its first token and is about to exchange it.
fn exchanging(client: &Client) -> impl Machine {
    super::approved(client, "{\"access_token\":\"gho_1\",\"token_type\":\"bearer\"}")
}
