//! A browser login, a device login and a renewal by `oauth2`, for a page. It is only weighed: the page
//! performs each request in `perform`, and gets the reply's JSON as it is written down again.

#![expect(missing_docs, reason = "nobody calls it")]

use getrandom as _;
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, CsrfToken, DeviceAuthorizationUrl, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope, StandardDeviceAuthorizationResponse, TokenUrl,
};
use wasm_bindgen::prelude::wasm_bindgen;

type Client = BasicClient<EndpointSet, EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

#[wasm_bindgen]
extern "C" {
    fn perform(url: &str, body: &[u8]) -> String;
}

#[wasm_bindgen]
pub struct Login {
    client: Client,
    state: Option<CsrfToken>,
    code_verifier: Option<PkceCodeVerifier>,
    codes: Option<StandardDeviceAuthorizationResponse>,
}

#[wasm_bindgen]
impl Login {
    pub fn new(client_id: String, auth: String, token: String, device: String) -> Option<Login> {
        let client = BasicClient::new(ClientId::new(client_id))
            .set_auth_uri(AuthUrl::new(auth).ok()?)
            .set_token_uri(TokenUrl::new(token).ok()?)
            .set_device_authorization_url(DeviceAuthorizationUrl::new(device).ok()?);
        Some(Self { client, state: None, code_verifier: None, codes: None })
    }

    pub fn authorization_url(&mut self, scope: String, redirect_uri: String) -> Option<String> {
        let (code_challenge, code_verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client.clone().set_redirect_uri(RedirectUrl::new(redirect_uri).ok()?);
        let request = client.authorize_url(CsrfToken::new_random).add_scope(Scope::new(scope));
        let (url, state) = request.set_pkce_challenge(code_challenge).url();
        (self.state, self.code_verifier) = (Some(state), Some(code_verifier));
        Some(url.into())
    }

    pub fn redeem(&mut self, code: String, state: &str, redirect_uri: String) -> Option<String> {
        if self.state.take()?.secret() != state {
            return None;
        }
        let client = self.client.clone().set_redirect_uri(RedirectUrl::new(redirect_uri).ok()?);
        let request = client.exchange_code(AuthorizationCode::new(code));
        written(request.set_pkce_verifier(self.code_verifier.take()?).request(&answered))
    }

    pub fn begin_device(&mut self, scope: String) -> Option<String> {
        let request = self.client.exchange_device_code().add_scope(Scope::new(scope));
        let codes: StandardDeviceAuthorizationResponse = request.request(&answered).ok()?;
        let shown = serde_json::to_string(&codes).ok()?;
        self.codes = Some(codes);
        Some(shown)
    }

    /// With `sleep` that returns at once: in a page nothing can block.
    pub fn poll(&self) -> Option<String> {
        let codes = self.codes.as_ref()?;
        written(self.client.exchange_device_access_token(codes).request(&answered, |_| (), None))
    }

    pub fn refresh(&self, refresh_token: String) -> Option<String> {
        let refresh_token = RefreshToken::new(refresh_token);
        written(self.client.exchange_refresh_token(&refresh_token).request(&answered))
    }
}

type Replied<E, F> = Result<BasicTokenResponse, RequestTokenError<E, F>>;

fn written<E: std::error::Error, F: oauth2::ErrorResponse>(reply: Replied<E, F>) -> Option<String> {
    serde_json::to_string(&reply.ok()?).ok()
}

fn answered(request: HttpRequest) -> Result<HttpResponse, std::convert::Infallible> {
    let body = perform(&request.uri().to_string(), request.body());
    Ok(HttpResponse::new(body.into_bytes()))
}
