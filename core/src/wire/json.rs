//! One reader for every reply: a flat JSON object whose values are looked at when asked for.
//!
//! A derived reader would be wrong here: it takes an array for a struct, fails a whole reply over
//! one number in quotes, and a map of values silently keeps the last of two equal names.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Secret;
use crate::error::BadResponse;
use crate::http::MAX_BODY;

/// Most members that any reply has; more is not an answer.
const MAX_MEMBERS: usize = 256;

/// Why a body is not an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAnObject {
    /// Not a whole JSON text in UTF-8, or too large to be one of ours.
    Unreadable,
    /// A whole JSON text that cannot be right.
    Bad(BadResponse),
}

/// The members of a JSON object in their order, each name once.
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads a reply: UTF-8, one byte order mark tolerated, no more than [`MAX_BODY`].
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, NotAnObject> {
        if body.len() > MAX_BODY {
            return Err(NotAnObject::Unreadable);
        }
        let text = core::str::from_utf8(body).map_err(|_| NotAnObject::Unreadable)?;
        Self::parse(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    pub(crate) fn parse(text: &'a str) -> Result<Self, NotAnObject> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| NotAnObject::Unreadable)?;
        if !raw.get().starts_with('{') {
            return Err(NotAnObject::Bad(BadResponse::NotAnObject));
        }
        let object: Self = serde_json::from_str(text).map_err(|_| NotAnObject::Unreadable)?;
        if object.0.len() > MAX_MEMBERS {
            return Err(NotAnObject::Unreadable);
        }
        let repeated = |(at, (name, _)): (usize, &(Cow<'_, str>, _))| {
            object.0[..at].iter().any(|(earlier, _)| earlier == name)
        };
        if object.0.iter().enumerate().any(repeated) {
            return Err(NotAnObject::Bad(BadResponse::RepeatedMember));
        }
        Ok(object)
    }

    /// The JSON text of a member that is there and not null.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, raw) = self.0.iter().find(|(known, _)| known == name)?;
        Some(raw.get()).filter(|text| *text != "null")
    }

    /// A member that is a string, empty or not.
    pub(crate) fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        string(self.raw(name)?)
    }

    /// A member that is a number, or a number in quotes.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        number(self.raw(name)?)
    }

    /// A member that is a plain whole number, as we write them ourselves.
    pub(crate) fn integer(&self, name: &str) -> Option<u64> {
        self.raw(name)?.parse().ok()
    }

    /// A member that is an object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.raw(name)?).ok()
    }

    /// The string at the end of a path of member names and array indices.
    pub(crate) fn string_at<S: AsRef<str>>(&self, path: &[S]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let mut text = self.raw(first.as_ref())?;
        for step in rest {
            text = match step.as_ref().parse::<usize>() {
                Ok(index) if text.starts_with('[') => {
                    serde_json::from_str::<Vec<&RawValue>>(text).ok()?.get(index)?.get()
                }
                Ok(_) | Err(_) => Object::parse(text).ok()?.raw(step.as_ref())?,
            };
        }
        string(text).map(Cow::into_owned)
    }

    /// Every member with its JSON text.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, raw)| (name.as_ref(), raw.get()))
    }
}

/// Whether the text is one JSON value.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A flat JSON object in the making.
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    pub(crate) fn string(&mut self, name: &str, value: &str) {
        self.raw(name, &quote(value));
    }

    pub(crate) fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    pub(crate) fn strings<'s>(&mut self, name: &str, values: impl Iterator<Item = &'s str>) {
        let values: Vec<_> = values.map(quote).collect();
        self.raw(name, &["[", &values.join(","), "]"].concat());
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.raw(name, &value.to_string());
    }

    pub(crate) fn raw(&mut self, name: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quote(name));
        self.0.push(':');
        self.0.push_str(value);
    }

    pub(crate) fn finish(mut self) -> Secret {
        self.0.push('}');
        Secret::new(self.0)
    }
}

/// A JSON string.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c < ' ' => {
                quoted.push_str("\\u00");
                quoted.extend(char::from_digit(u32::from(c) / 16, 16));
                quoted.extend(char::from_digit(u32::from(c) % 16, 16));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A JSON text that is a string.
pub(crate) fn string(raw: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str(raw).ok().map(|Text(text)| text)
}

/// The strings of an array; `None` unless all of it is strings.
pub(crate) fn strings(raw: &str) -> Option<Vec<Cow<'_, str>>> {
    let texts: Vec<Text<'_>> = serde_json::from_str(raw).ok()?;
    Some(texts.into_iter().map(|Text(text)| text).collect())
}

/// A JSON number, in quotes or not, and of any size. What else Rust reads as one (`inf`, `nan`)
/// is none.
pub(crate) fn number(raw: &str) -> Option<f64> {
    let text = string(raw).unwrap_or(Cow::Borrowed(raw));
    let text = text.trim();
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if is_number { text.parse().ok() } else { None }
}

/// A string of a JSON text, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), raw)) = map.next_entry()? {
                    // One too many is kept, so that the reader sees that there were.
                    if members.len() <= MAX_MEMBERS {
                        members.push((name, raw));
                    }
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}
