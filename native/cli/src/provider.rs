//! Which provider a command is about: a preset by its id, or one that a file describes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use grantflow::core::{ClientAuthentication, LoopbackHost, LoopbackRedirect, Map};
use grantflow::{Configuration, Provider, ProviderFile, Secret, providers};
use serde_json::json;

use crate::arguments::{Host, Which};
use crate::exit::{Exit, Failure};
use crate::output::{Output, wrap};
use crate::terms;

/// A provider file is a page of text.
const LONGEST_FILE: u64 = 1 << 20;

/// The provider that was named, or `None` if none was.
pub(crate) fn named(which: &Which) -> Result<Option<ProviderFile>, Failure> {
    let found = match (&which.provider, &which.provider_file) {
        (Some(key), None) => preset(&key.provider)?,
        (_, Some(file)) => read(file)?,
        (None, None) => return Ok(None),
    };
    complete(found, which.client_id.clone()).map(Some)
}

/// The preset with this id, as the command is its caller.
fn preset(id: &str) -> Result<ProviderFile, Failure> {
    let provider = providers::find(id).ok_or_else(|| {
        let next = format!("choose one of {}, or describe it with --provider-file", ids());
        Failure::usage(format!("no provider {id:?}"), next)
    })?;
    Ok(ProviderFile { provider, configuration: Configuration::default() })
}

/// The ids of all presets, for a sentence.
fn ids() -> String {
    providers::all().iter().map(|provider| provider.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// The caller's side: the client that was named, the secret that never stands in an argument, and
/// who we are for providers that want to know.
fn complete(mut found: ProviderFile, client_id: Option<String>) -> Result<ProviderFile, Failure> {
    let configuration = &mut found.configuration;
    if client_id.is_some() {
        configuration.client_id = client_id;
    }
    // One that stands in the environment for another client is none of this one's.
    let sends_one = found.provider.token_endpoint_auth_method != ClientAuthentication::None;
    match std::env::var("GRANTFLOW_CLIENT_SECRET") {
        _ if !sends_one => {}
        Ok(secret) if !secret.is_empty() && configuration.client_secret.is_none() => {
            configuration.client_secret = Some(Secret::new(secret));
        }
        Ok(_) | Err(std::env::VarError::NotPresent) => {}
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(Failure::new(
                Exit::FixConfiguration,
                "GRANTFLOW_CLIENT_SECRET is not text",
                "set it to the secret that the provider gave you",
            ));
        }
    }
    for (name, value) in ourselves() {
        configuration.variables.insert_if_missing(name, value);
    }
    Ok(found)
}

/// The variables of Copilot's editor headers: we are grantflow, and no other editor.
pub(crate) fn ourselves() -> Map<String> {
    let version = concat!("grantflow/", env!("CARGO_PKG_VERSION"));
    let named =
        [("editor_version", version), ("plugin_version", version), ("integration_id", "grantflow")];
    named.map(|(name, value)| (name, value.to_owned())).into()
}

/// The redirect to this machine, where another host or port was registered.
pub(crate) fn redirect(provider: &mut Provider, host: Option<Host>, port: Option<u16>) {
    if host.is_none() && port.is_none() {
        return;
    }
    let loopback = provider.authorization.loopback.get_or_insert_with(LoopbackRedirect::default);
    if let Some(host) = host {
        loopback.host = match host {
            Host::Ipv4 => LoopbackHost::Ipv4,
            Host::Localhost => LoopbackHost::Localhost,
        };
    }
    if let Some(port) = port {
        loopback.ports = vec![port];
        loopback.any_port = false;
    }
}

fn read(file: &Path) -> Result<ProviderFile, Failure> {
    let failure = |what: String| {
        let next = "see docs/provider-file.md for every field and examples";
        Failure::new(Exit::FixConfiguration, format!("{}: {what}", file.display()), next)
    };
    // What is no ordinary file has no length to look at before.
    let mut text = String::new();
    let opened = File::open(file).map(|file| file.take(LONGEST_FILE + 1));
    opened
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|why| failure(why.to_string()))?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(failure("too long for a provider file".to_owned()));
    }
    let json = to_json(&text).map_err(failure)?;
    ProviderFile::parse(&json).map_err(|why| failure(why.to_string()))
}

/// JSON stays as it is; anything that does not begin like an object is TOML.
///
/// Errors name the line and never quote it: there may be a secret in it.
fn to_json(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') {
        return Ok(text.to_owned());
    }
    let table: toml::Table = text.parse().map_err(|why: toml::de::Error| {
        let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {}: {}", before.matches('\n').count() + 1, why.message())
    })?;
    serde_json::to_string(&table).map_err(|why| why.to_string())
}

/// Every preset, with who may use it.
pub(crate) fn list(output: &Output) -> Result<Exit, Failure> {
    for provider in providers::all() {
        let status = terms::status(provider.terms.status);
        output.event(
            "provider",
            &json!({ "provider": provider.id, "name": provider.name,
                "flows": flows(&provider), "needs_client_id": provider.client_id.is_none(),
                "checks_issuer": !provider.ignore_iss,
                "terms": { "status": status, "note": provider.terms.note,
                           "source": provider.terms.source, "date": provider.terms.date },
            }),
        )?;
        output.result(&format!("{}  {}", output.out.bold(&provider.id), provider.name))?;
        let own = if provider.client_id.is_none() { "; needs a client of your own" } else { "" };
        let issuer = if provider.ignore_iss { "; publishes no issuer to check" } else { "" };
        let line = format!("{}; terms {status}{own}{issuer}", flows(&provider).join(", "));
        for line in wrap(&line, output.width.saturating_sub(2)) {
            output.result(&format!("  {}", output.out.dim(&line)))?;
        }
    }
    Ok(Exit::Ok)
}

fn flows(provider: &Provider) -> Vec<&'static str> {
    let rules = &provider.authorization;
    let signs_in = provider.authorization_endpoint.is_some();
    let has = [
        (signs_in && rules.loopback.is_some(), "browser"),
        (provider.device_authorization_endpoint.is_some(), "device"),
        (signs_in && rules.page.is_some(), "paste"),
    ];
    has.into_iter().filter(|(there, _)| *there).map(|(_, flow)| flow).collect()
}
