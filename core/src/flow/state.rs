//! Every state and every transition of a login. Nothing here reads bytes; nothing elsewhere
//! changes a state. The tables in `docs/states.md` are printed from this machine as it runs.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::call::{Call, Repeat, Tries, Turn, not_exchanged, refused};
use crate::credential::Credential;
use crate::entropy::RequestIds;
use crate::error::Error;
use crate::flow::pace::Pace;
use crate::http::{Purpose, Request, RequestId, Response, TransportError};
use crate::machine::Step;
use crate::provider::TokenExchange;
use crate::rejected::Rejected;
use crate::scope::Scope;
use crate::time::Now;
use crate::wire::authorization::{self, Arrived, Redirect, Target};
use crate::wire::device::{self, Approved, DeviceCodes, DeviceReply};
use crate::wire::exchange::{self, Exchanged};
use crate::wire::pkce::CodeVerifier;
use crate::wire::reply::{Answer, Reading, Refusal};
use crate::wire::token::{self, CodeGrant, TokenReply};
use crate::{Client, Endpoint, Secret};

/// Named for what it awaits; a payload holds what is legal there and no more.
#[derive(Clone)]
pub(crate) enum State {
    /// A person signs in; a redirect or a paste will tell.
    AwaitingRedirect(BrowserLogin),
    /// The code is exchanged for tokens.
    RedeemingCode(CodeGrant, Call),
    /// A device login begins.
    RequestingCode(DeviceRequest, Call),
    /// A person approves elsewhere; polls ask whether they did.
    Polling(Box<DeviceLogin>, Call),
    /// The tokens are there, and the provider gives the usable one for them.
    ExchangingToken(Box<Exchange>, Call),
    /// It is over; the outcome is handed out once.
    Finished(Option<Box<Result<Credential, Error>>>),
}

#[derive(Clone)]
pub(crate) struct BrowserLogin {
    pub(crate) targets: Vec<Target>,
    pub(crate) code_verifier: CodeVerifier,
    pub(crate) deadline: u64,
}

#[derive(Clone)]
pub(crate) struct DeviceRequest {
    pub(crate) endpoint: Endpoint,
    pub(crate) code_verifier: Option<CodeVerifier>,
}

#[derive(Clone)]
pub(crate) struct DeviceLogin {
    pub(crate) codes: DeviceCodes,
    pub(crate) code_verifier: Option<CodeVerifier>,
    pub(crate) deadline: u64,
    pub(crate) pace: Pace,
}

#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) rules: TokenExchange,
    pub(crate) first: Credential,
}

/// What a transition may look at.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a Client,
    pub(crate) scope: &'a Scope,
    pub(crate) ids: &'a mut RequestIds,
    pub(crate) now: Now,
}

impl State {
    /// What to do now. Time alone ends a login that waits for a person.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Step {
        if let Some(error) = self.expired(cx.now) {
            *self = finished(Err(error));
        }
        let client = cx.client;
        match self {
            Self::AwaitingRedirect(login) => Step::Wait(Some(cx.now.until(login.deadline))),
            Self::RedeemingCode(grant, call) => {
                turn(call, cx, |id| token::redeem(client, id, grant))
            }
            Self::RequestingCode(DeviceRequest { endpoint, code_verifier }, call) => {
                let (scope, verifier) = (cx.scope, code_verifier.as_ref());
                turn(call, cx, |id| device::request_codes(client, endpoint, id, scope, verifier))
            }
            Self::Polling(login, call) => {
                let (codes, verifier) = (&login.codes, login.code_verifier.as_ref());
                let left = cx.now.until(login.deadline);
                match turn(call, cx, |id| device::poll(client, id, codes, verifier)) {
                    Step::Wait(Some(wait)) => Step::Wait(Some(wait.min(left))),
                    step @ (Step::Wait(None) | Step::Send(_) | Step::Done(_)) => step,
                }
            }
            Self::ExchangingToken(exchange, call) => {
                let Exchange { rules, first } = exchange.as_ref();
                turn(call, cx, |id| exchange::request(client, rules, id, &first.access_token))
            }
            Self::Finished(outcome) => match outcome.take() {
                Some(outcome) => Step::Done(*outcome),
                None => Step::Wait(None),
            },
        }
    }

    fn expired(&self, now: Now) -> Option<Error> {
        match self {
            Self::AwaitingRedirect(login) if now.mono >= login.deadline => {
                Some(Error::Expired { slow_downs: 0 })
            }
            // A poll that is out past the deadline is the server's to decide.
            Self::Polling(login, Call::Due { .. }) if now.mono >= login.deadline => {
                Some(Error::Expired { slow_downs: login.pace.slow_downs })
            }
            Self::AwaitingRedirect(_)
            | Self::RedeemingCode(..)
            | Self::RequestingCode(..)
            | Self::Polling(..)
            | Self::ExchangingToken(..)
            | Self::Finished(_) => None,
        }
    }

    /// A redirect. Only one that belongs to this login changes anything.
    pub(crate) fn redirected(
        &mut self,
        cx: &Context<'_>,
        redirect: Redirect<'_>,
    ) -> Result<(), Rejected> {
        let Self::AwaitingRedirect(login) = self else { return Err(Rejected::NotExpected) };
        *self = match authorization::read(cx.client, &login.targets, redirect)? {
            Arrived::Code { code, target } => {
                let Target { redirect_uri, state, .. } = login.targets.swap_remove(target);
                let code_verifier = login.code_verifier.secret().clone();
                let grant = CodeGrant { code, code_verifier, redirect_uri, state: Some(state) };
                Self::RedeemingCode(grant, Call::now(cx.now))
            }
            Arrived::Refused(code) => finished(Err(match code {
                Some(code) if code.as_str() == "access_denied" => Error::Denied,
                code => Error::Refused { purpose: None, code, status: None },
            })),
        };
        Ok(())
    }

    /// The answer to the request that is out.
    pub(crate) fn answered(
        &mut self,
        cx: &Context<'_>,
        id: RequestId,
        result: &Result<Response, TransportError>,
    ) -> Result<(), Rejected> {
        let tries = self.call().and_then(|call| call.answered_by(id)).ok_or(Rejected::Stale)?;
        *self = match core::mem::replace(self, Self::Finished(None)) {
            Self::RedeemingCode(grant, _) => redeemed(cx, grant, tries, result),
            Self::RequestingCode(request, _) => codes_came(cx, request, tries, result),
            Self::Polling(login, _) => polled(cx, login, tries, result),
            Self::ExchangingToken(exchange, _) => exchanged(cx, exchange, tries, result),
            idle @ (Self::AwaitingRedirect(_) | Self::Finished(_)) => idle,
        };
        Ok(())
    }

    pub(crate) fn call(&self) -> Option<&Call> {
        match self {
            Self::RedeemingCode(_, call)
            | Self::RequestingCode(_, call)
            | Self::Polling(_, call)
            | Self::ExchangingToken(_, call) => Some(call),
            Self::AwaitingRedirect(_) | Self::Finished(_) => None,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AwaitingRedirect(_) => "AwaitingRedirect",
            Self::RedeemingCode(..) => "RedeemingCode",
            Self::RequestingCode(..) => "RequestingCode",
            Self::Polling(..) => "Polling",
            Self::ExchangingToken(..) => "ExchangingToken",
            Self::Finished(_) => "Finished",
        }
    }
}

/// RFC 6749 §4.1.4. A code is good for one use: it is presented once, and once more only if the
/// first answer was lost.
fn redeemed(
    cx: &Context<'_>,
    grant: CodeGrant,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> State {
    let sent: Vec<&Secret> =
        [&grant.code, &grant.code_verifier].into_iter().chain(&grant.state).collect();
    let reading = cx.reading(&sent);
    let again = match reading.answer(result, |object| TokenReply::read(reading.rules(), object)) {
        Answer::Granted(reply) => return granted(cx, reply),
        Answer::Refused(refusal) if refusal.code() == "invalid_grant" && tries.lost > 0 => {
            Err(Error::OutcomeUnknown)
        }
        Answer::Refused(refusal) => Err(refused(Purpose::RedeemCode, refusal)),
        Answer::Bad(why) => Err(Error::BadResponse(why)),
        Answer::NotProcessed(trouble, after) => {
            tries.not_processed(Repeat::OnceMore, trouble, after, cx.now, cx.ids)
        }
        Answer::Lost(trouble) => tries.lost(Repeat::OnceMore, trouble, cx.now, cx.ids),
    };
    again.map_or_else(failed, |call| State::RedeemingCode(grant, call))
}

/// RFC 8628 §3.2.
fn codes_came(
    cx: &Context<'_>,
    request: DeviceRequest,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> State {
    let reading = cx.reading(&[]);
    let again = match reading.answer(result, |object| DeviceReply::read(cx.client, object)) {
        Answer::Granted(DeviceReply { codes, expires_in, interval }) => {
            let life = cx.client.patience().map_or(expires_in, |most| most.min(expires_in));
            let (deadline, pace) = (cx.now.plus(life), Pace::new(interval));
            let call = Call::Due { at: cx.now.plus(pace.delay()), tries: Tries::default() };
            let DeviceRequest { code_verifier, .. } = request;
            let login = DeviceLogin { codes, code_verifier, deadline, pace };
            return State::Polling(Box::new(login), call);
        }
        Answer::Refused(refusal) if is_not_offered(&refusal) => Err(Error::DeviceLoginUnavailable),
        Answer::Refused(refusal) => Err(refused(Purpose::RequestDeviceCode, refusal)),
        Answer::Bad(why) => Err(Error::BadResponse(why)),
        Answer::NotProcessed(trouble, after) => {
            tries.not_processed(Repeat::Freely, trouble, after, cx.now, cx.ids)
        }
        Answer::Lost(trouble) => tries.lost(Repeat::Freely, trouble, cx.now, cx.ids),
    };
    again.map_or_else(failed, |call| State::RequestingCode(request, call))
}

/// RFC 8628 §3.5.
fn polled(
    cx: &Context<'_>,
    mut login: Box<DeviceLogin>,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> State {
    let verifier = login.code_verifier.as_ref().map(CodeVerifier::secret);
    let sent: Vec<&Secret> = verifier.into_iter().chain([&login.codes.device_code]).collect();
    let answer = device::read_poll(cx.client, &cx.reading(&sent), result);
    let mut lost = 0;
    let mut at_least = Duration::ZERO;
    match answer {
        Answer::Granted(Approved::Tokens(reply)) => return granted(cx, reply),
        Answer::Granted(Approved::Code(grant)) => {
            return State::RedeemingCode(grant, Call::now(cx.now));
        }
        Answer::Bad(why) => return failed(Error::BadResponse(why)),
        Answer::Refused(refusal) => match refusal.code() {
            "authorization_pending" => {
                login.pace.answered();
                at_least = refusal.retry_after.unwrap_or_default();
            }
            "slow_down" => {
                login.pace.slow_down(refusal.interval);
                at_least = refusal.retry_after.unwrap_or_default();
            }
            "expired_token" => {
                return failed(Error::Expired { slow_downs: login.pace.slow_downs });
            }
            // The poll whose answer was lost had been approved, and spent the device code.
            "invalid_grant" if tries.lost > 0 => return failed(Error::OutcomeUnknown),
            _ => return failed(refused(Purpose::PollDevice, refusal)),
        },
        Answer::NotProcessed(_, after) => {
            login.pace.timed_out();
            (lost, at_least) = (tries.lost, after.unwrap_or_default());
        }
        Answer::Lost(_) => {
            login.pace.timed_out();
            lost = 1;
        }
    }
    let at = cx.now.plus(login.pace.delay().max(at_least));
    State::Polling(login, Call::Due { at, tries: Tries { unprocessed: 0, lost } })
}

/// Idempotent: the first token is not spent by it.
fn exchanged(
    cx: &Context<'_>,
    exchange: Box<Exchange>,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> State {
    let sent = [&exchange.first.access_token];
    let reading = cx.reading(&sent);
    let again = match reading.answer(result, |object| Exchanged::read(&exchange.rules, object)) {
        Answer::Granted(second) => return finished(Ok(second.onto(exchange.first, cx.now.wall))),
        Answer::Refused(refusal) => Err(not_exchanged(refusal)),
        Answer::Bad(why) => Err(Error::BadResponse(why)),
        Answer::NotProcessed(trouble, after) => {
            tries.not_processed(Repeat::Freely, trouble, after, cx.now, cx.ids)
        }
        Answer::Lost(trouble) => tries.lost(Repeat::Freely, trouble, cx.now, cx.ids),
    };
    again.map_or_else(failed, |call| State::ExchangingToken(exchange, call))
}

/// Tokens: the end, unless the provider gives the usable one for them.
fn granted(cx: &Context<'_>, reply: TokenReply) -> State {
    let provider = cx.client.provider();
    let first = reply.credential(cx.client, cx.scope, cx.now.wall);
    if provider.token.account.required && first.account.id.is_none() {
        return failed(Error::NoAccountId);
    }
    match provider.then.clone() {
        Some(rules) => {
            State::ExchangingToken(Box::new(Exchange { rules, first }), Call::now(cx.now))
        }
        None => finished(Ok(first)),
    }
}

/// How servers say that they have no device login, or none for this client.
fn is_not_offered(refusal: &Refusal) -> bool {
    match refusal.code() {
        "device_flow_disabled" | "unauthorized_client" | "unsupported_grant_type" => true,
        _ if refusal.is_registered() => false,
        "" => matches!(refusal.status, 401 | 403 | 404 | 405 | 422),
        _ => matches!(refusal.status, 404 | 405),
    }
}

fn failed(error: Error) -> State {
    finished(Err(error))
}

fn finished(outcome: Result<Credential, Error>) -> State {
    State::Finished(Some(Box::new(outcome)))
}

fn turn(call: &mut Call, cx: &mut Context<'_>, request: impl FnOnce(RequestId) -> Request) -> Step {
    match call.turn(cx.now, cx.ids) {
        Turn::Wait(wait) => Step::Wait(wait),
        Turn::Send(id) => Step::Send(request(id)),
    }
}

impl Context<'_> {
    fn reading<'r>(&'r self, sent: &'r [&'r Secret]) -> Reading<'r> {
        Reading { client: self.client, sent, wall_ms: self.now.wall }
    }
}
