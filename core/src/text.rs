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
