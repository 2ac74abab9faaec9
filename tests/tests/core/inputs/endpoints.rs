//! Addresses that credentials may be sent to, and how another parser reads them.

use grantflow_core::{
    BadEndpoint, Client, Configuration, Endpoint, Flow, Misconfigured, Provider, Redirects, Scope,
    hostname,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, browser_login, client, provider};
use grantflow_tests::world::{DAWN, callback, entropy};
use proptest::prelude::*;
use url::{Host, Url};

use super::{parameter, way_back};

use BadEndpoint::{Characters, Fragment, Insecure, UserInformation};

#[test]
fn an_endpoint_is_https_or_http_to_a_literal_loopback_address_and_nothing_else() {
    covers(&["B-HT-01", "B-HT-02", "N-21-06", "C-02"]);
    let host = BadEndpoint::Host;
    let of = |labels| format!("https://{}example", "a.".repeat(labels));
    let (longest, long) = (of(123), of(124)); // 253 characters and two more
    assert!(Endpoint::parse(&*longest).is_ok(), "{longest}");
    for (url, why) in [
        ("http://issuer.example/token", Insecure),
        ("http://localhost/token", Insecure),
        ("http://localhost.evil/", Insecure),
        ("http://localhost./", Insecure),
        ("http://127.0.0.1.nip.io/", Insecure),
        ("http://127.0.0.1.evil.example/", Insecure),
        ("http://[::ffff:127.0.0.1]/", Insecure),
        ("http://[::]/", Insecure),
        ("http://[fe80::1]/", Insecure),
        ("http://0.0.0.0/", Insecure),
        ("http://10.0.0.1/", Insecure),
        ("http://128.0.0.1/", Insecure),
        ("http://126.255.255.255/", Insecure),
        ("ftp://issuer.example/", Insecure),
        ("file:///etc/passwd", Insecure),
        ("javascript:alert(1)", Insecure),
        ("ws://127.0.0.1/", Insecure),
        ("HTTPS://issuer.example/", Insecure),
        ("https:/issuer.example/", Insecure),
        ("https:issuer.example", Insecure),
        ("//issuer.example/", Insecure),
        ("issuer.example", Insecure),
        ("", Insecure),
        ("http://127.1/", host),
        ("http://127.0.1/", host),
        ("http://0x7f000001/", host),
        ("http://0X7F000001/", host),
        ("http://2130706433/", host),
        ("http://0177.0.0.1/", host),
        ("http://127.0.0.0x1/", host),
        ("http://127.0.0.1./", host),
        ("https://0X7F000001/", host),
        ("https://a.0X1/", host),
        ("https://a.1/", host),
        ("https://1.2.3.4.5/", host),
        ("https://256.1.1.1/", host),
        ("https://", host),
        ("https:///token", host),
        ("https://?x", host),
        ("https://:443/", host),
        ("https://a..b/", host),
        ("https://.a/", host),
        ("https://a%2eb/", host),
        ("https://a*b/", host),
        ("https://a:0/", host),
        ("https://a:/", host),
        ("https://a:65536/", host),
        ("https://a:-1/", host),
        ("https://a:+1/", host),
        ("https://a:1:2/", host),
        ("https://a:443x/", host),
        ("https://[::1/", host),
        ("https://[::1]x/", host),
        ("https://[::g]/", host),
        ("https://[1:1:1:1:1:1::127.0.0.1]/", host),
        ("https://[1:2:3:4:5:6:7:8::]/", host),
        ("https://[fe80::1%25en0]/", host),
        ("https://::1/", host),
        (&long, host),
        ("https://user@issuer.example/", UserInformation),
        ("https://user:word@issuer.example/", UserInformation),
        ("https://@issuer.example/", UserInformation),
        ("http://127.0.0.1:80@evil.example/", UserInformation),
        ("https://issuer.example/#", Fragment),
        ("https://issuer.example/token#x", Fragment),
        ("https://issuer.example#@evil.example", Fragment),
        (" https://issuer.example/", Characters),
        ("https://issuer.example/ ", Characters),
        ("https://issuer.example/a b", Characters),
        ("https://issuer.example/\n", Characters),
        ("https://issuer.example/\u{0}", Characters),
        ("ht\ttps://issuer.example/", Characters),
        ("https://issuer.example/\u{1b}[2J", Characters),
        ("https:\\\\issuer.example\\", Characters),
        ("https://evil.example\\@issuer.example/", Characters),
        ("https://issuer.example/\"&calc", Characters),
        ("https://issuer.example/{x}", Characters),
        ("https://issuer.example/`id`", Characters),
        ("https://issuer.example/<x>", Characters),
        ("https://issüer.example/", Characters),
        ("https://ｉssuer.example/", Characters),
        ("http://１２７.0.0.1/", Characters),
    ] {
        assert_eq!(Endpoint::parse(url).unwrap_err(), why, "{url:?}");
    }
}

#[test]
fn an_accepted_endpoint_is_kept_as_it_was_given() {
    covers(&["B-HT-02", "N-21-06"]);
    for (url, origin, host) in [
        ("https://issuer.example", "https://issuer.example", "issuer.example"),
        ("https://issuer.example:8443/a?b=c", "https://issuer.example:8443", "issuer.example"),
        ("https://Issuer.Example/", "https://Issuer.Example", "Issuer.Example"),
        ("https://issuer.example.?x", "https://issuer.example.", "issuer.example."),
        (
            "https://xn--bcher-kva.example/",
            "https://xn--bcher-kva.example",
            "xn--bcher-kva.example",
        ),
        ("https://under_score.example", "https://under_score.example", "under_score.example"),
        ("https://192.0.2.1/", "https://192.0.2.1", "192.0.2.1"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]", "[2001:db8::1]"),
        ("https://[::1]:8443/", "https://[::1]:8443", "[::1]"),
        ("http://127.0.0.1/", "http://127.0.0.1", "127.0.0.1"),
        ("http://127.255.255.254:1/x", "http://127.255.255.254:1", "127.255.255.254"),
        ("http://[::1]:4000/x/../y", "http://[::1]:4000", "[::1]"),
    ] {
        let endpoint = Endpoint::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"));
        let found = (endpoint.as_str(), endpoint.origin(), endpoint.host());
        assert_eq!(found, (url, origin, host));
    }
}

#[test]
fn a_hostname_is_read_from_a_domain_or_a_url_and_from_nothing_that_names_two() {
    for (text, host) in [
        ("octo.ghe.com", "octo.ghe.com"),
        (" Octo.GHE.com\n", "octo.ghe.com"),
        ("https://octo.ghe.com/login?x#y", "octo.ghe.com"),
        ("http://octo.ghe.com", "octo.ghe.com"),
        ("octo.ghe.com:8443/login", "octo.ghe.com"),
        ("192.0.2.1", "192.0.2.1"),
    ] {
        assert_eq!(hostname(text).as_deref(), Ok(host), "{text:?}");
    }
    for (text, why) in [
        ("", BadEndpoint::Host),
        ("https://", BadEndpoint::Host),
        ("/login", BadEndpoint::Host),
        ("a b", BadEndpoint::Host),
        ("a..b", BadEndpoint::Host),
        ("evil.example\\octo.ghe.com", BadEndpoint::Host),
        ("ssh://octo.ghe.com", BadEndpoint::Host),
        ("HTTPS://octo.ghe.com", BadEndpoint::Host),
        ("octo.ghe.com:x", BadEndpoint::Host),
        ("octo.ghe.com:0", BadEndpoint::Host),
        ("octo.ghe.com\u{0}", BadEndpoint::Host),
        ("127.1", BadEndpoint::Host),
        ("0X7F000001", BadEndpoint::Host),
        ("octo.ghe.com@evil.example", UserInformation),
        ("https://octo.ghe.com@evil.example/", UserInformation),
    ] {
        assert_eq!(hostname(text), Err(why), "{text:?}");
    }
}

#[test]
fn an_authorization_endpoint_keeps_its_query_unless_the_login_itself_sets_such_a_parameter() {
    covers(&["B-MD-03", "N-6749-01", "N-7636-03"]);
    for (query, begins) in [
        ("", "/authorize?response_type=code&"),
        ("?", "/authorize?response_type=code&"),
        ("?tenant=a%20b", "/authorize?tenant=a%20b&response_type=code&"),
        ("?a=1&b", "/authorize?a=1&b&response_type=code&"),
        ("?code=x&State=y", "/authorize?code=x&State=y&response_type=code&"),
    ] {
        let provider = asking_at(&format!("{ISSUER}/authorize{query}"));
        let client = Client::new(provider, Configuration::default()).unwrap();
        let flow = browser_login(&client, 50_123, 1);
        let Some(grantflow_core::Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else {
            panic!()
        };
        let url = &sign_ins[0].url;
        assert!(url.starts_with(&format!("{ISSUER}{begins}")), "{url}");
        assert_eq!(parameter(url, "code_challenge_method").as_deref(), Some("S256"), "{url}");
    }
    for name in [
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    ] {
        let escaped = format!("%{:02X}{}", name.as_bytes()[0], &name[1..]);
        for query in [format!("{name}=x"), format!("a=b&{name}"), format!("{escaped}=plain")] {
            let provider = asking_at(&format!("{ISSUER}/authorize?{query}"));
            let refused = Client::new(provider, Configuration::default()).unwrap_err();
            assert_eq!(refused, Misconfigured::ReservedParameter(name.to_owned()), "{query}");
        }
    }
}

#[test]
fn an_authorization_request_has_each_parameter_once() {
    covers(&["N-6749-01"]);
    let twice = |query: &str, parameters: &[&str]| {
        let mut provider = asking_at(&format!("{ISSUER}/authorize?{query}"));
        for name in parameters {
            provider.authorization.parameters.insert(*name, "consent".to_owned());
        }
        Client::new(provider, Configuration::default()).err()
    };
    let reserved = || Some(Misconfigured::ReservedParameter("prompt".to_owned()));
    assert_eq!(twice("prompt=login", &["prompt"]), reserved());
    assert_eq!(twice("prompt=login&a=b&%70rompt=login", &[]), reserved());
    assert_eq!(twice("prompt=login&a=b&d", &["c"]), None);
}

#[test]
fn a_browser_comes_back_to_a_host_alone_by_way_of_its_root() {
    for address in ["https://app.example", "https://app.example/", "http://localhost:3000"] {
        let redirects = Redirects::address(address).unwrap();
        let begin = || {
            let client = client(Dialect::Standard);
            Flow::authorization_code(&client, Scope::default(), &redirects, &entropy(1), DAWN)
        };
        for back in [&*[address.trim_end_matches('/'), "/"].concat(), "/"] {
            let mut flow = begin().unwrap();
            let way = way_back(&flow, 0);
            assert_eq!(way.redirect_uri, address, "as it is registered");
            let redirect = way.with("code=c").replacen(address, back, 1);
            assert_eq!(callback(&mut flow, DAWN, &redirect), Ok(()), "{redirect}");
        }
        let mut flow = begin().unwrap();
        let redirect = way_back(&flow, 0).with("code=c").replacen('?', "/more?", 1);
        assert!(callback(&mut flow, DAWN, &redirect).is_err(), "{redirect}");
    }
}

#[test]
fn a_redirect_uri_with_a_fragment_or_over_the_network_cannot_be_named() {
    covers(&["N-6749-04", "N-9700-11", "N-MCP-15"]);
    for (address, why) in [
        ("https://app.example/back#x", Fragment),
        ("http://localhost:3000/back#", Fragment),
        ("http://app.example/back", Insecure),
        ("http://localhost.evil/back", Insecure),
        ("http://localhost./back", Insecure),
        ("http://127.0.0.1.nip.io/back", Insecure),
        ("app:/back", Insecure),
        ("javascript:alert(1)", Insecure),
        ("", Insecure),
        ("http://127.1/back", BadEndpoint::Host),
        ("https://u@app.example/back", UserInformation),
        ("https://app.example/a b", Characters),
    ] {
        assert_eq!(Redirects::address(address).unwrap_err(), why, "{address}");
    }
    for address in ["https://app.example/back", "http://localhost:3000/", "http://127.0.0.1:1/a?b"]
    {
        assert!(Redirects::address(address).is_ok(), "{address}");
    }
    for path in ["", "callback", "//evil.example", "/a?b", "/a#b", "/a b", "/a\n", "/é", "/\\"] {
        let mut provider = provider(Dialect::Standard, ISSUER);
        provider.authorization.loopback.get_or_insert_default().path = path.to_owned();
        let refused = Client::new(provider, Configuration::default()).unwrap_err();
        assert_eq!(refused, Misconfigured::RedirectPath, "{path:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// The `url` crate, which the transport uses, reads nothing else into it.
    #[test]
    fn whatever_is_accepted_another_parser_reads_the_same_way(text in address()) {
        let Ok(endpoint) = Endpoint::parse(text.clone()) else { return Ok(()) };
        let Ok(url) = Url::parse(&text) else {
            prop_assert!(text.contains("xn--"), "only broken punycode is refused there: {text}");
            return Ok(());
        };
        prop_assert_eq!(url.username(), "");
        prop_assert!(url.password().is_none() && url.fragment().is_none());
        let host = url.host().map(|host| host.to_owned());
        let is_loopback = match &host {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        prop_assert!(url.scheme() == "https" || url.scheme() == "http" && is_loopback);
        let scheme = endpoint.origin().split("://").next();
        prop_assert_eq!(scheme, Some(url.scheme()));
        let same = match host {
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case(endpoint.host()),
            Some(Host::Ipv4(address)) => endpoint.host() == address.to_string(),
            Some(Host::Ipv6(address)) => {
                let given = endpoint.host().trim_matches(['[', ']']);
                given.parse() == Ok(address)
            }
            None => false,
        };
        prop_assert!(same, "{} is {:?} to another", endpoint.host(), url.host_str());
        let port = endpoint.origin().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let default = if url.scheme() == "https" { 443 } else { 80 };
        prop_assert_eq!(url.port_or_known_default(), Some(port.unwrap_or(default)));
    }

    #[test]
    fn a_hostname_makes_an_endpoint(text in address()) {
        if let Ok(host) = hostname(&text) {
            let endpoint = Endpoint::parse(format!("https://{host}/x")).expect("an endpoint");
            prop_assert_eq!(endpoint.host(), host);
        }
    }
}

/// Schemes, hosts, ports and rests, joined as in a URL, and text that is none.
fn address() -> impl Strategy<Value = String> {
    let scheme = proptest::sample::select(vec!["https://", "http://", "https:", "HTTP://", ""]);
    let label = proptest::sample::select(vec![
        "127",
        "0",
        "1",
        "0x7f",
        "0X7F",
        "0x",
        "localhost",
        "a",
        "B",
        "-",
        "_",
        "xn--a",
        "example",
        "%61",
        "@",
        ":",
        "[::1]",
        "[::ffff:7f00:1]",
        "[2001:db8::1]",
        "\\",
        "",
        "é",
    ]);
    let host = proptest::collection::vec(label, 1..6).prop_map(|labels| labels.join("."));
    let host = prop_oneof![
        3 => host,
        1 => "[a-zA-Z0-9._:@\\[\\]-]{0,20}",
        1 => proptest::sample::select(vec!["127.0.0.1", "[::1]", "[0:0::1]", "127.8.9.10"])
            .prop_map(str::to_owned),
    ];
    let port = prop_oneof![Just(String::new()), ":[0-9]{0,6}", Just(":080".to_owned())];
    let rest = prop_oneof![Just(String::new()), "[/?][ -~]{0,12}", "[#/?@\\\\]{1,3}"];
    prop_oneof![
        9 => (scheme, host, port, rest).prop_map(|(a, b, c, d)| [a, &b, &c, &d].concat()),
        1 => any::<String>(),
    ]
}

fn asking_at(authorization_endpoint: &str) -> Provider {
    let mut provider = provider(Dialect::Standard, ISSUER);
    provider.authorization_endpoint = Endpoint::parse(authorization_endpoint).ok();
    provider
}
