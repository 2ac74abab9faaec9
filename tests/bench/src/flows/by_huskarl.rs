//! By `huskarl`. Its futures never wait here: the HTTP client answers at once, and its timer is
//! always there already.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use huskarl::core::client_auth::NoAuth;
use huskarl::core::http::{HttpClient, HttpResponse, Idempotency};
use huskarl::core::platform::MaybeSendBoxFuture;
use huskarl::core::time::{Duration, MonotonicInstant, Timer, TimerDomain};
use huskarl::grant::authorization_code::{self, AuthorizationCodeGrant, CompleteInput};
use huskarl::grant::device_authorization::{self, DeviceAuthorizationGrant};
use huskarl::grant::refresh::{RefreshGrant, RefreshGrantParameters};
use huskarl::prelude::*;
use huskarl::token::RefreshToken;

use super::{
    ACCESS_TOKEN, AUTHORIZATION_ENDPOINT, CLIENT_ID, DEVICE_ANSWERS, DEVICE_ENDPOINT, REDIRECT_URI,
    REFRESH_TOKEN, SCOPE, TOKEN_ENDPOINT, redirected,
};
use crate::ready;

/// Three grants.
pub struct Huskarl {
    browser: AuthorizationCodeGrant,
    device: DeviceAuthorizationGrant,
    refresh: RefreshGrant,
    old: RefreshToken,
    answers: Answers,
}

impl Default for Huskarl {
    fn default() -> Self {
        let answers = Answers::default();
        let browser = AuthorizationCodeGrant::builder()
            .client_id(CLIENT_ID)
            .http_client(answers.clone())
            .client_auth(NoAuth)
            .token_endpoint(TOKEN_ENDPOINT.parse().unwrap())
            .authorization_endpoint(AUTHORIZATION_ENDPOINT.parse().unwrap())
            .redirect_uri(REDIRECT_URI)
            .build();
        let device = DeviceAuthorizationGrant::builder()
            .client_id(CLIENT_ID)
            .http_client(answers.clone())
            .client_auth(NoAuth)
            .timer(Elapsed(TimerDomain::new()))
            .token_endpoint(TOKEN_ENDPOINT.parse().unwrap())
            .device_authorization_endpoint(DEVICE_ENDPOINT.parse().unwrap())
            .build();
        let (browser, refresh) = (ready(browser).unwrap(), device.to_refresh_grant());
        let old = RefreshToken::new(REFRESH_TOKEN.into(), None);
        Self { browser, device, refresh, old, answers }
    }
}

impl super::Logins for Huskarl {
    fn browser(&self) -> bool {
        self.answers.begin(3);
        let input = authorization_code::StartInput::scope(scopes());
        let begun = ready(self.browser.start(input)).unwrap();
        let redirect = redirected(&begun.authorization_url.to_string());
        let input: CompleteInput = redirect.parse().unwrap();
        let done = ready(self.browser.complete(&begun.pending_state, input)).unwrap();
        done.token_response.access_token().token().expose_secret() == ACCESS_TOKEN
    }

    fn device(&self) -> bool {
        self.answers.begin(0);
        let input = device_authorization::StartInput::builder().scope(scopes()).build();
        let mut begun = ready(self.device.start(input)).unwrap();
        let polling = self.device.poll_to_completion(&mut begun.pending_state, None);
        ready(polling).unwrap().access_token().token().expose_secret() == ACCESS_TOKEN
    }

    fn refresh(&self) -> bool {
        self.answers.begin(3);
        let parameters = RefreshGrantParameters::refresh_token(self.old.clone());
        let tokens = ready(self.refresh.exchange(parameters)).unwrap();
        tokens.access_token().token().expose_secret() == ACCESS_TOKEN
    }
}

fn scopes() -> Vec<String> {
    SCOPE.iter().map(|scope| (*scope).to_owned()).collect()
}

/// The answers of the device login, whose last is that of the others.
#[derive(Clone, Default)]
struct Answers {
    given: Arc<AtomicUsize>,
}

impl Answers {
    fn begin(&self, with: usize) {
        self.given.store(with, Ordering::Relaxed);
    }
}

impl HttpClient for Answers {
    fn execute(
        &self,
        request: Request<Bytes>,
        _: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, huskarl::core::Error>> {
        std::hint::black_box(request);
        let (status, body) = DEVICE_ANSWERS[self.given.fetch_add(1, Ordering::Relaxed)];
        let (status, body) =
            (StatusCode::from_u16(status).unwrap(), Bytes::from_static(body.as_bytes()));
        Box::pin(async move { Ok(HttpResponse { status, headers: HeaderMap::new(), body }) })
    }
}

/// A timer whose every deadline has come.
#[derive(Debug)]
struct Elapsed(TimerDomain);

impl Timer for Elapsed {
    fn now(&self) -> MonotonicInstant {
        MonotonicInstant::from_duration_since_origin(self.0, Duration::ZERO)
    }

    fn sleep_until(&self, _: MonotonicInstant) -> MaybeSendBoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
