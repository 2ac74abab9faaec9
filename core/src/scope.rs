//! What a login asks for.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

/// An ordered list of scope tokens (RFC 6749 §3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "String", into = "String")
)]
pub struct Scope(Vec<String>);

impl Scope {
    /// Splits at white space.
    pub fn parse(text: &str) -> Self {
        text.split_ascii_whitespace().collect()
    }

    /// Adds a token unless it is there.
    pub(crate) fn push(&mut self, token: &str) {
        if !token.is_empty() && !self.0.iter().any(|known| known == token) {
            self.0.push(token.to_string());
        }
    }

    /// The tokens with a space between each two, as they are sent.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.0.iter().map(|token| token.len() + 1).sum());
        for token in &self.0 {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(token);
        }
        text
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    /// Keeps the first of equal tokens.
    fn from_iter<I: IntoIterator<Item = &'a str>>(tokens: I) -> Self {
        let mut scope = Self::default();
        for token in tokens {
            scope.push(token);
        }
        scope
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl From<String> for Scope {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_text()
    }
}
