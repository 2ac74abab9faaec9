//! Which file may know which: `flow, renewal → wire → values`, and `providers` only values.

use std::fs;
use std::path::{Path, PathBuf};

use grantflow_tests::covers;

/// Files or folders of `core/src`, and what their code must not name.
const RULES: [(&str, &[&str]); 6] = [
    // Bytes and meaning: no state, no clock.
    (
        "wire",
        &[
            "crate::flow",
            "crate::renewal",
            "crate::machine",
            "crate::call",
            "crate::time",
            "Flow",
            "Renewal",
            "Machine",
            "Now",
        ],
    ),
    ("renewal", &["crate::flow", "Flow"]),
    // Time and state: no bytes.
    ("flow/state.rs", &["serde", "form_urlencoded", "base64", "json::", "response.body"]),
    // Data: nothing that acts.
    ("provider.rs", &["crate::client", "crate::flow", "crate::renewal", "crate::wire"]),
    ("providers", &["crate::client", "crate::flow", "crate::renewal", "crate::wire"]),
    ("providers.rs", &["crate::client", "crate::flow", "crate::renewal", "crate::wire"]),
];

#[test]
fn each_layer_names_only_what_lies_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    for (place, forbidden) in RULES {
        let files = rust_files(&source.join(place));
        assert!(!files.is_empty(), "{place} is gone: adjust the rule");
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file");
            assert_eq!(offences(&text, forbidden), Vec::<String>::new(), "{}", file.display());
        }
    }
}

#[test]
fn the_core_forbids_unsafe_code_and_the_standard_library() {
    covers(&["S-16"]);
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/lib.rs");
    let lib = fs::read_to_string(lib).expect("lib.rs");
    for attribute in ["#![forbid(unsafe_code)]", "#![no_std]"] {
        assert!(lib.lines().any(|line| line == attribute), "{attribute}");
    }
}

/// The examples themselves are run by the documentation's tests.
#[test]
fn what_must_not_compile_stands_in_the_documentation_of_secrets() {
    covers(&["S-T-02"]);
    let secret = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/secret.rs");
    let secret = fs::read_to_string(secret).expect("secret.rs");
    let examples: Vec<&str> = secret.split("/// ```compile_fail\n").skip(1).collect();
    for misuse in ["println!", " == ", "serde_json::to_string"] {
        let stands = |example: &&str| example.split("/// ```").next().unwrap().contains(misuse);
        assert!(examples.iter().any(stands), "{misuse}");
    }
}

#[test]
fn an_offence_in_code_is_found_and_a_word_in_a_comment_is_none() {
    let text = "//! Now is the time for crate::flow.\nuse crate::time::Now;\n";
    assert_eq!(offences(text, &["crate::time", "crate::flow"]), ["use crate::time::Now;"]);
    assert_eq!(offences("let not_now = Nowhere;", &["Now"]), Vec::<String>::new());
}

/// The lines of code that name something forbidden as a whole word.
fn offences(text: &str, forbidden: &[&str]) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let names = |line: &str, word: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            let goes_on = after.is_some_and(is_word) && word.ends_with(is_word);
            !(before.is_some_and(is_word) || goes_on)
        })
    };
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter(|line| forbidden.iter().any(|word| names(line, word)))
        .map(str::to_owned)
        .collect()
}

fn rust_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    entries.flatten().flat_map(|entry| rust_files(&entry.path())).collect()
}
