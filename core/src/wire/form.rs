//! `application/x-www-form-urlencoded`, as the URL standard has it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::text::{any, cut, parts};

/// Adds `text` with everything escaped that is not a letter, a digit or one of `*-._`.
pub fn escape(to: &mut String, text: &str) {
    let mut from = 0; // what needs no escape goes over at once
    for (at, byte) in text.bytes().enumerate() {
        if PLAIN[usize::from(byte)] {
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

/// Whether a byte stands for itself.
const PLAIN: [bool; 256] = {
    let such = b"*-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    let (mut plain, mut at) = ([false; 256], 0);
    while at < such.len() {
        plain[such[at] as usize] = true;
        at += 1;
    }
    plain
};

fn hex_digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'A' - 10 + value })
}

/// The names and values of a query, in order.
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    parts(query, b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = cut(pair, b'=').unwrap_or((pair, ""));
        (unescaped(name), unescaped(value))
    })
}

/// A percent sign that begins no escape stands for itself. What is no UTF-8 is one U+FFFD, which
/// nothing here takes for anything.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !any(text, |byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
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
    String::from_utf8(bytes).map_or(Cow::Borrowed("\u{fffd}"), Cow::Owned)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
