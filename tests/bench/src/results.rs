//! What was measured, and on what: `results/*.json`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// What one contender took for one row of a table.
#[derive(Debug, Serialize)]
pub struct Series {
    /// Whose.
    pub of: String,
    /// Of each round.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ns: Vec<f64>,
    /// What else was measured, by its name.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Series {
    /// Nothing yet.
    pub fn new(of: impl Into<String>) -> Self {
        Self { of: of.into(), ns: Vec::new(), more: Map::new() }
    }

    /// With a figure of this name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }
}

/// One row of a table: the same work for everybody.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The work.
    pub work: String,
    /// By whom.
    pub series: Vec<Series>,
}

impl Row {
    /// `work`, done by these.
    pub fn new(work: impl Into<String>, series: Vec<Series>) -> Self {
        Self { work: work.into(), series }
    }
}

/// To a tenth.
pub fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Small samples, to see that everything runs: their figures are worth nothing.
pub fn is_quick() -> bool {
    env::var_os("GRANTFLOW_BENCH_QUICK").is_some()
}

/// Writes what `part` measured where `./bench` wants it.
pub fn write(part: &str, rows: &[Row]) {
    let folder = env::var_os("GRANTFLOW_BENCH_RESULTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("results"), PathBuf::from);
    let path = folder.join(part).with_extension("json");
    let mut text = format!("{{\n\"machine\": {},\n\"rows\": [\n", machine());
    for (at, row) in rows.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { ",\n" });
        text.push_str(&serde_json::to_string(row).unwrap());
    }
    text.push_str("\n]\n}\n");
    fs::create_dir_all(&folder).unwrap();
    fs::write(&path, text).unwrap();
}

/// What it was measured on and with.
fn machine() -> Value {
    let is_optimised = !cfg!(debug_assertions);
    assert!(is_optimised, "without optimisation figures are worth nothing: --release");
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    json!({
        "date": told_by("date", &["-u", "+%Y-%m-%d"]),
        "cpu": model.map_or("an unnamed processor", |(_, name)| name),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "os": told_by("uname", &["-sr"]),
        "rustc": told_by("rustc", &["--version"]),
        "quick": is_quick(),
        "versions": versions(),
    })
}

fn told_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "unknown".into(),
        |out| String::from_utf8_lossy(&out.stdout).trim().to_owned(),
    )
}

/// Of the peers, as the lock file has them.
fn versions() -> Map<String, Value> {
    let lock = include_str!("../Cargo.lock");
    let version = |name: &str| {
        let (_, entry) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        entry.split_once('"').map(|(version, _)| version.to_owned())
    };
    ["grantflow-core", "grantflow", "oauth2", "huskarl", "io-oauth", "serde_json", "tokio"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), version(name)?.into())))
        .collect()
}
