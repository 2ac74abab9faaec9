//! `iss` in a redirect (RFC 9207 §2.4): present or not, announced or not.

use grantflow_core::{Client, Configuration, Redirect, Rejected::IssuerMismatch};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, browser_login, provider};
use grantflow_tests::world::{DAWN, callback};

use super::redirects::refuses;
use super::way_back;

#[test]
fn an_iss_is_compared_character_by_character_and_where_announced_it_must_be_there() {
    covers(&["N-9207-01", "N-9207-02", "B-CB-29", "N-MCP-05", "N-MCP-07"]);
    let cases = [
        ("announced and right", true, Some(ISSUER), true),
        ("announced and absent", true, None, false),
        ("announced and empty", true, Some(""), false),
        ("announced and wrong", true, Some("https://evil.example"), false),
        ("not announced and absent", false, None, true),
        ("not announced and right", false, Some(ISSUER), true),
        ("not announced and wrong", false, Some("https://evil.example"), false),
        ("a slash behind", false, Some("http://127.0.0.1:4000/"), false),
        ("no port", false, Some("http://127.0.0.1"), false),
        ("another scheme", false, Some("https://127.0.0.1:4000"), false),
        ("capitals", false, Some("HTTP://127.0.0.1:4000"), false),
        ("a space behind", false, Some("http://127.0.0.1:4000+"), false),
        ("a fragment behind", false, Some("http://127.0.0.1:4000%23"), false),
        ("right in escapes", true, Some("http%3A%2F%2F127.0.0.1%3A4000"), true),
    ];
    for (name, announced, iss, accepted) in cases {
        let client = with_issuer(Some(ISSUER), announced, false);
        let mut flow = browser_login(&client, 50_123, 1);
        let iss = iss.map(|iss| format!("&iss={iss}")).unwrap_or_default();
        for answer in ["error=access_denied", "code=c"] {
            let back = way_back(&flow, 0).fill(&format!("{{uri}}?{answer}&state={{state}}{iss}"));
            if accepted {
                let mut flow = browser_login(&client, 50_123, 1);
                assert_eq!(callback(&mut flow, DAWN, &back), Ok(()), "{name}, {answer}");
            } else {
                refuses(&mut flow, Redirect::Callback(&back), IssuerMismatch, name);
            }
        }
    }
}

#[test]
fn default_ports_and_capital_hosts_make_another_issuer_and_an_unknown_issuer_none() {
    covers(&["B-CB-29", "N-9207-01", "N-9207-03", "N-MCP-06", "C-17", "N-9700-03"]);
    let issuer = Some("https://issuer.example");
    for (name, issuer, iss, ignored, accepted) in [
        ("the default port", issuer, "https://issuer.example:443", false, false),
        ("a capital host", issuer, "https://Issuer.example", false, false),
        ("a dot behind the host", issuer, "https://issuer.example.", false, false),
        ("the same", issuer, "https://issuer.example", false, true),
        ("none to compare with", None, "https://issuer.example", false, false),
        ("none to compare with, by exception", None, "https://issuer.example", true, true),
        ("another, by exception", issuer, "https://evil.example", true, true),
    ] {
        let mut flow = browser_login(&with_issuer(issuer, true, ignored), 50_123, 1);
        let way = way_back(&flow, 0);
        let back = way.fill(&format!("{{uri}}?code=c&state={{state}}&iss={iss}"));
        if accepted {
            assert_eq!(callback(&mut flow, DAWN, &back), Ok(()), "{name}");
        } else {
            refuses(&mut flow, Redirect::Callback(&back), IssuerMismatch, name);
        }
    }
}

#[test]
fn each_login_expects_the_issuer_it_began_with() {
    covers(&["N-21-05", "N-9700-03", "N-MCP-04"]);
    let issuers = ["https://a.example", "https://b.example"];
    let mut flows = [0, 1].map(|at| {
        let seed = if at == 0 { 1 } else { 2 };
        browser_login(&with_issuer(Some(issuers[at]), false, false), 50_123, seed)
    });
    for (own, other) in [(0, 1), (1, 0)] {
        let way = way_back(&flows[own], 0);
        let from = |issuer: &str| way.fill(&format!("{{uri}}?code=c&state={{state}}&iss={issuer}"));
        let (right, wrong) = (from(issuers[own]), from(issuers[other]));
        refuses(&mut flows[own], Redirect::Callback(&wrong), IssuerMismatch, issuers[other]);
        assert_eq!(callback(&mut flows[own], DAWN, &right), Ok(()), "{}", issuers[own]);
    }
}

fn with_issuer(issuer: Option<&str>, announced: bool, ignored: bool) -> Client {
    let mut provider = provider(Dialect::Standard, ISSUER);
    provider.issuer = issuer.map(str::to_owned);
    provider.authorization_response_iss_parameter_supported = announced;
    provider.ignore_iss = ignored;
    Client::new(provider, Configuration::default()).expect("a client")
}
