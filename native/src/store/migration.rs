//! Logins that an old pi kept elsewhere: `oauth.json` (until December 2025), and API keys in
//! `settings.json`. pi moves them into `auth.json` at its next start, if there is none yet; whoever
//! reads before that would find nobody signed in.

use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;
use zeroize::Zeroizing;

use super::disk::Disk;
use super::document::Document;
use super::error::At as _;
use super::profile::Tool;
use super::{StoreError, private};

impl Tool {
    /// Does what the tool itself would at its next start: brings the logins of its old versions to
    /// `path`, if nothing is there yet; `true` if there were any. Only pi has such.
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
        let settings_path = path.with_file_name("settings.json");
        let oauth = private::read(&oauth_path)?;
        // pi passes over settings that it cannot read.
        let settings = private::read(&settings_path).ok().flatten();
        let (text, settings) = migrated(oauth.as_deref(), settings.as_deref())
            .map_err(|why| why.of(&oauth_path, None))?;
        let Some(text) = text else { return Ok(false) };
        if !is_new(path, &text)? {
            return Ok(false);
        }
        // Only now: pi itself loses the logins if it stops between its two steps.
        if oauth.is_some() {
            std::fs::rename(&oauth_path, path.with_file_name("oauth.json.migrated"))
                .at(&oauth_path)?;
        }
        if let Some(text) = settings {
            private::replace(&Disk::default(), &settings_path, text.as_bytes())?;
        }
        Ok(true)
    }
}

type Text = Option<Zeroizing<String>>;

/// The new file's text, and that of the settings without their keys, as far as there is anything.
fn migrated(oauth: Option<&String>, settings: Option<&String>) -> Result<(Text, Text), StoreError> {
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
    let settings = keys.and_then(|_| settings?.without(&["apiKeys"]));
    Ok((Some(text).filter(|_| !is_empty), settings))
}

/// An entry with its type in front.
fn with_type(login: &str) -> Zeroizing<String> {
    let members = login[1..].trim_start();
    let comma = if members == "}" { "" } else { ", " };
    Zeroizing::new([r#"{"type": "oauth""#, comma, members].concat())
}

/// Writes the file unless somebody else just has.
fn is_new(path: &Path, text: &str) -> Result<bool, StoreError> {
    let folder = path.parent().unwrap_or(path);
    let file = Builder::new().prefix(".grantflow-").suffix(".tmp").tempfile_in(folder);
    let mut file = file.at(folder)?;
    file.write_all(text.as_bytes()).at(path)?;
    file.as_file().sync_all().at(path)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(why) if why.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(why) => Err(StoreError::system(path, why.error)),
    }
}
