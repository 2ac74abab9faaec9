//! By `oauth2`, through its synchronous door: a closure is the HTTP client.

use std::cell::Cell;
use std::convert::Infallible;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, CsrfToken, DeviceAuthorizationUrl, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, RedirectUrl, RefreshToken, Scope,
    StandardDeviceAuthorizationResponse, TokenResponse as _, TokenUrl,
};
use url::Url;

use super::{
    ACCESS_TOKEN, AUTHORIZATION_ENDPOINT, CLIENT_ID, DEVICE_ANSWERS, DEVICE_ENDPOINT, REDIRECT_URI,
    REFRESH_TOKEN, SCOPE, TOKEN_ENDPOINT, TOKENS, redirected,
};

type Client = BasicClient<EndpointSet, EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A client.
pub struct OAuth2 {
    client: Client,
    old: RefreshToken,
}

impl Default for OAuth2 {
    fn default() -> Self {
        Self { client: client(), old: RefreshToken::new(REFRESH_TOKEN.into()) }
    }
}

/// A client for the server of all contenders.
pub fn client() -> Client {
    BasicClient::new(ClientId::new(CLIENT_ID.into()))
        .set_auth_uri(AuthUrl::new(AUTHORIZATION_ENDPOINT.into()).unwrap())
        .set_token_uri(TokenUrl::new(TOKEN_ENDPOINT.into()).unwrap())
        .set_device_authorization_url(DeviceAuthorizationUrl::new(DEVICE_ENDPOINT.into()).unwrap())
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into()).unwrap())
}

impl super::Logins for OAuth2 {
    fn browser(&self) -> bool {
        let (code_challenge, code_verifier) = PkceCodeChallenge::new_random_sha256();
        let request = self.client.authorize_url(CsrfToken::new_random).add_scopes(scopes());
        let (url, state) = request.set_pkce_challenge(code_challenge).url();
        let redirect = Url::parse(&redirected(url.as_str())).unwrap();
        let value = |name| redirect.query_pairs().find(|(key, _)| key == name).unwrap().1;
        if value("state") != state.secret().as_str() {
            return false;
        }
        let code = AuthorizationCode::new(value("code").into_owned());
        let request = self.client.exchange_code(code).set_pkce_verifier(code_verifier);
        let tokens = request.request(&answering(&[(200, TOKENS)])).unwrap();
        tokens.access_token().secret() == ACCESS_TOKEN
    }

    fn device(&self) -> bool {
        let http = answering(&DEVICE_ANSWERS);
        let request = self.client.exchange_device_code().add_scopes(scopes());
        let codes: StandardDeviceAuthorizationResponse = request.request(&http).unwrap();
        let polling = self.client.exchange_device_access_token(&codes);
        let tokens = polling.request(&http, |_| (), None).unwrap();
        tokens.access_token().secret() == ACCESS_TOKEN
    }

    fn refresh(&self) -> bool {
        let request = self.client.exchange_refresh_token(&self.old);
        let tokens = request.request(&answering(&[(200, TOKENS)])).unwrap();
        tokens.access_token().secret() == ACCESS_TOKEN
    }
}

fn scopes() -> impl Iterator<Item = Scope> {
    SCOPE.iter().map(|scope| Scope::new((*scope).into()))
}

/// An HTTP client that gives these answers in their order.
fn answering(
    answers: &[(u16, &'static str)],
) -> impl Fn(HttpRequest) -> Result<HttpResponse, Infallible> {
    let given = Cell::new(0);
    move |request| {
        std::hint::black_box(request);
        let (status, body) = answers[given.replace(given.get() + 1)];
        Ok(http::Response::builder().status(status).body(body.into()).unwrap())
    }
}
