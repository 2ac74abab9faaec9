//! Proof Key for Code Exchange (RFC 7636), S256 only.

use alloc::string::String;
use core::fmt;

use sha2::{Digest as _, Sha256};

use crate::Secret;
use crate::text::is_one_of;
use crate::wire::base64;

/// 43 to 128 of the unreserved characters (RFC 7636 §4.1).
#[derive(Clone)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// 43 characters from 32 random bytes; more by hashing them with a counter, which adds length
    /// and no strength. `length` outside 43 to 128 is brought inside.
    pub fn generate(random: [u8; 32], length: usize) -> Self {
        let length = length.clamp(43, 128);
        let mut text = base64::url_safe(&random);
        let mut block = 0_u8;
        while text.len() < length {
            block += 1;
            let more = Sha256::new().chain_update(random).chain_update([block]).finalize();
            text.push_str(&base64::url_safe(&more));
        }
        while text.len() > length {
            text.pop();
        }
        Self(Secret::new(text))
    }

    /// Takes one from elsewhere.
    ///
    /// # Errors
    /// [`BadCodeVerifier`] if it isn't 43 to 128 unreserved characters.
    pub fn parse(text: impl Into<Secret>) -> Result<Self, BadCodeVerifier> {
        let text = text.into();
        let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || is_one_of(b, "-._~");
        let length = text.expose().len();
        if (43..=128).contains(&length) && text.expose().bytes().all(is_unreserved) {
            Ok(Self(text))
        } else {
            Err(BadCodeVerifier)
        }
    }

    /// `code_challenge` for `code_challenge_method=S256` (RFC 7636 §4.2).
    pub fn code_challenge(&self) -> String {
        base64::url_safe(&Sha256::digest(self.0.expose()))
    }

    /// For the token request, and for nothing else.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier")
    }
}

/// Not 43 to 128 unreserved characters (RFC 7636 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCodeVerifier;

impl fmt::Display for BadCodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a code_verifier has 43 to 128 of A-Z a-z 0-9 - . _ ~")
    }
}

impl core::error::Error for BadCodeVerifier {}
