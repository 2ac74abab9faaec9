//! Device logins by RFC 8628.

mod support;

use grantflow_test_server::{Config, Finding, Hesitation, Pending, Person, Request, Response};
use support::{CHALLENGE, Fields, ISSUER, VERIFIER, World, error, member, standard, text, with};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[test]
fn a_person_who_approves_gives_tokens_to_the_next_poll() {
    let mut world = World::new(standard());
    let (device_code, user_code) = begin(&mut world);
    assert_eq!(error(&poll(&mut world, &device_code)), "authorization_pending");

    let waiting = world.server.pending(world.now);
    let [Pending::Device { user_code: shown, client_id, scope }] = &waiting[..] else {
        panic!("one device login waits: {waiting:?}");
    };
    assert_eq!((shown, client_id.as_str(), scope.as_str()), (&user_code, "test-client", "one"));
    assert_eq!(world.server.approve(world.now, &user_code), Ok(None));
    assert_eq!(world.server.pending(world.now), []);

    world.now += 5000;
    let reply = poll(&mut world, &device_code);
    assert_eq!((reply.status, member(&reply, "scope")), (200, "one".into()));
    assert_eq!(world.refresh(&text(&reply, "refresh_token")).status, 200);
    assert_eq!(world.findings(), []);
}

#[test]
fn the_reply_is_complete() {
    let mut world = World::new(Config { interval_s: 7, device_code_life_s: 60, ..standard() });
    let reply = world.send(&authorization(&[]));
    assert_eq!(member(&reply, "verification_uri"), format!("{ISSUER}/device"));
    let complete = member(&reply, "verification_uri_complete");
    let user_code = member(&reply, "user_code");
    assert_eq!(complete, format!("{ISSUER}/device?user_code={}", user_code.as_str().unwrap()));
    assert_eq!((member(&reply, "interval"), member(&reply, "expires_in")), (7.into(), 60.into()));
}

#[test]
fn an_early_poll_is_found_and_slows_the_rest_down_by_five_seconds() {
    let mut world = World::new(standard());
    let (device_code, _) = begin(&mut world);
    assert_eq!(error(&poll(&mut world, &device_code)), "authorization_pending");
    world.now += 4999;
    assert_eq!(error(&poll(&mut world, &device_code)), "slow_down");
    assert_eq!(world.findings(), [Finding::EarlyPoll { early_by_ms: 1 }]);

    world.now += 9999;
    assert_eq!(error(&poll(&mut world, &device_code)), "slow_down");
    assert_eq!(world.findings().len(), 2);
    world.now += 15_000;
    assert_eq!(error(&poll(&mut world, &device_code)), "authorization_pending");
    assert_eq!(world.findings().len(), 2);
}

#[test]
fn denial_and_expiry_end_a_login() {
    let mut world = World::new(standard());
    let (denied, denied_code) = begin(&mut world);
    world.server.deny(world.now, &denied_code).unwrap();
    assert_eq!(error(&poll(&mut world, &denied)), "access_denied");
    assert!(world.server.approve(world.now, &denied_code).is_err(), "decided is decided");

    let (late, late_code) = begin(&mut world);
    world.now += 899_999;
    assert_eq!(error(&poll(&mut world, &late)), "authorization_pending");
    world.now += 1;
    assert_eq!(world.server.pending(world.now), []);
    assert!(world.server.approve(world.now, &late_code).is_err(), "too late to approve");
    assert_eq!(error(&poll(&mut world, &late)), "expired_token");
}

#[test]
fn a_person_who_ignores_is_pending_to_the_end() {
    let mut world = World::new(standard());
    let (device_code, user_code) = begin(&mut world);
    world.server.ignore(world.now, &user_code).unwrap();
    assert_eq!(world.server.pending(world.now), []);
    assert_eq!(error(&poll(&mut world, &device_code)), "authorization_pending");

    let mut absent = World::new(Config { person: Person::Ignore, ..standard() });
    let (device_code, _) = begin(&mut absent);
    assert_eq!(absent.server.pending(absent.now), []);
    assert_eq!(error(&poll(&mut absent, &device_code)), "authorization_pending");
}

#[test]
fn a_person_hesitates_for_polls_or_for_a_time() {
    let outcomes = |hesitation, person| {
        let mut world = World::new(Config { person, hesitation, ..standard() });
        let (device_code, _) = begin(&mut world);
        let polls: Vec<String> = (0..4)
            .map(|_| {
                world.now += 5000;
                let reply = poll(&mut world, &device_code);
                if reply.status == 200 { "tokens".into() } else { error(&reply) }
            })
            .collect();
        polls
            .iter()
            .position(|answer| answer != "authorization_pending")
            .map(|at| (at, polls[at].clone()))
    };
    let tokens = |at| Some((at, "tokens".to_owned()));
    assert_eq!(outcomes(Hesitation::None, Person::Approve), tokens(0));
    assert_eq!(outcomes(Hesitation::Polls(3), Person::Approve), tokens(3));
    assert_eq!(outcomes(Hesitation::Ms(10_000), Person::Approve), tokens(1));
    assert_eq!(outcomes(Hesitation::Ms(10_001), Person::Approve), tokens(2));
    assert_eq!(outcomes(Hesitation::Polls(1), Person::Deny), Some((1, "access_denied".to_owned())));
}

#[test]
fn a_device_code_gives_tokens_once_and_its_reuse_revokes_them() {
    let mut world = World::new(Config { person: Person::Approve, ..standard() });
    let (device_code, _) = begin(&mut world);
    let reply = poll(&mut world, &device_code);
    world.now += 5000;
    assert_eq!(error(&poll(&mut world, &device_code)), "invalid_grant");
    assert_eq!(world.findings(), [Finding::DeviceCodeReused]);
    assert_eq!(error(&world.refresh(&text(&reply, "refresh_token"))), "invalid_grant");
}

#[test]
fn an_unknown_device_code_gives_nothing() {
    let mut world = World::new(standard());
    assert_eq!(error(&poll(&mut world, "unknown")), "invalid_grant");
    assert_eq!(world.findings(), [Finding::ParameterWrong("device_code".into())]);
}

#[test]
fn pkce_in_a_device_login_is_checked_with_each_poll() {
    let pkce = || Config { device_pkce: true, person: Person::Approve, ..standard() };
    let mut world = World::new(pkce());
    assert_eq!(error(&world.send(&authorization(&[]))), "invalid_request");
    assert_eq!(world.findings(), [Finding::PkceMissing, Finding::PkceMissing]);

    let challenge = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let polled_with = |verifier: Fields<'_>| {
        let mut world = World::new(pkce());
        let reply = world.send(&authorization(&challenge));
        let device_code = member(&reply, "device_code");
        let fields = [
            ("grant_type", GRANT),
            ("device_code", device_code.as_str().unwrap()),
            ("client_id", "test-client"),
        ];
        let status = world.send(&Request::post_form("/token", &with(&fields, verifier))).status;
        (status, world.findings())
    };
    assert_eq!(polled_with(&[("code_verifier", VERIFIER)]), (200, vec![]));
    assert_eq!(polled_with(&[]), (400, vec![Finding::PkceMissing]));
    let other = "another-verifier-that-is-long-enough-to-be-one";
    assert_eq!(polled_with(&[("code_verifier", other)]), (400, vec![Finding::PkceWrong]));
}

#[test]
fn pkce_where_it_is_not_expected_is_found() {
    let mut world = World::new(standard());
    world.send(&authorization(&[("code_challenge", CHALLENGE)]));
    assert_eq!(world.findings(), [Finding::ParameterUnknown("code_challenge".into())]);
}

#[test]
fn extra_parameters_can_be_allowed() {
    let extra_parameters = vec!["referrer".to_owned()];
    let mut world = World::new(Config { extra_parameters, ..standard() });
    assert_eq!(world.send(&authorization(&[("referrer", "test")])).status, 200);
    assert_eq!(world.findings(), []);
}

#[test]
fn the_page_shows_the_code_of_the_link_and_takes_it_as_people_type_it() {
    let mut world = World::new(standard());
    let (device_code, user_code) = begin(&mut world);
    let page = world.get(&format!("{ISSUER}/device?user_code={user_code}"));
    assert!(String::from_utf8(page.body).unwrap().contains(&user_code));

    let typed = user_code.to_lowercase().replace('-', " ");
    let press =
        |button| Request::post_form("/device", &[("user_code", &typed), ("decision", button)]);
    assert_eq!(world.send(&press("approve")).status, 200);
    assert_eq!(poll(&mut world, &device_code).status, 200);
    assert_eq!(world.send(&press("deny")).status, 400, "it is no longer waiting");
}

#[test]
fn pages_load_nothing_and_reflect_nothing_raw() {
    let mut world = World::new(standard());
    let page = world.get(&format!("{ISSUER}/device?user_code=%22%3E%3Cscript%3E"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let body = String::from_utf8(page.body).unwrap();
    assert!(body.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{body}");
    assert!(!body.contains("<script") && !body.contains("http"), "{body}");
}

fn authorization(extra: Fields<'_>) -> Request {
    let right = [("client_id", "test-client"), ("scope", "one")];
    Request::post_form("/device_authorization", &with(&right, extra))
}

fn begin(world: &mut World) -> (String, String) {
    let reply = world.send(&authorization(&[]));
    (text(&reply, "device_code"), text(&reply, "user_code"))
}

fn poll(world: &mut World, device_code: &str) -> Response {
    let fields =
        [("grant_type", GRANT), ("device_code", device_code), ("client_id", "test-client")];
    world.send(&Request::post_form("/token", &fields))
}
