//! The loop of `oauth2` as it is shipped. It asks how late it is only to see whether the code has
//! lapsed, and nobody here takes that long.

use std::io;
use std::time::Duration;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, ClientId, DeviceAuthorizationUrl, HttpRequest, HttpResponse,
    StandardDeviceAuthorizationResponse, TokenUrl,
};

use super::{CLIENT_ID, Shared, lock, sent};

/// Whether the login comes to a token.
pub fn login(world: &Shared) -> bool {
    let issuer = grantflow_tests::local::ISSUER;
    let client = BasicClient::new(ClientId::new(CLIENT_ID.into()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(TokenUrl::new(format!("{issuer}/token")).unwrap())
        .set_device_authorization_url(
            DeviceAuthorizationUrl::new(format!("{issuer}/device_authorization")).unwrap(),
        );
    let http = |request: HttpRequest| -> Result<HttpResponse, io::Error> {
        let (status, body) = lock(world).deliver(&sent(&request)).ok_or(io::ErrorKind::TimedOut)?;
        Ok(http::Response::builder().status(status).body(body.into_bytes()).unwrap())
    };
    let sleep = |wait: Duration| lock(world).sleep(u64::try_from(wait.as_micros()).unwrap());
    let codes = client.exchange_device_code().request(&http);
    let codes: StandardDeviceAuthorizationResponse = codes.unwrap();
    client.exchange_device_access_token(&codes).request(&http, sleep, None).is_ok()
}
