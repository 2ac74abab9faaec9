//! The store as text: where each entry stands, and the same text with one entry changed.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::StoreError;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A text that is one JSON object.
pub(super) struct Document<'t> {
    text: &'t str,
    /// Behind the brace.
    open: usize,
    members: Vec<Member<'t>>,
}

/// One member: its name, and where its value stands in the text.
struct Member<'t> {
    name: Cow<'t, str>,
    value: Range<usize>,
}

impl<'t> Document<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, StoreError> {
        let json = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        if json.trim().is_empty() {
            return Err(StoreError::empty());
        }
        let corrupt = |why: serde_json::Error| StoreError::corrupt(why.line());
        let mut reader = serde_json::Deserializer::from_str(json);
        let values = reader.deserialize_map(Members).map_err(corrupt)?;
        reader.end().map_err(corrupt)?;
        // Each value is borrowed from the text, so its address tells its place.
        let place = |value: &str| {
            let start = value.as_ptr().addr() - text.as_ptr().addr();
            start..start + value.len()
        };
        let members = values.into_iter();
        let members = members.map(|(name, value)| Member { name, value: place(value.get()) });
        let open = text.find('{').map_or(text.len(), |brace| brace + 1);
        Ok(Self { text, open, members: members.collect() })
    }

    /// The value's text, by name.
    pub(super) fn entry(&self, name: &str) -> Option<&'t str> {
        self.entries().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every value's text, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &'t str)> {
        self.members.iter().map(|member| (member.name.as_ref(), &self.text[member.value.clone()]))
    }

    /// The text with this entry; every byte outside of it as it was.
    pub(super) fn with(&self, name: &str, entry: &str) -> Zeroizing<String> {
        let entry = Zeroizing::new(entry.replace('\n', self.line_break()));
        if let Some(member) = self.members.iter().find(|member| member.name == name) {
            return self.splice(member.value.clone(), &entry);
        }
        let name = serde_json::Value::from(name).to_string();
        let member = Zeroizing::new([self.line_break(), &name, ": ", &entry].concat());
        if let Some(last) = self.members.last() {
            let at = last.value.end;
            self.splice(at..at, &Zeroizing::new([",", &member].concat()))
        } else {
            let close = self.text.rfind('}').unwrap_or(self.open);
            self.splice(self.open..close, &Zeroizing::new([&member, "\n"].concat()))
        }
    }

    /// The text without this entry and the comma that belongs to it.
    pub(super) fn without(&self, name: &str) -> Option<Zeroizing<String>> {
        let index = self.members.iter().position(|member| member.name == name)?;
        let end = self.members[index].value.end;
        let start = index.checked_sub(1).map_or(self.open, |before| self.members[before].value.end);
        let comma = match (index, self.members.len()) {
            (0, 2..) => self.text[end..].find(',').map_or(0, |comma| comma + 1),
            _ => 0,
        };
        Some(self.splice(start..end + comma, ""))
    }

    fn splice(&self, range: Range<usize>, new: &str) -> Zeroizing<String> {
        Zeroizing::new([&self.text[..range.start], new, &self.text[range.end..]].concat())
    }

    /// What stands before the first entry's name, if that is a line of its own: the file's line
    /// ending and indentation.
    fn line_break(&self) -> &'t str {
        let rest = &self.text[self.open..];
        let space = &rest[..rest.len() - rest.trim_start().len()];
        match self.members.first() {
            Some(_) => space,
            None => "\n  ",
        }
    }
}

/// Reads names and raw values in order. A name that stands twice has no meaning to rely on.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            if members.iter().any(|(known, _)| *known == name) {
                return Err(de::Error::custom("a name stands twice"));
            }
            members.push((name, value));
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
