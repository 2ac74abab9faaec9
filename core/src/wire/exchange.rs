//! One token for another: GitHub's for Copilot's short-lived one.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use crate::credential::Credential;
use crate::error::BadResponse;
use crate::http::{Header, Purpose, Request, RequestId};
use crate::provider::TokenExchange;
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
    let mut headers = client.headers(&exchange.headers, &[]);
    let bearer = ["Bearer ", subject_token.expose()].concat();
    headers.push(Header::new("authorization", bearer));
    request::get(id, Purpose::ExchangeToken, &exchange.endpoint, headers)
}

/// The second token and where to use it.
pub(crate) struct Exchanged {
    token: Secret,
    expires_at: Option<u64>,
    refresh_in: Option<u64>,
    api_base: Option<Endpoint>,
    extra: BTreeMap<String, Secret>,
}

impl Exchanged {
    pub(crate) fn read(exchange: &TokenExchange, object: &Object<'_>) -> Result<Self, BadResponse> {
        let token = token::token(object, "token")?.ok_or(BadResponse::Member("token"))?;
        let api_base = object
            .object("endpoints")
            .and_then(|endpoints| endpoints.string("api"))
            .map(|url| url.trim_end_matches('/').to_string())
            .or_else(|| proxy_endpoint(&token))
            .and_then(|url| api_base(exchange, url));
        let number = |name| object.number(name).map(Number::thousandths);
        let refresh_in = number("refresh_in")
            .and_then(|ms| u64::try_from(ms / 1000).ok())
            .filter(|seconds| (1..=31_536_000).contains(seconds));
        let expires_at = number("expires_at").and_then(plausible_seconds);
        let extra = token::extra(object, &["token", "expires_at", "refresh_in"]);
        Ok(Self { token, expires_at, refresh_in, api_base, extra })
    }

    /// The first credential with the second token in front.
    pub(crate) fn onto(self, first: Credential, obtained_at: u64) -> Credential {
        let Credential { access_token, subject_token, api_base, .. } = &first;
        let mut extra = first.extra.clone();
        extra.extend(self.extra);
        Credential {
            extra,
            subject_token: subject_token.clone().or_else(|| Some(access_token.clone())),
            access_token: self.token,
            obtained_at,
            expires_at: self.expires_at.map(|seconds| seconds * 1000),
            renew_at: self.refresh_in.map(|seconds| obtained_at.saturating_add(seconds * 1000)),
            api_base: self.api_base.or_else(|| api_base.clone()),
            ..first
        }
    }
}

/// The token is a list `name=value;…`, and `proxy-ep` names the host of completions; that of the
/// API differs in its first label.
fn proxy_endpoint(token: &Secret) -> Option<String> {
    let host = token.expose().split(';').find_map(|pair| pair.trim().strip_prefix("proxy-ep="))?;
    let host = host.strip_prefix("proxy.").map_or(host.to_string(), |rest| ["api.", rest].concat());
    Some(["https://", &host].concat())
}

/// An address out of a token is followed only where the provider's facts say it may lead: an
/// allowed host, over https, without port or path.
fn api_base(exchange: &TokenExchange, url: String) -> Option<Endpoint> {
    let endpoint = Endpoint::parse(url).ok()?;
    let host = endpoint.host();
    let allows = |allowed: &String| {
        host == allowed || allowed.starts_with('.') && host.ends_with(allowed.as_str())
    };
    let is_bare = endpoint.as_str() == ["https://", host].concat();
    (is_bare && exchange.api_hosts.iter().any(allows)).then_some(endpoint)
}
