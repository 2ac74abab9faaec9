//! The head of a request to the loopback listener.

use grantflow::loopback::{Host, Judged, judge};
use url::Url;

/// The judge of what has come so far.
pub type Judge = fn(Host, u16, &str, &[u8]) -> Judged;

const PORT: u16 = 50_123;
const PATH: &str = "/callback";

/// The bytes are what a connection brings.
///
/// # Panics
/// When an invariant does not hold.
pub fn request_head(bytes: &[u8], judge: Judge) {
    let judged = judge(Host::Ipv4, PORT, PATH, bytes);
    match &judged {
        Judged::Admitted(url) => {
            is_what_was_asked_for(bytes, url);
            is_admitted_however_it_is_cut(bytes, url, judge);
        }
        Judged::Refused(answer) => nothing_of_it_comes_back(bytes, answer),
        Judged::Tls => assert_eq!(bytes.first(), Some(&0x16), "TLS begins with a handshake"),
        Judged::Partly => {
            let ends = bytes.windows(4).any(|four| four == b"\r\n\r\n");
            assert!(!ends, "a whole head is judged: {:?}", bytes.escape_ascii().to_string());
        }
    }
}

/// Read again, line by line.
fn is_what_was_asked_for(bytes: &[u8], url: &str) {
    let text = bytes.escape_ascii().to_string();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("all read the same lines: {text}"));
    let head = &bytes[..end];
    let is_one_reading = |at: usize| match head[at] {
        b'\n' => at > 0 && head[at - 1] == b'\r',
        b'\r' => head.get(at + 1) == Some(&b'\n'),
        0 => false,
        _ => true,
    };
    assert!((0..end).all(is_one_reading), "all read the same lines: {text}");
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first: Vec<&[u8]> = lines.next().unwrap_or_default().split(|byte| *byte == b' ').collect();
    let [b"GET", target, b"HTTP/1.1" | b"HTTP/1.0"] = first[..] else {
        panic!("only a GET is admitted: {text}")
    };
    let mut hosts = 0;
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':').expect("a header has a colon");
        let (name, value) = (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii());
        match &name[..] {
            b"host" => {
                hosts += 1;
                assert_eq!(value, b"127.0.0.1:50123", "the host is ours: {text}");
            }
            b"origin" | b"transfer-encoding" => panic!("no script and no body gets in: {text}"),
            b"content-length" => assert_eq!(value, b"0", "no body gets in: {text}"),
            b"sec-fetch-mode" => assert_eq!(value, b"navigate", "a person arrives: {text}"),
            _ => {}
        }
    }
    assert_eq!(hosts, 1, "there is one host: {text}");
    let target = String::from_utf8_lossy(target);
    let ends_alike = url.ends_with(&*target) || target.to_ascii_lowercase().starts_with("http://");
    assert!(ends_alike, "the address is the one that was asked for: {text}");
    let parsed = Url::parse(url).expect("an address");
    let place = (parsed.scheme(), parsed.host_str(), parsed.port(), parsed.path());
    assert_eq!(
        place,
        ("http", Some("127.0.0.1"), Some(PORT), PATH),
        "it is the redirect's: {text}"
    );
}

/// A head comes in pieces, and what follows it changes nothing.
fn is_admitted_however_it_is_cut(bytes: &[u8], url: &str, judge: Judge) {
    for end in 1..bytes.len() {
        match judge(Host::Ipv4, PORT, PATH, &bytes[..end]) {
            Judged::Partly => {}
            Judged::Admitted(part) if part == url => {}
            other @ (Judged::Admitted(_) | Judged::Refused(_) | Judged::Tls) => {
                panic!("a part of it is judged alike: {other:?} after {end} bytes")
            }
        }
    }
    let more = [bytes, b"GET /callback?code=another HTTP/1.1\r\n\r\n"].concat();
    let judged = judge(Host::Ipv4, PORT, PATH, &more);
    assert_eq!(judged, Judged::Admitted(url.into()), "what follows is not read");
}

/// Every answer is one of a few constants.
fn nothing_of_it_comes_back(bytes: &[u8], answer: &str) {
    let constants = ["400", "403", "404", "405", "421", "431"];
    let status = answer.get(9..12).unwrap_or_default();
    assert!(constants.contains(&status), "an answer is a constant: {answer}");
    let usual = judge_usual(status);
    assert_eq!(answer, usual, "an answer is a constant: {:?}", bytes.escape_ascii().to_string());
}

/// The answer with this status to a request that everybody sends.
fn judge_usual(status: &str) -> String {
    let host = "Host: 127.0.0.1:50123\r\n";
    let request = match status {
        "403" => format!("GET /callback HTTP/1.1\r\n{host}Origin: null\r\n\r\n"),
        "404" => format!("GET /favicon.ico HTTP/1.1\r\n{host}\r\n"),
        "405" => format!("HEAD /callback HTTP/1.1\r\n{host}\r\n"),
        "421" => "GET /callback HTTP/1.1\r\nHost: evil.example\r\n\r\n".into(),
        "431" => format!("GET /callback HTTP/1.1\r\n{host}{}\r\n", "A: b\r\n".repeat(200)),
        _ => "GET /callback HTTP/1.1\r\n\r\n".into(),
    };
    match judge(Host::Ipv4, PORT, PATH, request.as_bytes()) {
        Judged::Refused(answer) => answer,
        other @ (Judged::Partly | Judged::Tls | Judged::Admitted(_)) => {
            panic!("{request} is refused, not {other:?}")
        }
    }
}

/// By the shipped listener.
pub(crate) fn check(bytes: &[u8]) {
    request_head(bytes, judge);
}
