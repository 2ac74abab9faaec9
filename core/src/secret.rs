//! What must not be seen by accident: redacted when printed, wiped when dropped, one way to look.

use alloc::string::String;
use core::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

/// A token, code, verifier or anything else that would let a stranger in.
///
/// It has no `Display`, no `==` and no serialisation; `Debug` prints its type. [`Secret::expose`]
/// is the one way to read it, so that a search for that word finds every place that does. The
/// memory is wiped on drop; copies that a `String` left behind while it grew are not.
///
/// ```compile_fail
/// # let token = grantflow_core::Secret::from("t");
/// println!("{token}"); // no `Display`
/// ```
/// ```compile_fail
/// # let (token, other) = (grantflow_core::Secret::from("t"), grantflow_core::Secret::from("o"));
/// token == other; // no `==`: see `matches`
/// ```
/// ```compile_fail
/// # let token = grantflow_core::Secret::from("t");
/// serde_json::to_string(&token); // no `Serialize`
/// ```
#[derive(Clone, Default)]
pub struct Secret(String);

impl Drop for Secret {
    // Once, and not wherever a secret ends.
    #[inline(never)]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form in which a secret may be compared, filed or logged.
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose())
    }

    /// Compares in time that depends on neither text: both are hashed first, so that not even
    /// their lengths show.
    pub fn matches(&self, other: &str) -> bool {
        let (a, b) = (Sha256::digest(self.expose()), Sha256::digest(other));
        a.iter().zip(b.iter()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The first 16 bytes of a SHA-256: enough to tell two long random secrets apart, useless for
/// getting one back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of `text`.
    pub fn of(text: &str) -> Self {
        let whole = Sha256::digest(text);
        Self(first(whole.iter()))
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut short = [0; 16];
        if text.len() != 32 {
            return None;
        }
        for (at, digit) in text.bytes().enumerate() {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            short[at / 2 % 16] = short[at / 2 % 16] << 4 | value;
        }
        Some(Self(short))
    }

    /// What [`fmt::Display`] shows.
    pub fn to_text(self) -> String {
        let digit = |value| char::from(if value < 10 { b'0' + value } else { b'a' - 10 + value });
        let mut text = String::with_capacity(32);
        for byte in self.0 {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        text
    }
}

/// So many bytes out of more; indexing them would bring along the words for a panic.
pub(crate) fn first<'b, const LENGTH: usize>(bytes: impl Iterator<Item = &'b u8>) -> [u8; LENGTH] {
    let mut first = [0; LENGTH];
    for (to, byte) in first.iter_mut().zip(bytes) {
        *to = *byte;
    }
    first
}

impl fmt::Display for Digest {
    /// 32 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}
