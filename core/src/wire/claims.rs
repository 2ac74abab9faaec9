//! Hints from a JWT (RFC 7519). Its signature is not looked at, so nothing here is evidence of
//! anything: good for display, an account header and an expiry estimate.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::Secret;
use crate::text::{parts, without_end};
use crate::wire::base64;
use crate::wire::json::Object;

/// Longer is no JWT of an authorization server.
const MAX_JWT: usize = 64 << 10;

/// The claims of a JWT that nobody verified.
pub struct UnverifiedClaims(Zeroizing<Vec<u8>>);

impl UnverifiedClaims {
    /// `None` for anything but three segments whose middle one is a JSON object in base64url
    /// (RFC 7515 §3.1); padding is tolerated.
    pub fn read(jwt: &Secret) -> Option<Self> {
        let jwt = jwt.expose();
        if jwt.len() > MAX_JWT {
            return None;
        }
        let mut segments = parts(jwt, b'.');
        let (_, payload, _) = (segments.next()?, segments.next()?, segments.next()?);
        if segments.next().is_some() {
            return None;
        }
        let claims = base64::decode_url_safe(without_end(payload, "="))?;
        let claims = Zeroizing::new(claims);
        Object::read(&claims).ok()?;
        Some(Self(claims))
    }

    /// The string at the end of a path of member names and array indices, if it can be shown:
    /// without control characters, at most 256 characters.
    pub fn string<S: AsRef<str>>(&self, path: &[S]) -> Option<String> {
        presentable(Object::read(&self.0).ok()?.string_at(path)?)
    }

    /// The time in a claim, `exp` for one, in seconds since 1970; `None` if it is implausible.
    pub fn seconds(&self, name: &str) -> Option<u64> {
        plausible_seconds(Object::read(&self.0).ok()?.number(name)?.thousandths())
    }
}

impl fmt::Debug for UnverifiedClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedClaims")
    }
}

/// A hint that can be shown on a terminal and sent in a header.
pub(crate) fn presentable(text: String) -> Option<String> {
    let is_shown = !text.is_empty()
        && text.chars().nth(256).is_none()
        && !text.chars().any(|c| c.is_control() || is_invisible(c));
    is_shown.then_some(text)
}

/// Characters that change the direction of text or take no room: nothing a name needs.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Seconds since 1970 between 2001 and 2255, so that milliseconds are never taken for seconds.
pub(crate) fn plausible_seconds(ms: i64) -> Option<u64> {
    let seconds = u64::try_from(ms / 1000).ok()?;
    (1_000_000_000..9_000_000_000).contains(&seconds).then_some(seconds)
}
