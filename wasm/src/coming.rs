//! Values on their way from JavaScript: the arguments of one call, each a JSON text.
//!
//! Whatever the types say, a page may send anything. What makes no sense is read as what does least: no
//! step in time, an answer that nobody could read, a store that failed.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use grantflow_core::json::{Number, Object, elements, string};
use grantflow_core::{
    Answer, Ask, Client, Configuration, Credential, Digest, Due, Loaded, Now, ProviderFile,
    RENEW_BEFORE, Redirects, RequestId, Response, Scope, Secret, StoreTrouble, TransportError,
};

use crate::out;

/// The name of a call comes first, then the moment of it, then the client where one is needed.
pub(crate) struct Arguments<'a>(Vec<&'a str>);

impl<'a> Arguments<'a> {
    /// The text of a call. It may hold secrets.
    pub(crate) fn text(call: Vec<u8>) -> Secret {
        Secret::new(String::from_utf8(call).unwrap_or_default())
    }

    pub(crate) fn read(text: &'a str) -> Self {
        Self(elements(text).unwrap_or_default())
    }

    pub(crate) fn raw(&self, at: usize) -> &'a str {
        self.0.get(at).copied().unwrap_or("null")
    }

    pub(crate) fn string(&self, at: usize) -> String {
        string(self.raw(at)).unwrap_or_default()
    }

    pub(crate) fn secret(&self, at: usize) -> Secret {
        Secret::new(self.string(at))
    }

    pub(crate) fn scope(&self, at: usize) -> Scope {
        Scope::parse(&self.string(at))
    }

    pub(crate) fn id(&self, at: usize) -> RequestId {
        RequestId::from_number(self.raw(at).parse().unwrap_or_default())
    }

    /// Ms, in fractions perhaps.
    pub(crate) fn duration(&self, at: usize) -> Duration {
        Duration::from_millis(whole(Number::parse(self.raw(at))))
    }

    pub(crate) fn now(&self) -> Now {
        let now = Object::parse(self.raw(1)).ok();
        let clock = |name| whole(now.as_ref().and_then(|now| Number::parse(now.raw(name)?)));
        Now { wall: clock("wall"), mono: clock("mono") }
    }

    fn object(&self, at: usize) -> Result<Object<'a>, Secret> {
        Object::parse(self.raw(at)).map_err(|_| out::misconfigured("an object is expected"))
    }

    pub(crate) fn client(&self) -> Result<Client, Secret> {
        let members = self.object(2)?;
        let provider = members.raw("provider").unwrap_or("null");
        // Without the presets, which would be a twentieth of the module and serve few pages.
        let file = ProviderFile::parse_with(provider, &|_| None)
            .map_err(|why| out::misconfigured(&why.to_text()))?;
        let patience = duration(&members, "patience");
        let configuration = Configuration { patience, ..file.configuration };
        Client::new(file.provider, configuration).map_err(|why| out::misconfigured(&why.to_text()))
    }

    pub(crate) fn redirects(&self, at: usize) -> Result<Redirects, Secret> {
        let members = self.object(at)?;
        let Some(address) = members.string("redirect_uri") else { return Ok(Redirects::page()) };
        let redirects =
            Redirects::address(address).map_err(|why| out::misconfigured(why.text()))?;
        Ok(if is_true(&members, "page") { redirects.or_page() } else { redirects })
    }

    pub(crate) fn credential(&self, at: usize) -> Result<Credential, Secret> {
        let saved = Secret::from(self.raw(at));
        Credential::restore(&saved).map_err(|why| out::misconfigured(&why.to_text()))
    }

    /// What became of a request.
    pub(crate) fn result(&self, at: usize, body: Vec<u8>) -> Result<Response, TransportError> {
        let members = Object::parse(self.raw(at)).map_err(|_| TransportError::Lost)?;
        match members.string("type").unwrap_or_default().as_str() {
            "response" => match members.integer("status").map(u16::try_from) {
                Some(Ok(status @ 100..)) => {
                    let retry_after = members.string("retry_after");
                    Ok(Response { retry_after, ..Response::new(status, body) })
                }
                _ => Err(TransportError::Lost),
            },
            "not_sent" => Err(TransportError::NotSent),
            _ => Err(TransportError::Lost),
        }
    }

    /// An object of the type `Ask`.
    pub(crate) fn ask(&self, at: usize) -> Result<Ask, Secret> {
        let members = self.object(at)?;
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
        let mut ask = Ask::new(due, members.string("who").unwrap_or_default());
        ask.account = members.string("account_id");
        ask.patience = duration(&members, "patience").unwrap_or(ask.patience);
        ask.budget = duration(&members, "budget").unwrap_or(ask.budget);
        ask.in_memory = is_true(&members, "in_memory");
        Ok(ask)
    }

    /// An object of the type `Answer`.
    pub(crate) fn answer(&self, at: usize) -> Answer {
        let Ok(members) = Object::parse(self.raw(at)) else {
            return Answer::Failed(StoreTrouble::Unreadable);
        };
        let record = || {
            let saved = members.raw("record").map(Secret::from);
            saved.map(|saved| Credential::restore(&saved).map(Box::new)).transpose()
        };
        let (kind, trouble) = (members.string("type"), members.string("trouble"));
        match kind.as_deref().unwrap_or_default() {
            "done" => Answer::Done,
            "held" => Answer::Held,
            "alive" => Answer::Alive(is_true(&members, "alive")),
            "loaded" => match record() {
                Ok(record) => Answer::Loaded(Box::new(Loaded {
                    record,
                    is_borrowed: is_true(&members, "is_borrowed"),
                    ledger: members.string("ledger"),
                    stash: members.string("stash").map(Secret::new),
                })),
                Err(_) => Answer::Failed(StoreTrouble::Unreadable),
            },
            "changed" => Answer::Changed(record().ok().flatten()),
            _ => Answer::Failed(match trouble.as_deref() {
                Some("not_writable") => StoreTrouble::NotWritable,
                Some("no_lock") => StoreTrouble::NoLock,
                Some("newer") => StoreTrouble::Newer,
                _ => StoreTrouble::Unreadable,
            }),
        }
    }
}

fn is_true(members: &Object<'_>, name: &str) -> bool {
    members.raw(name) == Some("true")
}

/// A member in whole ms.
fn duration(members: &Object<'_>, name: &str) -> Option<Duration> {
    members.integer(name).map(Duration::from_millis)
}

/// Clocks of JavaScript's count in fractions. What is no number, or below zero, is zero.
fn whole(number: Option<Number>) -> u64 {
    number.and_then(|number| u64::try_from(number.thousandths() / 1000).ok()).unwrap_or_default()
}
