//! Requests, written the way the provider wants them.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::time::Duration;

use zeroize::Zeroizing;

use crate::http::{Header, Method, Purpose, Request, RequestId};
use crate::map::Map;
use crate::provider::{ClientAuthentication, Encoding};
use crate::text::{cut, joined};
use crate::wire::json::Writer;
use crate::wire::{base64, form};
use crate::{Client, Endpoint, Secret};

/// What any of our requests may take in all.
const BUDGET: Duration = Duration::from_secs(30);

/// A request body in the making: each parameter once, none empty (RFC 6749 §3.2). No provider may
/// add one that a request has already, which [`Client::new`] sees to.
pub(crate) struct Parameters<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parameters<'a> {
    pub(crate) fn new(first: &[(&'a str, &'a str)]) -> Self {
        // What a provider adds and who asks have room as well.
        let mut parameters = Self(Vec::with_capacity(first.len() + 2));
        for (name, value) in first {
            parameters.push(name, value);
        }
        parameters
    }

    pub(crate) fn push(&mut self, name: &'a str, value: &'a str) {
        if !value.is_empty() {
            self.0.push((name, value));
        }
    }

    pub(crate) fn extend(&mut self, more: &'a Map<String>) {
        for (name, value) in more {
            self.push(name, value);
        }
    }

    /// `?name=value&…` behind an address that may have a query already.
    pub(crate) fn behind(&self, address: &str) -> String {
        let joint = match cut(address, b'?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let mut url = joined(&[address, joint]);
        self.write_form(&mut url);
        url
    }

    fn form(&self) -> Secret {
        let mut form = String::new();
        self.write_form(&mut form);
        Secret::new(form)
    }

    fn write_form(&self, to: &mut String) {
        let length = |(name, value): &(&str, &str)| name.len() + value.len() + 2;
        to.reserve(self.0.iter().map(length).sum::<usize>() + 64);
        for (at, (name, value)) in self.0.iter().enumerate() {
            if at > 0 {
                to.push('&');
            }
            form::escape(to, name);
            to.push('=');
            form::escape(to, value);
        }
    }

    fn json(&self) -> Secret {
        let mut object = Writer::new();
        self.0.iter().for_each(|(name, value)| object.string(name, value));
        object.finish()
    }
}

/// POSTs `parameters` and the client's proof of who it is (RFC 6749 §2.3).
pub(crate) fn post<'a>(
    client: &'a Client,
    id: RequestId,
    purpose: Purpose,
    endpoint: &Endpoint,
    encoding: Encoding,
    mut parameters: Parameters<'a>,
) -> Request {
    let mut headers = Vec::new();
    match (client.provider().token_endpoint_auth_method, client.client_secret()) {
        (ClientAuthentication::ClientSecretBasic, Some(secret)) => {
            headers.push(basic(client.client_id(), secret));
        }
        (ClientAuthentication::ClientSecretPost, Some(secret)) => {
            parameters.push("client_id", client.client_id());
            parameters.push("client_secret", secret.expose());
        }
        (_, _) => parameters.push("client_id", client.client_id()),
    }
    send(id, purpose, endpoint, encoding, headers, &parameters)
}

/// POSTs `parameters` alone, where the vendor wants no more.
pub(crate) fn post_bare(
    id: RequestId,
    purpose: Purpose,
    endpoint: &Endpoint,
    encoding: Encoding,
    parameters: &Parameters<'_>,
) -> Request {
    send(id, purpose, endpoint, encoding, Vec::new(), parameters)
}

fn send(
    id: RequestId,
    purpose: Purpose,
    endpoint: &Endpoint,
    encoding: Encoding,
    mut headers: Vec<Header>,
    parameters: &Parameters<'_>,
) -> Request {
    let (content_type, body) = match encoding {
        Encoding::Form => ("application/x-www-form-urlencoded", parameters.form()),
        Encoding::Json => ("application/json", parameters.json()),
    };
    headers.push(Header::new("accept", "application/json"));
    headers.push(Header::new("content-type", content_type));
    let url = endpoint.as_str().to_owned();
    Request { id, purpose, method: Method::Post, url, headers, body, budget: BUDGET }
}

/// GETs with headers alone.
pub(crate) fn get(
    id: RequestId,
    purpose: Purpose,
    endpoint: &Endpoint,
    mut headers: Vec<Header>,
) -> Request {
    headers.push(Header::new("accept", "application/json"));
    let url = endpoint.as_str().to_string();
    let body = Secret::default();
    Request { id, purpose, method: Method::Get, url, headers, body, budget: BUDGET }
}

/// Both parts are form-encoded before they are joined (RFC 6749 §2.3.1).
fn basic(client_id: &str, client_secret: &Secret) -> Header {
    let mut pair = Zeroizing::new(String::new());
    form::escape(&mut pair, client_id);
    pair.push(':');
    form::escape(&mut pair, client_secret.expose());
    Header::new("authorization", joined(&["Basic ", &base64::standard(pair.as_bytes())]))
}
