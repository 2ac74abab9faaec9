//! Each fault does what its name says, as often as its rule says, where it says.

mod support;

use grantflow_test_server::{
    Config, Decision, Dialect, Endpoint, Fault, FaultRule, Finding, MalformedRule, NoRedirect,
    Outcome, Person, RETRY_AFTER_S, Reply, Request, Response, Times,
};
use serde_json::Value;
use support::{
    ISSUER, VERIFIER, World, claims, error, json, member, query, redemption, standard, text,
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[test]
fn a_rule_is_written_as_name_count_and_endpoint() {
    let rule = |written: &str| written.parse::<FaultRule>();
    assert_eq!(rule("stall"), Ok(Fault::Stall.once()));
    assert_eq!(rule("slow-down:3"), Ok(Fault::SlowDown.times(3)));
    assert_eq!(rule("bom:always@token"), Ok(Fault::Bom.always().at(Endpoint::Token)));
    assert_eq!(rule("stall:often"), Err(MalformedRule::Count));
    let unknown = rule("stall@nowhere").unwrap_err().to_string();
    assert!(unknown.starts_with("no such endpoint; there are: authorization,"), "{unknown}");
    let unknown = rule("stal").unwrap_err().to_string();
    assert!(unknown.starts_with("no such fault; there are: slow-down,"), "{unknown}");
    for fault in Fault::ALL {
        assert_eq!(fault.name().parse(), Ok(fault));
    }
}

#[test]
fn a_fault_happens_as_often_as_its_rule_says_and_the_log_tells() {
    let mut world = World::new(Config { faults: vec![Fault::BadGateway.times(2)], ..standard() });
    let statuses: Vec<u16> = (0..3).map(|_| world.login().status).collect();
    assert_eq!(statuses, [502, 502, 200]);
    let told: Vec<_> = token_log(&world).map(|entry| entry.faults.clone()).collect();
    assert_eq!(told, [vec![Fault::BadGateway], vec![Fault::BadGateway], vec![]]);
    assert_eq!(world.server.config().faults[0].times, Times::Count(0));

    world.server.inject(Fault::BadGateway.always());
    let statuses: Vec<u16> = (0..3).map(|_| world.login().status).collect();
    assert_eq!(statuses, [502, 502, 502]);
    world.server.clear_faults();
    assert_eq!(world.login().status, 200);
}

#[test]
fn a_fault_with_an_endpoint_spares_the_others() {
    let rule = Fault::InternalError.always().at(Endpoint::Revocation);
    let mut world = World::new(Config { faults: vec![rule], ..standard() });
    assert_eq!(world.login().status, 200);
    let fields = [("token", "any"), ("client_id", "test-client")];
    assert_eq!(world.send(&Request::post_form("/revoke", &fields)).status, 500);
}

#[test]
fn what_is_not_processed_leaves_the_code_as_it_was() {
    let unprocessed = [
        (Fault::Redirect307, 307),
        (Fault::TooManyRequests, 429),
        (Fault::InternalError, 500),
        (Fault::BadGateway, 502),
        (Fault::Unavailable, 503),
        (Fault::UnavailableRetryAfter, 503),
        (Fault::Html200, 200),
        (Fault::ErrorEcho, 400),
    ];
    for (fault, status) in unprocessed {
        let mut world = World::new(standard());
        let request = redemption(&world.code(), &[]);
        world.server.inject(fault.once());
        let answer = world.send(&request);
        assert_eq!(answer.status, status, "{}", fault.name());
        let waits = fault == Fault::TooManyRequests || fault == Fault::UnavailableRetryAfter;
        let expected = waits.then(|| RETRY_AFTER_S.to_string());
        assert_eq!(answer.header("retry-after"), expected.as_deref(), "{}", fault.name());
        assert_eq!(world.send(&request).status, 200, "{}", fault.name());
    }
}

#[test]
fn a_broken_connection_says_whether_the_request_took_effect() {
    let broken = [
        (Fault::Stall, Reply::Stall, Outcome::Stalled, 200),
        (
            Fault::ResetBefore,
            Reply::Reset { processed: false },
            Outcome::Reset { processed: false },
            200,
        ),
        (
            Fault::ResetAfter,
            Reply::Reset { processed: true },
            Outcome::Reset { processed: true },
            400,
        ),
    ];
    for (fault, expected, outcome, second) in broken {
        let mut world = World::new(standard());
        let request = redemption(&world.code(), &[]);
        world.server.inject(fault.once());
        assert_eq!(world.server.handle(world.now, &request), expected);
        assert_eq!(world.server.log().last().unwrap().outcome, outcome);
        assert_eq!(world.send(&request).status, second, "{}", fault.name());
    }
}

#[test]
fn a_truncated_body_is_announced_whole_and_sent_in_half() {
    let mut world = World::new(standard());
    let request = redemption(&world.code(), &[]);
    world.server.inject(Fault::TruncatedBody.once());
    let Reply::Truncated { response, bytes } = world.server.handle(world.now, &request) else {
        panic!("a truncated reply");
    };
    assert_eq!(response.status, 200);
    assert!(member(&response, "access_token").is_string());
    assert!(0 < bytes && bytes < response.body.len());
    assert_eq!(error(&world.send(&request)), "invalid_grant", "it took effect");
}

#[test]
fn damaged_bodies_are_damaged_as_named_and_took_effect() {
    let reads = |body: &[u8]| serde_json::from_slice::<Value>(body).is_ok();
    let damaged = |fault: Fault| {
        let mut world = World::new(standard());
        let request = redemption(&world.code(), &[]);
        world.server.inject(fault.once());
        let answer = world.send(&request);
        assert_eq!(answer.status, 200);
        assert_eq!(error(&world.send(&request)), "invalid_grant", "it took effect");
        answer.body
    };
    let truncated = damaged(Fault::TruncatedJson);
    assert!(!truncated.is_empty() && !reads(&truncated));
    assert_eq!(damaged(Fault::EmptyBody), b"");
    let marked = damaged(Fault::Bom);
    assert!(marked.starts_with(b"\xEF\xBB\xBF") && reads(&marked[3..]));
}

#[test]
fn tokens_lose_what_the_fault_takes() {
    let tokens = |fault: Fault| {
        let mut world = World::new(Config { faults: vec![fault.once()], ..standard() });
        json(&world.login())
    };
    assert!(tokens(Fault::NoExpiresIn)["expires_in"].is_null());
    assert_eq!(tokens(Fault::StringExpiresIn)["expires_in"], "3600");
    let reply = tokens(Fault::NoRefreshToken);
    assert!(reply["refresh_token"].is_null() && reply["access_token"].is_string());
}

#[test]
fn a_storm_of_slow_down_makes_the_interval_grow() {
    let mut world = World::new(Config { faults: vec![Fault::SlowDown.times(3)], ..standard() });
    let device_code = begin(&mut world);
    for wait_s in [5, 10, 15] {
        world.now += wait_s * 1000;
        assert_eq!(error(&poll(&mut world, &device_code)), "slow_down");
    }
    assert_eq!(world.findings(), []);
    world.now += 19_999;
    assert_eq!(error(&poll(&mut world, &device_code)), "slow_down");
    assert_eq!(world.findings(), [Finding::EarlyPoll { early_by_ms: 1 }]);
}

#[test]
fn an_error_with_200_keeps_its_body() {
    let faults = vec![Fault::ErrorStatus200.always()];
    let mut world = World::new(Config { faults, ..standard() });
    let device_code = begin(&mut world);
    let pending = poll(&mut world, &device_code);
    assert_eq!((pending.status, error(&pending)), (200, "authorization_pending".into()));
    assert_eq!(world.server.log()[0].faults, [], "what is no error is not harmed");
}

#[test]
fn denial_and_expiry_come_whatever_the_person_said() {
    let approving = || Config { person: Person::Approve, ..standard() };
    let mut world = World::new(approving());
    let device_code = begin(&mut world);
    world.server.inject(Fault::Denial.once());
    assert_eq!(error(&poll(&mut world, &device_code)), "access_denied");
    world.server.inject(Fault::Expiry.once());
    world.now += 5000;
    assert_eq!(error(&poll(&mut world, &device_code)), "expired_token");

    world.server.inject(Fault::Denial.once());
    let redirect = world.approve(&world.authorization_url(&[]));
    assert_eq!(query(&redirect, "error"), "access_denied");

    let request = redemption(&world.code(), &[]);
    world.server.inject(Fault::Expiry.once());
    assert_eq!(error(&world.send(&request)), "invalid_grant");
    let token = text(&world.send(&request), "refresh_token");
    world.server.inject(Fault::Expiry.once());
    assert_eq!(error(&world.refresh(&token)), "invalid_grant");
}

#[test]
fn a_disabled_device_login_is_told_in_each_dialect() {
    for (dialect, status, told) in [
        (Dialect::Standard, 400, "unauthorized_client"),
        (Dialect::Codex, 404, "not_found"),
        (Dialect::Github, 200, "device_flow_disabled"),
        (Dialect::Google, 400, "unauthorized_client"),
    ] {
        let config = Config::new(dialect, ISSUER);
        let client_id = config.clients[0].client_id.clone();
        let mut world = World::new(Config { faults: vec![Fault::DeviceDisabled.once()], ..config });
        let path = dialect.path(Endpoint::DeviceAuthorization).unwrap();
        let fields = [("client_id", client_id.as_str())];
        let request = match dialect {
            Dialect::Codex => Request::post_json(path, &fields),
            Dialect::Google => Request::post_form(path, &[fields[0], ("scope", "email")]),
            Dialect::Standard | Dialect::Anthropic | Dialect::Github => {
                Request::post_form(path, &fields)
            }
        };
        let reply = world.send(&request.with_header("Accept", "application/json"));
        assert_eq!((reply.status, error(&reply)), (status, told.into()), "{dialect}");
    }
}

#[test]
fn redirects_carry_another_iss_or_none() {
    let redirect = |fault: Fault| {
        let mut world = World::new(Config { faults: vec![fault.once()], ..standard() });
        world.approve(&world.authorization_url(&[]))
    };
    assert_eq!(query(&redirect(Fault::WrongIss), "iss"), "https://issuer.example");
    assert!(!redirect(Fault::MissingIss).contains("iss="));
    assert_eq!(query(&redirect(Fault::Stall), "iss"), ISSUER, "that is for programs");
}

#[test]
fn who_follows_a_redirect_with_credentials_is_found() {
    let mut world = World::new(standard());
    let request = redemption(&world.code(), &[]);
    world.server.inject(Fault::Redirect307.once());
    let location = world.send(&request).header("location").unwrap().to_owned();
    assert_eq!(location, format!("{ISSUER}/sink"));

    let followed = Request { path_and_query: "/sink".into(), ..request };
    world.send(&followed);
    world.send(&Request::get("/sink"));
    assert_eq!(
        world.findings(),
        [
            Finding::RedirectFollowed { credentials: true },
            Finding::RedirectFollowed { credentials: false },
        ],
    );
}

#[test]
fn an_error_echoes_every_secret_it_was_sent() {
    let mut world = World::new(Config { faults: vec![Fault::ErrorEcho.once()], ..standard() });
    let request = redemption("the-code", &[]).with_header("Authorization", "Bearer the-token");
    let reply = world.send(&request);
    for name in ["error", "error_description"] {
        let told = text(&reply, name);
        for secret in ["the-code", VERIFIER, "the-token"] {
            assert!(told.contains(secret), "{name}: {secret}");
        }
    }
    assert!(!world.server.log()[0].to_json().contains("the-code"));
}

#[test]
fn a_wrong_clock_shows_in_date_and_exp() {
    let now = 1_795_000_000_000;
    let shown = |fault: Option<Fault>| {
        let faults = fault.map(Fault::always).into_iter().collect();
        let person = Person::Approve;
        let mut world =
            World::new(Config { faults, person, ..Config::new(Dialect::Codex, ISSUER) });
        world.now = now;
        let reply = codex_tokens(&mut world);
        let exp = claims(&text(&reply, "access_token"))["exp"].as_u64().unwrap();
        (reply.header("date").unwrap().to_owned(), exp)
    };
    let exp = now / 1000 + 3600;
    assert_eq!(shown(None), ("Wed, 18 Nov 2026 11:06:40 GMT".into(), exp));
    let (date, behind) = shown(Some(Fault::ClockBehind));
    assert_eq!((date.as_str(), behind), ("Wed, 18 Nov 2026 09:06:40 GMT", exp - 7200));
    assert_eq!(shown(Some(Fault::ClockAhead)).1, exp + 7200);
}

#[test]
fn pages_cut_their_opener_off() {
    for (fault, policy) in [
        (Fault::CoopSameOrigin, "same-origin"),
        (Fault::CoopSameOriginAllowPopups, "same-origin-allow-popups"),
    ] {
        let mut world = World::new(Config { faults: vec![fault.always()], ..standard() });
        let page = world.get(&world.authorization_url(&[]));
        assert_eq!(page.header("cross-origin-opener-policy"), Some(policy));
        let redirect = world.approve(&world.authorization_url(&[]));
        assert!(redirect.contains("code="), "the login goes on");
    }
}

#[test]
fn cors_is_answered_when_it_is_on_and_not_disturbed() {
    let preflight = Request { method: "OPTIONS".into(), ..Request::get("/token") };
    let allowed =
        |response: &Response| response.header("access-control-allow-origin").map(str::to_owned);
    let mut world = World::new(Config { cors: true, ..standard() });
    let answer = world.send(&preflight);
    assert_eq!((answer.status, allowed(&answer)), (204, Some("*".into())));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("content-type"));
    assert_eq!(allowed(&world.login()), Some("*".into()));
    let page = world.get(&world.authorization_url(&[]));
    assert_eq!(allowed(&page), None, "pages are for navigation");
    assert_eq!(world.findings(), []);

    world.server.inject(Fault::NoCors.always());
    assert_eq!(world.send(&preflight).status, 405);
    assert_eq!(allowed(&world.login()), None);
    let mut off = World::new(standard());
    assert_eq!(allowed(&off.login()), None);
}

#[test]
fn a_browser_whose_connection_breaks_comes_to_no_redirect() {
    let faults = vec![Fault::ResetAfter.once().at(Endpoint::Authorization)];
    let mut world = World::new(Config { faults, ..standard() });
    let url = world.authorization_url(&[]);
    let answer = world.server.authorize(world.now, &url, Decision::Approve);
    assert_eq!(answer, Err(NoRedirect::Broken));
    let elsewhere = url.replace("127.0.0.1:1234", "127.0.0.1:12345");
    let answer = world.server.authorize(world.now, &elsewhere, Decision::Approve);
    assert_eq!(answer, Err(NoRedirect::ForeignUrl));
}

fn token_log(world: &World) -> impl Iterator<Item = &grantflow_test_server::LogEntry> {
    world.server.log().iter().filter(|entry| entry.endpoint == Endpoint::Token)
}

fn begin(world: &mut World) -> String {
    let fields = [("client_id", "test-client")];
    text(&world.send(&Request::post_form("/device_authorization", &fields)), "device_code")
}

fn poll(world: &mut World, device_code: &str) -> Response {
    let fields =
        [("grant_type", GRANT), ("device_code", device_code), ("client_id", "test-client")];
    world.send(&Request::post_form("/token", &fields))
}

fn codex_tokens(world: &mut World) -> Response {
    let client_id = world.server.config().clients[0].client_id.clone();
    let path = "/api/accounts/deviceauth/usercode";
    let begun = world.send(&Request::post_json(path, &[("client_id", &client_id)]));
    let (id, user_code) = (text(&begun, "device_auth_id"), text(&begun, "user_code"));
    let fields = [("device_auth_id", id.as_str()), ("user_code", &user_code)];
    let approved = world.send(&Request::post_json("/api/accounts/deviceauth/token", &fields));
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &client_id),
        ("code", &text(&approved, "authorization_code")),
        ("redirect_uri", &format!("{ISSUER}/deviceauth/callback")),
        ("code_verifier", &text(&approved, "code_verifier")),
    ];
    world.send(&Request::post_form("/oauth/token", &fields))
}
