//! What every machine here is to a host.

use core::time::Duration;

use crate::credential::Credential;
use crate::error::Error;
use crate::http::{Request, RequestId, Response, TransportError};
use crate::rejected::Rejected;
use crate::time::Now;

/// What to do next: three things and no more.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "the large one is handed out once, at the end")]
pub enum Step {
    /// Perform this request and answer with its id.
    Send(Request),
    /// Poll again after this long, or sooner; without a duration only an input can move things.
    Wait(Option<Duration>),
    /// It is over. Said once; after it there is nothing to wait for.
    Done(Result<Credential, Error>),
}

/// A [`Flow`](crate::Flow), or anything else that one loop can drive to a credential. A
/// [`Renewal`](crate::Renewal) has steps of its own ([`RenewalStep`](crate::RenewalStep)).
pub trait Machine {
    /// The name of the state it is in, as in `docs/states.md`: what it awaits.
    fn state(&self) -> &'static str;

    /// What to do now. Calling it too often does no harm.
    fn poll(&mut self, now: Now) -> Step;

    /// The answer to [`Step::Send`]; every one is answered once.
    ///
    /// # Errors
    /// [`Rejected::Stale`] if that request is not, or no longer, out; nothing changes then.
    fn handle_response(
        &mut self,
        now: Now,
        id: RequestId,
        result: &Result<Response, TransportError>,
    ) -> Result<(), Rejected>;
}
