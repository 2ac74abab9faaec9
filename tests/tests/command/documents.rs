//! The documents say what the code does.

use std::collections::BTreeSet;
use std::path::Path;
use std::slice;
use std::sync::LazyLock;

use grantflow_core::{Client, Provider, ProviderFile, TermsStatus, providers};
use serde_json::Value;

use crate::command::Home;
use crate::demo;

#[test]
fn every_example_of_a_provider_file_is_one() {
    let document = read("docs/provider-file.md");
    let examples = [blocks(&document, "toml"), blocks(&document, "json")].concat();
    assert!(examples.len() >= 5, "{} examples", examples.len());
    for example in examples {
        let json = if example.starts_with('{') {
            example.clone()
        } else {
            serde_json::to_string(&example.parse::<toml::Table>().unwrap()).unwrap()
        };
        let file = ProviderFile::parse(&json).unwrap_or_else(|why| panic!("{why}: {example}"));
        let mut configuration = file.configuration;
        for name in ["editor_version", "plugin_version", "integration_id"] {
            configuration.variables.insert_if_missing(name, "x".into());
        }
        Client::new(file.provider, configuration).unwrap_or_else(|why| panic!("{why}: {example}"));
    }
}

#[test]
fn every_field_of_a_provider_is_documented() {
    let document = read("docs/provider-file.md");
    for provider in providers::all() {
        let value = serde_json::to_value(&provider).unwrap();
        for (name, value) in value.as_object().unwrap() {
            assert!(document.contains(name.as_str()), "{name}");
            let is_group = ["authorization", "device", "token", "then", "api", "terms"];
            if is_group.contains(&name.as_str()) {
                for name in value.as_object().into_iter().flat_map(|group| group.keys()) {
                    assert!(document.contains(name.as_str()), "{name}");
                }
            }
        }
    }
}

#[test]
fn the_readme_lists_the_presets() {
    let readme = read("README.md");
    let rows: Vec<_> =
        readme.lines().skip_while(|line| !line.starts_with("| provider |")).skip(2).collect();
    let rows = &rows[..rows.iter().position(|line| line.is_empty()).unwrap()];
    let expected: Vec<_> = providers::all().iter().map(row).collect();
    assert_eq!(rows, expected);
}

fn row(provider: &Provider) -> String {
    let signs_in = provider.authorization_endpoint.is_some();
    let flows = [
        (signs_in && provider.authorization.loopback.is_some(), "browser"),
        (provider.device_authorization_endpoint.is_some(), "device"),
        (signs_in && provider.authorization.page.is_some(), "paste"),
    ];
    let flows: Vec<_> = flows.iter().filter(|(there, _)| *there).map(|(_, flow)| *flow).collect();
    let status = match provider.terms.status {
        TermsStatus::Allowed => "allowed",
        TermsStatus::Unclear => "unclear",
        TermsStatus::Restricted => "**restricted**",
    };
    let (id, name, note) = (&provider.id, &provider.name, &provider.terms.note);
    format!("| `{id}` | {name} | {} | {status}: {note} |", flows.join(", "))
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let help = Home::new().run(&["--help"]).out;
    let (_, codes) = help.split_once("Exit codes:").unwrap();
    let document = read("docs/cli.md");
    let rows = codes.lines().filter_map(|line| line.trim().split_once("  "));
    let mut count = 0;
    for (code, meaning) in rows {
        let row = format!("| {meaning} |");
        let found = document.lines().find(|line| line.starts_with(&format!("| {code} |")));
        assert!(found.is_some_and(|line| line.ends_with(&row)), "{code} {meaning}");
        count += 1;
    }
    assert_eq!(count, 13);
}

#[test]
fn every_event_that_the_command_can_tell_is_documented() {
    let home = Home::new();
    let mut told = BTreeSet::new();
    let mut runs = vec![demo::run().events()];
    for arguments in [&["providers"][..], &["status", "kimi"], &["logout", "kimi"], &["doctor"]] {
        runs.push(home.run(&[arguments, &["--json"]].concat()).events());
    }
    for event in runs.concat() {
        told.insert(event["event"].as_str().unwrap().to_owned());
    }
    assert!(told.len() >= 15, "{told:?}");
}

/// The page names the event, each of its members, and every word that stands for a choice. Each
/// event of every test is held against it.
#[track_caller]
pub(crate) fn assert_documented(event: &Value) {
    const CHOICES: [&str; 15] = [
        "by", "check", "error", "health", "kind", "level", "note", "outcome", "prompt", "purpose",
        "revoked", "task", "tool", "warning", "way",
    ];
    static PAGE: LazyLock<String> = LazyLock::new(|| read("docs/cli.md"));
    let name = event["event"].as_str().unwrap();
    let rows = PAGE.split("\n## Events").nth(1).unwrap().lines();
    let row = rows.clone().find(|line| line.starts_with(&format!("| `{name}` |")));
    let row = row.unwrap_or_else(|| panic!("{name} is not in docs/cli.md"));
    let mut groups = vec![event.as_object().unwrap()];
    while let Some(members) = groups.pop() {
        for (member, value) in members.iter().filter(|(member, _)| *member != "event") {
            assert!(row.contains(&format!("`{member}`")), "{member} of {name} in docs/cli.md");
            let is_word = |text: &&str| {
                text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-')
            };
            let choice =
                value.as_str().filter(is_word).filter(|_| CHOICES.contains(&member.as_str()));
            let is_known = choice.is_none_or(|choice| PAGE.contains(&format!("`{choice}`")));
            assert!(is_known, "{value} as {member} of {name} in docs/cli.md");
            // These are named by the provider.
            let inner = value.as_array().map_or(slice::from_ref(value), Vec::as_slice);
            groups
                .extend(inner.iter().filter_map(Value::as_object).filter(|_| member != "headers"));
        }
    }
}

#[test]
fn the_contributors_page_is_short() {
    assert!(read("CONTRIBUTING.md").lines().count() < 60);
}

pub(crate) fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// The code blocks in this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let after = document.split(&fence).skip(1);
    after.map(|text| text.split("```").next().unwrap().to_owned()).collect()
}
