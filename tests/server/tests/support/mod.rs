//! A server, a clock, and a client that does everything right unless told otherwise.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{env, fs, io::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use grantflow_test_server::{Config, Decision, Dialect, Finding, Request, Response, Server};
use serde_json::Value;

pub(crate) const ISSUER: &str = "http://127.0.0.1:1234";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:4321/callback";
/// RFC 7636 Appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn standard() -> Config {
    Config::new(Dialect::Standard, ISSUER)
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) now: u64,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        Self { server: Server::new(config), now: 1_000_000 }
    }

    /// Sends a request whose connection survives.
    pub(crate) fn send(&mut self, request: &Request) -> Response {
        self.server.handle(self.now, request).answer().expect("an answer")
    }

    pub(crate) fn get(&mut self, url: &str) -> Response {
        let path = self.server.path_of(url).expect("a URL of the server").to_owned();
        self.send(&Request::get(&path))
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.server.log().iter().flat_map(|entry| entry.findings.clone()).collect()
    }

    pub(crate) fn authorization_url(&self, changed: Fields<'_>) -> String {
        let right = [
            ("response_type", "code"),
            ("client_id", "test-client"),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "one two"),
            ("state", "the-state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        self.url("/authorize", &with(&right, changed))
    }

    pub(crate) fn url(&self, path: &str, query: Fields<'_>) -> String {
        let issuer = &self.server.config().issuer;
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        format!("{issuer}{path}?{query}")
    }

    pub(crate) fn approve(&mut self, url: &str) -> String {
        self.server.authorize(self.now, url, Decision::Approve).expect("a redirect")
    }

    pub(crate) fn code(&mut self) -> String {
        let redirect = self.approve(&self.authorization_url(&[]));
        query(&redirect, "code")
    }

    pub(crate) fn redeem(&mut self, code: &str, changed: Fields<'_>) -> Response {
        self.send(&redemption(code, changed))
    }

    pub(crate) fn login(&mut self) -> Response {
        let code = self.code();
        self.redeem(&code, &[])
    }

    pub(crate) fn refresh(&mut self, token: &str) -> Response {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", "test-client"),
        ];
        self.send(&Request::post_form("/token", &fields))
    }
}

/// The exchange of a code (RFC 6749 §4.1.3).
pub(crate) fn redemption(code: &str, changed: Fields<'_>) -> Request {
    let right = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", "test-client"),
        ("code_verifier", VERIFIER),
    ];
    Request::post_form("/token", &with(&right, changed))
}

/// Notes that the running test covers these requirements of `docs/requirements.md`, in the folder
/// where the tests of the whole workspace do.
pub(crate) fn covers(ids: &[&str]) {
    let Some(folder) = env::var_os("GRANTFLOW_COVERED") else { return };
    fs::create_dir_all(&folder).expect("the folder of the record");
    let path = Path::new(&folder).join(std::process::id().to_string());
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    let line = ids.join("\n") + "\n";
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the record");
}

/// The right parameters with some of them changed, and new ones added.
pub(crate) fn with<'a>(right: Fields<'a>, changed: Fields<'a>) -> Vec<(&'a str, &'a str)> {
    let kept = right.iter().filter(|(name, _)| !changed.iter().any(|(own, _)| own == name));
    kept.chain(changed).copied().collect()
}

pub(crate) fn query(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').expect("a query");
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(own, _)| own == name);
    found.map_or_else(|| panic!("{name} in the redirect"), |(_, value)| value.into_owned())
}

pub(crate) fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("a body of JSON")
}

pub(crate) fn member(response: &Response, name: &str) -> Value {
    json(response)[name].clone()
}

/// The claims of a JWT.
pub(crate) fn claims(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).expect("three parts");
    let claims = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&claims).expect("JSON")
}

/// A member that is a string.
pub(crate) fn text(response: &Response, name: &str) -> String {
    member(response, name).as_str().expect("a string").to_owned()
}

pub(crate) fn error(response: &Response) -> String {
    let error = member(response, "error");
    let code = if error.is_object() { error["code"].clone() } else { error };
    code.as_str().expect("an error code").to_owned()
}
