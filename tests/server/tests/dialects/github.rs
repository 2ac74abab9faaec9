//! GitHub Copilot.

use grantflow_test_server::{Config, Dialect, Fault, Finding, Request, Response};

use crate::{
    approving,
    support::{Fields, ISSUER, World, error, member, text},
};

const CLIENT: &str = "Iv1.b507a08c87ecfe98";

#[test]
fn errors_come_with_200_and_slow_down_with_the_new_interval() {
    let mut world = World::new(Config::new(Dialect::Github, ISSUER));
    let device_code = begin(&mut world);
    let pending = poll(&mut world, &device_code);
    assert_eq!((pending.status, error(&pending)), (200, "authorization_pending".into()));
    let early = poll(&mut world, &device_code);
    assert_eq!((early.status, error(&early)), (200, "slow_down".into()));
    assert_eq!(member(&early, "interval"), 10);
    assert_eq!(error(&poll(&mut world, "wrong")), "incorrect_device_code");
}

#[test]
fn who_does_not_ask_for_json_gets_a_form() {
    let mut world = approving(Dialect::Github);
    let fields = [("client_id", CLIENT)];
    let reply = world.send(&Request::post_form("/login/device/code", &fields));
    let body = String::from_utf8(reply.body.clone()).unwrap();
    assert!(reply.header("content-type").unwrap().contains("form-urlencoded"));
    assert!(body.starts_with("device_code="), "{body}");
    assert!(body.contains("&expires_in=900&interval=5&"), "{body}");
}

#[test]
fn the_first_token_is_exchanged_for_a_second() {
    let mut world = approving(Dialect::Github);
    let first = first_token(&mut world);
    assert!(first.starts_with("ghu_"));
    for scheme in ["Bearer", "token"] {
        let reply = world.send(&second_token(scheme, &first));
        let token = member(&reply, "token");
        assert!(token.as_str().unwrap().starts_with("tid="), "{token}");
        assert!(token.as_str().unwrap().contains(";exp=4600;"), "{token}");
        assert!(token.as_str().unwrap().contains(";proxy-ep=proxy."), "{token}");
        assert_eq!(member(&reply, "expires_at"), 4600);
        assert_eq!(member(&reply, "refresh_in"), 3300);
        assert!(member(&reply, "endpoints")["api"].is_string());
    }
    assert_eq!(world.findings(), []);
}

#[test]
fn the_second_token_needs_the_headers_of_an_editor() {
    let mut world = approving(Dialect::Github);
    let first = first_token(&mut world);
    let mut request = second_token("Bearer", &first);
    request.headers.retain(|(name, _)| name == "Authorization" || name == "Editor-Version");
    assert_eq!(world.send(&request).status, 400);
    let missing = ["editor-plugin-version", "copilot-integration-id"];
    assert_eq!(world.findings(), missing.map(Finding::WrongHeader));
}

#[test]
fn the_second_token_is_refused_when_revoked_or_without_a_seat() {
    let mut world = approving(Dialect::Github);
    let first = first_token(&mut world);
    let request = second_token("Bearer", &first);
    for (fault, status) in
        [(Fault::SecondToken401, 401), (Fault::SecondToken403, 403), (Fault::SecondToken404, 404)]
    {
        world.server.inject(fault.once());
        assert_eq!(world.send(&request).status, status);
    }
    assert_eq!(world.send(&request).status, 200);
    world.server.revoke_all();
    assert_eq!(world.send(&request).status, 401);
    assert_eq!(world.send(&second_token("Bearer", "unknown")).status, 401);
}

fn json_post(path: &str, fields: Fields<'_>) -> Request {
    Request::post_form(path, fields).with_header("Accept", "application/json")
}

fn begin(world: &mut World) -> String {
    let fields = [("client_id", CLIENT), ("scope", "read:user")];
    let reply = world.send(&json_post("/login/device/code", &fields));
    let device_code = text(&reply, "device_code");
    assert_eq!(device_code.len(), 40);
    device_code
}

fn poll(world: &mut World, device_code: &str) -> Response {
    let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    let fields = [("client_id", CLIENT), ("device_code", device_code), ("grant_type", grant_type)];
    world.send(&json_post("/login/oauth/access_token", &fields))
}

fn first_token(world: &mut World) -> String {
    let device_code = begin(world);
    let reply = poll(world, &device_code);
    assert!(member(&reply, "expires_in").is_null() && member(&reply, "refresh_token").is_null());
    text(&reply, "access_token")
}

fn second_token(scheme: &str, first: &str) -> Request {
    Request::get("/copilot_internal/v2/token")
        .with_header("Authorization", &format!("{scheme} {first}"))
        .with_header("Editor-Version", "test/1")
        .with_header("Editor-Plugin-Version", "test/1")
        .with_header("Copilot-Integration-Id", "test")
}
