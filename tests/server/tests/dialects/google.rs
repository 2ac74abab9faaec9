//! Google.

use grantflow_test_server::{Config, Dialect, Hesitation, Person, Request, Response};
use serde_json::Value;

use crate::{
    approving,
    support::{CHALLENGE, Fields, ISSUER, VERIFIER, World, error, member, query, text, with},
};

const CLIENT: &str = "test-client.apps.googleusercontent.com";
const SECRET: &str = "test secret+100%";
const CALLBACK: &str = "http://127.0.0.1:4321/oauth2callback";

#[test]
fn the_secret_is_required_and_a_renewal_gives_no_refresh_token() {
    let mut world = approving(Dialect::Google);
    assert_eq!(exchange(&mut world, "offline", &[("client_secret", "")]).status, 401);
    let reply = exchange(&mut world, "offline", &[]);
    assert!(member(&reply, "id_token").is_string());
    let token = text(&reply, "refresh_token");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
    ];
    let renewed = world.send(&Request::post_form("/token", &fields));
    assert_eq!(renewed.status, 200);
    assert!(member(&renewed, "refresh_token").is_null());
}

#[test]
fn only_offline_access_gives_a_refresh_token() {
    let mut world = approving(Dialect::Google);
    let reply = exchange(&mut world, "online", &[]);
    assert_eq!((reply.status, member(&reply, "refresh_token")), (200, Value::Null));
    assert_eq!(world.findings(), []);
}

#[test]
fn a_device_login_has_its_own_spelling_and_statuses() {
    let config = Config {
        person: Person::Deny,
        hesitation: Hesitation::Polls(1),
        ..Config::new(Dialect::Google, ISSUER)
    };
    let mut world = World::new(config);
    let fields = [("client_id", CLIENT), ("scope", "email")];
    let reply = world.send(&Request::post_form("/device/code", &fields));
    assert_eq!(member(&reply, "verification_url"), format!("{ISSUER}/device"));
    assert!(member(&reply, "verification_uri").is_null());

    let device_code = member(&reply, "device_code");
    let fields = [
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("device_code", device_code.as_str().unwrap()),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
    ];
    let poll = Request::post_form("/token", &fields);
    let told = |reply: Response| (reply.status, error(&reply));
    assert_eq!(told(world.send(&poll)), (428, "authorization_pending".into()));
    assert_eq!(told(world.send(&poll)), (403, "slow_down".into()));
    world.now += 10_000;
    assert_eq!(told(world.send(&poll)), (403, "access_denied".into()));
}

fn exchange(world: &mut World, access_type: &str, changed: Fields<'_>) -> Response {
    let link = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "email"),
        ("state", "the-state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("access_type", access_type),
        ("prompt", "consent"),
    ];
    let code = query(&world.approve(&world.url("/o/oauth2/v2/auth", &link)), "code");
    let right = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    world.send(&Request::post_form("/token", &with(&right, changed)))
}
