//! Claude.

use grantflow_test_server::{Decision, Dialect, Finding, NoRedirect, Request, Response};
use serde_json::json;

use crate::{
    approving,
    support::{CHALLENGE, Fields, VERIFIER, World, error, json, member, query, text, with},
};

const CLIENT: &str = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";
const PASTE_PAGE: &str = "http://127.0.0.1:1234/oauth/code/callback";

#[test]
fn the_exchange_is_json_with_state_and_tells_the_account() {
    let mut world = approving(Dialect::Anthropic);
    let reply = exchange(&mut world, &[]);
    assert_eq!(world.findings(), []);
    assert_eq!(member(&reply, "account")["email_address"], "person@example.com");
    assert!(member(&reply, "organization")["uuid"].is_string());
    assert!(text(&reply, "access_token").starts_with("sk-ant-oat01-"));

    let first = text(&reply, "refresh_token");
    assert!(first.starts_with("sk-ant-ort01-"));
    let renewed = renew(&mut world, &first);
    assert_eq!(renewed.status, 200);
    assert_ne!(text(&renewed, "refresh_token"), first);
    assert!(member(&renewed, "account").is_null());
}

#[test]
fn without_state_or_as_a_form_it_is_malformed() {
    let mut world = approving(Dialect::Anthropic);
    let reply = exchange(&mut world, &[("state", "")]);
    let shape = json!({
        "type": "error", "request_id": "req_test",
        "error": { "type": "invalid_request_error", "message": "Invalid request format" },
    });
    assert_eq!((reply.status, json(&reply)), (400, shape));
    assert!(world.findings().contains(&Finding::StateMissing));

    let reply = exchange(&mut world, &[("state", "another-state")]);
    assert_eq!(reply.status, 400);
    assert_eq!(world.findings().last(), Some(&Finding::ParameterWrong("state".into())));

    let form = Request::post_form("/v1/oauth/token", &[("grant_type", "refresh_token")]);
    assert_eq!(world.send(&form).status, 400);
    assert!(world.findings().contains(&Finding::WrongEncoding));
}

#[test]
fn other_errors_are_flat() {
    let mut world = approving(Dialect::Anthropic);
    let reply = exchange(&mut world, &[("code", "wrong")]);
    assert_eq!(error(&reply), "invalid_grant");
    assert_eq!(member(&reply, "error_description"), "Invalid 'code' in request.");
}

#[test]
fn its_page_shows_code_and_state_to_be_copied() {
    let mut world = approving(Dialect::Anthropic);
    let redirect = world.approve(&url(&world, &[("redirect_uri", PASTE_PAGE)]));
    let page = world.get(&redirect);
    let shown = format!(">{}#the-state<", query(&redirect, "code"));
    assert!(String::from_utf8(page.body).unwrap().contains(&shown));
}

#[test]
fn the_link_needs_code_true_and_localhost() {
    let mut world = approving(Dialect::Anthropic);
    let redirect = world.approve(&url(&world, &[("code", "")]));
    assert_eq!(query(&redirect, "error"), "invalid_request");
    let literal = url(&world, &[("redirect_uri", "http://127.0.0.1:53692/callback")]);
    let refused = world.server.authorize(0, &literal, Decision::Approve);
    assert_eq!(refused, Err(NoRedirect::Refused(400)));
}

#[test]
fn the_names_of_its_own_tool_and_of_browsers_are_limited_for_good() {
    for name in ["claude-code/1.0", "Mozilla/5.0"] {
        let mut world = approving(Dialect::Anthropic);
        let request = Request::post_json("/v1/oauth/token", &[]);
        let reply = world.send(&request.with_header("User-Agent", name));
        assert_eq!(
            (reply.status, member(&reply, "error")["type"].clone()),
            (429, "rate_limit_error".into())
        );
        assert_eq!(world.findings(), [Finding::WrongHeader("user-agent")]);
    }
}

fn url(world: &World, changed: Fields<'_>) -> String {
    let right = [
        ("code", "true"),
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:53692/callback"),
        ("scope", "user:profile"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "the-state"),
    ];
    world.url("/oauth/authorize", &with(&right, changed))
}

fn exchange(world: &mut World, changed: Fields<'_>) -> Response {
    let redirect = world.approve(&url(world, &[]));
    let code = query(&redirect, "code");
    let right = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", &code),
        ("state", "the-state"),
        ("redirect_uri", "http://localhost:53692/callback"),
        ("code_verifier", VERIFIER),
    ];
    world.send(&Request::post_json("/v1/oauth/token", &with(&right, changed)))
}

fn renew(world: &mut World, token: &str) -> Response {
    let fields = [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token)];
    world.send(&Request::post_json("/v1/oauth/token", &fields))
}
