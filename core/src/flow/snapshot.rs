//! Writing a login down and reading it back: one flat JSON object with a version.
//!
//! Restoring is defined by one sentence: the request that was out is `Lost`. Waits are kept as
//! what was left of them. The wall clock only tells how long the login lay in a drawer, which
//! shortens the wait for a person and never the wait between polls.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use zeroize::Zeroizing;

use crate::call::{Call, Tries};
use crate::credential::Credential;
use crate::endpoint::is_safe_page;
use crate::entropy::RequestIds;
use crate::flow::Flow;
use crate::flow::pace::Pace;
use crate::flow::state::{BrowserLogin, DeviceLogin, DeviceRequest, Exchange, State};
use crate::http::TransportError;
use crate::machine::Machine as _;
use crate::scope::Scope;
use crate::time::{Now, millis};
use crate::wire::authorization::{Target, Way};
use crate::wire::base64;
use crate::wire::device::{DeviceCodes, MAX_LIFE};
use crate::wire::json::{Object, Writer, strings};
use crate::wire::pkce::CodeVerifier;
use crate::wire::token::CodeGrant;
use crate::{Client, Secret};

/// The format that this version writes. It reads this one and every earlier one.
const VERSION: u64 = 1;

/// Why a snapshot was not restored. It is left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Not a snapshot, or a damaged one.
    Unreadable,
    /// A later version of this library wrote it.
    Newer,
    /// It belongs to another client, provider or endpoint.
    OtherClient,
}

impl SnapshotError {
    /// What [`fmt::Display`] shows.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unreadable => "not a saved login, or a damaged one: begin a new login",
            Self::Newer => "a newer version saved this login: continue it there",
            Self::OtherClient => "this login belongs to another client or endpoint",
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for SnapshotError {}

pub(crate) fn write(flow: &Flow) -> Option<Secret> {
    let (now, mut to) = (flow.clock, Writer::new());
    to.number("version", VERSION);
    to.string("client", &flow.client.fingerprint().to_text());
    to.string("state", flow.state.name());
    to.number("saved_at", now.wall);
    to.string("scope", flow.scope.as_str());
    let (seed, issued) = flow.ids.parts();
    to.string("seed", &base64::url_safe(seed));
    to.number("issued", issued.into());
    match flow.state.call() {
        Some(Call::Due { at, tries }) => {
            to.number("due_in", millis(now.until(*at)));
            write_tries(&mut to, *tries);
        }
        Some(Call::Sent { tries, .. }) => write_tries(&mut to, *tries),
        None => {}
    }
    match &flow.state {
        State::AwaitingRedirect(login) => {
            let mut listed = |name, text: fn(&Target) -> Option<&str>| {
                to.open_list(name);
                login.targets.iter().filter_map(text).for_each(|text| to.element(text));
                to.close_list();
            };
            listed("redirect_uris", |target| Some(&target.redirect_uri));
            listed("states", |target| Some(target.state.expose()));
            listed("pages", |target| (target.way == Way::Page).then_some(&target.redirect_uri));
            listed("bare", |target| target.takes_bare_code.then_some(&target.redirect_uri));
            to.string("code_verifier", login.code_verifier.secret().expose());
            to.number("expires_in", millis(now.until(login.deadline)));
        }
        State::RedeemingCode(grant, _) => {
            to.string("code", grant.code.expose());
            to.string("code_verifier", grant.code_verifier.expose());
            to.string("redirect_uri", &grant.redirect_uri);
            to.optional("sent_state", grant.state.as_ref().map(Secret::expose));
        }
        State::RequestingCode(request, _) => {
            write_verifier(&mut to, request.code_verifier.as_ref());
        }
        State::Polling(login, _) => {
            write_verifier(&mut to, login.code_verifier.as_ref());
            to.string("device_code", login.codes.device_code.expose());
            to.string("user_code", &login.codes.user_code);
            to.string("verification_uri", &login.codes.verification_uri);
            let complete = login.codes.verification_uri_complete.as_deref();
            to.optional("verification_uri_complete", complete);
            to.number("expires_in", millis(now.until(login.deadline)));
            to.number("interval", millis(login.pace.interval));
            to.number("timeouts", login.pace.timeouts.into());
            to.number("slow_downs", login.pace.slow_downs.into());
        }
        // Whose it is and where it is used stand in the client.
        State::ExchangingToken(exchange, _) => {
            let mut first = exchange.first.clone();
            first.origin.clear();
            first.api_base = None;
            to.raw("first", first.save().expose());
        }
        State::Finished(_) => return None,
    }
    Some(to.finish())
}

fn write_tries(to: &mut Writer, tries: Tries) {
    to.number("unprocessed", tries.unprocessed.into());
    to.number("lost", tries.lost.into());
}

fn write_verifier(to: &mut Writer, code_verifier: Option<&CodeVerifier>) {
    to.optional("code_verifier", code_verifier.map(|verifier| verifier.secret().expose()));
}

pub(crate) fn read(client: &Client, snapshot: &Secret, now: Now) -> Result<Flow, SnapshotError> {
    let object = Object::parse(snapshot.expose()).map_err(|_| SnapshotError::Unreadable)?;
    match object.integer("version") {
        Some(VERSION) => {}
        Some(version) if version > VERSION => return Err(SnapshotError::Newer),
        Some(_) | None => return Err(SnapshotError::Unreadable),
    }
    if object.string("client").as_deref() != Some(client.fingerprint().to_text().as_str()) {
        return Err(SnapshotError::OtherClient);
    }
    restored(client, &object, now).ok_or(SnapshotError::Unreadable)
}

fn restored(client: &Client, object: &Object<'_>, now: Now) -> Option<Flow> {
    let scope = Scope::parse(&object.string("scope")?);
    let mut ids = RequestIds::new(seed(object)?, small(object, "issued")?);
    let in_drawer = now.wall.saturating_sub(object.integer("saved_at")?);
    let deadline = || {
        let left = object.integer("expires_in")?.saturating_sub(in_drawer);
        Some(now.plus(Duration::from_millis(left)))
    };
    let name = object.string("state")?;
    let mut call = || {
        let tries = Tries::restored(small(object, "unprocessed")?, small(object, "lost")?)?;
        Some(match object.integer("due_in") {
            Some(left) => Call::Due { at: now.plus(Duration::from_millis(left)), tries },
            None => Call::Sent { id: ids.next(), tries },
        })
    };
    let state = match name.as_str() {
        "AwaitingRedirect" => State::AwaitingRedirect(browser_login(object, deadline()?)?),
        "RedeemingCode" => State::RedeemingCode(code_grant(object)?, call()?),
        "RequestingCode" => State::RequestingCode(device_request(client, object)?, call()?),
        "Polling" => {
            let deadline = deadline()?.min(now.plus(MAX_LIFE));
            State::Polling(device_login(client, object, deadline)?, call()?)
        }
        "ExchangingToken" => State::ExchangingToken(exchange(client, object)?, call()?),
        _ => return None,
    };
    let mut flow = Flow { client: client.clone(), scope, ids, clock: now, state };
    if let Some(&Call::Sent { id, .. }) = flow.state.call() {
        flow.handle_response(now, id, &Err(TransportError::Lost)).ok()?;
    }
    Some(flow)
}

fn browser_login(object: &Object<'_>, deadline: u64) -> Option<BrowserLogin> {
    let list = |name| strings(object.raw(name)?);
    let (redirect_uris, states) = (list("redirect_uris")?, list("states")?);
    let (pages, bare) = (list("pages")?, list("bare")?);
    if redirect_uris.is_empty() || redirect_uris.len() != states.len() {
        return None;
    }
    let mut targets = Vec::new();
    for (redirect_uri, state) in redirect_uris.into_iter().zip(states) {
        targets.push(Target {
            way: if pages.contains(&redirect_uri) { Way::Page } else { Way::Redirect },
            takes_bare_code: bare.contains(&redirect_uri),
            redirect_uri,
            state: Secret::new(state),
        });
    }
    Some(BrowserLogin { targets, code_verifier: code_verifier(object)?, deadline })
}

fn code_grant(object: &Object<'_>) -> Option<CodeGrant> {
    Some(CodeGrant {
        code: object.secret("code")?,
        code_verifier: object.secret("code_verifier")?,
        redirect_uri: object.string("redirect_uri")?,
        state: object.secret("sent_state"),
    })
}

fn device_request(client: &Client, object: &Object<'_>) -> Option<DeviceRequest> {
    let endpoint = client.provider().device_authorization_endpoint.clone()?;
    Some(DeviceRequest { endpoint, code_verifier: device_verifier(client, object).ok()? })
}

fn device_login(client: &Client, object: &Object<'_>, deadline: u64) -> Option<Box<DeviceLogin>> {
    let shown = |name| object.string(name).filter(|uri| is_safe_page(uri));
    let interval = Duration::from_millis(object.integer("interval")?);
    let (timeouts, slow_downs) = (small(object, "timeouts")?, small(object, "slow_downs")?);
    Some(Box::new(DeviceLogin {
        codes: DeviceCodes {
            device_code: object.secret("device_code")?,
            user_code: object.string("user_code")?,
            verification_uri: shown("verification_uri")?,
            verification_uri_complete: shown("verification_uri_complete"),
        },
        code_verifier: device_verifier(client, object).ok()?,
        deadline,
        pace: Pace::restored(interval, timeouts, slow_downs),
    }))
}

fn exchange(client: &Client, object: &Object<'_>) -> Option<Box<Exchange>> {
    let provider = client.provider();
    let mut first = Credential::restore(&Secret::new(object.raw("first")?)).ok()?;
    first.origin = provider.origin();
    first.api_base.clone_from(&provider.api.base);
    Some(Box::new(Exchange { rules: provider.then.clone()?, first: Box::new(first) }))
}

/// The verifier of a device login: there exactly where the provider wants one.
fn device_verifier(
    client: &Client,
    object: &Object<'_>,
) -> Result<Option<CodeVerifier>, SnapshotError> {
    let is_there = object.raw("code_verifier").is_some();
    let verifier = code_verifier(object);
    if is_there == client.provider().device.code_challenge && is_there == verifier.is_some() {
        Ok(verifier)
    } else {
        Err(SnapshotError::Unreadable)
    }
}

fn code_verifier(object: &Object<'_>) -> Option<CodeVerifier> {
    CodeVerifier::parse(object.secret("code_verifier")?).ok()
}

fn small<N: TryFrom<u64>>(object: &Object<'_>, name: &str) -> Option<N> {
    object.integer(name)?.try_into().ok()
}

fn seed(object: &Object<'_>) -> Option<Zeroizing<[u8; 32]>> {
    let seed = Zeroizing::new(base64::decode_url_safe(&object.string("seed")?)?);
    Some(Zeroizing::new(seed.as_slice().try_into().ok()?))
}
