//! One reader for every JSON text that comes in, and one writer for every one that goes out.
//!
//! An object is flat: its members are found when it is read, and looked at when asked for. Derived
//! readers would be wrong here: they take an array for a struct, fail a whole reply over one number
//! in quotes, and silently keep the last of two equal names. And they would be most of a small wasm.

mod number;
mod scan;

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;

use crate::Secret;
use crate::error::BadResponse;
use crate::http::MAX_BODY;
use crate::text::{decimal, trimmed};
pub use number::Number;
use scan::Scanner;

/// Most members that any reply has; more is not an answer.
const MAX_MEMBERS: usize = 256;

/// Why a body is not an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnObject {
    /// Not a whole JSON text in UTF-8, or too large to be one of ours.
    Unreadable,
    /// A whole JSON text that cannot be right.
    Bad(BadResponse),
}

/// The members of a JSON object in their order, each name once.
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Object<'a> {
    /// Reads a reply: UTF-8, one byte order mark tolerated, no more than [`MAX_BODY`].
    ///
    /// # Errors
    /// [`NotAnObject`]
    pub fn read(body: &'a [u8]) -> Result<Self, NotAnObject> {
        if body.len() > MAX_BODY {
            return Err(NotAnObject::Unreadable);
        }
        let text = core::str::from_utf8(body).map_err(|_| NotAnObject::Unreadable)?;
        Self::parse(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// Reads a text that is one JSON object (RFC 8259).
    ///
    /// # Errors
    /// [`NotAnObject`] if it is none, if a member stands twice or if it has more than 256.
    pub fn parse(text: &'a str) -> Result<Self, NotAnObject> {
        let mut members = Vec::with_capacity(8); // what most replies have
        let mut repeated = false;
        let mut scanner = Scanner::new(text);
        let is_object = scanner.object(&mut |name, value| {
            let name = self::name(name)?;
            repeated |= members.iter().any(|(known, _)| *known == name);
            // One too many is kept, so that it shows that there were.
            if members.len() <= MAX_MEMBERS {
                members.push((name, value));
            }
            Some(())
        });
        match is_object {
            Some(()) if !scanner.is_at_end() || members.len() > MAX_MEMBERS => {
                Err(NotAnObject::Unreadable)
            }
            Some(()) if repeated => Err(NotAnObject::Bad(BadResponse::RepeatedMember)),
            Some(()) => Ok(Self(members)),
            None if is_json(text) && !is_object_text(text) => {
                Err(NotAnObject::Bad(BadResponse::NotAnObject))
            }
            None => Err(NotAnObject::Unreadable),
        }
    }

    /// The JSON text of a member that is there and not null.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.member(name).filter(|text| *text != "null")
    }

    /// The same, null or not.
    pub(crate) fn member(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, raw)| *raw)
    }

    /// A member that is a string, empty or not.
    pub fn string(&self, name: &str) -> Option<String> {
        string(self.raw(name)?)
    }

    /// A member that is a number, or a number in quotes.
    pub fn number(&self, name: &str) -> Option<Number> {
        let raw = self.raw(name)?;
        match string(raw) {
            Some(quoted) => Number::parse(trimmed(&quoted)),
            None => Number::parse(raw),
        }
    }

    /// A member that is a plain whole number, as we write them ourselves.
    pub fn integer(&self, name: &str) -> Option<u64> {
        self.raw(name)?.parse().ok()
    }

    /// A member that is an object.
    pub fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.raw(name)?).ok()
    }

    /// The string at the end of a path of member names and array indices.
    pub(crate) fn string_at<S: AsRef<str>>(&self, path: &[S]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let mut text = self.raw(first.as_ref())?;
        for step in rest {
            let step = step.as_ref();
            text = match step.parse::<u64>() {
                Ok(index) if text.starts_with('[') => {
                    *elements(text)?.get(usize::try_from(index).ok()?)?
                }
                Ok(_) | Err(_) => Object::parse(text).ok()?.raw(step)?,
            };
        }
        string(text)
    }

    /// A string that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<String, BadResponse> {
        match self.string(name) {
            Some(text) => Ok(text),
            None => Err(BadResponse::Member(name)),
        }
    }

    /// A member that is a string, and secret.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        self.string(name).map(Secret::new)
    }

    /// Every member with its JSON text.
    pub fn members(&self) -> &[(Cow<'a, str>, &'a str)] {
        &self.0
    }
}

/// Whether the text is one JSON value.
pub fn is_json(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.value().is_some() && scanner.is_at_end()
}

/// In which line, counted from 1, a text stops being JSON.
pub(crate) fn broken_line(text: &str) -> usize {
    let mut scanner = Scanner::new(text);
    scanner.value();
    text.bytes().take(scanner.at()).filter(|byte| *byte == b'\n').count() + 1
}

/// A JSON text that is a string.
pub fn string(raw: &str) -> Option<String> {
    scan::unquoted(raw.strip_prefix('"')?.strip_suffix('"')?)
}

/// The same for a name that stands in an object: a copy only where it has escapes.
fn name(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if scan::is_plain(inside) {
        Some(Cow::Borrowed(inside))
    } else {
        scan::unquoted(inside).map(Cow::Owned)
    }
}

/// The JSON texts of an array's elements.
pub fn elements(raw: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    let mut scanner = Scanner::new(raw);
    scanner.array(&mut |element| elements.push(element))?;
    scanner.is_at_end().then_some(elements)
}

/// The strings of an array; `None` unless all of it is strings.
pub(crate) fn strings(raw: &str) -> Option<Vec<String>> {
    let mut strings = Vec::new();
    for element in elements(raw)? {
        strings.push(string(element)?);
    }
    Some(strings)
}

fn is_object_text(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// A flat JSON object in the making.
pub struct Writer(String);

impl Writer {
    /// One without members.
    #[expect(clippy::new_without_default, reason = "the only way to get one")]
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a string.
    pub fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        quote(&mut self.0, value);
    }

    /// Adds a string if there is one.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    /// Begins an array: elements follow, until it is closed.
    pub fn open_list(&mut self, name: &str) {
        self.name(name);
        self.0.push('[');
    }

    /// Adds a string to an array.
    pub fn element(&mut self, value: &str) {
        self.separate('[');
        quote(&mut self.0, value);
    }

    /// Ends an array.
    pub fn close_list(&mut self) {
        self.0.push(']');
    }

    /// Adds a whole number.
    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        decimal(&mut self.0, value);
    }

    /// Adds a value that is JSON already.
    pub fn raw(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push_str(value);
    }

    /// Begins an object within: what follows is added to that, until it is closed.
    pub fn open(&mut self, name: &str) {
        self.name(name);
        self.0.push('{');
    }

    /// Ends what was opened last.
    pub fn close(&mut self) {
        self.0.push('}');
    }

    /// The text.
    pub fn finish(mut self) -> Secret {
        self.0.push('}');
        Secret::new(self.0)
    }

    fn name(&mut self, name: &str) {
        self.separate('{');
        quote(&mut self.0, name);
        self.0.push(':');
    }

    /// A comma, unless what was opened is still empty.
    fn separate(&mut self, open: char) {
        if !self.0.ends_with(open) {
            self.0.push(',');
        }
    }
}

/// Adds a JSON string.
pub fn quote(to: &mut String, text: &str) {
    to.push('"');
    if scan::is_plain(text) {
        to.push_str(text);
    } else {
        for c in text.chars() {
            match c {
                '"' => to.push_str("\\\""),
                '\\' => to.push_str("\\\\"),
                c if c < ' ' => {
                    to.push_str(if c < '\u{10}' { "\\u000" } else { "\\u001" });
                    to.extend(char::from_digit(u32::from(c) % 16, 16));
                }
                c => to.push(c),
            }
        }
    }
    to.push('"');
}
