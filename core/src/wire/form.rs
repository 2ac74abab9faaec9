//! `application/x-www-form-urlencoded`, as the URL standard has it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::text::{cut, parts};

/// Adds `text` with everything escaped that is not a letter, a digit or one of `*-._`.
pub fn escape(to: &mut String, text: &str) {
    let mut from = 0; // what needs no escape goes over at once
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_') {
            continue;
        }
        to.push_str(text.get(from..at).unwrap_or_default());
        from = at + 1;
        if byte == b' ' {
            to.push('+');
        } else {
            to.push('%');
            to.push(hex_digit(byte >> 4));
            to.push(hex_digit(byte & 15));
        }
    }
    to.push_str(text.get(from..).unwrap_or_default());
}

fn hex_digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'A' - 10 + value })
}

/// The names and values of a query, in order.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for pair in parts(query, b'&') {
        let (name, value) = cut(pair, b'=').unwrap_or((pair, ""));
        if !pair.is_empty() {
            pairs.push((unescaped(name), unescaped(value)));
        }
    }
    pairs
}

/// A percent sign that begins no escape stands for itself. What is no UTF-8 is one U+FFFD, which
/// nothing here takes for anything.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        bytes.push(match (byte, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                (_, _) => b'%',
            },
            (byte, _) => *byte,
        });
    }
    String::from_utf8(bytes).unwrap_or_else(|_| String::from('\u{fffd}'))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
