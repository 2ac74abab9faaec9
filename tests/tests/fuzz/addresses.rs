//! The gate for endpoints beside Node, and beside `url`: what one lets through, all read alike.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use grantflow_core::Endpoint;
use grantflow_invariants::{Address, Choices, is_explained, url_gate};
use grantflow_tests::covers;
use url::Url;

use super::corpus::files;

const GENERATED: u64 = 20_000;

#[test]
#[ignore = "needs Node"]
fn node_reads_an_endpoint_as_we_do_and_what_we_refuse_has_a_reason() {
    covers(&["B-HT-01", "B-HT-02", "F-01"]);
    let addresses: Vec<String> = addresses().collect();
    let read = read_by_node(&addresses);
    let mut differences: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (text, node) in addresses.iter().zip(&read) {
        url_gate(text.as_bytes(), |text| Endpoint::parse(text));
        let theirs = Url::parse(text).ok();
        let kind = match (Endpoint::parse(text.as_str()), node) {
            (Ok(endpoint), Some((address, user))) => {
                assert_eq!(*address, Address::read(&endpoint), "{text:?}");
                assert!(user.is_empty(), "{text:?}");
                let is_local = address.host.starts_with("127.") || address.host == "[::1]";
                assert!(address.scheme == "https" || is_local, "{text:?}");
                "read alike"
            }
            (Ok(_), None) => {
                assert!(text.to_ascii_lowercase().contains("xn--"), "{text:?}");
                "a name that is no punycode: ours is sent and not found, theirs is not sent"
            }
            (Err(why), Some((address, _))) => {
                assert!(
                    is_explained(text, address, why),
                    "{why:?} of {text:?}, which is {address:?}"
                );
                "refused here only: what browsers repair, and what is not safe"
            }
            (Err(_), None) => "refused by both",
        };
        differences.entry(kind).or_default().push(text);
        let between = match (theirs.as_ref().map(Address::of), node) {
            (Some(one), Some((other, _))) if one == *other => continue,
            (None, None) => continue,
            _ if !is_of_the_web(text) => "`url` and Node differ on a scheme of nobody here",
            _ if text.is_ascii() && !text.to_ascii_lowercase().contains("xn--") => {
                "`url` and Node differ, though it is ASCII"
            }
            _ => "`url` and Node differ on what a name beyond ASCII is",
        };
        differences.entry(between).or_default().push(text);
    }
    for (kind, texts) in &differences {
        println!("{:6} {kind}, as {:?}", texts.len(), texts[texts.len() / 2]);
    }
    for kind in ["read alike", "refused here only: what browsers repair, and what is not safe"] {
        assert!(differences[kind].len() > 100, "{kind}");
    }
    assert_eq!(differences.get("`url` and Node differ, though it is ASCII"), None);
}

/// Its address has a host by everybody's rules.
fn is_of_the_web(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
    ["http", "https", "ws"].contains(&scheme.as_str())
}

/// The corpus, and what is made of the pieces that addresses are made of.
fn addresses() -> impl Iterator<Item = String> {
    let corpus = files("url_gate").filter_map(|(_, bytes)| String::from_utf8(bytes).ok());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let generated = (0..GENERATED).map(move |_| {
        let bytes: Vec<u8> = (0..48)
            .map(|_| {
                // Xorshift: the same addresses each time.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_be_bytes()[3]
            })
            .collect();
        address(&mut Choices::new(&bytes))
    });
    corpus.chain(generated)
}

fn address(choices: &mut Choices<'_>) -> String {
    let is_plain = choices.below(3) > 0;
    let schemes: &[&str] = &["https://", "http://", "HTTPS://", "http:/", "ws://"];
    let scheme = *choices.of(if is_plain { &schemes[..2] } else { schemes });
    let user = if is_plain { "" } else { choices.of(&["", "", "", "a@", "a:b@", "@"]) };
    let pieces = if is_plain { PLAIN } else { ODD };
    let host: String = (0..=choices.below(3)).map(|_| *choices.of(pieces)).collect();
    let port =
        *choices.of(&["", "", "", ":443", ":80", ":0443", ":0", ":", ":65535", ":65536", ":a"]);
    let rest =
        *choices.of(&["", "/", "/a/../b", "?a=b", "#", "#a", "\\", "/ ", "/\u{7f}", "/é", "/%zz"]);
    [scheme, user, &host, port, rest].concat()
}

/// What hosts are made of, most of which are none when put together.
const PLAIN: &[&str] =
    &["a", "B", "b.example", "-", "_", "1", ".", "127.0.0.1", "[::1]", "[2001:DB8::1]"];
const ODD: &[&str] = &[
    "a",
    "b.example",
    ".",
    "-",
    "_",
    "1",
    "127.0.0.1",
    "127",
    "0x7f",
    "017",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[fe80::1%25a]",
    "xn--a",
    "xn--bcher-kva",
    "é",
    "%2e",
    "%61",
    "*",
    "A",
    "255",
    "256",
    "0",
];

/// In one process.
fn read_by_node(addresses: &[String]) -> Vec<Option<(Address, String)>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/addresses.mjs");
    let mut command = Command::new("node");
    let command = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = command.spawn().expect("node");
    let mut to = node.stdin.take().unwrap();
    let lines: String = addresses
        .iter()
        .map(|text| serde_json::Value::from(text.as_str()).to_string() + "\n")
        .collect();
    let writing = thread::spawn(move || to.write_all(lines.as_bytes()).unwrap());
    let output = node.wait_with_output().unwrap();
    writing.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let read: Vec<_> = text.lines().map(read_line).collect();
    assert_eq!(read.len(), addresses.len(), "a line for each");
    read
}

fn read_line(line: &str) -> Option<(Address, String)> {
    let read: Option<[String; 4]> = serde_json::from_str(line).unwrap();
    let [scheme, host, port, user] = read?;
    Some((Address { scheme, host, port: port.parse().ok() }, user))
}
