//! What is too long for the command, and what never ends.

use std::process::{Command, Stdio};

use grantflow_tests::{command, covers};

use crate::command::{Home, Run};

const LONGEST: usize = 1 << 20;

#[test]
fn a_provider_file_may_be_a_mebibyte_long_and_not_a_byte_longer() {
    covers(&["F-02"]);
    let home = Home::new();
    let text =
        r#"{"id": "acme", "client_id": "c", "token_endpoint": "https://acme.example/token"}"#;
    let padded = |size: usize| [text, &" ".repeat(size - text.len())].concat();
    let at = home.file("at.json", &padded(LONGEST));
    let run = home.run(&["login", "--provider-file", &at, "--flow", "device"]);
    assert!(run.err.contains("this provider has no such login"), "it was read: {run:?}");
    let beyond = home.file("beyond.json", &padded(LONGEST + 1));
    let run = home.run(&["login", "--provider-file", &beyond]);
    assert!(run.err.contains("too long for a provider file"), "{run:?}");
}

/// A device says that it has no length.
#[cfg(unix)]
#[test]
fn a_provider_file_that_never_ends_is_too_long() {
    covers(&["F-02"]);
    let home = Home::new();
    let mut command = in_little_memory(&home, &["login", "--provider-file", "/dev/zero"]);
    let run = Run::of(command.output().unwrap());
    assert!(run.err.contains("too long for a provider file"), "{run:?}");
    assert_eq!(run.code, Some(home.run(&["login", "--provider-file", "/none"]).code.unwrap()));
}

/// With 512 MiB of address space, of which a hundred are the program's own.
fn in_little_memory(home: &Home, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 524288 && exec \"$0\" \"$@\""]).arg(command()).args(arguments);
    shell.env("HOME", home.path()).env("GRANTFLOW_HOME", home.path().join("data"));
    shell.stdin(Stdio::null());
    shell
}
