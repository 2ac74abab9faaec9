//! What SECURITY.md and the pages beside it promise, and what they have to admit.

use std::fs;
use std::path::Path;

use grantflow_tests::covers;

use crate::command::{Home, Run};
use crate::documents::read;

#[test]
fn each_promise_names_tests_that_exist() {
    let page = read("SECURITY.md");
    let (_, promises) = page.split_once("| promise | shown by |").unwrap();
    let rows: Vec<&str> =
        promises.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 10, "{} promises", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        let named: Vec<&str> = cells[2].split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "nothing shows {row}");
        for name in named {
            assert!(exists(name), "{name} is no test");
        }
    }
}

#[test]
fn a_test_that_is_not_there_is_found_out() {
    let here = "tests/tests/command/promises.rs";
    assert!(exists(&format!("{here}::a_test_that_is_not_there_is_found_out")));
    assert!(!exists(&format!("{here}::a_test_that_never_was")));
    assert!(!exists(&format!("{here}::exists")), "it is no test");
    assert!(!exists("tests/tests/command/gone.rs::a_test_that_is_not_there_is_found_out"));
    assert!(exists("wasm/tests/keeper.test.mjs::a logout during a renewal wins over it"));
    assert!(!exists("wasm/tests/keeper.test.mjs::a logout"), "half a name");
}

#[test]
fn what_cannot_be_helped_is_written_where_people_look_for_it() {
    for (ids, page, said) in [
        (&["N-BBA-01"], "docs/browser.md", "1. **A backend for frontend**"),
        (&["N-BBA-11"], "docs/browser.md", "start a login of its own in a hidden frame"),
        (
            &["W-15"],
            "docs/browser.md",
            "A page inside a page of another site has storage of its own",
        ),
        (&["W-17"], "docs/browser.md", "`rel=\"noreferrer\"`"),
        (&["W-17"], "docs/browser.md", "Referrer-Policy: no-referrer"),
        (&["W-21"], "docs/browser.md", "Browsers may clear what a page keeps"),
        (&["S-13"], "SECURITY.md", "The memory of wasm never shrinks"),
        (&["S-09"], "SECURITY.md", "Copies that a text left behind while it grew"),
        (&["S-09"], "docs/cli.md", "It does not lock memory"),
    ] {
        covers(ids);
        assert!(says(&read(page), said), "{said} in {page}");
    }
    assert!(!says("It does\nlock memory", "It does not lock memory"));
}

#[test]
fn a_projects_folder_changes_nothing() {
    covers(&["B-MD-11", "C-32"]);
    let home = Home::new();
    let (plain, hostile) = (home.path().join("plain"), home.path().join("hostile"));
    fs::create_dir(&plain).unwrap();
    plant(&hostile);
    for arguments in [
        &["providers", "--json"][..],
        &["status", "--json"],
        &["token", "kimi", "--json"],
        &["login", "acme", "--no-wait", "--json"],
        &["exec", "kimi", "--json", "--", "env"],
    ] {
        let [there, here] = [&plain, &hostile].map(|folder| run_in(&home, folder, arguments));
        assert_eq!(here, there, "{arguments:?}");
        assert!(!here.out.contains("evil.example") && !here.err.contains("evil.example"));
    }
    // Where such a file is named it counts: that is what the folder by itself has no right to.
    let named = run_in(&home, &hostile, &["status", "--store", "auth.json", "--json"]);
    assert!(named.out.contains("kimi"), "{named:?}");
}

#[test]
fn no_dependency_has_a_hole_that_is_known() {
    covers(&["C-23", "C-43"]);
    let lock = read("Cargo.lock");
    assert_eq!(holes(&lock), [""; 0]);
    let old = "[[package]]\nname = \"idna\"\nversion = \"0.5.0\"\n\n[[package]]\nname = \"rsa\"\n";
    assert_eq!(holes(&format!("{old}version = \"0.9.6\"\n")), ["idna 0.5.0", "rsa 0.9.6"]);
}

/// `path::name`: a Rust test of that name, or one of JavaScript of that title, is in the file.
fn exists(name: &str) -> bool {
    let Some((path, name)) = name.split_once("::") else { return false };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let Ok(text) = fs::read_to_string(root.join(path)) else { return false };
    if path.ends_with("test.mjs") {
        return text.contains(&format!("test('{name}', "));
    }
    let Some(at) = text.find(&format!("fn {name}(")) else { return false };
    let before = text[..at].trim_end_matches("async ").trim_end().lines().rev();
    let mut attributes = before.map(str::trim).take_while(|line| line.starts_with("#["));
    attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

/// However the lines are broken.
fn says(page: &str, said: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    words(page).contains(&words(said))
}

/// Whatever a program might take for its configuration.
fn plant(folder: &Path) {
    let evil = "id = \"kimi\"\nname = \"Evil\"\nclient_id = \"x\"\n\
                token_endpoint = \"https://evil.example/token\"\n\
                device_authorization_endpoint = \"https://evil.example/device\"\n";
    let json = r#"{"kimi":{"type":"oauth","access":"evil.example","refresh":"r","expires":9e15}}"#;
    for (name, text) in [
        ("acme.toml", evil.replace("kimi", "acme")),
        ("kimi.toml", evil.to_owned()),
        ("grantflow.toml", evil.to_owned()),
        (".grantflow.toml", evil.to_owned()),
        (".grantflow/auth.json", json.to_owned()),
        (".grantflow/kimi.toml", evil.to_owned()),
        ("grantflow/auth.json", json.to_owned()),
        (".config/grantflow/auth.json", json.to_owned()),
        ("providers/kimi.toml", evil.to_owned()),
        ("auth.json", json.to_owned()),
        ("data/auth.json", json.to_owned()),
        (".env", "GRANTFLOW_STORE=auth.json\nKIMI_API_KEY=evil.example\n".to_owned()),
        (".git/config", String::new()),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn run_in(home: &Home, folder: &Path, arguments: &[&str]) -> Run {
    Run::of(home.command(arguments).current_dir(folder).output().unwrap())
}

/// Crates with a hole that nothing mends are in no version good enough.
fn holes(lock: &str) -> Vec<String> {
    const FIRST_GOOD: [(&str, Option<[u64; 3]>); 9] = [
        ("idna", Some([1, 0, 0])),
        ("rustls", Some([0, 23, 5])),
        ("axum-core", Some([0, 3, 0])),
        ("zeroize_derive", Some([1, 2, 0])),
        ("sqlx", Some([0, 8, 1])),
        ("rsa", None),
        ("tiny_http", None),
        ("webbrowser", None),
        ("openssl-sys", None),
    ];
    let packages = lock.split("[[package]]").skip(1).filter_map(|package| {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key));
            line.map(|line| line.trim_matches(['"', ' ', '=']))
        };
        Some((value("name")?, value("version")?))
    });
    let is_bad = |(name, version): &(&str, &str)| {
        let known = FIRST_GOOD.iter().find(|(known, _)| known == name);
        let parts = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
        known
            .is_some_and(|(_, good)| good.is_none_or(|good| parts.take(3).lt(good.iter().copied())))
    };
    packages.filter(is_bad).map(|(name, version)| format!("{name} {version}")).collect()
}
