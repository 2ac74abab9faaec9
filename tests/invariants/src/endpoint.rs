//! Addresses that credentials may go to, beside how a browser reads them.

use std::net::{IpAddr, Ipv6Addr};

use grantflow_core::{BadEndpoint, Endpoint, hostname};
use url::{Host, Url};

/// The gate.
pub type Gate = fn(&str) -> Result<Endpoint, BadEndpoint>;

/// An address as somebody reads it: what has to agree between all who do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `https` or `http`.
    pub scheme: String,
    /// In lower case; an IPv6 address with its brackets.
    pub host: String,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
}

/// The bytes are an address.
///
/// # Panics
/// When an invariant does not hold.
pub fn url_gate(bytes: &[u8], gate: Gate) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let theirs = Url::parse(text);
    match gate(text) {
        Ok(endpoint) => {
            assert_eq!(endpoint.as_str(), text, "an address stays what it is");
            let Ok(theirs) = theirs else {
                assert!(is_no_punycode(text), "what is accepted is an address: {text:?}");
                return;
            };
            let address = Address::of(&theirs);
            assert_eq!(Address::read(&endpoint), address, "both read the same: {text:?}");
            let is_safe = address.is_safe();
            assert!(is_safe, "it is https or a loopback literal: {text:?}");
            let names_nobody = theirs.username().is_empty() && theirs.password().is_none();
            assert!(
                names_nobody && theirs.fragment().is_none(),
                "nothing is hidden in it: {text:?}"
            );
            let host = hostname(text).expect("an endpoint has a host").to_ascii_lowercase();
            assert_eq!(host, endpoint.host().to_ascii_lowercase(), "a host is the same host");
        }
        Err(why) => {
            if let Ok(theirs) = theirs {
                assert!(
                    is_explained(text, &Address::of(&theirs), why),
                    "a refusal has a reason: {why:?} of {text:?}"
                );
            }
        }
    }
}

impl Address {
    /// As `url` reads it.
    pub fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().to_owned();
        Self { scheme: url.scheme().to_owned(), host, port: url.port() }
    }

    /// As an endpoint has it, spelled as the URL standard spells it.
    ///
    /// # Panics
    /// When it has no scheme or a port that is none.
    pub fn read(endpoint: &Endpoint) -> Self {
        let (scheme, authority) = endpoint.origin().split_once("://").expect("an origin");
        let host = endpoint.host();
        let port = authority.get(host.len()..).and_then(|port| port.strip_prefix(':'));
        let port = port.map(|port| port.parse().expect("a port"));
        let own = if scheme == "https" { 443 } else { 80 };
        let address = host.trim_matches(['[', ']']).parse::<Ipv6Addr>();
        let host = match address {
            Ok(address) => Host::<String>::Ipv6(address).to_string(),
            Err(_) => host.to_ascii_lowercase(),
        };
        Self { scheme: scheme.to_owned(), host, port: port.filter(|port| *port != own) }
    }

    /// Whether a credential may go there.
    fn is_safe(&self) -> bool {
        let address = self.host.trim_matches(['[', ']']).parse::<IpAddr>();
        self.scheme == "https"
            || self.scheme == "http" && address.is_ok_and(|address| address.is_loopback())
    }
}

/// A name in letters and digits is ours to send to; that it decodes to nothing is found out when it
/// is looked up.
fn is_no_punycode(text: &str) -> bool {
    text.to_ascii_lowercase().contains("xn--")
}

/// Why a browser goes where we do not: what it repairs, and what is not safe.
pub fn is_explained(text: &str, theirs: &Address, why: BadEndpoint) -> bool {
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    match why {
        BadEndpoint::Characters => {
            let is_forbidden = |b: u8| !b.is_ascii_graphic() || b"\"<>\\^`{|}".contains(&b);
            text.bytes().any(is_forbidden)
        }
        BadEndpoint::Fragment => text.contains('#'),
        BadEndpoint::UserInformation => authority.contains('@'),
        BadEndpoint::Insecure => {
            let is_plain = text.starts_with("https://") || text.starts_with("http://");
            !is_plain || !theirs.is_safe()
        }
        // Browsers decode, fold and complete hosts, and take a port of nothing, zero or more zeros.
        BadEndpoint::Host => {
            let name = authority.trim_end_matches(':').rsplit_once(':');
            let (host, port) = name.unwrap_or((authority, "0"));
            let is_folded = !theirs.host.eq_ignore_ascii_case(host);
            let is_no_port = port.parse::<u16>().is_ok_and(|port| port == 0) || port.is_empty();
            let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
            let is_numeric = last.to_ascii_lowercase().starts_with("0x");
            let has_other = |b: u8| !b.is_ascii_alphanumeric() && !b"-_.:[]".contains(&b);
            is_folded
                || is_no_port
                || is_numeric
                || authority.ends_with(':')
                || host.bytes().any(has_other)
                || host.len() > 253
                || host.split('.').any(str::is_empty)
        }
    }
}

pub(crate) fn gate(text: &str) -> Result<Endpoint, BadEndpoint> {
    Endpoint::parse(text)
}

/// By the shipped gate.
pub(crate) fn check(bytes: &[u8]) {
    url_gate(bytes, gate);
}
