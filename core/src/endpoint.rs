//! Addresses that credentials may be sent to, checked once where they enter.

use alloc::string::{String, ToString};
use core::fmt;

use crate::text::{any, before, cut_last, holds, is_one_of, parts, trimmed};

/// The URL of an endpoint: https, or http to a literal loopback address (127.0.0.0/8 or `[::1]`;
/// RFC 8252 §8.3), without user information or fragment, visible ASCII only.
///
/// The text is kept as it was given: what is sent is what the configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct Endpoint(String);

impl Endpoint {
    /// Checks `url`.
    ///
    /// # Errors
    /// [`BadEndpoint`] says which rule it breaks.
    pub fn parse(url: impl Into<String>) -> Result<Self, BadEndpoint> {
        let url = url.into();
        if holds(&url, "#") {
            return Err(BadEndpoint::Fragment);
        }
        check(&url, is_loopback)?;
        Ok(Self(url))
    }

    /// One to be filled in; no text that can be read is empty.
    pub(crate) fn blank() -> Self {
        Self(String::new())
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.0.is_empty()
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
        let origin = self.origin();
        let authority = cut_last(origin, b'/').map_or(origin, |(_, authority)| authority);
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

impl BadEndpoint {
    /// What [`fmt::Display`] shows.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Insecure => "must be https, or http to a literal loopback address",
            Self::UserInformation => "must not name a user before the host",
            Self::Fragment => "must not have a fragment",
            Self::Characters => "has characters that a URL cannot have",
            Self::Host => "has no usable host or port",
        }
    }
}

impl fmt::Display for BadEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
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
    if holds(url, "#") {
        return Err(BadEndpoint::Fragment);
    }
    check(url, |host| host == "localhost" || is_loopback(host))
}

/// Scheme, host and port of a checked URL.
pub(crate) fn origin(url: &str) -> &str {
    let scheme = if url.starts_with("https://") { 8 } else { 7 };
    let behind = url.get(scheme..).unwrap_or_default();
    url.get(..scheme + authority(behind).len()).unwrap_or(url)
}

/// Host and port, up to the path, query or fragment.
fn authority(rest: &str) -> &str {
    before(before(before(rest, b'/'), b'?'), b'#')
}

fn check(url: &str, is_local: fn(&str) -> bool) -> Result<(), BadEndpoint> {
    if any(url, |byte| !is_url_byte(byte)) {
        return Err(BadEndpoint::Characters);
    }
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(BadEndpoint::Insecure),
    };
    let authority = authority(rest);
    if holds(authority, "@") {
        return Err(BadEndpoint::UserInformation);
    }
    let (host, port) = split_port(authority);
    if !is_host(host) || !port.is_none_or(is_port) {
        return Err(BadEndpoint::Host);
    }
    if secure || is_local(host) { Ok(()) } else { Err(BadEndpoint::Insecure) }
}

/// Visible ASCII, without what URLs don't have.
pub(crate) fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match cut_last(authority, b':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    }
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit())
        && port.parse::<u64>().is_ok_and(|port| (1..=65_535).contains(&port))
}

/// A DNS name or IPv4 address of letters, digits, `-`, `_` and `.`, or an IPv6 address in brackets.
/// What looks like a number but is no dotted quad (`127.1`, `0x7f000001`) is refused, because
/// others read an address into it.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(is_ipv6);
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || is_one_of(b, "-_"))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = cut_last(name, b'.').map_or(name, |(_, last)| last);
    let numeric = last.bytes().all(|b| b.is_ascii_digit())
        || last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    parts(name, b'.').all(is_label) && name.len() <= 253 && (!numeric || ipv4(host).is_some())
}

/// On the parsed address, never on how the text begins.
fn is_loopback(host: &str) -> bool {
    host == "[::1]" || ipv4(host).is_some_and(|first| first == 127)
}

/// The first number of a dotted quad in its one right form: four numbers up to 255, none of which
/// begins with a zero.
fn ipv4(text: &str) -> Option<u8> {
    let (mut first, mut count) = (None, 0);
    for part in parts(text, b'.') {
        let is_plain =
            part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
        let value = part.parse::<u64>().ok().filter(|_| is_plain)?;
        let value = u8::try_from(value).ok()?;
        first = first.or(Some(value));
        count += 1;
    }
    first.filter(|_| count == 4)
}

/// RFC 4291 §2.2: eight groups of up to four digits, of which one run of zeros may be left out,
/// and the last two may be a dotted quad.
fn is_ipv6(text: &str) -> bool {
    let (mut rest, mut groups, mut has_gap) = (text, 0, false);
    loop {
        if let Some(after) = rest.strip_prefix("::").filter(|_| !has_gap) {
            (rest, has_gap) = (after, true);
            if rest.is_empty() {
                break;
            }
        } else if groups > 0 {
            match rest.strip_prefix(':') {
                Some(after) => rest = after,
                None => break,
            }
        }
        let group = before(rest, b':');
        let after = rest.get(group.len()..).unwrap_or_default();
        groups += match group.len() {
            1..=4 if group.bytes().all(|b| b.is_ascii_hexdigit()) => 1,
            _ if after.is_empty() && ipv4(group).is_some() => 2,
            _ => return false,
        };
        rest = after;
    }
    if has_gap { groups < 8 } else { groups == 8 }
}

/// `https://example.com/` and `example.com:8443` both name the host `example.com`.
///
/// # Errors
/// [`BadEndpoint`] if no host can be read from the text.
pub fn hostname(domain_or_url: &str) -> Result<String, BadEndpoint> {
    let text = trimmed(domain_or_url);
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = authority(rest.unwrap_or(text));
    if holds(authority, "@") {
        return Err(BadEndpoint::UserInformation);
    }
    let (host, port) = split_port(authority);
    if is_host(host) && port.is_none_or(is_port) {
        Ok(host.to_ascii_lowercase())
    } else {
        Err(BadEndpoint::Host)
    }
}
