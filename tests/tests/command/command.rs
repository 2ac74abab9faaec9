//! Running the command, each time with a home of its own.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use grantflow_tests::command;
use serde_json::Value;
use tempfile::TempDir;

use crate::documents;

/// A folder for the store, and the environment of an ordinary shell without a desktop.
pub(crate) struct Home {
    folder: TempDir,
}

const UNSET: [&str; 18] = [
    "ALL_PROXY",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "COLUMNS",
    "DISPLAY",
    "GRANTFLOW_CLIENT_SECRET",
    "GRANTFLOW_STORE",
    "HTTPS_PROXY",
    "LOCALAPPDATA",
    "NO_COLOR",
    "NO_PROXY",
    "PI_CODING_AGENT_DIR",
    "SSL_CERT_FILE",
    "WAYLAND_DISPLAY",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "all_proxy",
    "https_proxy",
];

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the home and returns where it is.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(command());
        command.args(arguments).env("GRANTFLOW_HOME", self.path().join("data"));
        // Other tools' logins are looked for there.
        command.env("HOME", self.path());
        for name in UNSET {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it without a terminal and without input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs it as if this stood in the environment.
    pub(crate) fn run_where(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        Run::of(command.envs(variables.iter().copied()).output().unwrap())
    }

    /// Runs it with this on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that has what it needs may leave before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Run::of(child.wait_with_output().unwrap())
    }

    /// Starts it with `--json`, to be followed by its events.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        let mut command = self.command(arguments);
        command.arg("--json").stdin(Stdio::piped());
        Started::of(command.spawn().unwrap())
    }

    /// The store.
    pub(crate) fn store(&self) -> PathBuf {
        self.path().join("data/auth.json")
    }

    /// Puts these entries into the store.
    pub(crate) fn sign_in(&self, entries: &Value) {
        self.file("data/auth.json", &entries.to_string());
    }

    /// Lets a stored credential grow older.
    pub(crate) fn age(&self, name: &str, by_ms: u64) {
        let text = std::fs::read_to_string(self.store()).unwrap();
        let mut store: Value = serde_json::from_str(&text).unwrap();
        for time in ["obtained_at", "expires"] {
            let then = store[name][time].as_u64().unwrap() - by_ms;
            store[name][time] = then.into();
        }
        self.sign_in(&store);
    }

    /// Every file below the home's data folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().join("data")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Every line of standard output, which has to be an object.
    pub(crate) fn events(&self) -> Vec<Value> {
        let events = self.out.lines().map(|line| serde_json::from_str(line).unwrap());
        events.inspect(documents::assert_documented).collect()
    }

    /// The one event of this name.
    #[track_caller]
    pub(crate) fn event(&self, name: &str) -> Value {
        let events: Vec<_> =
            self.events().into_iter().filter(|event| event["event"] == name).collect();
        assert_eq!(events.len(), 1, "one {name} in {self:?}");
        events[0].clone()
    }
}

/// A command under way.
pub(crate) struct Started {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Started {
    pub(crate) fn of(mut child: Child) -> Self {
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The next event of this name; others are passed over.
    #[track_caller]
    pub(crate) fn next(&mut self, name: &str) -> Value {
        let mut line = String::new();
        while self.out.read_line(&mut line).unwrap() > 0 {
            let event: Value = serde_json::from_str(&line).unwrap();
            documents::assert_documented(&event);
            if event["event"] == name {
                return event;
            }
            line.clear();
        }
        panic!("the command ended before it told {name}")
    }

    /// The address to open, of the first way back.
    pub(crate) fn address(&mut self) -> String {
        self.next("prompt")["sign_ins"][0]["url"].as_str().unwrap().to_owned()
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    /// What it tells people, as it comes; the rest of it is then not in the [`Run`].
    pub(crate) fn stderr(&mut self) -> Told {
        Told(BufReader::new(self.child.stderr.take().unwrap()))
    }

    pub(crate) fn end(mut self) -> Run {
        let mut out = String::new();
        std::io::Read::read_to_string(&mut self.out, &mut out).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Run { out, ..Run::of(output) }
    }
}

/// Standard error of a command under way.
pub(crate) struct Told(BufReader<ChildStderr>);

impl Told {
    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn rest(mut self) -> String {
        let mut text = String::new();
        self.0.read_to_string(&mut text).unwrap();
        text
    }
}
