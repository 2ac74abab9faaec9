//! What the crate `oauth2` makes of a reply. It reads no redirects.

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use oauth2::basic::{BasicClient, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, DeviceAuthorizationUrl, ErrorResponse, HttpRequest,
    HttpResponse, RefreshToken, RequestTokenError, Scope, StandardDeviceAuthorizationResponse,
    TokenResponse as _, TokenUrl,
};

use crate::{Case, Of, word};

pub(crate) fn judge(case: &Case) -> Option<String> {
    Some(match case.of {
        Of::Token => redeemed(case),
        Of::Refresh => renewed(case),
        Of::Device => began(case),
        Of::Poll => polled(case),
        Of::Redirect => return None,
    })
}

macro_rules! client {
    () => {
        BasicClient::new(ClientId::new("test-client".into()))
            .set_auth_uri(AuthUrl::new("http://127.0.0.1:4000/authorize".into()).unwrap())
            .set_token_uri(TokenUrl::new("http://127.0.0.1:4000/token".into()).unwrap())
            .set_device_authorization_url(
                DeviceAuthorizationUrl::new("http://127.0.0.1:4000/device".into()).unwrap(),
            )
    };
}

fn redeemed(case: &Case) -> String {
    let client = client!();
    let exchange = client.exchange_code(AuthorizationCode::new("c1".into()));
    outcome(exchange.request(&answering(case)))
}

fn renewed(case: &Case) -> String {
    let (client, token) = (client!(), RefreshToken::new("r0".into()));
    outcome(client.exchange_refresh_token(&token).request(&answering(case)))
}

fn began(case: &Case) -> String {
    let client = client!();
    let begun: Result<StandardDeviceAuthorizationResponse, _> =
        client.exchange_device_code().request(&answering(case));
    match begun {
        Ok(reply) => codes(&reply),
        Err(why) => failure(&why),
    }
}

fn codes(reply: &StandardDeviceAuthorizationResponse) -> String {
    let complete = reply.verification_uri_complete().map(|uri| uri.secret().clone());
    let (life, interval) =
        (reply.expires_in().as_secs().to_string(), reply.interval().as_secs().to_string());
    let words = [
        Some(reply.device_code().secret().as_str()),
        Some(reply.user_code().secret().as_str()),
        Some(reply.verification_uri().as_str()),
        complete.as_deref(),
        Some(&life),
        Some(&interval),
    ];
    format!("codes {}", words.map(word).join(" "))
}

/// It polls until it has an end, so a refusal follows the reply, and the pause between them tells.
fn polled(case: &Case) -> String {
    let client = client!();
    let codes = r#"{"device_code":"d1","user_code":"W","verification_uri":"https://i.example/d",
        "expires_in":900,"interval":5}"#;
    let begun = |_: HttpRequest| Ok::<_, Infallible>(reply(200, "application/json", codes.into()));
    let codes: StandardDeviceAuthorizationResponse =
        client.exchange_device_code().request(&begun).unwrap();
    let (polls, pause) = (Cell::new(0), Cell::new(Duration::ZERO));
    let http = |_: HttpRequest| {
        polls.set(polls.get() + 1);
        let refusal = br#"{"error":"access_denied"}"#.to_vec();
        Ok::<_, Infallible>(match polls.get() {
            1 => reply(case.status, &case.content_type, case.body.clone()),
            _ => reply(400, "application/json", refusal),
        })
    };
    let poll = client.exchange_device_access_token(&codes);
    let ended = poll.request(&http, |wait| pause.set(wait), None);
    match (polls.get(), pause.get().as_secs()) {
        (1, _) => match ended {
            Ok(granted) => tokens(&granted),
            Err(why) => failure(&why),
        },
        (2, 5) => "pending".into(),
        (2, 10) => "slow down".into(),
        other => panic!("{other:?}"),
    }
}

fn outcome<E>(ended: Result<BasicTokenResponse, RequestTokenError<Infallible, E>>) -> String
where
    E: ErrorResponse + std::fmt::Debug + 'static,
{
    match ended {
        Ok(granted) => tokens(&granted),
        Err(why) => failure(&why),
    }
}

/// A type that it does not know is the caller's to look at.
fn tokens(granted: &BasicTokenResponse) -> String {
    let refresh_token = granted.refresh_token().map(|token| token.secret().as_str());
    let life = granted.expires_in().map(|life| life.as_secs().to_string());
    let asked = vec![Scope::new("openid".into())];
    let scope: Vec<&str> =
        granted.scopes().unwrap_or(&asked).iter().map(|scope| scope.as_str()).collect();
    let scope = scope.join(" ");
    let words = [
        Some(granted.access_token().secret().as_str()),
        refresh_token,
        life.as_deref(),
        Some(&scope),
    ];
    let words = words.map(word).join(" ");
    match granted.token_type() {
        BasicTokenType::Bearer => format!("tokens {words}"),
        other @ (BasicTokenType::Mac | BasicTokenType::Extension(_)) => {
            format!("tokens of type {} {words}", word(Some(other.as_ref())))
        }
    }
}

fn failure<E>(why: &RequestTokenError<Infallible, E>) -> String
where
    E: ErrorResponse + std::fmt::Debug + 'static,
{
    match why {
        RequestTokenError::ServerResponse(refusal) => {
            let said = serde_json::to_value(refusal).unwrap_or_default();
            format!("refused {}", word(said["error"].as_str()))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => "no sense".into(),
        RequestTokenError::Request(never) => match *never {},
    }
}

fn answering(case: &Case) -> impl Fn(HttpRequest) -> Result<HttpResponse, Infallible> + '_ {
    move |_| Ok(reply(case.status, &case.content_type, case.body.clone()))
}

fn reply(status: u16, content_type: &str, body: Vec<u8>) -> HttpResponse {
    let mut reply = http::Response::builder().status(status);
    if !content_type.is_empty() {
        reply = reply.header("content-type", content_type);
    }
    reply.body(body).unwrap()
}
