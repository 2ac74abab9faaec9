//! Whether a secret stands in a text, in one of the forms that programs give to texts.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Of a secret this long, its beginning or its end alone is a leak too.
const LONG: usize = 40;
const PIECE: usize = 20;

/// A text in the ways in which it can be read. All of it in lower case: what is printed has
/// sometimes lost its own.
pub(super) struct Haystack {
    raw: String,
    decoded: String,
    without_blanks: String,
}

impl Haystack {
    pub(super) fn of(bytes: &[u8], shown: &[String]) -> Self {
        let mut raw = String::from_utf8_lossy(bytes).into_owned();
        for address in shown {
            raw = raw.replace(address.as_str(), "");
        }
        let decoded: Vec<u8> = percent_decoded(raw.as_bytes());
        let decoded = String::from_utf8_lossy(&decoded).to_ascii_lowercase();
        let raw = raw.to_ascii_lowercase();
        let without_blanks = raw.split_whitespace().collect();
        Self { raw, decoded, without_blanks }
    }

    /// The form in which it stands here.
    pub(super) fn form_of(&self, secret: &str) -> Option<&'static str> {
        let bytes = secret.as_bytes();
        let hex = spelt(bytes, |byte| format!("{byte:02x}"));
        let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
        let lower = secret.to_ascii_lowercase();
        if self.raw.contains(&lower) {
            return Some("raw");
        }
        if self.decoded.contains(&lower) {
            return Some("percent");
        }
        if self.without_blanks.contains(&lower) {
            return Some("broken over lines");
        }
        if self.without_blanks.contains(&hex) {
            return Some("hex");
        }
        if self.without_blanks.contains(&numbers.join(",")) {
            return Some("bytes");
        }
        if base64_forms(bytes).iter().any(|form| self.without_blanks.contains(form)) {
            return Some("base64");
        }
        if secret.len() < LONG || !secret.is_ascii() {
            return None;
        }
        let pieces = [&lower[..PIECE], &lower[secret.len() - PIECE..]];
        pieces.iter().any(|piece| self.raw.contains(piece)).then_some("in part")
    }
}

pub(super) fn spelt(bytes: &[u8], letter: impl Fn(u8) -> String) -> String {
    bytes.iter().map(|byte| letter(*byte)).collect::<Vec<_>>().concat()
}

/// As base64 has it inside of something longer, which may begin at any of three places; only the
/// letters that depend on nothing else.
fn base64_forms(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let padded = [&[0; 2][..before], secret].concat();
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [&STANDARD, &URL_SAFE] {
            forms.push(engine.encode(&padded)[from..to].to_ascii_lowercase());
        }
    }
    forms
}

pub(super) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let byte = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &rest[3..] } else { after };
    }
    decoded
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
