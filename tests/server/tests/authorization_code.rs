//! Browser logins by the book: what is given, and above all what is refused.

mod support;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use grantflow_test_server::{
    Client, Config, Decision, Finding, NoRedirect, Pending, Person, RedirectUri, Request, Rotation,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use support::{Fields, ISSUER, REDIRECT_URI, World, covers, error, member, query, standard, text};

#[test]
fn a_code_and_its_verifier_give_tokens_and_no_findings() {
    let mut world = World::new(standard());
    let redirect = world.approve(&world.authorization_url(&[]));
    assert!(redirect.starts_with("http://127.0.0.1:4321/callback?"));
    assert_eq!(query(&redirect, "state"), "the-state");
    assert_eq!(query(&redirect, "iss"), ISSUER);

    let reply = world.redeem(&query(&redirect, "code"), &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(member(&reply, "token_type"), "Bearer");
    assert_eq!(member(&reply, "scope"), "one two");
    assert_eq!(member(&reply, "expires_in"), 3600);
    assert_eq!(world.findings(), []);
}

#[test]
fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
    let tokens = |seed| {
        let mut world = World::new(Config { seed, ..standard() });
        let reply = world.login();
        (member(&reply, "access_token"), text(&reply, "refresh_token"))
    };
    assert_eq!(tokens(1), tokens(1));
    let (one, other) = (tokens(1), tokens(2));
    assert!(one.0 != other.0 && one.1 != other.1 && one.0 != one.1);
}

#[test]
fn the_person_can_be_played_by_name() {
    let mut world = World::new(standard());
    let url = world.authorization_url(&[]);
    assert_eq!(world.get(&url).status, 200);
    let [Pending::Browser { request_id, client_id, scope }] = &world.server.pending(world.now)[..]
    else {
        panic!("one browser login waits");
    };
    assert_eq!((client_id.as_str(), scope.as_str()), ("test-client", "one two"));
    let redirect = world.server.approve(world.now, request_id).unwrap().unwrap();
    assert_eq!(world.redeem(&query(&redirect, "code"), &[]).status, 200);
    assert_eq!(world.server.pending(world.now), []);
    assert!(world.server.approve(world.now, request_id).is_err());
}

#[test]
fn a_person_who_denies_sends_access_denied_and_one_who_ignores_nothing() {
    let mut world = World::new(standard());
    let url = world.authorization_url(&[]);
    let redirect = world.server.authorize(0, &url, Decision::Deny).unwrap();
    assert_eq!(query(&redirect, "error"), "access_denied");
    assert_eq!(query(&redirect, "state"), "the-state");
    assert_eq!(world.server.authorize(0, &url, Decision::Ignore), Err(NoRedirect::Ignored));

    let mut deny = World::new(Config { person: Person::Deny, ..standard() });
    let redirect = deny.server.authorize(0, &url, Decision::Approve).unwrap();
    assert_eq!(query(&redirect, "error"), "access_denied");

    let mut ignore = World::new(Config { person: Person::Ignore, ..standard() });
    assert_eq!(ignore.server.authorize(0, &url, Decision::Approve), Err(NoRedirect::Ignored));
    assert_eq!(ignore.server.pending(0), []);
}

#[test]
fn a_redirect_uri_that_is_not_registered_gets_a_page_and_no_redirect() {
    covers(&["C-15"]);
    let strangers = [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:+80/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1:4321/callback/",
        "http://127.0.0.1:4321/other",
        "http://127.0.0.1.evil.example:4321/callback",
        "http://localhost:4321/callback",
        "https://127.0.0.1:4321/callback",
        "https://evil.example/callback",
    ];
    for stranger in strangers {
        let mut world = World::new(standard());
        let url = world.authorization_url(&[("redirect_uri", stranger)]);
        let answer = world.server.authorize(0, &url, Decision::Approve);
        assert_eq!(answer, Err(NoRedirect::Refused(400)), "{stranger}");
        assert_eq!(world.findings(), [Finding::RedirectUriMismatch], "{stranger}");
    }
}

#[test]
fn an_exact_redirect_uri_allows_no_other_port() {
    let exact = RedirectUri::Exact(REDIRECT_URI.into());
    let config = Config { clients: vec![Client::public("test-client", vec![exact])], ..standard() };
    let mut world = World::new(config);
    world.approve(&world.authorization_url(&[]));
    let url = world.authorization_url(&[("redirect_uri", "http://127.0.0.1:4322/callback")]);
    assert_eq!(world.server.authorize(0, &url, Decision::Approve), Err(NoRedirect::Refused(400)),);
}

#[test]
fn the_exchange_repeats_the_redirect_uri_of_the_request() {
    covers(&["C-15"]);
    let mut world = World::new(standard());
    let code = world.code();
    let other = ("redirect_uri", "http://127.0.0.1:4322/callback");
    assert_eq!(error(&world.redeem(&code, &[other])), "invalid_grant");
    assert_eq!(world.findings(), [Finding::RedirectUriMismatch]);
}

#[test]
fn pkce_cannot_be_left_out_nor_weakened() {
    covers(&["C-15"]);
    let cases: [(Fields<'_>, Finding); 5] = [
        (&[("code_challenge", "")], Finding::PkceMissing),
        (&[("code_challenge_method", "")], Finding::PkceMissing),
        (&[("code_challenge_method", "plain")], Finding::PkceWrong),
        (&[("code_challenge", "too-short")], Finding::PkceWrong),
        (&[("code_challenge", VERIFIER_WITH_PADDING)], Finding::PkceWrong),
    ];
    for (changed, finding) in cases {
        let mut world = World::new(standard());
        let url = world.authorization_url(changed);
        let redirect = world.server.authorize(0, &url, Decision::Approve).unwrap();
        assert_eq!(query(&redirect, "error"), "invalid_request");
        assert!(world.findings().contains(&finding), "{changed:?}");
    }
}

const VERIFIER_WITH_PADDING: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw=cM";

#[test]
fn a_verifier_that_does_not_fit_gives_nothing_and_spends_the_code() {
    covers(&["C-15"]);
    let wrong = "not-the-verifier-but-one-that-is-well-formed-01";
    for (verifier, finding) in
        [(wrong, Finding::PkceWrong), ("short", Finding::PkceWrong), ("", Finding::PkceMissing)]
    {
        let mut world = World::new(standard());
        let code = world.code();
        let reply = world.redeem(&code, &[("code_verifier", verifier)]);
        assert_eq!(reply.status, 400);
        assert!(world.findings().contains(&finding), "{verifier}");
    }
    let mut world = World::new(standard());
    let code = world.code();
    world.redeem(&code, &[("code_verifier", wrong)]);
    assert_eq!(error(&world.redeem(&code, &[])), "invalid_grant");
    assert_eq!(world.findings(), [Finding::PkceWrong, Finding::CodeReused]);
}

/// The challenge fits, and still these are no verifiers (RFC 7636 §4.1).
#[test]
fn a_verifier_has_43_to_128_unreserved_characters() {
    covers(&["C-15"]);
    let redeemed = |verifier: &str| {
        let mut world = World::new(standard());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let redirect = world.approve(&world.authorization_url(&[("code_challenge", &challenge)]));
        world.redeem(&query(&redirect, "code"), &[("code_verifier", verifier)]).status
    };
    assert_eq!([43, 128].map(|length| redeemed(&"~".repeat(length))), [200, 200]);
    assert_eq!([42, 129].map(|length| redeemed(&"~".repeat(length))), [400, 400]);
    assert_eq!(redeemed(&"=".repeat(43)), 400);
}

#[test]
fn a_code_is_redeemed_once_and_its_reuse_revokes_what_it_gave() {
    covers(&["C-20"]);
    let mut world = World::new(standard());
    let code = world.code();
    let first = world.redeem(&code, &[]);
    assert_eq!(first.status, 200);
    assert_eq!(error(&world.redeem(&code, &[])), "invalid_grant");
    assert_eq!(world.findings(), [Finding::CodeReused]);
    assert_eq!(error(&world.refresh(&text(&first, "refresh_token"))), "invalid_grant");
}

#[test]
fn a_code_lives_ten_minutes() {
    let mut world = World::new(standard());
    let (early, late) = (world.code(), world.code());
    world.now += 599_999;
    assert_eq!(world.redeem(&early, &[]).status, 200);
    world.now += 1;
    assert_eq!(error(&world.redeem(&late, &[])), "invalid_grant");
    assert_eq!(world.findings(), [Finding::Expired("code")]);
}

#[test]
fn a_code_is_bound_to_its_client() {
    let other = Client::public("other-client", Vec::new());
    let mut config = standard();
    config.clients.push(other);
    let mut world = World::new(config);
    let code = world.code();
    let reply = world.redeem(&code, &[("client_id", "other-client")]);
    assert_eq!(error(&reply), "invalid_grant");
    assert_eq!(world.findings(), [Finding::ParameterWrong("client_id".into())]);
}

#[test]
fn a_refresh_token_is_replaced_and_its_reuse_revokes_the_family() {
    let mut world = World::new(standard());
    let first = text(&world.login(), "refresh_token");
    let second = text(&world.refresh(&first), "refresh_token");
    assert_ne!(first, second);
    assert_eq!(error(&world.refresh(&first)), "invalid_grant");
    assert_eq!(error(&world.refresh(&second)), "invalid_grant");
    assert_eq!(
        world.findings(),
        [
            Finding::RefreshTokenReused { forgiven: false },
            Finding::ParameterWrong("refresh_token".into()),
        ],
    );
}

#[test]
fn within_the_time_of_grace_a_refresh_token_gives_the_same_successor() {
    let mut world = World::new(Config { rotation: Rotation::Grace { ms: 1000 }, ..standard() });
    let first = text(&world.login(), "refresh_token");
    let second = text(&world.refresh(&first), "refresh_token");
    world.now += 1000;
    assert_eq!(text(&world.refresh(&first), "refresh_token"), second);
    world.now += 1;
    assert_eq!(error(&world.refresh(&first)), "invalid_grant");
    assert_eq!(error(&world.refresh(&second)), "invalid_grant");
    assert_eq!(
        world.findings()[..2],
        [
            Finding::RefreshTokenReused { forgiven: true },
            Finding::RefreshTokenReused { forgiven: false },
        ],
    );
}

#[test]
fn without_rotation_the_refresh_token_stays_and_is_not_repeated() {
    let mut world = World::new(Config { rotation: Rotation::Off, ..standard() });
    let token = text(&world.login(), "refresh_token");
    for _ in 0..2 {
        let reply = world.refresh(&token);
        assert_eq!(reply.status, 200);
        assert!(member(&reply, "refresh_token").is_null());
    }
    assert_eq!(world.findings(), []);
}

#[test]
fn a_refresh_token_is_bound_to_its_client() {
    let mut config = standard();
    config.clients.push(Client::public("other-client", Vec::new()));
    let mut world = World::new(config);
    let token = text(&world.login(), "refresh_token");
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", &token), ("client_id", "other-client")];
    assert_eq!(error(&world.send(&Request::post_form("/token", &fields))), "invalid_grant");
    assert_eq!(world.findings(), [Finding::ParameterWrong("client_id".into())]);
    assert_eq!(world.refresh(&token).status, 200, "and it is not spent");
}

#[test]
fn a_renewal_never_widens_the_scope() {
    let mut world = World::new(standard());
    let token = text(&world.login(), "refresh_token");
    let scoped = |scope: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &token),
            ("client_id", "test-client"),
            ("scope", scope),
        ];
        Request::post_form("/token", &fields)
    };
    assert_eq!(error(&world.send(&scoped("one three"))), "invalid_scope");
    assert_eq!(world.send(&scoped("two")).status, 200, "a refused renewal spends nothing");
}

#[test]
fn a_revoked_token_renews_nothing_and_an_unknown_one_is_as_good_as_revoked() {
    let mut world = World::new(standard());
    let reply = world.login();
    for token in [member(&reply, "access_token"), "unknown".into()] {
        let fields = [("token", token.as_str().unwrap()), ("client_id", "test-client")];
        assert_eq!(world.send(&Request::post_form("/revoke", &fields)).status, 200);
    }
    assert_eq!(world.findings(), []);
    assert_eq!(error(&world.refresh(&text(&reply, "refresh_token"))), "invalid_grant");
}

#[test]
fn a_person_can_revoke_everything() {
    let mut world = World::new(standard());
    let token = text(&world.login(), "refresh_token");
    world.server.revoke_all();
    assert_eq!(error(&world.refresh(&token)), "invalid_grant");
}

#[test]
fn a_login_without_state_is_sent_back_with_an_error() {
    let mut world = World::new(standard());
    let url = world.authorization_url(&[("state", "")]);
    let redirect = world.server.authorize(0, &url, Decision::Approve).unwrap();
    assert_eq!(query(&redirect, "error"), "invalid_request");
    assert!(world.findings().contains(&Finding::StateMissing));
}

#[test]
fn the_metadata_say_where_everything_is() {
    let mut world = World::new(standard());
    let reply = world.send(&Request::get("/.well-known/oauth-authorization-server"));
    assert_eq!(member(&reply, "issuer"), ISSUER);
    assert_eq!(member(&reply, "token_endpoint"), format!("{ISSUER}/token"));
    assert_eq!(member(&reply, "code_challenge_methods_supported"), json!(["S256"]));
    assert_eq!(member(&reply, "authorization_response_iss_parameter_supported"), true);
    assert_eq!(world.findings(), []);
}
