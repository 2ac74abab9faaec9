//! A provider described in a file, from nothing or on top of a preset.

mod fields;
mod values;

use alloc::string::String;
use core::fmt;

use crate::error::BadResponse;
use crate::provider::Provider;
use crate::text::{joined, listed, number, quoted};
use crate::wire::json::{self, NotAnObject, Object};
use crate::{Configuration, Map, Secret, providers};

/// What a provider file says. Its fields are those of [`Provider`], and beside them:
///
/// * `preset`: the id of a preset to start from, or a whole provider. Objects are merged member by
///   member, anything else replaces what was there, and `null` takes it away.
/// * `client_secret`: of a client of your own.
/// * `variables`: what stands for `{name}` in header templates.
///
/// Without a preset `id` and `token_endpoint` are required, and the id stands for a missing `name`.
/// With one nothing is; an `id` of its own keeps its credentials apart from the preset's.
#[derive(Clone, Debug)]
pub struct ProviderFile {
    /// The provider.
    pub provider: Provider,
    /// The caller's side that stood in the file; `client_id` is in the provider.
    pub configuration: Configuration,
}

impl ProviderFile {
    /// Reads the file's JSON text. A host that offers other notations converts them.
    ///
    /// # Errors
    /// [`BadProviderFile`] says what to change.
    pub fn parse(json: &str) -> Result<Self, BadProviderFile> {
        Self::parse_with(json, &providers::find)
    }

    /// The same for a host that knows presets of its own, or none.
    ///
    /// # Errors
    /// [`BadProviderFile`] says what to change.
    pub fn parse_with(
        json: &str,
        preset: &dyn Fn(&str) -> Option<Provider>,
    ) -> Result<Self, BadProviderFile> {
        let file = Object::parse(json).map_err(|why| match why {
            NotAnObject::Bad(BadResponse::NotAnObject) => BadProviderFile::NotAnObject,
            NotAnObject::Bad(_) => BadProviderFile::Field("a member stands twice".into()),
            NotAnObject::Unreadable => BadProviderFile::Json(json::broken_line(json)),
        })?;
        let client_secret = match file.member("client_secret") {
            None => None,
            Some(raw) => {
                let secret = json::string(raw).filter(|secret| !secret.is_empty());
                Some(Secret::new(secret.ok_or(BadProviderFile::ClientSecret)?))
            }
        };
        let mut variables = Map::new();
        let mut provider = match file.member("preset") {
            None => Provider::blank(),
            Some(raw) if raw.starts_with('{') => {
                let whole = Object::parse(raw).map_err(|_| BadProviderFile::NotAnObject)?;
                let mut provider = Provider::blank();
                provider.set_members(&whole, &mut variables).map_err(BadProviderFile::Field)?;
                provider
            }
            Some(raw) => {
                let id = json::string(raw).unwrap_or_default();
                preset(&id).ok_or(BadProviderFile::Preset(id))?
            }
        };
        let is_read = provider.set_members(&file, &mut variables);
        is_read.map_err(BadProviderFile::Field)?;
        let configuration = Configuration { client_secret, variables, ..Configuration::default() };
        Ok(Self { provider, configuration })
    }
}

/// What is wrong with a provider file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadProviderFile {
    /// Not JSON, from this line on.
    Json(usize),
    /// JSON, but no object.
    NotAnObject,
    /// No preset has this id.
    Preset(String),
    /// `client_secret` is not a string, or empty.
    ClientSecret,
    /// A field is missing, unknown or of the wrong type: where, and what it must be.
    Field(String),
}

impl BadProviderFile {
    /// What [`fmt::Display`] shows.
    pub fn to_text(&self) -> String {
        let text = match self {
            Self::Json(line) => {
                let line = number(u64::try_from(*line).unwrap_or(u64::MAX));
                return joined(&["the provider file is not valid at line ", &line]);
            }
            Self::NotAnObject => "the provider file is not an object",
            Self::Preset(id) => {
                let known = listed(&providers::IDS, ", ");
                return joined(&["no preset ", &quoted(id), "; there are ", &known]);
            }
            Self::ClientSecret => "client_secret in the provider file is not a text",
            Self::Field(why) => return joined(&["the provider file: ", why]),
        };
        text.into()
    }
}

impl fmt::Display for BadProviderFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl core::error::Error for BadProviderFile {}
