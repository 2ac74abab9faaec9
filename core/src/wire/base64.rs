//! Base64 (RFC 4648): base64url without padding for what the RFCs of OAuth and JWT encode, the
//! ordinary alphabet for `Authorization: Basic`.

use alloc::string::String;
use alloc::vec::Vec;

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648 §5, without padding.
pub fn url_safe(bytes: &[u8]) -> String {
    encode(bytes, URL_SAFE)
}

/// RFC 4648 §4, with padding.
pub fn standard(bytes: &[u8]) -> String {
    let mut text = encode(bytes, STANDARD);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn encode(bytes: &[u8], letters: &[u8; 64]) -> String {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    let (mut bits, mut held) = (0_usize, 0);
    for byte in bytes {
        bits = bits << 8 | usize::from(*byte);
        held += 8;
        while held >= 6 {
            held -= 6;
            text.push(letters[bits >> held & 63]);
        }
    }
    if held > 0 {
        text.push(letters[bits << (6 - held) & 63]);
    }
    String::from_utf8(text).unwrap_or_default() // letters are
}

/// Reads base64url without padding. Bits that belong to no byte must be zero, so that no two texts
/// mean the same.
pub fn decode_url_safe(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
            bits &= (1 << held) - 1;
        }
    }
    (held < 6 && bits == 0).then_some(bytes)
}
