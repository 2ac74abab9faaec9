//! By `io-oauth`. Its coroutines speak HTTP/1.1, so that writing the request and reading the head of
//! the answer are part of its time. Its own polling loop sleeps and connects, so the loop is ours.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use io_http::rfc9110::request::HttpRequest;
use io_oauth::rfc6749::access_token_request::{
    Oauth20AccessTokenRequest, Oauth20AccessTokenRequestParams, Oauth20AccessTokenRequestResult,
};
use io_oauth::rfc6749::auth_request::Oauth20AuthRequestParams;
use io_oauth::rfc6749::auth_response::Oauth20AuthParams;
use io_oauth::rfc6749::refresh_access_token::{
    Oauth20AccessTokenRefresh, Oauth20AccessTokenRefreshParams, Oauth20AccessTokenRefreshResult,
};
use io_oauth::rfc6749::state::Oauth20State;
use io_oauth::rfc7636::pkce::Oauth20PkceCodeChallenge;
use io_oauth::rfc8628::auth::{
    Oauth20DeviceAuthRequest, Oauth20DeviceAuthRequestParams, Oauth20DeviceAuthRequestResult,
};
use io_oauth::rfc8628::token::{
    Oauth20DeviceAccessTokenRequest, Oauth20DeviceAccessTokenRequestParams,
    Oauth20DeviceAccessTokenRequestResult,
};
use secrecy::ExposeSecret as _;
use url::Url;

use super::{
    ACCESS_TOKEN, AUTHORIZATION_ENDPOINT, CLIENT_ID, DEVICE_ANSWERS, DEVICE_ENDPOINT, REDIRECT_URI,
    REFRESH_TOKEN, SCOPE, TOKEN_ENDPOINT, redirected,
};

/// Endpoints, and answers as they come over a connection.
pub struct IoOAuth {
    authorization_endpoint: Url,
    token_endpoint: Url,
    device_endpoint: Url,
    answers: Vec<Vec<u8>>,
}

impl Default for IoOAuth {
    fn default() -> Self {
        let url = |text| Url::parse(text).unwrap();
        Self {
            authorization_endpoint: url(AUTHORIZATION_ENDPOINT),
            token_endpoint: url(TOKEN_ENDPOINT),
            device_endpoint: url(DEVICE_ENDPOINT),
            answers: DEVICE_ANSWERS.iter().map(|(status, body)| answer(*status, body)).collect(),
        }
    }
}

/// Until the coroutine is done: what it writes goes nowhere, and what it reads is this answer.
macro_rules! exchanged {
    ($coroutine:expr, $result:ident, $answer:expr) => {{
        let mut coroutine = $coroutine;
        let mut read: Option<&[u8]> = None;
        loop {
            match coroutine.resume(read.take()) {
                $result::Ok(reply) => break reply,
                $result::WantsRead => read = Some($answer),
                $result::WantsWrite(bytes) => drop(std::hint::black_box(bytes)),
                $result::Err(error) => panic!("{error}"),
            }
        }
    }};
}

impl super::Logins for IoOAuth {
    fn browser(&self) -> bool {
        let state = Oauth20State::default();
        let code_challenge = Oauth20PkceCodeChallenge::default();
        let url = Oauth20AuthRequestParams {
            client_id: CLIENT_ID.into(),
            redirect_uri: Some(REDIRECT_URI.into()),
            scope: scopes(),
            state: Some(Cow::Borrowed(&state)),
            pkce_code_challenge: Some(Cow::Borrowed(&code_challenge)),
            extras: BTreeMap::new(),
        }
        .build_url(&self.authorization_endpoint);
        let redirect = Url::parse(&redirected(url.as_str())).unwrap();
        let code = Oauth20AuthParams::from(&redirect).validate(Some(&state)).unwrap();
        let parameters = Oauth20AccessTokenRequestParams {
            code,
            redirect_uri: Some(REDIRECT_URI.into()),
            client_id: CLIENT_ID.into(),
            client_secret: None,
            pkce_code_verifier: Some(Cow::Borrowed(&code_challenge.verifier)),
        };
        let tokens = exchanged!(
            Oauth20AccessTokenRequest::new(post(&self.token_endpoint), parameters),
            Oauth20AccessTokenRequestResult,
            &self.answers[3]
        );
        tokens.unwrap().access_token.expose_secret() == ACCESS_TOKEN
    }

    fn device(&self) -> bool {
        let parameters =
            Oauth20DeviceAuthRequestParams { client_id: CLIENT_ID.into(), scope: scopes() };
        let codes = exchanged!(
            Oauth20DeviceAuthRequest::new(post(&self.device_endpoint), parameters),
            Oauth20DeviceAuthRequestResult,
            &self.answers[0]
        )
        .unwrap();
        self.answers[1..].iter().any(|answer| {
            let parameters = Oauth20DeviceAccessTokenRequestParams {
                client_id: CLIENT_ID.into(),
                device_code: codes.device_code.clone(),
            };
            let tokens = exchanged!(
                Oauth20DeviceAccessTokenRequest::new(post(&self.token_endpoint), parameters),
                Oauth20DeviceAccessTokenRequestResult,
                answer
            );
            tokens.is_ok_and(|tokens| tokens.access_token.expose_secret() == ACCESS_TOKEN)
        })
    }

    fn refresh(&self) -> bool {
        let parameters = Oauth20AccessTokenRefreshParams::new(CLIENT_ID, REFRESH_TOKEN);
        let tokens = exchanged!(
            Oauth20AccessTokenRefresh::new(post(&self.token_endpoint), parameters),
            Oauth20AccessTokenRefreshResult,
            &self.answers[3]
        );
        tokens.unwrap().access_token.expose_secret() == ACCESS_TOKEN
    }
}

fn scopes() -> BTreeSet<Cow<'static, str>> {
    SCOPE.iter().map(|scope| Cow::Borrowed(*scope)).collect()
}

fn post(endpoint: &Url) -> HttpRequest {
    let (method, url) = ("POST".into(), endpoint.clone());
    HttpRequest { method, url, headers: Vec::new(), body: Vec::new() }
        .header("Host", "login.example.com:443")
}

fn answer(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = "content-type: application/json\r\ncache-control: no-store";
    format!("HTTP/1.1 {status} x\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}
