//! The machine that keeps a credential fresh, and the only code that spends a refresh token.
//!
//! It is one exchange: what surrounds it (a lock, reading the record again, writing it durably)
//! is the host's, and has to stand around the whole of it.

use alloc::boxed::Box;
use core::fmt;

use crate::call::{Call, Repeat, Turn, not_exchanged, refused};
use crate::credential::Credential;
use crate::entropy::{Entropy, RequestIds};
use crate::error::{Error, Rejected};
use crate::http::{Purpose, Request, RequestId, Response, TransportError};
use crate::machine::{Machine, Step};
use crate::provider::TokenExchange;
use crate::time::Now;
use crate::wire::exchange::{self, Exchanged};
use crate::wire::reply::{Answer, Reading};
use crate::wire::token::{self, TokenReply};
use crate::{Client, Misconfigured, Secret};

/// A renewal under way: a refresh token for new tokens (RFC 6749 §6), or the first token for a new
/// second one.
///
/// The refresh token is presented once. Only where the server certainly did not act is it sent
/// again; where it may have acted, the outcome is [`Error::OutcomeUnknown`] and the token is kept.
pub struct Renewal {
    client: Client,
    ids: RequestIds,
    clock: Now,
    state: State,
}

enum State {
    RefreshingToken(Box<(Credential, Secret)>, Call),
    ExchangingToken(Box<(Credential, Secret, TokenExchange)>, Call),
    Finished(Option<Box<Result<Credential, Error>>>),
}

impl Renewal {
    /// Renews `credential`, which stays what it is until the new one is there.
    ///
    /// # Errors
    /// [`Misconfigured::ForeignCredential`] if another client or endpoint issued it, so that a
    /// preset whose endpoint was overridden is never sent a token from elsewhere;
    /// [`Misconfigured::NotRenewable`] if there is nothing to renew it by.
    pub fn new(
        client: &Client,
        credential: Credential,
        entropy: &Entropy,
        now: Now,
    ) -> Result<Self, Misconfigured> {
        let provider = client.provider();
        let is_ours = credential.provider == provider.id
            && credential.origin == provider.origin()
            && credential.client_id == client.client_id();
        if !is_ours {
            return Err(Misconfigured::ForeignCredential);
        }
        let tokens = (credential.subject_token.clone(), credential.refresh_token.clone());
        let state = match (tokens, provider.then.clone()) {
            ((Some(subject), _), Some(rules)) => {
                State::ExchangingToken(Box::new((credential, subject, rules)), Call::now(now))
            }
            ((_, Some(refresh)), _) => {
                State::RefreshingToken(Box::new((credential, refresh)), Call::now(now))
            }
            ((_, None), _) => return Err(Misconfigured::NotRenewable),
        };
        Ok(Self { client: client.clone(), ids: entropy.ids(), clock: now, state })
    }
}

impl Machine for Renewal {
    fn state(&self) -> &'static str {
        match self.state {
            State::RefreshingToken(..) => "RefreshingToken",
            State::ExchangingToken(..) => "ExchangingToken",
            State::Finished(_) => "Finished",
        }
    }

    fn poll(&mut self, now: Now) -> Step {
        self.clock = now.after(self.clock);
        let client = &self.client;
        let (call, request): (_, &dyn Fn(RequestId) -> Request) = match &mut self.state {
            State::RefreshingToken(held, call) => (call, &|id| token::refresh(client, id, &held.1)),
            State::ExchangingToken(held, call) => {
                (call, &|id| exchange::request(client, &held.2, id, &held.1))
            }
            State::Finished(outcome) => {
                return match outcome.take() {
                    Some(outcome) => Step::Done(*outcome),
                    None => Step::Wait(None),
                };
            }
        };
        match call.turn(self.clock, &mut self.ids) {
            Turn::Wait(wait) => Step::Wait(wait),
            Turn::Send(id) => Step::Send(request(id)),
        }
    }

    fn handle_response(
        &mut self,
        now: Now,
        id: RequestId,
        result: &Result<Response, TransportError>,
    ) -> Result<(), Rejected> {
        self.clock = now.after(self.clock);
        let (State::RefreshingToken(_, call) | State::ExchangingToken(_, call)) = &self.state
        else {
            return Err(Rejected::Stale);
        };
        let tries = call.answered_by(id).ok_or(Rejected::Stale)?;
        let (now, ids, client) = (self.clock, &self.ids, &self.client);
        self.state = match core::mem::replace(&mut self.state, State::Finished(None)) {
            State::RefreshingToken(held, _) => {
                let reading = Reading { client, sent: &[&held.1], wall_ms: now.wall };
                let again = match reading
                    .answer(result, |object| TokenReply::read(reading.rules(), object))
                {
                    Answer::Granted(reply) => Err(Ok(reply.renew(client, &held.0, now.wall))),
                    Answer::Refused(refusal) => Err(Err(refused(Purpose::Refresh, refusal))),
                    // A definite success that makes no sense may have rotated the token all the
                    // same.
                    Answer::Bad(_) => Err(Err(Error::OutcomeUnknown)),
                    Answer::NotProcessed(trouble, after) => {
                        tries.not_processed(Repeat::Never, trouble, after, now, ids).map_err(Err)
                    }
                    Answer::Lost(trouble) => {
                        tries.lost(Repeat::Never, trouble, now, ids).map_err(Err)
                    }
                };
                again.map_or_else(finished, |call| State::RefreshingToken(held, call))
            }
            State::ExchangingToken(held, _) => {
                let reading = Reading { client, sent: &[&held.1], wall_ms: now.wall };
                let again = match reading.answer(result, |object| Exchanged::read(&held.2, object))
                {
                    Answer::Granted(second) => Err(Ok(second.onto(held.0.clone(), now.wall))),
                    Answer::Refused(refusal) => Err(Err(not_exchanged(refusal))),
                    Answer::Bad(why) => Err(Err(Error::BadResponse(why))),
                    Answer::NotProcessed(trouble, after) => {
                        tries.not_processed(Repeat::Freely, trouble, after, now, ids).map_err(Err)
                    }
                    Answer::Lost(trouble) => {
                        tries.lost(Repeat::Freely, trouble, now, ids).map_err(Err)
                    }
                };
                again.map_or_else(finished, |call| State::ExchangingToken(held, call))
            }
            State::Finished(outcome) => State::Finished(outcome),
        };
        Ok(())
    }
}

fn finished(outcome: Result<Credential, Error>) -> State {
    State::Finished(Some(Box::new(outcome)))
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Renewal({})", self.state())
    }
}
