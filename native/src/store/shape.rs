//! How the file of a tool holds its logins: text in, credentials out, and the same text with one of
//! them changed. Nothing here reads or writes a file; an error about a text names no path.
//!
//! A credential is written member by member, and of a login that is there only what changed, so
//! that whatever else a tool keeps in the entry stays, byte for byte.

mod borrowed;
mod claude;
mod codex;
mod own;
mod pi;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use grantflow_core::{Credential, Secret};
use zeroize::Zeroizing;

use self::values::Member;
use super::document::Document;
use super::profile::Tool;
use super::{Expected, Key, StoreError};

/// Whose way of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Ours: pi's entries with members of ours beside them.
    Own,
    /// Another tool's.
    Of(Tool),
}

/// What stands under a key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// A login.
    Login(Box<Credential>),
    /// Another tool's login, which stands in that tool's own file under the same provider.
    Borrowed {
        /// The tool.
        tool: Tool,
        /// Its file.
        path: PathBuf,
    },
    /// An API key of a person's.
    ApiKey(StoredKey),
    /// A login whose tokens somebody has blanked. It is not renewed and not copied.
    Wiped,
}

/// An API key as it is written down.
#[derive(Clone, Debug, Default)]
pub struct StoredKey {
    /// The key itself, the name of a variable or a command that prints it: pi's grammar, unread.
    /// Blank where the entry has variables only.
    pub text: Secret,
    /// Variables that the text may name.
    pub environment: BTreeMap<String, Secret>,
}

/// What stands under a key; `None` if it makes no sense.
type Read = (Key, Option<Entry>);

/// Every entry under its key, each usable or not by itself.
pub type Entries = Vec<(Key, Result<Entry, StoreError>)>;

impl Shape {
    /// What stands in the text.
    ///
    /// # Errors
    /// [`StoreError::Empty`] or [`StoreError::Corrupt`] for the whole; [`StoreError::Entry`] for one
    /// that makes no sense.
    pub fn entries(self, text: &str) -> Result<Entries, StoreError> {
        let document = Document::parse(text)?;
        let named = |read: fn(&Key, &str) -> Option<Entry>| {
            let named = document.members().filter_map(|(name, entry)| {
                let key = self.key(name)?;
                let entry = read(&key, entry);
                Some((key, entry))
            });
            named.collect()
        };
        let whole = |read: fn(&str) -> Read| {
            document.members().next().map(|_| read(text)).into_iter().collect()
        };
        let entries: Vec<Read> = match self {
            Self::Own => named(own::read),
            Self::Of(Tool::Pi) => named(pi::read),
            Self::Of(Tool::Synaps) => named(pi::read_as_it_says),
            Self::Of(Tool::Opencode) => document
                .members()
                .filter_map(|(name, text)| borrowed::opencode(name, text))
                .collect(),
            Self::Of(Tool::ClaudeCode) => claude::read(&document).into_iter().collect(),
            Self::Of(Tool::Codex) => {
                codex::read(&document).into_iter().chain(codex::read_key(&document)).collect()
            }
            Self::Of(Tool::GeminiCli) => whole(borrowed::gemini),
            Self::Of(Tool::QwenCode) => whole(borrowed::qwen),
            Self::Of(Tool::CopilotEditors) => borrowed::copilot(&document),
        };
        let entries = entries.into_iter().map(|(key, entry)| {
            let entry = entry.ok_or_else(|| unusable(&key));
            (key, entry)
        });
        Ok(entries.collect())
    }

    /// What stands under one key.
    ///
    /// # Errors
    /// As [`Shape::entries`]; [`StoreError::Entry`] if this one makes no sense.
    pub fn entry(self, text: &str, key: &Key) -> Result<Option<Entry>, StoreError> {
        let entries = self.entries(text)?.into_iter();
        entries.filter(|(found, _)| found == key).map(|(_, entry)| entry).next().transpose()
    }

    /// The text with this renewed credential under the key; a new text where there is none. Of a
    /// login that is there only what changed is written; anything else under the key goes.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] if nothing of ours is written into such files, or not under this
    /// key; [`StoreError::OtherAccount`] if a file for one account holds another's.
    pub fn with(
        self,
        text: Option<&str>,
        key: &Key,
        credential: &Credential,
    ) -> Result<Zeroizing<String>, StoreError> {
        let text = text.unwrap_or("{}\n");
        let mut new = self.members(key, credential)?;
        let Some(there) = self.login(text, key)? else { return self.afresh(text, key, &new) };
        self.check_account(key, &there, credential)?;
        let mut old = self.members(key, &there)?;
        if !is_renewed_by_same(&there, credential) && self == Self::Of(Tool::ClaudeCode) {
            old.push(claude::end_of_refresh_token());
        }
        if self == Self::Of(Tool::Pi) {
            let document = Document::parse(text)?;
            pi::spell_as_in(&document, key, &mut old);
            pi::spell_as_in(&document, key, &mut new);
        }
        revised(Zeroizing::new(text.to_owned()), &old, &new)
    }

    /// The text after a save. A login takes the place of another one whole: what a tool has kept
    /// about that one is not true of it.
    ///
    /// # Errors
    /// As [`Shape::with`].
    pub(super) fn with_saved(
        self,
        text: Option<&str>,
        key: &Key,
        expected: Expected,
        credential: &Credential,
    ) -> Result<Zeroizing<String>, StoreError> {
        let there = text.map(|text| self.login(text, key)).transpose()?.flatten();
        match (text, there) {
            (Some(text), Some(there))
                if expected.is_login() && !is_renewed_by_same(&there, credential) =>
            {
                self.check_account(key, &there, credential)?;
                self.afresh(text, key, &self.members(key, credential)?)
            }
            (text, _) => self.with(text, key, credential),
        }
    }

    /// The login under the key, if it is one that can be read: anything else is replaced.
    pub(super) fn login(self, text: &str, key: &Key) -> Result<Option<Credential>, StoreError> {
        match self.entry(text, key) {
            Err(StoreError::Entry { .. }) => Ok(None),
            entry => Ok(entry?.and_then(Entry::into_login)),
        }
    }

    /// The text without what stands under the key; `None` if nothing does.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] if nothing of ours is written into such files.
    pub fn without(self, text: &str, key: &Key) -> Result<Option<Zeroizing<String>>, StoreError> {
        let [entry, others @ ..] = &self.places(key)?[..] else { return Ok(None) };
        let Some(mut text) = Document::parse(text)?.without(&names(entry)) else { return Ok(None) };
        for place in others {
            text = Document::parse(&text)?.without(&names(place)).unwrap_or(text);
        }
        Ok(Some(text))
    }

    /// The text with a reference to another tool's login under the key: what people see as borrowed.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] if this is no file of ours; [`StoreError::Entry`] if the path is not
    /// in Unicode, which a JSON text cannot hold.
    pub fn refer(
        self,
        text: Option<&str>,
        key: &Key,
        tool: Tool,
        path: &Path,
    ) -> Result<Zeroizing<String>, StoreError> {
        match self {
            Self::Own => {
                let reference = own::reference(key, tool, path).ok_or_else(|| unusable(key))?;
                self.afresh(text.unwrap_or("{}\n"), key, &reference)
            }
            Self::Of(tool) => Err(read_only(tool)),
        }
    }

    fn members(self, key: &Key, credential: &Credential) -> Result<Vec<Member>, StoreError> {
        self.name(key)?;
        match self {
            Self::Own => Ok(own::members(key, credential)),
            Self::Of(Tool::Pi) => Ok(pi::members(key, credential)),
            Self::Of(Tool::ClaudeCode) => Ok(claude::members(credential)),
            Self::Of(Tool::Codex) => Ok(codex::members(credential)),
            Self::Of(tool) => Err(read_only(tool)),
        }
    }
}

impl Shape {
    /// The key that a member's name stands for.
    fn key(self, name: &str) -> Option<Key> {
        let key: Key = name.parse().ok()?;
        match self {
            Self::Of(Tool::Pi | Tool::Synaps) => {
                Some(Key { provider: pi::provider_of(&key.provider)?.to_owned(), ..key })
            }
            Self::Own | Self::Of(_) => Some(key),
        }
    }

    /// The name of the member that a key is written under, if it is written at all.
    fn name(self, key: &Key) -> Result<String, StoreError> {
        match self {
            Self::Own => Ok(key.to_string()),
            Self::Of(Tool::Pi) => Ok(pi::member_name(key)),
            Self::Of(Tool::ClaudeCode) if *key == claude::key() => Ok(key.to_string()),
            Self::Of(Tool::Codex) if *key == codex::key() => Ok(key.to_string()),
            Self::Of(tool) => Err(read_only(tool)),
        }
    }

    /// Whether a login under this key can be written at all.
    pub(super) fn has_room_for(self, key: &Key) -> Result<(), StoreError> {
        self.name(key).map(drop)
    }

    /// Codex goes by one account to a file: another's tokens there would be taken for its own.
    fn check_account(
        self,
        key: &Key,
        there: &Credential,
        new: &Credential,
    ) -> Result<(), StoreError> {
        let differs = there.account.id.is_some() && there.account.id != new.account.id;
        if self == Self::Of(Tool::Codex) && differs {
            return Err(StoreError::OtherAccount { provider: key.provider.clone() });
        }
        Ok(())
    }

    /// The text with these members as all that stands under the key.
    fn afresh(
        self,
        text: &str,
        key: &Key,
        members: &[Member],
    ) -> Result<Zeroizing<String>, StoreError> {
        let mut text = Zeroizing::new(text.to_owned());
        let mut others = self.places(key)?.into_iter();
        if let Some(entry) = others.next() {
            text = Document::parse(&text)?.with(&names(&entry), "{}");
        }
        let others: Vec<Member> = others.map(|place| (place, Zeroizing::default())).collect();
        revised(text, &others, members)
    }

    /// Where what stands under a key is in the file: its own object, and what belongs to it.
    fn places(self, key: &Key) -> Result<Vec<Vec<String>>, StoreError> {
        let name = self.name(key)?;
        Ok(match self {
            Self::Of(Tool::ClaudeCode) => vec![vec![claude::LOGIN.to_owned()]],
            Self::Of(Tool::Codex) => codex::PLACES.map(|place| vec![place.to_owned()]).to_vec(),
            Self::Own | Self::Of(_) => vec![vec![name]],
        })
    }
}

/// The text with the new members in place of the old ones, as far as they differ.
fn revised(
    mut text: Zeroizing<String>,
    old: &[Member],
    new: &[Member],
) -> Result<Zeroizing<String>, StoreError> {
    for member in new.iter().filter(|member| !old.contains(member)) {
        let (path, value) = member;
        text = Document::parse(&text)?.with(&names(path), value);
    }
    let is_new = |path: &[String]| new.iter().any(|(known, _)| known == path);
    for (path, _) in old.iter().filter(|(path, _)| !is_new(path)) {
        let without = Document::parse(&text)?.without(&names(path));
        text = without.unwrap_or(text);
    }
    Ok(text)
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// It is the same login, whatever has become of its access token.
fn is_renewed_by_same(one: &Credential, other: &Credential) -> bool {
    let digest = |credential: &Credential| credential.renewed_by().map(Secret::digest);
    digest(one).is_some_and(|one| digest(other) == Some(one))
}

fn unusable(key: &Key) -> StoreError {
    StoreError::Entry { provider: key.to_string() }
}

fn read_only(tool: Tool) -> StoreError {
    StoreError::ReadOnly { owner: tool.name().to_owned() }
}

impl Entry {
    /// The credential, if it is one that stands here.
    pub fn into_login(self) -> Option<Credential> {
        match self {
            Self::Login(credential) => Some(*credential),
            Self::Borrowed { .. } | Self::ApiKey(_) | Self::Wiped => None,
        }
    }

    fn login(credential: Credential) -> Self {
        Self::Login(Box::new(credential))
    }
}
