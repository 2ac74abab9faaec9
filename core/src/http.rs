//! Requests and responses as plain values: the core says what to send, the host sends it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use zeroize::Zeroizing;

use crate::Secret;

/// Longest reply body that is read. A host should stop reading one byte after it and hand over
/// what it has, which is then refused as too large.
pub const MAX_BODY: usize = 1 << 20;

/// Names one request of one machine. Below 2⁵³, so that it is also a JavaScript number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number, for a host that has to pass it through another language.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The id with this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// What a request is for: the word for logs and progress, so that nobody has to look into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Authorization code for tokens (RFC 6749 §4.1.3).
    RedeemCode,
    /// The first step of a device login (RFC 8628 §3.1).
    RequestDeviceCode,
    /// One poll of a device login (RFC 8628 §3.4).
    PollDevice,
    /// One token for another.
    ExchangeToken,
    /// Refresh token for new tokens (RFC 6749 §6).
    Refresh,
    /// A token to be forgotten by the server (RFC 7009 §2.1).
    Revoke,
}

impl Purpose {
    /// A word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RedeemCode => "redeem_code",
            Self::RequestDeviceCode => "request_device_code",
            Self::PollDevice => "poll_device",
            Self::ExchangeToken => "exchange_token",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
        }
    }
}

/// The two methods that OAuth endpoints need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Without a body.
    Get,
    /// With a body.
    Post,
}

impl Method {
    /// As it stands in the request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One header field. Every value is treated as sensitive.
#[derive(Clone, Debug)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// Visible ASCII and spaces.
    pub value: Secret,
}

impl Header {
    pub(crate) fn new(name: &str, value: impl Into<Secret>) -> Self {
        Self { name: name.to_ascii_lowercase(), value: value.into() }
    }
}

/// A request for the host to perform: once, exactly as it stands, following no redirect, over a
/// verified TLS connection where the URL says https.
#[derive(Clone)]
pub struct Request {
    /// To be repeated with the answer.
    pub id: RequestId,
    /// What it is for.
    pub purpose: Purpose,
    /// GET or POST.
    pub method: Method,
    /// An absolute URL that the provider's configuration names; never built from a reply.
    pub url: String,
    /// What to send besides `Host`, `Content-Length` and an honest `User-Agent`.
    pub headers: Vec<Header>,
    /// The body; empty for GET.
    pub body: Secret,
    /// How long it may take in all. When it is used up the host gives up and answers
    /// [`TransportError::Lost`], or [`TransportError::NotSent`] where it knows.
    pub budget: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("Request")
            .field("id", &self.id.0)
            .field("purpose", &self.purpose)
            .field("endpoint", &endpoint)
            .finish_non_exhaustive()
    }
}

/// What came back: any status, redirects included.
#[derive(Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The value of `Retry-After`, if there was one (RFC 9110 §10.2.3).
    pub retry_after: Option<String>,
    /// The body after removal of the transfer encoding. No content encoding was asked for.
    pub body: Zeroizing<Vec<u8>>,
}

impl Response {
    /// A response without a `Retry-After`.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, retry_after: None, body: Zeroizing::new(body.into()) }
    }

    /// The same with a `Retry-After`.
    #[must_use]
    pub fn with_retry_after(mut self, value: impl Into<String>) -> Self {
        self.retry_after = Some(value.into());
        self
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// There is no response. What matters is whether the server may have acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportError {
    /// Not a byte of the request left: DNS, connect or TLS failed.
    NotSent,
    /// It may have arrived: time ran out, the connection broke, the host's task was dropped.
    Lost,
}

impl TransportError {
    /// A word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Lost => "lost",
        }
    }
}
