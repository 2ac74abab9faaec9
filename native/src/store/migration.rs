//! Logins that an old pi kept elsewhere: `oauth.json` (until December 2025), and API keys in
//! `settings.json`. pi moves them into `auth.json` at its next start, if there is none yet; whoever
//! reads before that would find nobody signed in.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::disk::Disk;
use super::document::Document;
use super::error::At as _;
use super::private::{Draft, OWNER_ONLY, folder_of};
use super::profile::Tool;
use super::{StoreError, private};

impl Tool {
    /// Brings the logins and keys of the tool's old versions to `path`, as it would itself at its
    /// next start, if nothing is there yet; `true` if there were any. Only pi has such. Its settings
    /// stay as they are: pi goes by its new file once that is there.
    ///
    /// # Errors
    /// [`StoreError`] if the old files cannot be read or the new one not written. They are as they
    /// were then.
    pub fn migrate(self, path: &Path) -> Result<bool, StoreError> {
        let is_there = path.try_exists().at(path)?;
        if self != Self::Pi || is_there {
            return Ok(false);
        }
        let oauth_path = path.with_file_name("oauth.json");
        let oauth = private::read(&oauth_path)?;
        // pi passes over settings that it cannot read.
        let settings = private::read(&path.with_file_name("settings.json")).ok().flatten();
        let text = migrated(oauth.as_deref(), settings.as_deref());
        let Some(text) = text.map_err(|why| why.of(&oauth_path, None))? else { return Ok(false) };
        if !is_new(path, &text)? {
            return Ok(false);
        }
        // Only now: pi itself loses the logins if it stops between its two steps.
        if oauth.is_some() {
            std::fs::rename(&oauth_path, path.with_file_name("oauth.json.migrated"))
                .at(&oauth_path)?;
        }
        Ok(true)
    }
}

/// The new file's text, if there is anything for it.
fn migrated(
    oauth: Option<&String>,
    settings: Option<&String>,
) -> Result<Option<Zeroizing<String>>, StoreError> {
    let mut text = Zeroizing::new("{}".to_owned());
    if let Some(oauth) = oauth {
        for (provider, login) in Document::parse(oauth)?.members() {
            let Ok(members) = Document::parse(login) else { continue };
            let typed = members
                .member("type")
                .map_or_else(|| with_type(login), |_| Zeroizing::new(login.to_owned()));
            text = Document::parse(&text)?.with(&[provider], &typed);
        }
    }
    let settings = settings.and_then(|text| Document::parse(text).ok());
    let keys = settings.as_ref().and_then(|settings| settings.member("apiKeys"));
    let keys = keys.and_then(|keys| Document::parse(keys).ok());
    for (provider, key) in keys.iter().flat_map(Document::members) {
        let document = Document::parse(&text)?;
        if key.starts_with('"') && document.member(provider).is_none() {
            let entry = Zeroizing::new([r#"{"type": "api_key", "key": "#, key, "}"].concat());
            text = document.with(&[provider], &entry);
        }
    }
    let is_empty = Document::parse(&text)?.members().next().is_none();
    Ok(Some(text).filter(|_| !is_empty))
}

/// An entry with its type in front.
fn with_type(login: &str) -> Zeroizing<String> {
    let members = login[1..].trim_start();
    let comma = if members == "}" { "" } else { ", " };
    Zeroizing::new([r#"{"type": "oauth""#, comma, members].concat())
}

/// Writes the file unless somebody else just has. Durable when it returns.
fn is_new(path: &Path, text: &str) -> Result<bool, StoreError> {
    let (disk, folder) = (Disk::default(), folder_of(path));
    let draft = Draft::write(&disk, path, text.as_bytes(), OWNER_ONLY).at(folder)?;
    match draft.put_where_none_is(path) {
        Ok(()) => disk.sync_folder(folder).at(folder).map(|()| true),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(why) => Err(StoreError::system(path, why)),
    }
}
