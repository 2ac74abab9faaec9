//! The `code_verifier` and its challenge (RFC 7636): made of bytes of their own, seen by nobody.

use grantflow_core::{
    BadCodeVerifier, Client, CodeVerifier, Configuration, Entropy, Flow, Misconfigured, Redirects,
    Scope, Secret, authorization_url,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, browser_login, client, provider};
use grantflow_tests::world::{DAWN, callback};

use super::{field, parameter, sent, way_back};

#[test]
fn the_challenge_is_that_of_rfc_7636_and_a_verifier_has_43_to_128_of_its_characters() {
    covers(&["N-7636-01", "N-7636-02"]);
    let printed = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert_eq!(printed.code_challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let random = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37,
        77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ];
    assert!(CodeVerifier::generate(random, 43).secret().matches(printed.secret().expose()));
    for length in 43..=128 {
        let verifier = CodeVerifier::generate(random, length);
        let text = verifier.secret().expose();
        assert_eq!(text.len(), length);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{text}");
        assert!(text.starts_with(printed.secret().expose()), "all 32 bytes are in it");
        assert_eq!(verifier.code_challenge().len(), 43);
    }
    let longest = CodeVerifier::generate(random, 128);
    let blocks: Vec<_> = longest.secret().expose().as_bytes().chunks(43).collect();
    assert_ne!(blocks[1][..42], blocks[2][..42], "each is made of its own number");
    for length in [43, 128] {
        assert!(CodeVerifier::parse("~".repeat(length)).is_ok(), "{length}");
    }
    for (name, text) in [
        ("42 characters", "a".repeat(42)),
        ("129 characters", "a".repeat(129)),
        ("nothing", String::new()),
        ("a plus", "a+".repeat(30)),
        ("a slash", "a/".repeat(30)),
        ("padding", "a=".repeat(30)),
        ("a space", "a ".repeat(30)),
        ("a letter outside ASCII", "é".repeat(30)),
    ] {
        let why = CodeVerifier::parse(text).unwrap_err();
        assert_eq!(why, BadCodeVerifier, "{name}");
        assert!(why.to_string().contains("43 to 128"), "{why}");
    }
    assert_eq!(format!("{printed:?}"), "CodeVerifier");
}

#[test]
fn verifier_and_states_come_from_bytes_of_their_own_and_the_verifier_is_in_no_address() {
    covers(&["N-7636-05", "N-7636-06", "N-7636-01", "C-18"]);
    let client = client(Dialect::Anthropic);
    let parts = |entropy: [u8; 128]| {
        let redirects = Redirects::loopback(50_123).or_page();
        let entropy = Entropy::new(entropy);
        let mut flow =
            Flow::authorization_code(&client, Scope::default(), &redirects, &entropy, DAWN)
                .unwrap();
        let Some(grantflow_core::Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else {
            panic!()
        };
        let states = [0, 1].map(|index| way_back(&flow, index).state);
        let back = way_back(&flow, 0).with("code=c");
        assert_eq!(callback(&mut flow, DAWN, &back), Ok(()));
        let body = sent(&mut flow).body;
        let body: serde_json::Value = serde_json::from_str(body.expose()).unwrap();
        let verifier = body["code_verifier"].as_str().unwrap().to_owned();
        assert!(sign_ins.iter().all(|sign_in| !sign_in.url.contains(&verifier)));
        let [first, second] = states;
        [verifier, first, second]
    };
    let drawn: [u8; 128] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let base = parts(drawn);
    for (changed, part) in [(Some(0), 0), (Some(1), 32), (Some(2), 64), (None, 96)] {
        for byte in [0, 31] {
            let mut bytes = drawn;
            bytes[part + byte] ^= 0x80;
            let found = parts(bytes);
            for index in 0..3 {
                let differs = found[index] != base[index];
                assert_eq!(differs, changed == Some(index), "byte {}: {index}", part + byte);
            }
        }
    }
}

#[test]
fn the_address_to_open_can_be_had_without_a_login() {
    let (client, verifier) = (client(Dialect::Standard), CodeVerifier::generate([7; 32], 43));
    let (ours, state) = ("http://127.0.0.1:50123/callback", Secret::new("the-state"));
    let url = |redirect_uri: &str, state: &Secret| {
        authorization_url(&client, &Scope::default(), redirect_uri, state, &verifier)
    };
    let made = url(ours, &state).unwrap();
    let challenge = verifier.code_challenge();
    for (name, value) in [
        ("response_type", "code"),
        ("redirect_uri", ours),
        ("state", "the-state"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&made, name).as_deref(), Some(value), "{name}");
    }
    assert!(!made.contains("scope"), "an empty parameter is left out: {made}");
    let stranger = url("http://issuer.example/", &state);
    assert!(matches!(stranger, Err(Misconfigured::Redirect(_))), "{stranger:?}");
    assert_eq!(url(ours, &Secret::default()), Err(Misconfigured::NoState));
}

#[test]
fn a_provider_may_ask_for_a_longer_verifier_and_for_no_other() {
    covers(&["N-7636-01"]);
    for length in [0, 42, 129, usize::MAX] {
        let mut provider = provider(Dialect::Standard, ISSUER);
        provider.authorization.code_verifier_length = length;
        let refused = Client::new(provider, Configuration::default()).unwrap_err();
        assert_eq!(refused, Misconfigured::CodeVerifierLength, "{length}");
    }
    let mut provider = provider(Dialect::Standard, ISSUER);
    provider.authorization.code_verifier_length = 128;
    let client = Client::new(provider, Configuration::default()).unwrap();
    let mut flow = browser_login(&client, 50_123, 1);
    let Some(grantflow_core::Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!() };
    let challenge = parameter(&sign_ins[0].url, "code_challenge");
    let back = way_back(&flow, 0).with("code=c");
    assert_eq!(callback(&mut flow, DAWN, &back), Ok(()));
    let verifier = field(sent(&mut flow).body.expose(), "code_verifier").unwrap();
    assert_eq!(verifier.len(), 128);
    assert_eq!(Some(CodeVerifier::parse(verifier).unwrap().code_challenge()), challenge);
}
