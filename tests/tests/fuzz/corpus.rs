//! Every file of every corpus, through the same functions as in the fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use grantflow_invariants::TARGETS;
use grantflow_tests::covers;

#[test]
fn every_file_of_every_corpus_passes() {
    covers(&["F-01"]);
    for (target, check) in TARGETS {
        for (name, bytes) in files(target) {
            println!("{target}/{name}"); // shown where it fails
            check(&bytes);
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_a_program_and_there_are_no_others() {
    let targets: BTreeSet<String> = TARGETS.map(|(target, _)| target.to_owned()).into();
    assert!(targets.len() >= 12);
    assert_eq!(names(&folder().join("corpus")), targets);
    let programs = names(&folder().join("fuzz_targets"));
    assert_eq!(programs, targets.iter().map(|target| format!("{target}.rs")).collect());
    for (target, _) in TARGETS {
        let program = folder().join(format!("fuzz_targets/{target}.rs"));
        let call = format!("grantflow_invariants::check(\"{target}\", bytes)");
        assert!(fs::read_to_string(program).unwrap().contains(&call), "{target}");
        assert!(files(target).count() >= 5, "{target}");
    }
}

/// The corpora are in the repository, so that they stay small.
#[test]
fn the_corpora_are_small() {
    let sizes =
        TARGETS.map(|(target, _)| files(target).map(|(_, bytes)| bytes.len()).sum::<usize>());
    let sum: usize = sizes.into_iter().sum();
    assert!(sum < 2 << 20, "{sum} bytes");
}

/// Names and bytes, in the order of the names.
pub(super) fn files(target: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let corpus = folder().join("corpus").join(target);
    names(&corpus).into_iter().map(move |name| {
        let bytes = fs::read(corpus.join(&name)).unwrap();
        (name, bytes)
    })
}

fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap_or_else(|_| panic!("no folder {}", folder.display()));
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}
