//! `demo --web` serves the page with its headers, and nothing but the page.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::command::Home;
use crate::documents;
use crate::server;

#[test]
fn the_page_is_served_with_its_headers() {
    let checkout = Checkout::built();
    let page = checkout.serve();
    let answer = page.get("/");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with("the page"), "{answer}");
    for header in [
        "content-type: text/html; charset=utf-8",
        "cross-origin-opener-policy: same-origin",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
    ] {
        assert!(answer.contains(header), "{header} in {answer}");
    }
    let wasm = page.get("/grantflow/grantflow.wasm");
    assert!(wasm.contains("content-type: application/wasm"), "{wasm}");
}

#[test]
fn the_policy_of_the_header_is_that_of_the_page_and_forbids_frames() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo");
    let answer = Checkout::built().serve().get("/");
    let policy = answer.lines().find_map(|line| line.strip_prefix("content-security-policy: "));
    let (own, frames) = policy.unwrap().rsplit_once("; ").unwrap();
    assert_eq!(frames, "frame-ancestors 'none'");
    for name in ["index.html", "callback.html"] {
        let page = fs::read_to_string(root.join(name)).unwrap();
        assert!(page.contains(&format!("content=\"{own}\"")), "{name}: {own}");
    }
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let checkout = Checkout::built();
    fs::write(checkout.page().join("secret.html"), "secret").unwrap();
    fs::write(checkout.page().join("dist/.hidden.html"), "secret").unwrap();
    let page = checkout.serve();
    for path in [
        "/../secret.html",
        "/%2e%2e/secret.html",
        "/..%2fsecret.html",
        "/grantflow/../../secret.html",
        "/./../secret.html",
        "//secret.html",
        "/..\\secret.html",
        "/.hidden.html",
        "/grantflow",
        "/missing.html",
    ] {
        let answer = page.get(path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}

#[test]
fn what_is_not_built_yet_is_named_with_the_command_that_builds_it() {
    let checkout = Checkout::of_source();
    let run = checkout.command(&["demo", "--web"]).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(said.contains("not built yet"), "{said}");
    assert!(
        said.split_whitespace().collect::<Vec<_>>().join(" ").contains("next: node "),
        "{said}"
    );
    assert!(said.contains("build.mjs"), "{said}");
}

/// A checkout in a folder of its own, in which the command is started.
struct Checkout {
    home: Home,
}

/// The command while it serves; dropping it ends it.
struct Page {
    child: Child,
    url: String,
}

impl Checkout {
    fn of_source() -> Self {
        let home = Home::new();
        home.file("web-demo/build.mjs", "");
        Self { home }
    }

    fn built() -> Self {
        let checkout = Self::of_source();
        checkout.home.file("web-demo/dist/index.html", "the page");
        checkout.home.file("web-demo/dist/grantflow/grantflow.wasm", "");
        checkout
    }

    fn page(&self) -> PathBuf {
        self.home.path().join("web-demo")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        command.current_dir(self.home.path());
        command
    }

    fn serve(&self) -> Page {
        // Without a display no browser is opened.
        let mut command = self.command(&["demo", "--web", "--json"]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        documents::assert_documented(&event);
        assert_eq!(event["event"], "demo_page");
        let url = event["url"].as_str().unwrap().trim_end_matches('/').to_owned();
        Page { child, url }
    }
}

impl Page {
    /// The path goes out as it stands.
    fn get(&self, path: &str) -> String {
        server::get(&format!("{}{path}", self.url))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
