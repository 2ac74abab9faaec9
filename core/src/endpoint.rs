//! Addresses that credentials may be sent to, checked once where they enter.

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

/// The URL of an endpoint: https, or http to a literal loopback address (127.0.0.0/8 or `[::1]`;
/// RFC 8252 §8.3), without user information or fragment, visible ASCII only.
///
/// The text is kept as it was given: what is sent is what the configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint(String);

impl Endpoint {
    /// Checks `url`.
    ///
    /// # Errors
    /// [`BadEndpoint`] says which rule it breaks.
    pub fn parse(url: impl Into<String>) -> Result<Self, BadEndpoint> {
        let url = url.into();
        if url.contains('#') {
            return Err(BadEndpoint::Fragment);
        }
        check(&url, is_loopback)?;
        Ok(Self(url))
    }

    /// One that stands in this crate; a test checks them all.
    pub(crate) fn known(url: &str) -> Self {
        Self(url.to_string())
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        origin(&self.0)
    }

    /// The host without its port; an IPv6 address with its brackets.
    pub fn host(&self) -> &str {
        let authority = self.origin().rsplit('/').next().unwrap_or_default();
        split_port(authority).0
    }
}

impl TryFrom<String> for Endpoint {
    type Error = BadEndpoint;

    fn try_from(url: String) -> Result<Self, BadEndpoint> {
        Self::parse(url)
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a URL is no [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadEndpoint {
    /// Neither https nor http to a literal loopback address.
    Insecure,
    /// It names a user before the host.
    UserInformation,
    /// It has a `#`.
    Fragment,
    /// It has a space, a control character, a character outside ASCII or one that URLs don't have.
    Characters,
    /// The host or port cannot be one.
    Host,
}

impl fmt::Display for BadEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insecure => "must be https, or http to a literal loopback address",
            Self::UserInformation => "must not name a user before the host",
            Self::Fragment => "must not have a fragment",
            Self::Characters => "has characters that a URL cannot have",
            Self::Host => "has no usable host or port",
        })
    }
}

impl core::error::Error for BadEndpoint {}

/// A page to show a person: an endpoint that may have a fragment.
pub(crate) fn is_safe_page(url: &str) -> bool {
    check(url, is_loopback).is_ok()
}

/// A page of the caller's own to be redirected to. `localhost` will do here: no credential is sent
/// to it, only the browser goes there, and development servers live there.
pub(crate) fn check_redirect_uri(url: &str) -> Result<(), BadEndpoint> {
    if url.contains('#') {
        return Err(BadEndpoint::Fragment);
    }
    check(url, |host| host == "localhost" || is_loopback(host))
}

/// Scheme, host and port of a checked URL.
pub(crate) fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    &url[..end]
}

fn check(url: &str, is_local: impl Fn(&str) -> bool) -> Result<(), BadEndpoint> {
    let forbidden = |c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(c);
    if url.contains(forbidden) {
        return Err(BadEndpoint::Characters);
    }
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(BadEndpoint::Insecure),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(BadEndpoint::UserInformation);
    }
    let (host, port) = split_port(authority);
    if !is_host(host) || !port.is_none_or(is_port) {
        return Err(BadEndpoint::Host);
    }
    if secure || is_local(host) { Ok(()) } else { Err(BadEndpoint::Insecure) }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    }
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A DNS name or IPv4 address of letters, digits, `-`, `_` and `.`, or an IPv6 address in brackets.
/// What looks like a number but is no dotted quad (`127.1`, `0x7f000001`) is refused, because
/// others read an address into it.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<core::net::Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|b| b.is_ascii_digit())
        || last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    name.split('.').all(is_label)
        && name.len() <= 253
        && (!numeric || host.parse::<core::net::Ipv4Addr>().is_ok())
}

/// On the parsed address, never on how the text begins.
fn is_loopback(host: &str) -> bool {
    host == "[::1]"
        || host.parse::<core::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// `https://example.com/` and `example.com:8443` both name the host `example.com`.
///
/// # Errors
/// [`BadEndpoint`] if no host can be read from the text.
pub fn hostname(domain_or_url: &str) -> Result<String, BadEndpoint> {
    let text = domain_or_url.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.unwrap_or(text).split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(BadEndpoint::UserInformation);
    }
    let (host, port) = split_port(authority);
    if is_host(host) && port.is_none_or(is_port) {
        Ok(host.to_ascii_lowercase())
    } else {
        Err(BadEndpoint::Host)
    }
}
