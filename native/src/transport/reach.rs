//! Whether an endpoint can be reached, asked without spending anything, and by the way that every
//! request takes: the same certificates, the same proxy.

use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::time::{Duration, SystemTime};

use grantflow_core::Endpoint;
use reqwest::header::DATE;
use url::Url;

use super::Http;

/// Whoever waits for this does so at a terminal.
const BUDGET: Duration = Duration::from_secs(10);

/// An endpoint that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// With what status: an endpoint that wants a POST refuses the GET, and is there all the same.
    pub status: u16,
    /// Its clock by the `Date` of the answer (RFC 9110 §6.6.1), if it told.
    pub date: Option<SystemTime>,
}

/// How far the connection to an endpoint came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unreached {
    /// Its host's name, or the proxy's, has no address here.
    Name,
    /// The proxy does not let us through.
    Proxy,
    /// Nobody answers there.
    Connection,
    /// The encryption failed: most often a certificate that nobody here vouches for.
    Tls,
    /// It took too long.
    Time,
    /// It broke off in the middle.
    Broken,
}

impl Http {
    /// Asks an endpoint for nothing: one GET without credentials, which spends nothing.
    ///
    /// # Errors
    /// [`Unreached`] says where the way ended.
    pub async fn reach(&self, endpoint: &Endpoint) -> Result<Reached, Unreached> {
        // An endpoint is a URL by the core's checks.
        let url = Url::parse(endpoint.as_str()).map_err(|_| Unreached::Name)?;
        let request = self.client_for(&url).get(url).timeout(BUDGET);
        let reply = request.send().await.map_err(|why| Unreached::of(&why))?;
        let date = reply.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        Ok(Reached { status: reply.status().as_u16(), date })
    }
}

impl Unreached {
    /// The layers below tell their kind in words alone, one inside the other.
    fn of(error: &reqwest::Error) -> Self {
        let causes = successors(error.source(), |&cause| cause.source());
        let words = causes.map(|cause| cause.to_string().to_lowercase()).collect::<Vec<_>>();
        let tells = |names: &[&str]| {
            words.iter().any(|cause| names.iter().any(|name| cause.contains(name)))
        };
        if error.is_timeout() {
            Self::Time
        } else if !error.is_connect() {
            Self::Broken
        } else if tells(&["dns error", "lookup address"]) {
            Self::Name
        } else if tells(&["tunnel", "proxy", "socks"]) {
            Self::Proxy
        } else if tells(&["certificate", "tls", "handshake", "received corrupt message"]) {
            Self::Tls
        } else {
            Self::Connection
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name of the host, or of the proxy, has no address here",
            Self::Proxy => "the proxy does not let us through",
            Self::Connection => "nobody answers there",
            Self::Tls => "the encryption fails, most often for an unknown certificate",
            Self::Time => "no answer in time",
            Self::Broken => "the connection broke",
        })
    }
}

impl Error for Unreached {}
