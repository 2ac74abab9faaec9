//! What a login asks for.

use alloc::string::String;
use core::fmt;

use crate::text::parts;

/// An ordered list of scope tokens (RFC 6749 §3.3), none of them twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "String", into = "String")
)]
pub struct Scope(String);

impl Scope {
    /// Splits at white space.
    pub fn parse(text: &str) -> Self {
        [text].into_iter().collect()
    }

    /// An empty one with room for a text of this length.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Adds a token, which is not empty and has no white space, unless it is there.
    pub(crate) fn push(&mut self, token: &str) {
        if self.iter().any(|known| known == token) {
            return;
        }
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(token);
    }

    /// The tokens with a space between each two, as they are sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        parts(&self.0, b' ').filter(|token| !token.is_empty())
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    /// Keeps the first of equal tokens; what has white space in it is more than one.
    fn from_iter<I: IntoIterator<Item = &'a str>>(tokens: I) -> Self {
        let mut scope = Self::default();
        for text in tokens {
            text.split_ascii_whitespace().for_each(|token| scope.push(token));
        }
        scope
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Scope {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}
