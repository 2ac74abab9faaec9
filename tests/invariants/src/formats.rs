//! Our own readers and writers of JSON, base64 and forms, beside the crates that they stand for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use grantflow_core::formats::{base64 as ours, form, json};
use grantflow_core::json::{Object, Writer};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What is examined.
#[derive(Clone, Copy, Debug)]
pub struct Formats {
    /// Whether a text is JSON.
    pub is_json: fn(&str) -> bool,
    /// What a JSON string says.
    pub string: fn(&str) -> Option<String>,
    /// The names and values of a form.
    pub pairs: fn(&str) -> Vec<(String, String)>,
    /// Bytes out of base64url.
    pub decode: fn(&str) -> Option<Vec<u8>>,
}

impl Formats {
    /// As it is shipped.
    pub const SHIPPED: Self = Self {
        is_json: json::is_json,
        string: json::string,
        pairs: |query| {
            let owned = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
                (name.into_owned(), value.into_owned())
            };
            form::pairs(query).map(owned).collect()
        },
        decode: ours::decode_url_safe,
    };
}

/// The first byte chooses the format.
///
/// # Panics
/// When an invariant does not hold.
pub fn formats(bytes: &[u8], examined: &Formats) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    match (choice & 3, std::str::from_utf8(bytes)) {
        (0, Ok(text)) => a_json_text(text, examined),
        (1, Ok(text)) => a_json_string(text, examined),
        (2, Ok(text)) => a_form(text, examined),
        (3, text) => base64_of(bytes, text.unwrap_or_default(), examined),
        (_, _) => {}
    }
}

fn a_json_text(text: &str, examined: &Formats) {
    let is_json = (examined.is_json)(text);
    if is_shallow(text) {
        let theirs = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(is_json, theirs, "JSON is JSON for both or neither: {text:?}");
    }
    match (Object::parse(text), members(text)) {
        (Ok(object), Some(theirs)) => {
            let ours: Vec<_> = object.members().iter().map(|(name, raw)| (&**name, *raw)).collect();
            let theirs: Vec<_> = theirs.iter().map(|(name, raw)| (&**name, raw.get())).collect();
            assert_eq!(ours, theirs, "members are the same for both");
        }
        (Ok(_), None) => assert!(!is_shallow(text), "only an object has members: {text:?}"),
        (Err(why), Some(theirs)) => {
            let names: BTreeSet<&str> = theirs.iter().map(|(name, _)| name.as_ref()).collect();
            let is_one = names.len() == theirs.len() && names.len() <= 256;
            assert!(!is_one, "an object is read: {why:?} in {text:?}");
        }
        (Err(_), None) => {}
    }
}

fn a_json_string(text: &str, examined: &Formats) {
    let quoted = format!("\"{text}\"");
    if (examined.is_json)(&quoted) {
        let theirs = serde_json::from_str::<String>(&quoted).ok();
        assert_eq!((examined.string)(&quoted), theirs, "a string says the same to both: {quoted}");
    }
    let mut to = Writer::new();
    to.string("text", text);
    to.open_list(text);
    to.element(text);
    to.element("");
    to.close_list();
    let written = to.finish();
    let value: serde_json::Value = serde_json::from_str(written.expose()).expect("what is written");
    assert_eq!(value["text"], if text == "text" { value["text"].clone() } else { text.into() });
    let raw = serde_json::Value::from(text).to_string();
    assert_eq!((examined.string)(&raw).as_deref(), Some(text), "a string survives");
}

fn a_form(text: &str, examined: &Formats) {
    let theirs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
    let ours = (examined.pairs)(text);
    assert_eq!(ours.len(), theirs.len(), "pairs are pairs for both: {text:?}");
    for ((name, value), (their_name, their_value)) in ours.iter().zip(&theirs) {
        for (ours, theirs) in [(name, their_name), (value, their_value)] {
            // What is no UTF-8 is one mark for us, and one for each piece of it for them.
            let is_marked = ours == "\u{fffd}" && theirs.contains('\u{fffd}');
            assert!(ours == theirs || is_marked, "a form says the same to both: {text:?}");
        }
    }
    let mut written = String::new();
    form::escape(&mut written, text);
    let theirs: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    assert_eq!(written, theirs, "a form is written alike");
}

fn base64_of(bytes: &[u8], text: &str, examined: &Formats) {
    assert_eq!(ours::standard(bytes), STANDARD.encode(bytes), "base64 is written alike");
    let written = ours::url_safe(bytes);
    assert_eq!(written, URL_SAFE_NO_PAD.encode(bytes), "base64 is written alike");
    assert_eq!((examined.decode)(&written).as_deref(), Some(bytes), "bytes survive base64");
    let theirs = URL_SAFE_NO_PAD.decode(text).ok();
    assert_eq!((examined.decode)(text), theirs, "base64 is read alike: {text:?}");
}

/// Others give up where a text goes as deep as ours need not.
pub(crate) fn is_shallow(text: &str) -> bool {
    text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() < 100
}

/// The members of an object as another reader has them, repeats and all.
pub(crate) fn members(text: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(Members).ok()?;
    reader.end().ok().map(|()| members)
}

/// Whether a body is an object for others.
pub(crate) fn is_object(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| members(unmarked(text)).is_some())
}

/// The raw text of a member of a body, as others find it.
pub(crate) fn raw_in(body: &[u8], name: &str) -> Option<String> {
    let members = members(unmarked(std::str::from_utf8(body).ok()?))?;
    let raw = members.into_iter().find(|(known, _)| known == name).map(|(_, raw)| raw.get());
    raw.map(str::to_owned)
}

/// Without a byte order mark.
pub(crate) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// A member that is a text.
pub(crate) fn text_in(body: &[u8], name: &str) -> Option<String> {
    serde_json::from_str(&raw_in(body, name)?).ok()
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Self::Value::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

/// By the shipped ones.
pub(crate) fn check(bytes: &[u8]) {
    formats(bytes, &Formats::SHIPPED);
}
