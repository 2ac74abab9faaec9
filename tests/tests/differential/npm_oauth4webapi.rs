//! What npm `oauth4webapi` makes of all replies, asked in one go.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use grantflow_tests::local::ISSUER;
use serde_json::{Value, json};

use crate::{Case, Of};

const STATE: &str = "a-state-of-43-letters-as-ours-have-them-----";

pub(crate) fn judge(cases: &[Case]) -> BTreeMap<String, String> {
    let folder = std::env::var_os("GRANTFLOW_PEERS").expect("GRANTFLOW_PEERS names the peers");
    let mut node = Command::new("node")
        .arg(PathBuf::from(folder).join("oauth4webapi.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let given: Vec<_> = cases.iter().map(|case| given(case).to_string()).collect();
    let mut stdin = node.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(given.join("\n").as_bytes()));
    let said = node.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(said.status.success(), "{said:?}");
    let said = String::from_utf8(said.stdout).unwrap();
    let verdicts: BTreeMap<_, _> = said.lines().map(verdict).collect();
    assert_eq!(verdicts.len(), cases.len(), "one verdict for each");
    verdicts
}

fn given(case: &Case) -> Value {
    let of = match case.of {
        Of::Token => "token",
        Of::Refresh => "refresh",
        Of::Device => "device",
        Of::Poll => "poll",
        Of::Redirect => "redirect",
    };
    json!({
        "name": case.name, "of": of, "status": case.status, "content_type": case.content_type,
        "bytes": STANDARD.encode(&case.body), "state": STATE,
        "query": case.query_with(STATE, ISSUER),
    })
}

fn verdict(line: &str) -> (String, String) {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| line[name].as_str().unwrap().to_owned();
    (text("name"), text("verdict"))
}
