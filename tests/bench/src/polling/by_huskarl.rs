//! The loop of `huskarl` as it is shipped, over a timer of ours. It sends polls as requests whose
//! repetition may do harm; a client that loses one must not call that worth a retry, so that a lost
//! poll ends the login. That is how its own trait for HTTP clients has it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use huskarl::core::client_auth::NoAuth;
use huskarl::core::http::{HttpClient, HttpResponse, Idempotency};
use huskarl::core::platform::MaybeSendBoxFuture;
use huskarl::core::time::{Duration, MonotonicInstant, Timer, TimerDomain};
use huskarl::core::{Error, RetryAdvice};
use huskarl::grant::device_authorization::{DeviceAuthorizationGrant, StartInput};

use super::{CLIENT_ID, Shared, lock, sent};
use crate::ready;

/// Whether the login comes to a token.
pub fn login(world: &Shared) -> bool {
    let issuer = grantflow_tests::local::ISSUER;
    let grant = DeviceAuthorizationGrant::builder()
        .client_id(CLIENT_ID)
        .http_client(Network(Arc::clone(world)))
        .client_auth(NoAuth)
        .timer(ClientsClock(TimerDomain::new(), Arc::clone(world)))
        .token_endpoint(format!("{issuer}/token").parse().unwrap())
        .device_authorization_endpoint(format!("{issuer}/device_authorization").parse().unwrap())
        .build();
    let mut begun = ready(grant.start(StartInput::builder().build())).unwrap();
    ready(grant.poll_to_completion(&mut begun.pending_state, None)).is_ok()
}

struct Network(Shared);

impl HttpClient for Network {
    fn execute(
        &self,
        request: Request<Bytes>,
        idempotency: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, Error>> {
        let advice = match idempotency {
            Idempotency::Idempotent => RetryAdvice::RETRY,
            Idempotency::Unknown => RetryAdvice::No,
        };
        let answer =
            lock(&self.0).deliver(&sent(&request)).ok_or_else(|| Error::new(advice, "it broke"));
        let answer = answer.map(|(status, body)| HttpResponse {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        });
        Box::pin(std::future::ready(answer))
    }
}

struct ClientsClock(TimerDomain, Shared);

impl Timer for ClientsClock {
    fn now(&self) -> MonotonicInstant {
        let now = Duration::from_micros(lock(&self.1).now());
        MonotonicInstant::from_duration_since_origin(self.0, now)
    }

    fn sleep_until(&self, deadline: MonotonicInstant) -> MaybeSendBoxFuture<'_, ()> {
        let mut world = lock(&self.1);
        let deadline = u64::try_from(deadline.duration_since_origin().as_micros()).unwrap();
        let wait = deadline.saturating_sub(world.now());
        world.sleep(wait);
        Box::pin(std::future::ready(()))
    }
}

impl fmt::Debug for ClientsClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientsClock")
    }
}
