//! What clients get wrong is refused or at least found, and what the server writes down of it.

mod support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grantflow_test_server::{
    ClientAuthentication, Dialect, Endpoint, Fault, Finding, LogEntry, Request,
};
use support::{Fields, VERIFIER, World, error, redemption, standard, text};

#[test]
fn a_secret_is_taken_only_by_the_method_that_is_registered() {
    let secret = "p+s s%=:ü";
    let basic = "Basic dGVzdC1jbGllbnQ6cCUyQnMrcyUyNSUzRCUzQSVDMyVCQw==";
    let raw = "Basic dGVzdC1jbGllbnQ6cCtzIHMlPTrDvA==";
    let by_basic = ClientAuthentication::SecretBasic(secret.into());
    let by_post = ClientAuthentication::SecretPost(secret.into());
    let in_body = ("client_secret", secret);

    let attempts: [(&ClientAuthentication, Fields<'_>, Option<&str>, bool); 8] = [
        (&by_post, &[in_body], None, true),
        (&by_post, &[], Some(basic), false),
        (&by_post, &[("client_secret", "wrong")], None, false),
        (&by_basic, &[], Some(basic), true),
        (&by_basic, &[], Some(raw), false),
        (&by_basic, &[in_body], Some(basic), false),
        (&ClientAuthentication::None, &[in_body], None, false),
        (&ClientAuthentication::None, &[], Some(basic), false),
    ];
    for (authentication, fields, authorization, accepted) in attempts {
        let mut config = standard();
        config.clients[0].authentication = authentication.clone();
        let mut world = World::new(config);
        let code = world.code();
        let mut request = redemption(&code, fields);
        if let Some(authorization) = authorization {
            request = request.with_header("Authorization", authorization);
        }
        let reply = world.send(&request);
        let case = format!("{authentication:?} {fields:?} {authorization:?}");
        if accepted {
            assert_eq!((reply.status, world.findings().len()), (200, 0), "{case}");
        } else {
            assert_eq!((reply.status, error(&reply)), (401, "invalid_client".into()), "{case}");
            assert_eq!(world.findings(), [Finding::WrongClientAuthentication], "{case}");
            assert_eq!(reply.header("www-authenticate").is_some(), authorization.is_some());
        }
    }
}

/// RFC 6749 §2.3.1: a secret that was not encoded is another secret.
#[test]
fn a_secret_that_was_not_form_encoded_is_refused() {
    let status = |authorization: &str| {
        let mut config = standard();
        config.clients[0].authentication = ClientAuthentication::SecretBasic("a b".into());
        let mut world = World::new(config);
        let request = redemption(&world.code(), &[]).with_header("Authorization", authorization);
        world.send(&request).status
    };
    let basic = |credentials: &str| format!("Basic {}", STANDARD.encode(credentials));
    assert_eq!(status(&basic("test-client:a+b")), 200);
    assert_eq!(status(&basic("test-client:a%20b")), 200);
    assert_eq!(status(&basic("test-client:a b")), 401);
}

#[test]
fn whatever_is_too_much_or_too_little_in_the_exchange_is_found() {
    let named = |finding: fn(String) -> Finding, name: &str| finding(name.into());
    let cases: [(Fields<'_>, Finding, u16); 6] = [
        (&[("scope", "one")], named(Finding::ParameterUnknown, "scope"), 200),
        (&[("extra", "")], named(Finding::ParameterUnknown, "extra"), 200),
        (&[("redirect_uri", "")], named(Finding::ParameterMissing, "redirect_uri"), 400),
        (&[("redirect_uri", "")], named(Finding::ParameterEmpty, "redirect_uri"), 400),
        (&[("grant_type", "password")], named(Finding::ParameterWrong, "grant_type"), 400),
        (&[("client_id", "nobody")], Finding::UnknownClient, 401),
    ];
    for (changed, finding, status) in cases {
        let mut world = World::new(standard());
        let code = world.code();
        assert_eq!(world.redeem(&code, changed).status, status, "{changed:?}");
        assert!(world.findings().contains(&finding), "{changed:?}: {:?}", world.findings());
    }
}

#[test]
fn a_parameter_twice_is_refused_even_with_the_same_value() {
    let mut world = World::new(standard());
    let code = world.code();
    let mut request = redemption(&code, &[]);
    request.body.extend_from_slice(format!("&code_verifier={VERIFIER}").as_bytes());
    assert_eq!(error(&world.send(&request)), "invalid_request");
    assert_eq!(world.findings(), [Finding::ParameterRepeated("code_verifier".into())]);
}

#[test]
fn json_is_refused_where_a_form_is_due_and_parameters_in_the_url_are_found() {
    let mut world = World::new(standard());
    let mut request = Request::post_json("/token?code=secret", &[("grant_type", "refresh_token")]);
    assert_eq!(error(&world.send(&request)), "invalid_request");
    assert!(world.findings().contains(&Finding::WrongEncoding));
    assert!(world.findings().contains(&Finding::ParameterInUrl("code".into())));

    request.headers.clear();
    assert_eq!(error(&world.send(&request)), "invalid_request");
    assert_eq!(world.send(&Request::get("/token")).status, 405);
    assert_eq!(world.send(&Request::get("/nowhere")).status, 404);
    assert_eq!(
        world.findings()[world.findings().len() - 2..],
        [Finding::WrongMethod, Finding::UnknownEndpoint]
    );
}

#[test]
fn no_secret_is_in_the_log_nor_in_debug() {
    let mut world = World::new(standard());
    let code = world.code();
    let reply = world.redeem(&code, &[]);
    // A body that is no form makes a name of a secret.
    let body = format!("grant_type=authorization_code&{code}").into_bytes();
    let stray = Request::post("/token", "application/x-www-form-urlencoded", body);
    world.send(&stray);
    assert!(world.findings().contains(&Finding::ParameterUnknown("(not a name)".into())));
    let secrets =
        [code, VERIFIER.to_owned(), text(&reply, "access_token"), text(&reply, "refresh_token")];
    let mut told = format!("{:?} {:?} {stray:?} {reply:?}", world.server, world.server.log());
    told.extend(world.server.log().iter().map(LogEntry::to_json));
    for secret in secrets {
        assert!(!told.contains(&secret), "{secret}");
    }
    assert!(told.contains("\"code_verifier\":\"13d31e961a1a\""), "{told}");
    assert_eq!(Dialect::ALL.map(Dialect::name).map(str::parse), Dialect::ALL.map(Ok));
}

#[test]
fn the_page_about_the_server_names_everything_there_is() {
    let page = include_str!("../../../docs/test-server.md");
    let faults = Fault::ALL.map(Fault::name);
    let endpoints = Endpoint::ALL.map(Endpoint::name);
    let paths =
        Dialect::ALL.into_iter().flat_map(|own| own.endpoints().iter().map(|(path, _)| *path));
    for name in faults.into_iter().chain(endpoints).chain(paths) {
        assert!(page.contains(&format!("`{name}`")), "{name} is missing");
    }
}
