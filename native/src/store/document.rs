//! A JSON object as text: where each member stands, and the same text with one member changed,
//! however deep. Every byte outside of that member stays: order, spacing, escapes, long numbers.

use std::borrow::Cow;
use std::collections::HashSet;
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
    /// The line break and indentation of the object around this one.
    around: Cow<'t, str>,
}

/// One member: its name, and where its value stands in the text.
struct Member<'t> {
    name: Cow<'t, str>,
    value: Range<usize>,
}

impl<'t> Document<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, StoreError> {
        Self::within(text, Cow::Borrowed("\n"))
    }

    fn within(text: &'t str, around: Cow<'t, str>) -> Result<Self, StoreError> {
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
        Ok(Self { text, open, members: members.collect(), around })
    }

    /// A member's text, by name.
    pub(super) fn member(&self, name: &str) -> Option<&'t str> {
        self.members().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every member's text, in order.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'t str)> {
        self.members.iter().map(|member| (member.name.as_ref(), &self.text[member.value.clone()]))
    }

    /// The text with this value at the end of a path of names. What is no object on the way there
    /// becomes one.
    pub(super) fn with(&self, path: &[&str], value: &str) -> Zeroizing<String> {
        let Some((name, rest)) = path.split_first() else {
            return Zeroizing::new(self.text.to_owned());
        };
        let there = self.members.iter().find(|member| member.name == *name);
        let value = if rest.is_empty() {
            Zeroizing::new(value.replace('\n', &self.line_break()))
        } else {
            let inside = there.and_then(|member| self.inside(&self.text[member.value.clone()]));
            inside
                .or_else(|| self.inside("{}"))
                .map(|inside| inside.with(rest, value))
                .unwrap_or_default()
        };
        match there {
            Some(member) => self.splice(member.value.clone(), &value),
            None => self.and(name, &value),
        }
    }

    /// The text without the member at the end of the path, and without the comma that belongs to it.
    pub(super) fn without(&self, path: &[&str]) -> Option<Zeroizing<String>> {
        let (name, rest) = path.split_first()?;
        let index = self.members.iter().position(|member| member.name == *name)?;
        let place = self.members[index].value.clone();
        if !rest.is_empty() {
            let left = self.inside(&self.text[place.clone()])?.without(rest)?;
            return Some(self.splice(place, &left));
        }
        let end = place.end;
        let start = index.checked_sub(1).map_or(self.open, |before| self.members[before].value.end);
        let comma = match (index, self.members.len()) {
            (0, 2..) => self.text[end..].find(',').map_or(0, |comma| comma + 1),
            _ => 0,
        };
        Some(self.splice(start..end + comma, ""))
    }

    /// A member's value, if it is an object.
    fn inside<'i>(&self, value: &'i str) -> Option<Document<'i>> {
        Document::within(value, Cow::Owned(self.line_break().into_owned())).ok()
    }

    /// The text with one more member, behind the others.
    fn and(&self, name: &str, value: &str) -> Zeroizing<String> {
        let name = serde_json::Value::from(name).to_string();
        let member = Zeroizing::new([&*self.line_break(), &name, ": ", value].concat());
        if let Some(last) = self.members.last() {
            let at = last.value.end;
            self.splice(at..at, &Zeroizing::new([",", &member].concat()))
        } else {
            let close = self.text.rfind('}').unwrap_or(self.open);
            self.splice(self.open..close, &Zeroizing::new([&**member, &self.around].concat()))
        }
    }

    fn splice(&self, range: Range<usize>, new: &str) -> Zeroizing<String> {
        Zeroizing::new([&self.text[..range.start], new, &self.text[range.end..]].concat())
    }

    /// What stands before the first member's name: the object's line break and indentation, if it
    /// is written over several lines. An empty object is written like the one around it.
    fn line_break(&self) -> Cow<'_, str> {
        let rest = &self.text[self.open..];
        match self.members.first() {
            Some(_) => Cow::Borrowed(&rest[..rest.len() - rest.trim_start().len()]),
            None if self.around.contains('\n') => Cow::Owned([&self.around, "  "].concat()),
            None => Cow::Borrowed(&self.around),
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
        let (mut members, mut names) = (Self::Value::new(), HashSet::new());
        while let Some((Name(name), value)) = map.next_entry()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom("a name stands twice"));
            }
            members.push((name, value));
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
