//! Opening a browser, seen from the program that is started: a recorder named `xdg-open`, alone on
//! the `PATH` of a child process that opens one URL.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use grantflow::browser::{MAX_URL_BYTES, NotOpenable, Openable};
use grantflow_tests::covers;
use proptest::prelude::*;
use tempfile::TempDir;

/// Writes each argument and a NUL, then a newline to tell one start from the next.
const RECORDER: &str = r#"printf '%s\0' "$@" >>"$RECORD"; echo >>"$RECORD""#;

#[test]
fn the_url_is_the_one_argument_of_the_program() {
    covers(&["B-BO-02", "B-BO-04", "C-01", "C-03", "C-05", "N-8252-01"]);
    let desktop = Desktop::with(RECORDER);
    let url = "https://login.example/authorize?a=1&b=$(calc)&state=%20x";
    assert_eq!(desktop.open(url).status.code(), Some(0));
    assert_eq!(desktop.recorded(), format!("{url}\0\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn no_query_becomes_more_than_one_argument(
        parts in proptest::collection::vec(hostile_part(), 1..8),
    ) {
        covers(&["B-BO-02", "B-BO-09", "C-01"]);
        let desktop = Desktop::with(RECORDER);
        let url = format!("https://login.example/a?q={}", parts.concat());
        let openable = Openable::parse(&url).unwrap();
        prop_assert!(openable.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert_eq!(desktop.open(&url).status.code(), Some(0));
        prop_assert_eq!(desktop.recorded(), format!("{}\0\n", openable.as_str()));
        prop_assert!(!desktop.0.path().join("pwned").exists());
    }
}

fn hostile_part() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("$(echo>pwned)".to_owned()),
        Just("`echo>pwned`".to_owned()),
        Just(";echo>pwned;".to_owned()),
        Just("|echo>pwned".to_owned()),
        Just("&calc&&echo>pwned".to_owned()),
        Just("%COMSPEC%^\"'".to_owned()),
        Just("${IFS}~*?[a]{b,c}!x".to_owned()),
        Just("%0Aecho%0D".to_owned()),
        Just(" --version ".to_owned()),
        Just("\u{202e}moc.live".to_owned()),
        "[ -\\[\\]-~]{0,12}".prop_map(|text| text.replace('#', "")),
    ]
    .prop_map(|part| part + "x")
}

#[test]
fn what_is_gated_starts_nothing() {
    covers(&["B-BO-01", "B-BO-03", "C-01"]);
    let desktop = Desktop::with(RECORDER);
    for (url, reason) in GATED {
        assert_eq!(Openable::parse(url).unwrap_err(), *reason, "{url}");
        assert_eq!(desktop.open(url).status.code(), Some(2), "{url}");
    }
    assert_eq!(desktop.recorded(), "");
}

const GATED: &[(&str, NotOpenable)] = &[
    ("file:///etc/passwd", NotOpenable::Scheme),
    ("file://host/share/calc.exe", NotOpenable::Scheme),
    ("javascript:alert(1)", NotOpenable::Scheme),
    ("JaVaScRiPt://https/%0aalert(1)", NotOpenable::Scheme),
    ("data:text/html,<script>alert(1)</script>", NotOpenable::Scheme),
    ("vbscript:x", NotOpenable::Scheme),
    ("ms-msdt:/id PCWDiagnostic", NotOpenable::Scheme),
    ("smb://host/x", NotOpenable::Scheme),
    ("search-ms:query=x", NotOpenable::Scheme),
    ("a:/$(echo>pwned)", NotOpenable::Scheme),
    (r"\\host\x", NotOpenable::Malformed),
    ("//host/x", NotOpenable::Malformed),
    (r"C:\Windows\System32\calc.exe", NotOpenable::Malformed),
    ("calc.cmd", NotOpenable::Malformed),
    ("-a", NotOpenable::Malformed),
    ("--help", NotOpenable::Malformed),
    ("-https://login.example/", NotOpenable::Malformed),
    ("", NotOpenable::Malformed),
    (" https://login.example/", NotOpenable::Malformed),
    ("https://login.example/ ", NotOpenable::Malformed),
    ("https://login.example/\n", NotOpenable::Malformed),
    ("java\nscript:alert(1)", NotOpenable::Malformed),
    ("ht\ttps://login.example/", NotOpenable::Malformed),
    (r"https:\\login.example\x", NotOpenable::Malformed),
    ("https:login.example", NotOpenable::Malformed),
    ("https:/login.example", NotOpenable::Malformed),
    ("https://login.example/\u{1b}[2J", NotOpenable::Malformed),
    ("http://evil.example/", NotOpenable::Unencrypted),
    ("http://localhost.evil.example/", NotOpenable::Unencrypted),
    ("http://127.0.0.1.nip.io/", NotOpenable::Unencrypted),
    ("http://[::ffff:127.0.0.1]/", NotOpenable::Unencrypted),
    ("http://localhost/", NotOpenable::Unencrypted),
    ("http://127.0.0.1@evil.example/", NotOpenable::Unencrypted),
    ("http://evil.example:80@127.0.0.1/", NotOpenable::UserInfo),
    ("https://login.example@evil.example/", NotOpenable::UserInfo),
    ("https://:secret@login.example/", NotOpenable::UserInfo),
];

#[test]
fn https_and_this_machine_are_openable_in_their_normal_form() {
    covers(&["B-BO-01", "B-BO-09"]);
    for (url, normal) in [
        ("https://login.example", "https://login.example/"),
        ("HTTPS://LOGIN.example:443/A", "https://login.example/A"),
        ("https://login.example/a?x=\u{202e}", "https://login.example/a?x=%E2%80%AE"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ] {
        assert_eq!(Openable::parse(url).unwrap().as_str(), normal);
    }
}

#[test]
fn a_url_is_opened_up_to_the_limit_and_not_beyond() {
    let start = "https://login.example/?q=";
    let longest = start.to_owned() + &"x".repeat(MAX_URL_BYTES - start.len());
    assert!(Openable::parse(&longest).is_ok());
    assert_eq!(Openable::parse(&(longest + "x")).unwrap_err(), NotOpenable::TooLong);
    let grows = start.to_owned() + &"é".repeat(MAX_URL_BYTES / 4);
    assert_eq!(Openable::parse(&grows).unwrap_err(), NotOpenable::TooLong);
}

#[test]
fn the_query_is_not_in_the_debug_form() {
    covers(&["S-03"]);
    let openable = Openable::parse("https://login.example/a?state=secret").unwrap();
    let shown = format!("{openable:?}");
    assert!(shown.contains("login.example/a") && !shown.contains("secret"), "{shown}");
}

#[test]
fn no_program_and_a_failing_one_are_told_apart() {
    covers(&["B-BO-07"]);
    let empty = Desktop(tempfile::tempdir().unwrap());
    let output = empty.open("https://login.example/?state=secret");
    assert_eq!(output.status.code(), Some(3));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("secret"));

    let failing = Desktop::with("exit 4");
    let output = failing.open("https://login.example/?state=secret");
    assert_eq!(output.status.code(), Some(4));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("secret"));
}

#[test]
fn a_program_that_talks_or_reads_gets_none_of_our_streams() {
    covers(&["B-BO-08"]);
    let desktop = Desktop::with(&format!("echo noise; echo noise >&2; read x; {RECORDER}"));
    let output = desktop.open("https://login.example/");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((output.stdout, output.stderr), (vec![], vec![]));
    assert_eq!(desktop.recorded(), "https://login.example/\0\n");
}

#[test]
fn a_program_that_hangs_is_left_to_itself() {
    covers(&["B-BO-08"]);
    let desktop = Desktop::with(&format!(r#"read x <"$RECORD.gate"; {RECORDER}"#));
    let gate = desktop.0.path().join("record.gate");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    assert_eq!(desktop.open("https://login.example/").status.code(), Some(0));
    assert_eq!(desktop.recorded(), "");
    // It is still there: opening the gate's writing end needs its reader.
    fs::OpenOptions::new().write(true).open(&gate).unwrap().write_all(b"go\n").unwrap();
}

/// A folder that is the whole `PATH`.
struct Desktop(TempDir);

impl Desktop {
    fn with(opener: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("xdg-open");
        fs::write(&program, format!("#!/bin/sh\n{opener}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// Runs `open-url`, whose exit code says how it went.
    fn open(&self, url: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_open-url"))
            .arg(url)
            .current_dir(&self.0)
            .env("PATH", self.0.path())
            .env("BROWSER", "echo %s '$(echo>pwned)'") // the desktop's business, not ours
            .env("RECORD", self.0.path().join("record"))
            .output()
            .unwrap()
    }

    fn recorded(&self) -> String {
        fs::read_to_string(self.0.path().join("record")).unwrap_or_default()
    }
}
