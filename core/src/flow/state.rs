//! Every state and every transition of a login. Nothing here reads bytes; nothing elsewhere
//! changes a state. The tables in `docs/states.md` are printed from this machine as it runs.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::call::{Call, Repeat, Tries, Turn, refused};
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
use crate::wire::exchange;
use crate::wire::pkce::CodeVerifier;
use crate::wire::reply::{Failure, Reading, Refusal};
use crate::wire::token::{self, CodeGrant};
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
    Finished(Option<Result<Box<Credential>, Error>>),
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
    pub(crate) first: Box<Credential>,
}

/// What a transition may look at.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a Client,
    pub(crate) scope: &'a Scope,
    pub(crate) ids: &'a mut RequestIds,
    pub(crate) now: Now,
}

/// Where an answer leads.
enum Next {
    /// The same request again.
    Again(Call),
    State(State),
}

impl State {
    /// What to do now. Time alone ends a login that waits for a person.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Step {
        if let Some(error) = self.expired(cx.now) {
            *self = Self::Finished(Some(Err(error)));
        }
        let client = cx.client;
        match self {
            Self::AwaitingRedirect(login) => Step::Wait(Some(cx.now.until(login.deadline))),
            Self::RedeemingCode(grant, call) => {
                turn(call, cx, &|id| token::redeem(client, id, grant))
            }
            Self::RequestingCode(DeviceRequest { endpoint, code_verifier }, call) => {
                let (scope, verifier) = (cx.scope, code_verifier.as_ref());
                turn(call, cx, &|id| device::request_codes(client, endpoint, id, scope, verifier))
            }
            Self::Polling(login, call) => {
                let (codes, verifier) = (&login.codes, login.code_verifier.as_ref());
                let left = cx.now.until(login.deadline);
                match turn(call, cx, &|id| device::poll(client, id, codes, verifier)) {
                    Step::Wait(Some(wait)) => Step::Wait(Some(wait.min(left))),
                    step @ (Step::Wait(None) | Step::Send(_) | Step::Done(_)) => step,
                }
            }
            Self::ExchangingToken(exchange, call) => {
                let Exchange { rules, first } = exchange.as_ref();
                turn(call, cx, &|id| exchange::request(client, rules, id, &first.access_token))
            }
            Self::Finished(outcome) => match outcome.take() {
                Some(outcome) => Step::Done(outcome.map(|credential| *credential)),
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
                let mut targets = core::mem::take(&mut login.targets).into_iter();
                let target = targets.nth(target).ok_or(Rejected::StateMismatch)?;
                let Target { redirect_uri, state, .. } = target;
                let code_verifier = login.code_verifier.secret().clone();
                let grant = CodeGrant { code, code_verifier, redirect_uri, state: Some(state) };
                Self::RedeemingCode(grant, Call::now(cx.now))
            }
            Arrived::Refused(code) => Self::Finished(Some(Err(match code {
                Some(code) if code.as_str() == "access_denied" => Error::Denied,
                code => Error::Refused { purpose: None, code, status: None },
            }))),
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
        let (next, call) = match self {
            Self::RedeemingCode(grant, call) => {
                (redeemed(cx, grant, call.answered_by(id)?, result), call)
            }
            Self::RequestingCode(request, call) => {
                (codes_came(cx, request, call.answered_by(id)?, result), call)
            }
            Self::Polling(login, call) => (polled(cx, login, call.answered_by(id)?, result), call),
            Self::ExchangingToken(exchange, call) => {
                (exchanged(cx, exchange, call.answered_by(id)?, result), call)
            }
            Self::AwaitingRedirect(_) | Self::Finished(_) => return Err(Rejected::Stale),
        };
        match next {
            Next::Again(again) => *call = again,
            Next::State(next) => *self = next,
        }
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
    grant: &CodeGrant,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> Next {
    let sent = [Some(&grant.code), Some(&grant.code_verifier), grant.state.as_ref()];
    let first = cx
        .reading(&sent)
        .granted(result)
        .and_then(|object| Ok(token::read(cx.client, &object, cx.scope, cx.now.wall)?));
    match first {
        Ok(first) => granted(cx, first),
        Err(Failure::Refused(refusal)) if refusal.code() == "invalid_grant" && tries.lost > 0 => {
            failed(Error::OutcomeUnknown)
        }
        Err(failure) => again(cx, Purpose::RedeemCode, Repeat::OnceMore, tries, failure),
    }
}

/// RFC 8628 §3.2.
fn codes_came(
    cx: &Context<'_>,
    request: &mut DeviceRequest,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> Next {
    let reply = cx.reading(&[]).granted(result);
    match reply.and_then(|object| Ok(DeviceReply::read(cx.client, &object)?)) {
        Ok(DeviceReply { codes, expires_in, interval }) => {
            let life = cx.client.patience().map_or(expires_in, |most| most.min(expires_in));
            let (deadline, pace) = (cx.now.plus(life), Pace::new(interval));
            let call = Call::Due { at: cx.now.plus(pace.delay()), tries: Tries::default() };
            let code_verifier = request.code_verifier.take();
            let login = DeviceLogin { codes, code_verifier, deadline, pace };
            Next::State(State::Polling(Box::new(login), call))
        }
        Err(Failure::Refused(refusal)) if is_not_offered(&refusal) => {
            failed(Error::DeviceLoginUnavailable)
        }
        Err(failure) => again(cx, Purpose::RequestDeviceCode, Repeat::Freely, tries, failure),
    }
}

/// RFC 8628 §3.5.
fn polled(
    cx: &Context<'_>,
    login: &mut DeviceLogin,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> Next {
    let verifier = login.code_verifier.as_ref().map(CodeVerifier::secret);
    let sent = [verifier, Some(&login.codes.device_code)];
    let mut lost = 0;
    let at_least = match device::read_poll(&cx.reading(&sent), cx.scope, result) {
        Ok(Approved::Tokens(first)) => return granted(cx, first),
        Ok(Approved::Code(grant)) => {
            return Next::State(State::RedeemingCode(grant, Call::now(cx.now)));
        }
        Err(Failure::Bad(why)) => return failed(Error::BadResponse(why)),
        Err(Failure::Refused(refusal)) => {
            match refusal.code() {
                "authorization_pending" => login.pace.answered(),
                "slow_down" => login.pace.slow_down(refusal.interval),
                "expired_token" => {
                    return failed(Error::Expired { slow_downs: login.pace.slow_downs });
                }
                // The poll whose answer was lost had been approved, and spent the device code.
                "invalid_grant" if tries.lost > 0 => return failed(Error::OutcomeUnknown),
                _ => return failed(refused(Purpose::PollDevice, refusal)),
            }
            refusal.retry_after
        }
        Err(Failure::NotProcessed(_, after)) => {
            login.pace.timed_out();
            lost = tries.lost;
            after
        }
        Err(Failure::Lost(_)) => {
            login.pace.timed_out();
            lost = 1;
            None
        }
    };
    let at = cx.now.plus(login.pace.delay().max(at_least.unwrap_or_default()));
    Next::Again(Call::Due { at, tries: Tries { unprocessed: 0, lost } })
}

/// Idempotent: the first token is not spent by it.
fn exchanged(
    cx: &Context<'_>,
    exchange: &Exchange,
    tries: Tries,
    result: &Result<Response, TransportError>,
) -> Next {
    let Exchange { rules, first } = exchange;
    let sent = [Some(&first.access_token)];
    let reply = cx.reading(&sent).granted(result);
    match reply.and_then(|object| Ok(exchange::read(rules, &object, first, cx.now.wall)?)) {
        Ok(second) => Next::State(State::Finished(Some(Ok(second)))),
        Err(failure) => again(cx, Purpose::ExchangeToken, Repeat::Freely, tries, failure),
    }
}

/// Tokens: the end, unless the provider gives the usable one for them.
fn granted(cx: &Context<'_>, first: Box<Credential>) -> Next {
    let provider = cx.client.provider();
    if provider.token.account.required && first.account.id.is_none() {
        return failed(Error::NoAccountId);
    }
    Next::State(match provider.then.clone() {
        Some(rules) => {
            State::ExchangingToken(Box::new(Exchange { rules, first }), Call::now(cx.now))
        }
        None => State::Finished(Some(Ok(first))),
    })
}

/// The same request after a while, or the end.
fn again(
    cx: &Context<'_>,
    purpose: Purpose,
    repeat: Repeat,
    tries: Tries,
    failure: Failure,
) -> Next {
    let again = match failure {
        Failure::Refused(refusal) => Err(refused(purpose, refusal)),
        Failure::Bad(why) => Err(Error::BadResponse(why)),
        Failure::NotProcessed(trouble, after) => {
            tries.not_processed(repeat, trouble, after, cx.now, cx.ids)
        }
        Failure::Lost(trouble) => tries.lost(repeat, trouble, cx.now, cx.ids),
    };
    again.map_or_else(failed, Next::Again)
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

fn failed(error: Error) -> Next {
    Next::State(State::Finished(Some(Err(error))))
}

fn turn(call: &mut Call, cx: &mut Context<'_>, request: &dyn Fn(RequestId) -> Request) -> Step {
    match call.turn(cx.now, cx.ids) {
        Turn::Wait(wait) => Step::Wait(wait),
        Turn::Send(id) => Step::Send(request(id)),
    }
}

impl Context<'_> {
    fn reading<'r>(&'r self, sent: &'r [Option<&'r Secret>]) -> Reading<'r> {
        Reading { client: self.client, sent, wall_ms: self.now.wall }
    }
}
