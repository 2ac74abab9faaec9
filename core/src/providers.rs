//! Presets: what is known of the providers that agents log in to, as plain data.
//!
//! Each says where its facts come from and who may use it, as far as anyone outside knows. A
//! preset is a starting point: every field is public, and a provider file overrides any of them.

mod anthropic;
mod github;
mod google;
mod keys;
mod kimi;
mod openai;
mod xai;

use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

pub use self::anthropic::anthropic;
pub use self::github::{github_copilot, github_copilot_enterprise};
pub use self::google::google;
pub use self::kimi::kimi;
pub use self::openai::openai_codex;
pub use self::xai::xai;
use crate::provider::{Api, LoopbackHost, LoopbackRedirect, Provider, Terms, TermsStatus};
use crate::{Endpoint, Map};

/// The ids of [`all`], in their order.
pub const IDS: [&str; 6] = ["anthropic", "openai-codex", "github-copilot", "google", "xai", "kimi"];

/// Every preset, in the order to show them.
pub fn all() -> Vec<Provider> {
    vec![anthropic(), openai_codex(), github_copilot(), google(), xai(), kimi()]
}

/// The preset with this id.
pub fn find(id: &str) -> Option<Provider> {
    all().into_iter().find(|provider| provider.id == id)
}

/// How the keys of a provider are used: a preset's, or those of one that has keys and no login here.
pub fn api(id: &str) -> Option<Api> {
    find(id).map(|preset| preset.api).or_else(|| keys::api(id))
}

fn base(id: &str, name: &str, token_endpoint: &str) -> Provider {
    let (id, name) = (id.to_string(), name.to_string());
    Provider { id, name, token_endpoint: Endpoint::known(token_endpoint), ..Provider::blank() }
}

fn loopback(host: LoopbackHost, ports: &[u16], any_port: bool, path: &str) -> LoopbackRedirect {
    LoopbackRedirect { host, ports: ports.to_vec(), any_port, path: path.to_string() }
}

fn terms(status: TermsStatus, note: &str, source: &str, date: &str) -> Terms {
    Terms { status, note: note.to_string(), source: source.to_string(), date: date.to_string() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_string()).collect()
}

fn paths(paths: &[&[&str]]) -> Vec<Vec<String>> {
    paths.iter().map(|path| texts(path)).collect()
}

fn map(pairs: &[(&str, &str)]) -> Map<String> {
    pairs.iter().map(|(name, value)| (*name, (*value).to_string())).collect()
}
