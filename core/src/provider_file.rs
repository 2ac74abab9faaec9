//! A provider described in a file, from nothing or on top of a preset.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use core::fmt;

use serde_json::{Map, Value};

use crate::provider::Provider;
use crate::{Configuration, Secret, providers};

/// What a provider file says. Its fields are those of [`Provider`], and beside them:
///
/// * `preset`: the id of a preset to start from. Objects are merged member by member, anything
///   else replaces what was there, and `null` takes it away.
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
        let file = serde_json::from_str(json).map_err(|why| BadProviderFile::Json(why.line()))?;
        let Value::Object(mut file) = file else { return Err(BadProviderFile::NotAnObject) };
        let client_secret = match file.remove("client_secret") {
            None => None,
            Some(Value::String(secret)) if !secret.is_empty() => Some(Secret::new(secret)),
            Some(_) => return Err(BadProviderFile::ClientSecret),
        };
        let variables = variables(file.remove("variables"))?;
        let provider = match file.remove("preset") {
            None => Value::Object(Map::new()),
            Some(Value::String(id)) => {
                let preset = providers::find(&id).ok_or(BadProviderFile::Preset(id))?;
                serde_json::to_value(preset).map_err(|why| BadProviderFile::field(&why))?
            }
            Some(_) => return Err(BadProviderFile::Preset(String::new())),
        };
        let mut provider = merged(provider, Value::Object(file));
        if let Value::Object(members) = &mut provider
            && let Some(id) = members.get("id").cloned()
        {
            members.entry("name").or_insert(id);
        }
        let provider: Provider =
            serde_json::from_value(provider).map_err(|why| BadProviderFile::field(&why))?;
        let configuration = Configuration { client_secret, variables, ..Configuration::default() };
        Ok(Self { provider, configuration })
    }
}

fn variables(value: Option<Value>) -> Result<BTreeMap<String, String>, BadProviderFile> {
    match value {
        None => Ok(BTreeMap::new()),
        Some(value) => serde_json::from_value(value).map_err(|why| BadProviderFile::field(&why)),
    }
}

/// Objects member by member; `null` removes; everything else replaces. An enumeration's object
/// (`{"authorization_code": …}`) replaces too, since two variants cannot be mixed.
fn merged(under: Value, over: Value) -> Value {
    match (under, over) {
        (Value::Object(mut under), Value::Object(over)) => {
            for (name, value) in over {
                if value.is_null() {
                    under.remove(&name);
                } else if name == "dialect" {
                    under.insert(name, value);
                } else {
                    let below = under.remove(&name).unwrap_or(Value::Null);
                    under.insert(name, merged(below, value));
                }
            }
            Value::Object(under)
        }
        (_, over) => over,
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
    /// A field is missing, unknown or of the wrong type: the reader's own words.
    Field(String),
}

impl BadProviderFile {
    fn field(why: &serde_json::Error) -> Self {
        Self::Field(unquoted(&why.to_string()))
    }
}

/// The reader quotes a text of the wrong type; it may be a secret in the wrong place.
fn unquoted(why: &str) -> String {
    match why.split_once("string \"") {
        Some((before, rest)) => {
            let after = rest.rsplit_once('"').map_or("", |(_, after)| after);
            [before, "a text", after].concat()
        }
        None => why.to_string(),
    }
}

impl fmt::Display for BadProviderFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(line) => write!(f, "the provider file is not valid at line {line}"),
            Self::NotAnObject => f.write_str("the provider file is not an object"),
            Self::Preset(id) => {
                let known: alloc::vec::Vec<_> =
                    providers::all().into_iter().map(|provider| provider.id).collect();
                write!(f, "no preset {id:?}; there are {}", known.join(", "))
            }
            Self::ClientSecret => f.write_str("client_secret in the provider file is not a text"),
            Self::Field(why) => write!(f, "the provider file: {why}"),
        }
    }
}

impl core::error::Error for BadProviderFile {}
