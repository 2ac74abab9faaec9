//! Values on their way from JavaScript: plain objects, read member by member.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use grantflow_core as core_;
use grantflow_core::json::Object;
use grantflow_core::{
    Answer, Ask, Client, Configuration, Credential, Digest, Due, Entropy, Loaded, ProviderFile,
    RENEW_BEFORE, Redirects, RequestId, Response, Secret, StoreTrouble, TransportError,
};
use wasm_bindgen::prelude::*;

use crate::out::{Refusal, refusal};

// All of it may throw, whatever the types say, and an exception that runs through a call of a machine
// leaves it locked for good: so each is caught.
#[wasm_bindgen]
extern "C" {
    /// The moment of a call.
    #[wasm_bindgen(typescript_type = "Now")]
    pub type Now;
    #[wasm_bindgen(catch, method, getter)]
    fn wall(this: &Now) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, method, getter)]
    fn mono(this: &Now) -> Result<JsValue, JsValue>;

    /// What became of a request.
    #[wasm_bindgen(typescript_type = "Result")]
    pub type Outcome;
    #[wasm_bindgen(catch, method, getter, js_name = "type")]
    fn kind(this: &Outcome) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, method, getter)]
    fn status(this: &Outcome) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, method, getter)]
    fn retry_after(this: &Outcome) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, method, getter)]
    fn body(this: &Outcome) -> Result<Vec<u8>, JsValue>;

    /// Any other object. It is read as JSON, which costs one import for all of them.
    pub type Plain;
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = stringify)]
    fn json(plain: &Plain) -> Result<String, JsValue>;
}

/// A clock of JavaScript's counts in fractions, and never below zero.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// Strings are taken as values and asked what they are: the glue believes that a `&str` is one, and
/// writes past the end of its memory where it is not.
pub(crate) fn string(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

/// What is no number is zero: machines take no step back in time, and no status is below 100.
fn number(member: Result<JsValue, JsValue>) -> u64 {
    whole(member.ok().and_then(|member| member.as_f64()).unwrap_or_default())
}

impl From<&Now> for core_::Now {
    fn from(now: &Now) -> Self {
        Self { wall: number(now.wall()), mono: number(now.mono()) }
    }
}

/// What makes no sense is an answer that nobody could read.
pub(crate) fn result(outcome: &Outcome) -> Result<Response, TransportError> {
    match outcome.kind().map(|kind| string(&kind)).unwrap_or_default().as_str() {
        "response" => {
            let status = u16::try_from(number(outcome.status()));
            let (Ok(status @ 100..), Ok(body)) = (status, outcome.body()) else {
                return Err(TransportError::Lost);
            };
            let retry_after = outcome.retry_after().ok().and_then(|value| value.as_string());
            Ok(Response { retry_after, ..Response::new(status, body) })
        }
        "not_sent" => Err(TransportError::NotSent),
        _ => Err(TransportError::Lost),
    }
}

pub(crate) fn request_id(id: f64) -> RequestId {
    RequestId::from_number(whole(id))
}

/// The text of a plain object, to be read by [`members`].
pub(crate) fn text(plain: &Plain) -> String {
    json(plain).unwrap_or_default()
}

pub(crate) fn members(text: &str) -> Result<Object<'_>, JsValue> {
    Object::parse(text).map_err(|_| refusal(Refusal::Misconfigured, &"an object is expected"))
}

pub(crate) fn client(plain: &Plain) -> Result<Client, JsValue> {
    let text = text(plain);
    let members = members(&text)?;
    let provider = members.raw("provider").unwrap_or("null");
    // Without the presets, which would be a twentieth of the module and serve few pages.
    let file = ProviderFile::parse_with(provider, &|_| None)
        .map_err(|why| refusal(Refusal::Misconfigured, &why))?;
    let patience = duration(&members, "patience");
    let configuration = Configuration { patience, ..file.configuration };
    Client::new(file.provider, configuration).map_err(|why| refusal(Refusal::Misconfigured, &why))
}

pub(crate) fn redirects(plain: &Plain) -> Result<Redirects, JsValue> {
    let text = text(plain);
    let members = members(&text)?;
    let redirects = match members.string("redirect_uri") {
        Some(address) => {
            Redirects::address(address).map_err(|why| refusal(Refusal::Misconfigured, &why))?
        }
        None => return Ok(Redirects::page()),
    };
    Ok(if members.raw("page") == Some("true") { redirects.or_page() } else { redirects })
}

pub(crate) fn entropy() -> Result<Entropy, JsValue> {
    let mut bytes = [0; 128];
    getrandom::fill(&mut bytes)
        .map_err(|_| refusal(Refusal::NoEntropy, &"this platform gives no random numbers"))?;
    Ok(Entropy::new(bytes))
}

pub(crate) fn credential(plain: &Plain) -> Result<Credential, JsValue> {
    let saved = Secret::new(text(plain));
    Credential::restore(&saved).map_err(|why| refusal(Refusal::Misconfigured, &why))
}

/// An object of the type `Ask`.
pub(crate) fn ask(plain: &Plain) -> Result<Ask, JsValue> {
    let text = text(plain);
    let members = members(&text)?;
    let due = members.object("due");
    let still = due.as_ref().and_then(|due| Digest::parse(&due.string("still")?));
    let due = match (still, &due) {
        (Some(still), _) => Due::Still(still),
        (None, Some(due)) => Due::Within {
            min_ttl: duration(due, "min_ttl").unwrap_or_default(),
            margin: duration(due, "margin").unwrap_or(RENEW_BEFORE),
        },
        (None, None) => Due::within(Duration::ZERO),
    };
    let ask = Ask::new(due, members.string("who").unwrap_or_default());
    Ok(Ask {
        account: members.string("account_id"),
        patience: duration(&members, "patience").unwrap_or(ask.patience),
        budget: duration(&members, "budget").unwrap_or(ask.budget),
        in_memory: members.raw("in_memory") == Some("true"),
        ..ask
    })
}

/// An object of the type `Answer`. What makes no sense is a store that failed.
pub(crate) fn answer(plain: &Plain) -> Answer {
    let text = Secret::new(text(plain));
    let Ok(members) = Object::parse(text.expose()) else {
        return Answer::Failed(StoreTrouble::Unreadable);
    };
    let record = || {
        let saved = members.raw("record").map(Secret::from);
        saved.map(|saved| Credential::restore(&saved)).transpose()
    };
    let (kind, trouble) = (members.string("type"), members.string("trouble"));
    match kind.as_deref().unwrap_or_default() {
        "done" => Answer::Done,
        "held" => Answer::Held,
        "alive" => Answer::Alive(members.raw("alive") == Some("true")),
        "loaded" => match record() {
            Ok(record) => Answer::Loaded(Box::new(Loaded {
                record,
                is_borrowed: members.raw("is_borrowed") == Some("true"),
                ledger: members.string("ledger"),
                stash: members.string("stash").map(Secret::new),
            })),
            Err(_) => Answer::Failed(StoreTrouble::Unreadable),
        },
        "changed" => Answer::Changed(record().ok().flatten().map(Box::new)),
        _ => Answer::Failed(match trouble.as_deref() {
            Some("not_writable") => StoreTrouble::NotWritable,
            Some("no_lock") => StoreTrouble::NoLock,
            Some("newer") => StoreTrouble::Newer,
            _ => StoreTrouble::Unreadable,
        }),
    }
}

/// A member in whole ms.
fn duration(members: &Object<'_>, name: &str) -> Option<Duration> {
    members.integer(name).map(Duration::from_millis)
}
