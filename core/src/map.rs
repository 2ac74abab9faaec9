//! Names and what they stand for, ordered by name.

use alloc::string::String;
use alloc::vec::{self, Vec};
use core::ops::{Deref, Index};
use core::slice;

/// A sorted list of names and values. What is kept in it has a few dozen entries at most, for
/// which a list is as quick as a tree and a tenth of its code.
///
/// It derefs to a slice of pairs, so `for (name, value) in &map` and the like work as expected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Map<V>(Vec<(String, V)>);

impl<V> Map<V> {
    /// One without entries.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What stands for the name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        self.0.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Has the value stand for the name, and gives back the one that did.
    pub fn insert(&mut self, name: impl Into<String>, value: V) -> Option<V> {
        self.put(name.into(), value)
    }

    /// Has the value stand for the name unless another does.
    pub fn insert_if_missing(&mut self, name: impl Into<String>, value: V) {
        let name = name.into();
        if self.get(&name).is_none() {
            self.put(name, value);
        }
    }

    /// Has nothing stand for the name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    fn put(&mut self, name: String, value: V) -> Option<V> {
        for at in 0..self.0.len() {
            let (known, old) = self.0.get_mut(at)?;
            if *known == name {
                return Some(core::mem::replace(old, value));
            }
            if *known > name {
                self.0.insert(at, (name, value));
                return None;
            }
        }
        self.0.push((name, value));
        None
    }
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> Deref for Map<V> {
    type Target = [(String, V)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V> Index<&str> for Map<V> {
    type Output = V;

    /// # Panics
    /// If nothing stands for the name.
    #[expect(clippy::expect_used, reason = "what indexing means")]
    fn index(&self, name: &str) -> &V {
        self.get(name).expect("a name that stands for something")
    }
}

impl<N: Into<String>, V> Extend<(N, V)> for Map<V> {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<N: Into<String>, V> FromIterator<(N, V)> for Map<V> {
    /// Keeps the last of equal names.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<N: Into<String>, V, const LENGTH: usize> From<[(N, V); LENGTH]> for Map<V> {
    fn from(entries: [(N, V); LENGTH]) -> Self {
        entries.into_iter().collect()
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (String, V);
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'m, V> IntoIterator for &'m Map<V> {
    type Item = &'m (String, V);
    type IntoIter = slice::Iter<'m, (String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(feature = "serde")]
impl<V: serde::Serialize> serde::Serialize for Map<V> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
