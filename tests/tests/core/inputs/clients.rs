//! Clients and doors that do not fit together are typed errors before a byte is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use grantflow_core::{
    Client, ClientAuthentication, Configuration, Credential, Error, Flow, Map, Misconfigured,
    Provider, ProviderFile, Redirects, Response, Scope, Secret, Step, providers,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, client, configuration, provider};
use grantflow_tests::renewing::Renewing;
use grantflow_tests::world::{DAWN, entropy};

use super::{field, redeeming, sent, step_after};

use ClientAuthentication::{ClientSecretBasic, ClientSecretPost};

#[test]
fn a_client_that_cannot_work_is_not_made() {
    let google = || configuration(Dialect::Google);
    let none = Configuration::default;
    let named = |client_id: &str| Configuration { client_id: Some(client_id.into()), ..none() };
    let secret = Configuration { client_secret: Some(Secret::from("s")), ..none() };
    let no_secret = || Configuration { client_secret: None, ..google() };
    let basic = || {
        let token_endpoint_auth_method = ClientSecretBasic;
        Provider { token_endpoint_auth_method, ..providers::google() }
    };
    assert_eq!(providers::google().token_endpoint_auth_method, ClientSecretPost);
    let header = |name: &str| Misconfigured::Header(name.to_owned());
    let with = |variable: &str, value: &str| {
        let mut caller = configuration(Dialect::Github);
        caller.variables.insert(variable.to_owned(), value.to_owned());
        caller
    };
    let api = |name: &str, value: &str| {
        let mut provider = providers::kimi();
        provider.api.headers = [(name.to_owned(), value.to_owned())].into();
        provider
    };
    let keyed = |name: &str| {
        let mut provider = providers::kimi();
        provider.api.key_header = Some(name.to_owned());
        provider
    };
    let missing = |names: &[&str]| {
        Misconfigured::MissingVariables(names.iter().map(|name| (*name).to_owned()).collect())
    };
    for (name, provider, caller, kind) in [
        ("no client_id", providers::google(), secret.clone(), Misconfigured::NoClientId),
        ("an empty one", providers::kimi(), named(""), Misconfigured::NoClientId),
        ("no secret to post", providers::google(), no_secret(), Misconfigured::NoClientSecret),
        ("no secret for a header", basic(), no_secret(), Misconfigured::NoClientSecret),
        (
            "a secret nobody asks for",
            providers::kimi(),
            secret,
            Misconfigured::UnexpectedClientSecret,
        ),
        ("no header for a key", keyed("two\r\nlines"), none(), header("two\r\nlines")),
        (
            "no variables",
            providers::github_copilot(),
            none(),
            missing(&["integration_id", "plugin_version", "editor_version"]),
        ),
        ("a new one", api("x-own", "{a}/{b}/{a}"), none(), missing(&["a", "b"])),
        (
            "a line break in one",
            providers::github_copilot(),
            with("editor_version", "a\r\nx: y"),
            header("editor-version"),
        ),
        (
            "an é in one",
            providers::github_copilot(),
            with("plugin_version", "é"),
            header("editor-plugin-version"),
        ),
        ("a space in a name", api("x own", "y"), none(), header("x own")),
        ("a colon in a name", api("x:", "y"), none(), header("x:")),
        ("no name", api("", "y"), none(), header("")),
        ("a line break in a value", api("x-own", "a\nb"), none(), header("x-own")),
    ] {
        assert_eq!(Client::new(provider, caller).unwrap_err(), kind, "{name}");
    }
    for half in ["a}", "a{b"] {
        let refused = Client::new(api("x-own", half), none()).unwrap_err();
        assert_eq!(refused, header("x-own"), "{half}");
    }
    for own in ["Accept", "authorization", "Content-Length", "content-type", "COOKIE", "host"] {
        let refused = Client::new(api(own, "y"), none()).unwrap_err();
        assert_eq!(refused, header(own), "what a request has of its own");
    }
}

/// The example of RFC 6749 §2.3.1 has nothing in it that needs its encoding.
#[test]
fn a_client_that_proves_itself_in_a_header_encodes_both_parts_and_posts_neither() {
    for (client_id, client_secret, pair) in [
        ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw"),
        ("a b:c", "%é+/", "a+b%3Ac:%25%C3%A9%2B%2F"),
    ] {
        let mut provider = provider(Dialect::Standard, ISSUER);
        provider.token_endpoint_auth_method = ClientSecretBasic;
        let configuration = Configuration {
            client_id: Some(client_id.into()),
            client_secret: Some(client_secret.into()),
            ..Configuration::default()
        };
        let (_, request) = redeeming(&Client::new(provider, configuration).unwrap());
        let header = request.headers.iter().find(|header| header.name == "authorization").unwrap();
        let sent = header.value.expose().strip_prefix("Basic ").expect("the scheme");
        assert_eq!(STANDARD.decode(sent).unwrap(), pair.as_bytes(), "{client_id}");
        for name in ["client_id", "client_secret"] {
            assert_eq!(field(request.body.expose(), name), None, "{client_id}");
        }
    }
}

#[test]
fn a_scope_of_the_callers_own_takes_the_place_of_the_providers() {
    let own = Scope::parse("just this");
    let client = client(Dialect::Standard);
    let mut flow = Flow::device(&client, own, &entropy(1), DAWN).unwrap();
    let request = sent(&mut flow);
    assert_eq!(field(request.body.expose(), "scope").as_deref(), Some("just this"));
}

#[test]
fn parameters_that_a_login_sets_itself_cannot_be_configured() {
    covers(&["N-6749-01"]);
    let map = |name: &str, value: &str| Map::from([(name, value.to_owned())]);
    let refused = |name: &str, value: &str, place: Place| {
        let mut provider = provider(Dialect::Standard, ISSUER);
        *place(&mut provider) = map(name, value);
        Client::new(provider, Configuration::default()).err()
    };
    let reserved = |name: &str| Some(Misconfigured::ReservedParameter(name.to_owned()));
    for name in ["client_id", "redirect_uri", "response_type", "scope", "state", ""] {
        let found = refused(name, "x", |provider| &mut provider.authorization.parameters);
        assert_eq!(found, reserved(name), "of the authorization request: {name}");
    }
    for name in ["code_challenge", "code_challenge_method"] {
        let found = refused(name, "plain", |provider| &mut provider.authorization.parameters);
        assert_eq!(found, reserved(name), "of the authorization request: {name}");
    }
    for name in [
        "client_id",
        "client_secret",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "device_code",
        "grant_type",
        "redirect_uri",
        "refresh_token",
        "scope",
        "state",
        "",
    ] {
        let found = refused(name, "x", |provider| &mut provider.token.parameters);
        assert_eq!(found, reserved(name), "of the token request: {name}");
        let found = refused(name, "x", |provider| &mut provider.device.parameters);
        assert_eq!(found, reserved(name), "of the device request: {name}");
    }
    let places: [Place; 3] = [
        |provider| &mut provider.authorization.parameters,
        |provider| &mut provider.token.parameters,
        |provider| &mut provider.device.parameters,
    ];
    for place in places {
        assert_eq!(refused("audience", "", place), reserved("audience"), "without a value");
        assert_eq!(refused("audience", "x", place), None, "one that is free");
    }
}

#[test]
fn doors_that_a_provider_does_not_have_are_named() {
    covers(&["C-25", "N-6749-20", "C-31"]);
    let kimi = Client::new(providers::kimi(), Configuration::default()).unwrap();
    let anthropic = client(Dialect::Anthropic);
    let browser = |client: &Client, redirects: &Redirects| {
        let flow = Flow::authorization_code(client, Scope::default(), redirects, &entropy(1), DAWN);
        flow.err()
    };
    let loopback = Redirects::loopback(1);
    assert_eq!(browser(&kimi, &loopback), Some(Misconfigured::NoAuthorizationEndpoint));
    let standard = client(Dialect::Standard);
    assert_eq!(browser(&standard, &Redirects::page()), Some(Misconfigured::NoRedirect));
    let mut closed = provider(Dialect::Standard, ISSUER);
    closed.authorization.loopback = None;
    let closed = Client::new(closed, Configuration::default()).unwrap();
    assert_eq!(browser(&closed, &loopback), Some(Misconfigured::NoRedirect));
    let mut page_only = client(Dialect::Anthropic).provider().clone();
    page_only.authorization.loopback = None;
    let page_only = Client::new(page_only, Configuration::default()).unwrap();
    assert_eq!(browser(&page_only, &loopback), Some(Misconfigured::NoRedirect));
    assert_eq!(browser(&page_only, &loopback.clone().or_page()), None, "one of the two is there");
    let device = Flow::device(&anthropic, Scope::default(), &entropy(1), DAWN).err();
    assert_eq!(device, Some(Misconfigured::NoDeviceAuthorizationEndpoint));

    let renewal = |client: &Client, held: Credential| {
        Renewing::new(client, held, &entropy(1), DAWN).refused(DAWN)
    };
    let held = credential(&standard, "\"refresh_token\":\"r\"");
    assert_eq!(renewal(&standard, held.clone()), None);
    let alone = credential(&standard, "\"x\":0");
    assert_eq!(renewal(&standard, alone), Some(Error::NotRenewable));
    let foreign = Some(Error::ForeignCredential);
    let moved = |change: fn(&mut Credential)| {
        let mut held = held.clone();
        change(&mut held);
        held
    };
    for (name, held) in [
        ("another provider", moved(|held| held.provider = "other".into())),
        ("another issuer", moved(|held| held.origin = "https://evil.example".into())),
        ("a slash behind", moved(|held| held.origin.push('/'))),
        ("another client", moved(|held| held.client_id = "other".into())),
    ] {
        assert_eq!(renewal(&standard, held), foreign, "{name}");
    }
    let overridden = r#"{"preset":"anthropic","token_endpoint":"https://evil.example/token"}"#;
    let overridden = ProviderFile::parse(overridden).unwrap();
    let overridden = Client::new(overridden.provider, overridden.configuration).unwrap();
    let held = credential(&anthropic, "\"refresh_token\":\"r\"");
    assert_eq!(renewal(&overridden, held), foreign, "a preset whose endpoint was overridden");
}

/// Where a provider has parameters.
type Place = fn(&mut Provider) -> &mut Map<String>;

/// From a login whose reply has this member beside its access token.
pub(super) fn credential(client: &Client, member: &str) -> Credential {
    let (mut flow, request) = redeeming(client);
    let reply = Response::new(200, format!("{{\"access_token\":\"a\",{member}}}"));
    match step_after(&mut flow, &request, reply) {
        Step::Done(Ok(credential)) => credential,
        step @ (Step::Done(Err(_)) | Step::Send(_) | Step::Wait(_)) => panic!("{step:?}"),
    }
}
