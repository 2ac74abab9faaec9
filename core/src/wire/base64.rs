//! Base64 (RFC 4648): base64url without padding for what the RFCs of OAuth and JWT encode, the
//! ordinary alphabet for `Authorization: Basic`.

use alloc::string::String;
use alloc::vec::Vec;

/// RFC 4648 §5, without padding.
pub fn url_safe(bytes: &[u8]) -> String {
    encode(bytes, ['-', '_'])
}

/// RFC 4648 §4, with padding.
pub fn standard(bytes: &[u8]) -> String {
    let mut text = encode(bytes, ['+', '/']);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn encode(bytes: &[u8], last: [char; 2]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 6 {
            held -= 6;
            text.push(letter(bits >> held, last));
        }
    }
    if held > 0 {
        text.push(letter(bits << (6 - held), last));
    }
    text
}

/// The letter for the lowest six bits.
fn letter(bits: u32, last: [char; 2]) -> char {
    let [value, ..] = (bits & 63).to_le_bytes();
    char::from(match value {
        0..26 => b'A' + value,
        26..52 => b'a' + (value - 26),
        52..62 => b'0' + (value - 52),
        62 => return last[0],
        _ => return last[1],
    })
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
