//! Which requests may be the redirect. Bytes in, verdict out: no sockets, no time.

use httparse::{EMPTY_HEADER, Header, Request, Status};
use zeroize::Zeroizing;

use super::Host;
use super::page::Page;

/// A redirect carries a dozen headers; nothing honest carries more.
const MAX_HEADERS: usize = 100;

/// The first byte of a TLS `ClientHello` (RFC 8446 §5.1: the handshake record).
const TLS_HANDSHAKE: u8 = 0x16;

/// What is known of the redirect before it comes.
pub(super) struct Gate {
    authority: String,
    path: String,
}

pub(super) enum Verdict {
    /// The head is not complete.
    More,
    /// TLS on a plain port.
    Tls,
    Refuse(Page),
    /// The whole URL of a plausible redirect.
    Admit(Zeroizing<String>),
}

impl Gate {
    pub(super) fn new(host: Host, port: u16, path: &str) -> Self {
        let host = match host {
            Host::Ipv4 => "127.0.0.1",
            Host::Ipv6 => "[::1]",
            Host::Localhost => "localhost",
        };
        Self { authority: format!("{host}:{port}"), path: path.to_owned() }
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }

    /// Judges what has come so far; worth asking again after each line.
    pub(super) fn judge(&self, received: &[u8]) -> Verdict {
        match received.first() {
            None => return Verdict::More,
            Some(&TLS_HANDSHAKE) => return Verdict::Tls,
            // Leading empty lines are legal, but no browser sends them.
            Some(first) if !first.is_ascii_alphabetic() => {
                return Verdict::Refuse(Page::BadRequest);
            }
            Some(_) => {}
        }
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = Request::new(&mut headers);
        let parsed = request.parse(received);
        let head = match parsed {
            Ok(Status::Complete(length)) => &received[..length],
            Ok(Status::Partial) | Err(_) => received,
        };
        if has_bare_line_feed(head) {
            return Verdict::Refuse(Page::BadRequest);
        }
        match parsed {
            Ok(Status::Complete(_)) => {
                self.admit(&request).map_or_else(Verdict::Refuse, Verdict::Admit)
            }
            Ok(Status::Partial) => Verdict::More,
            Err(httparse::Error::TooManyHeaders) => Verdict::Refuse(Page::HeadTooLarge),
            Err(_) => Verdict::Refuse(Page::BadRequest),
        }
    }

    fn admit(&self, request: &Request<'_, '_>) -> Result<Zeroizing<String>, Page> {
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(Page::BadRequest);
        };
        self.check_host(request.headers)?;
        if method != "GET" {
            return Err(Page::MethodNotAllowed);
        }
        let target = self.origin_form(target)?;
        let (path, _query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path {
            return Err(Page::NotFound);
        }
        if !is_top_level_navigation(request.headers) {
            return Err(Page::Forbidden);
        }
        if has_body(request.headers) {
            return Err(Page::BadRequest);
        }
        Ok(Zeroizing::new(format!("http://{}{target}", self.authority)))
    }

    /// Exactly one `Host`, and it is ours: a DNS name that an attacker points at 127.0.0.1 is not.
    fn check_host(&self, headers: &[Header<'_>]) -> Result<(), Page> {
        let mut hosts = values(headers, "Host");
        match (hosts.next(), hosts.next()) {
            (Some(host), None) if host.eq_ignore_ascii_case(self.authority.as_bytes()) => Ok(()),
            (Some(_), None) => Err(Page::Misdirected),
            (None, _) | (Some(_), Some(_)) => Err(Page::BadRequest),
        }
    }

    /// The path and query; the absolute form (RFC 9112 §3.2.2) only where it names us.
    fn origin_form<'t>(&self, target: &'t str) -> Result<&'t str, Page> {
        if !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(Page::BadRequest);
        }
        if target.starts_with('/') {
            return Ok(target);
        }
        strip_prefix_ignoring_case(target, "http://")
            .and_then(|rest| strip_prefix_ignoring_case(rest, &self.authority))
            .filter(|rest| rest.starts_with('/'))
            .ok_or(Page::Misdirected)
    }
}

/// Whether the browser's own account of the request, where it gives one, is that of a person
/// arriving: no script's fetch, frame, image or prefetch. Browsers without Fetch Metadata say
/// nothing, and a GET navigation never has an `Origin`.
fn is_top_level_navigation(headers: &[Header<'_>]) -> bool {
    let all = |name, allowed: &[&str]| {
        values(headers, name).all(|value| allowed.iter().any(|one| value == one.as_bytes()))
    };
    let says_prefetch = |name| {
        values(headers, name)
            .any(|value| value.to_ascii_lowercase().windows(8).any(|word| word == b"prefetch"))
    };
    values(headers, "Origin").next().is_none()
        && all("Sec-Fetch-Mode", &["navigate"])
        && all("Sec-Fetch-Dest", &["document", "empty"])
        && !["Sec-Purpose", "Purpose", "X-Moz"].into_iter().any(says_prefetch)
}

fn has_body(headers: &[Header<'_>]) -> bool {
    values(headers, "Transfer-Encoding").next().is_some()
        || values(headers, "Content-Length").any(|length| length != b"0")
}

fn values<'h>(headers: &'h [Header<'h>], name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value)
}

/// A line that ends in LF alone is read differently by different programs (RFC 9112 §2.2 lets them);
/// no browser sends one.
fn has_bare_line_feed(head: &[u8]) -> bool {
    head.windows(2).any(|pair| pair[1] == b'\n' && pair[0] != b'\r')
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
