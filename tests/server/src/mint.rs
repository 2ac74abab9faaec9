//! Codes and tokens, from a seed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The letters of RFC 8628 §6.1: no vowels, so no words.
const USER_CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Makes secrets, each once.
pub(crate) struct Mint {
    seed: u64,
    made: u64,
}

impl Mint {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    /// 43 characters of the URL-safe alphabet, after the prefix.
    pub(crate) fn token(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(self.bytes()))
    }

    /// 40 characters of hexadecimal, as GitHub's `device_code`.
    pub(crate) fn hex(&mut self) -> String {
        let (digits, bytes) = (b"0123456789abcdef", self.bytes());
        let nibbles = bytes.iter().take(20).flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles.map(|nibble| char::from(digits[usize::from(nibble)])).collect()
    }

    /// Eight letters with a dash between them.
    pub(crate) fn user_code(&mut self) -> String {
        let bytes = self.bytes();
        let mut letters = bytes.iter().map(|byte| {
            char::from(USER_CODE_LETTERS[usize::from(*byte) % USER_CODE_LETTERS.len()])
        });
        let first: String = letters.by_ref().take(4).collect();
        let second: String = letters.take(4).collect();
        format!("{first}-{second}")
    }

    /// A JWT (RFC 7519) of the form that clients look into, with a signature that is none.
    pub(crate) fn jwt(&mut self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": "test", "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", encode(&header), encode(claims), self.token(""))
    }

    fn bytes(&mut self) -> [u8; 32] {
        self.made += 1;
        let hash = Sha256::new()
            .chain_update(b"grantflow-test-server")
            .chain_update(self.seed.to_le_bytes())
            .chain_update(self.made.to_le_bytes());
        hash.finalize().into()
    }
}

/// RFC 7636 §4.2: the S256 `code_challenge` of a `code_verifier`.
pub(crate) fn code_challenge(code_verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.as_bytes()))
}
