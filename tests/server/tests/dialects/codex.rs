//! Codex.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use grantflow_test_server::{
    Config, Decision, Dialect, Fault, Finding, Hesitation, NoRedirect, Person, Request, Response,
};
use sha2::{Digest as _, Sha256};

use crate::{
    approving,
    support::{
        CHALLENGE, Fields, ISSUER, VERIFIER, World, claims, error, member, query, text, with,
    },
};

const CLIENT: &str = "app_EMoamEEZ73f0CkXaXp7hrann";
const CALLBACK: &str = "http://127.0.0.1:1455/auth/callback";

#[test]
fn the_exchange_is_a_form_and_gives_jwts() {
    let mut world = approving(Dialect::Codex);
    let reply = exchange(&mut world, &[]);
    assert_eq!((reply.status, world.findings()), (200, vec![]));
    for name in ["id_token", "access_token"] {
        let claims = claims(&text(&reply, name));
        assert_eq!(claims["exp"], 1000 + 3600, "{name}");
        assert_eq!(claims["email"], "person@example.com");
        let own = &claims["https://api.openai.com/auth"];
        assert_eq!(own["chatgpt_account_id"], "3b1f0c2e-6a57-4d0b-9c1d-0f6f2a7f9e11");
        assert_eq!(own["chatgpt_plan_type"], "plus");
    }
}

#[test]
fn state_in_the_exchange_is_an_error() {
    let mut world = approving(Dialect::Codex);
    let reply = exchange(&mut world, &[("state", "the-state")]);
    assert_eq!((reply.status, error(&reply)), (400, "invalid_request".into()));
    assert_eq!(world.findings(), [Finding::ParameterUnknown("state".into())]);
}

#[test]
fn only_its_two_ports_are_registered() {
    for port in ["1455", "1457"] {
        for host in ["localhost", "127.0.0.1"] {
            let mut world = approving(Dialect::Codex);
            let callback = format!("http://{host}:{port}/auth/callback");
            world.approve(&url(&world, &[("redirect_uri", &callback)]));
        }
    }
    let mut world = approving(Dialect::Codex);
    let other = url(&world, &[("redirect_uri", "http://localhost:1456/auth/callback")]);
    let refused = world.server.authorize(0, &other, Decision::Approve);
    assert_eq!(refused, Err(NoRedirect::Refused(400)));
}

#[test]
fn the_link_needs_its_own_parameters() {
    let own = ["originator", "id_token_add_organizations", "codex_cli_simplified_flow"];
    for name in own {
        let mut world = approving(Dialect::Codex);
        let redirect = world.approve(&url(&world, &[(name, "")]));
        assert_eq!(query(&redirect, "error"), "invalid_request");
        assert!(world.findings().contains(&Finding::ParameterMissing(name.into())));
    }
}

#[test]
fn a_renewal_is_json_or_a_form_and_its_failures_have_codes() {
    let mut world = approving(Dialect::Codex);
    let first = text(&exchange(&mut world, &[]), "refresh_token");
    let json = renewal(Request::post_json, &first);
    let second = text(&world.send(&json), "refresh_token");
    let form = renewal(Request::post_form, &second);
    let third = text(&world.send(&form), "refresh_token");

    let told = |reply: &Response| (reply.status, error(reply));
    assert_eq!(told(&world.send(&json)), (401, "refresh_token_reused".into()));
    let request = renewal(Request::post_json, &third);
    assert_eq!(told(&world.send(&request)), (401, "refresh_token_invalidated".into()));
    world.server.inject(Fault::Expiry.once());
    assert_eq!(told(&world.send(&request)), (401, "refresh_token_expired".into()));
}

#[test]
fn a_device_login_makes_its_own_pkce() {
    let config = Config {
        person: Person::Approve,
        hesitation: Hesitation::Polls(1),
        ..Config::new(Dialect::Codex, ISSUER)
    };
    let mut world = World::new(config);
    let (device_auth_id, user_code) = begin(&mut world);
    let pending = poll(&mut world, &device_auth_id, &user_code);
    assert_eq!((pending.status, error(&pending)), (403, "deviceauth_authorization_pending".into()));
    let early = poll(&mut world, &device_auth_id, &user_code);
    assert_eq!((early.status, error(&early)), (403, "slow_down".into()));
    world.now += 10_000;
    let approved = poll(&mut world, &device_auth_id, &user_code);
    let verifier = text(&approved, "code_verifier");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    assert_eq!(text(&approved, "code_challenge"), challenge);

    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", &text(&approved, "authorization_code")),
        ("redirect_uri", "http://127.0.0.1:1234/deviceauth/callback"),
        ("code_verifier", &verifier),
    ];
    let request = Request::post_form("/oauth/token", &fields);
    let tokens = world.send(&request);
    assert!(member(&tokens, "id_token").is_string());
    assert_eq!(world.findings(), [Finding::EarlyPoll { early_by_ms: 5000 }]);

    world.now += 10_000;
    let again = poll(&mut world, &device_auth_id, &user_code);
    assert_eq!((again.status, error(&again)), (400, "invalid_grant".into()));
    let request = renewal(Request::post_json, &text(&tokens, "refresh_token"));
    assert_eq!(world.send(&request).status, 401, "the reuse has revoked what it gave");
}

#[test]
fn a_device_login_can_be_disabled_denied_and_needs_both_codes() {
    let mut world = approving(Dialect::Codex);
    world.server.inject(Fault::DeviceDisabled.once());
    let fields = [("client_id", CLIENT)];
    let request = Request::post_json("/api/accounts/deviceauth/usercode", &fields);
    assert_eq!(world.send(&request).status, 404);

    let (device_auth_id, user_code) = begin(&mut world);
    assert_eq!(poll(&mut world, &device_auth_id, "XXXX-XXXX").status, 400);
    assert_eq!(world.findings(), [Finding::ParameterWrong("user_code".into())]);
    world.server.inject(Fault::Denial.once());
    let denied = poll(&mut world, &device_auth_id, &user_code);
    assert_eq!((denied.status, error(&denied)), (400, "access_denied".into()));
}

fn url(world: &World, changed: Fields<'_>) -> String {
    let right = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid offline_access"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("id_token_add_organizations", "true"),
        ("codex_cli_simplified_flow", "true"),
        ("state", "the-state"),
        ("originator", "test"),
    ];
    world.url("/oauth/authorize", &with(&right, changed))
}

fn exchange(world: &mut World, changed: Fields<'_>) -> Response {
    let code = query(&world.approve(&url(world, &[])), "code");
    let right = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    world.send(&Request::post_form("/oauth/token", &with(&right, changed)))
}

fn renewal(post: fn(&str, Fields<'_>) -> Request, token: &str) -> Request {
    let fields = [("client_id", CLIENT), ("grant_type", "refresh_token"), ("refresh_token", token)];
    post("/oauth/token", &fields)
}

fn begin(world: &mut World) -> (String, String) {
    let fields = [("client_id", CLIENT)];
    let reply = world.send(&Request::post_json("/api/accounts/deviceauth/usercode", &fields));
    assert_eq!(member(&reply, "interval"), "5", "a string");
    (text(&reply, "device_auth_id"), text(&reply, "user_code"))
}

fn poll(world: &mut World, device_auth_id: &str, user_code: &str) -> Response {
    let fields = [("device_auth_id", device_auth_id), ("user_code", user_code)];
    world.send(&Request::post_json("/api/accounts/deviceauth/token", &fields))
}
