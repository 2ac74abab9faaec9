//! Hints out of JWTs.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantflow_core::{Secret, UnverifiedClaims};
use serde_json::Value;

use crate::formats::{is_shallow, members};
use crate::token::is_not_shown;

/// The reader of claims.
pub type ReadClaims = fn(&Secret) -> Option<UnverifiedClaims>;

const CAP: usize = 64 << 10;
const PATHS: [&[&str]; 4] =
    [&["email"], &["https://api.openai.com/auth", "chatgpt_account_id"], &["list", "0", "id"], &[]];

/// The bytes are the claims themselves if they begin with `{`, and a whole token otherwise.
///
/// # Panics
/// When an invariant does not hold.
pub fn jwt_claims(bytes: &[u8], read: ReadClaims) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let jwt = match text.strip_prefix('{') {
        Some(_) => format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(text)),
        None => text.to_owned(),
    };
    let theirs = claims(&jwt);
    let Some(ours) = read(&Secret::new(jwt.as_str())) else {
        assert!(theirs.is_none(), "what others can read is read: {jwt:?}");
        return;
    };
    let is_deep = theirs.is_none() && !is_shallow(text);
    assert!(theirs.is_some() || is_deep, "only claims are read: {jwt:?}");
    // Others have no room for some numbers.
    let Some(Ok(theirs)) = theirs else { return };
    for path in PATHS {
        let found = ours.string(path);
        let there = path.iter().try_fold(&theirs, |value, name| match value {
            Value::Array(values) => values.get(name.parse::<usize>().ok()?),
            Value::Object(members) => members.get(*name),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        });
        let there = there.filter(|_| !path.is_empty()).and_then(Value::as_str);
        if let Some(found) = &found {
            assert_eq!(there, Some(&**found), "a hint is what is claimed");
            can_be_shown(found);
        }
        let is_plain = there.is_some_and(|text| text.bytes().all(|b| b.is_ascii_graphic()));
        let is_short = there.is_some_and(|text| (1..=256).contains(&text.len()));
        assert!(found.is_some() || !is_plain || !is_short, "a plain hint is found: {there:?}");
    }
    if let Some(seconds) = ours.seconds("exp") {
        let is_plausible = (1_000_000_000..9_000_000_000).contains(&seconds);
        assert!(is_plausible, "a time is plausible: {seconds}");
        let there = &theirs["exp"];
        let same = there.as_u64().is_none_or(|there| there == seconds);
        assert!(same, "a time is what is claimed: {seconds} of {there}");
    }
    is_not_shown(&jwt, &ours);
}

fn can_be_shown(hint: &str) {
    let is_fit = !hint.is_empty() && hint.chars().count() <= 256;
    assert!(is_fit && !hint.contains(char::is_control), "a hint can be shown: {hint:?}");
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!hint.contains(turns), "a hint turns no line around: {hint:?}");
}

/// As others read them: an object without repeats in the middle of three segments, if it is one; and what
/// it says, if they have room for that.
fn claims(jwt: &str) -> Option<serde_json::Result<Value>> {
    let segments: Vec<&str> = jwt.split('.').collect();
    let [_, payload, _] = segments[..] else { return None };
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let payload = payload.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&payload);
    let text = std::str::from_utf8(payload).ok().filter(|_| jwt.len() <= CAP)?;
    let members = members(text)?;
    let names: BTreeSet<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
    let is_one = names.len() == members.len() && names.len() <= 256;
    is_one.then(|| serde_json::from_str(text))
}

/// By the shipped reader.
pub(crate) fn check(bytes: &[u8]) {
    jwt_claims(bytes, UnverifiedClaims::read);
}
