//! The few things that are done with texts. The library's own are quicker and more general, and
//! each would be more of a small wasm than all of this.

use alloc::string::String;

/// One after the other.
pub(crate) fn joined(parts: &[&str]) -> String {
    listed(parts, "")
}

/// One after the other, with this between each two.
pub(crate) fn listed(parts: &[&str], between: &str) -> String {
    let mut list = String::with_capacity(parts.iter().map(|part| part.len() + between.len()).sum());
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            list.push_str(between);
        }
        list.push_str(part);
    }
    list
}

/// Whether a text contains another.
pub(crate) fn holds(text: &str, part: &str) -> bool {
    let mut rest = text.as_bytes();
    while !rest.starts_with(part.as_bytes()) {
        let [_, after @ ..] = rest else { return false };
        rest = after;
    }
    true
}

/// Whether any byte of a text is of this kind. It looks at all of them, which lets it look at many
/// at once.
pub(crate) fn any(text: &str, is_meant: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |any, byte| any | is_meant(byte))
}

/// Visible ASCII and spaces (RFC 6749 appendix A).
pub(crate) fn is_visible(text: &str) -> bool {
    !any(text, |byte| !(b' '..=b'~').contains(&byte))
}

/// The same without spaces.
pub(crate) fn is_graphic(text: &str) -> bool {
    !any(text, |byte| !byte.is_ascii_graphic())
}

/// Whether a byte is one of a few.
pub(crate) fn is_one_of(byte: u8, few: &str) -> bool {
    few.bytes().any(|one| one == byte)
}

/// What is before the first of these ASCII characters and what is behind it.
pub(crate) fn cut(text: &str, between: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == between)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The same with the last of them.
pub(crate) fn cut_last(text: &str, between: u8) -> Option<(&str, &str)> {
    let at = text.bytes().rposition(|byte| byte == between)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What is before the first of these ASCII characters: all of it if there is none.
pub(crate) fn before(text: &str, between: u8) -> &str {
    cut(text, between).map_or(text, |(before, _)| before)
}

/// What stands between these ASCII characters: all of it if there is none.
pub(crate) fn parts(text: &str, between: u8) -> Parts<'_> {
    Parts { rest: Some(text), between }
}

pub(crate) struct Parts<'a> {
    rest: Option<&'a str>,
    between: u8,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest?;
        let (part, rest) = match cut(text, self.between) {
            Some((part, rest)) => (part, Some(rest)),
            None => (text, None),
        };
        self.rest = rest;
        Some(part)
    }
}

/// Without white space at either end.
pub(crate) fn trimmed(text: &str) -> &str {
    stripped(text, char::is_whitespace)
}

/// Without characters of this kind at either end.
pub(crate) fn stripped(text: &str, is_around: fn(char) -> bool) -> &str {
    text.trim_matches(is_around)
}

/// Without any number of these behind it.
pub(crate) fn without_end<'a>(mut text: &'a str, end: &str) -> &'a str {
    while let Some(rest) = text.strip_suffix(end) {
        text = rest;
    }
    text
}

/// Adds the digits of a whole number.
pub(crate) fn decimal(to: &mut String, value: u64) {
    if value >= 10 {
        decimal(to, value / 10);
    }
    let [digit, ..] = (value % 10).to_le_bytes();
    to.push(char::from(b'0' + digit));
}

/// The digits of a whole number. The library's way would bring padding, signs and precision along.
pub(crate) fn number(value: impl Into<u64>) -> String {
    let mut digits = String::new();
    decimal(&mut digits, value.into());
    digits
}

/// A text out of a configuration, in quotes and [`plain`].
pub(crate) fn quoted(text: &str) -> String {
    joined(&["\"", &plain(text), "\""])
}

/// With a question mark for each character that is not visible ASCII, so that it can be shown.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        plain.push(if matches!(c, ' '..='~') { c } else { '?' });
    }
    plain
}
