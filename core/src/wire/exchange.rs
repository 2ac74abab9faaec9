//! One token for another: GitHub's for Copilot's short-lived one.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::credential::Credential;
use crate::error::BadResponse;
use crate::http::{Header, Purpose, Request, RequestId};
use crate::provider::TokenExchange;
use crate::text::{joined, parts, trimmed, without_end};
use crate::wire::claims::plausible_seconds;
use crate::wire::json::{Number, Object};
use crate::wire::{request, token};
use crate::{Client, Endpoint, Secret};

/// GET with the first token as a bearer.
pub(crate) fn request(
    client: &Client,
    exchange: &TokenExchange,
    id: RequestId,
    subject_token: &Secret,
) -> Request {
    let mut headers = Vec::new();
    client.add_headers(&mut headers, &exchange.headers, None);
    let bearer = joined(&["Bearer ", subject_token.expose()]);
    headers.push(Header::new("authorization", bearer));
    request::get(id, Purpose::ExchangeToken, &exchange.endpoint, headers)
}

/// The first credential with the second token in front, and where to use that.
pub(crate) fn read(
    exchange: &TokenExchange,
    object: &Object<'_>,
    first: &Credential,
    now: u64,
) -> Result<Box<Credential>, BadResponse> {
    let token = token::required_token(object, "token")?;
    let mut second = Box::new(first.clone());
    let api = object.object("endpoints").and_then(|endpoints| endpoints.string("api"));
    let api = api.map(|url| without_end(&url, "/").to_string());
    let api = api.or_else(|| proxy_endpoint(&token)).and_then(|url| api_base(exchange, url));
    if api.is_some() {
        second.api_base = api;
    }
    let first_token = core::mem::replace(&mut second.access_token, token);
    second.subject_token.get_or_insert(first_token);
    let number = |name| object.number(name).map(Number::thousandths);
    let refresh_in = number("refresh_in")
        .and_then(|ms| u64::try_from(ms / 1000).ok())
        .filter(|seconds| (1..=31_536_000).contains(seconds));
    second.renew_at = refresh_in.map(|seconds| now.saturating_add(seconds * 1000));
    let expires_at = number("expires_at").and_then(plausible_seconds);
    second.expires_at = expires_at.map(|seconds| seconds * 1000);
    second.obtained_at = now;
    token::keep_extra(&mut second, object, &["token", "expires_at", "refresh_in"]);
    Ok(second)
}

/// The token is a list `name=value;…`, and `proxy-ep` names the host of completions; that of the
/// API differs in its first label.
fn proxy_endpoint(token: &Secret) -> Option<String> {
    let host =
        parts(token.expose(), b';').find_map(|pair| trimmed(pair).strip_prefix("proxy-ep="))?;
    Some(match host.strip_prefix("proxy.") {
        Some(rest) => joined(&["https://api.", rest]),
        None => joined(&["https://", host]),
    })
}

/// An address out of a token is followed only where the provider's facts say it may lead: an
/// allowed host, over https, without port or path.
fn api_base(exchange: &TokenExchange, url: String) -> Option<Endpoint> {
    let endpoint = Endpoint::parse(url).ok()?;
    let host = endpoint.host();
    let allows = |allowed: &String| {
        host == allowed || allowed.starts_with('.') && host.ends_with(allowed.as_str())
    };
    let is_bare = endpoint.as_str().strip_prefix("https://") == Some(host);
    (is_bare && exchange.api_hosts.iter().any(allows)).then_some(endpoint)
}
