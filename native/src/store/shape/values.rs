//! The values that all of these files are made of.

use grantflow_core::Secret;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use zeroize::Zeroizing;

use super::super::document::Document;

/// For an expiry that nobody knows, since other readers insist on a number: the largest integer
/// that is exact in JavaScript.
pub(super) const NEVER: u64 = (1 << 53) - 1;

/// What is written of one credential: where each member stands in the file, and its JSON text.
pub(super) struct Members {
    under: Vec<String>,
    members: Vec<Member>,
}

/// A path of names, and the value there.
pub(super) type Member = (Vec<String>, Zeroizing<String>);

impl Members {
    /// Those of the object at the end of this path.
    pub(super) fn under(path: &[&str]) -> Self {
        let under = path.iter().map(|&name| name.to_owned()).collect();
        Self { under, members: Vec::new() }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.json(name, serde_json::Value::from(text).to_string());
    }

    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub(super) fn secret(&mut self, name: &str, secret: Option<&Secret>) {
        self.optional(name, secret.map(Secret::expose));
    }

    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.json(name, number.to_string());
    }

    pub(super) fn json(&mut self, name: &str, json: String) {
        let path = self.under.iter().cloned().chain([name.to_owned()]).collect();
        self.members.push((path, Zeroizing::new(json)));
    }

    /// More of the same file.
    pub(super) fn and(mut self, others: Self) -> Self {
        self.members.extend(others.members);
        self
    }

    pub(super) fn finish(self) -> Vec<Member> {
        self.members
    }
}

/// Reads an object. A list is none, though a derived reader would take one, and neither is an object
/// that says a thing twice.
pub(super) fn object<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
    Document::parse(text).ok()?;
    serde_json::from_str(text).ok()
}

/// Milliseconds since 1970 in a number, whatever it is: some tools write fractions, and the far ends
/// of the calendar are dates like others.
pub(super) fn milliseconds(number: &Number) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let whole = || number.as_f64().map_or(0, |at| at as u64);
    number.as_u64().unwrap_or_else(whole).min(NEVER)
}

/// The access token, unless somebody has blanked the tokens: then there is nothing to use, to renew
/// or to copy. A login that cannot be renewed has a blank refresh token too, but no expiry of zero.
pub(super) fn unless_wiped(access: Token, refresh: &Token, expires_at: u64) -> Option<Secret> {
    let is_wiped = refresh.is_blank() && expires_at == 0;
    access.filled().filter(|_| !is_wiped)
}

/// A secret as a JSON string.
#[derive(Default)]
pub(super) struct Hidden(pub(super) Secret);

impl Hidden {
    pub(super) fn is_blank(&self) -> bool {
        self.0.expose().trim().is_empty()
    }

    pub(super) fn filled(self) -> Option<Secret> {
        Some(self).filter(|hidden| !hidden.is_blank()).map(|hidden| hidden.0)
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Secret::new(text)))
    }
}

/// A token as a JSON string. What no header can hold is none.
#[derive(Default)]
pub(super) struct Token(Hidden);

impl Token {
    pub(super) fn is_blank(&self) -> bool {
        self.0.is_blank()
    }

    pub(super) fn filled(self) -> Option<Secret> {
        self.0.filled()
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Hidden::deserialize(from)?;
        let fits = text.0.expose().bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if fits || text.is_blank() { Ok(Self(text)) } else { Err(D::Error::custom("no token")) }
    }
}
