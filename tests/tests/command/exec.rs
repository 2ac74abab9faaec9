//! A command with a token in its environment.

use std::fs;
use std::process::Stdio;

use grantflow_test_server::{Config, Dialect, Person};
use grantflow_tests::covers;
use serde_json::json;

use crate::command::Home;
use crate::server::{TestServer, standard};
use crate::status::{later, login};

#[test]
fn the_command_finds_the_token_in_the_variable_that_it_reads() {
    let home = signed_in();
    let run = home.run(&["exec", "xai", "--", "sh", "-c", "echo \"$XAI_API_KEY\""]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "the-access\n"), "{run:?}");
    assert_eq!(run.err, "", "nothing of ours beside it");
    let named = home.run(&["exec", "xai", "--variable", "MINE", "--", "sh", "-c", "echo $MINE"]);
    assert_eq!(named.out, "the-access\n");
    let json = home.run(&["exec", "xai", "--json", "--", "echo", "only this"]);
    assert_eq!(json.out, "only this\n", "with --json neither");
}

#[cfg(target_os = "linux")]
#[test]
fn the_token_is_in_no_argument_and_the_process_is_the_commands_own() {
    covers(&["S-11"]);
    let home = signed_in();
    let script = "tr '\\0' ' ' < /proc/$$/cmdline; echo; echo $$; cat; kill -TERM $$";
    let mut command = home.command(&["exec", "xai", "--", "sh", "-c", script]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"from outside\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(!out.contains("the-access"), "{out}");
    assert!(out.contains(&format!("\n{id}\nfrom outside\n")), "the same process: {out}");
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!(signal, Some(15), "and the same end");
}

#[test]
fn its_exit_code_is_the_commands() {
    let run = signed_in().run(&["exec", "xai", "--", "sh", "-c", "exit 42"]);
    assert_eq!(run.code, Some(42), "{run:?}");
}

#[test]
fn a_token_that_is_due_is_renewed_before_the_command_starts() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    home.run(&["login", "--provider-file", &file, "--flow", "device"]);
    let exec = |min_ttl: &str, script: &str| {
        home.run(&[
            "exec",
            "--provider-file",
            &file,
            "--min-ttl",
            min_ttl,
            "--variable",
            "ACME",
            "--",
            "sh",
            "-c",
            script,
        ])
    };
    let store = home.store();
    let grep = format!("grep -q \"$ACME\" {} && echo $ACME", store.display());
    let first = exec("0", &grep);
    assert_eq!(first.code, Some(0), "{first:?}");
    home.age("acme", 3_500_000);
    let second = exec("600", &grep);
    assert_eq!(second.code, Some(0), "the new one is in the store already: {second:?}");
    assert_ne!(first.out, second.out);
    assert_eq!(server.findings(), [""; 0]);
}

#[test]
fn of_two_tokens_programs_get_the_first_and_exchange_it_themselves() {
    let server = TestServer::start(Config {
        person: Person::Approve,
        interval_s: 1,
        ..Config::new(Dialect::Github, "")
    });
    let home = Home::new();
    let file = home.file("copilot.toml", &server.copilot_file());
    let login = home.run(&["login", "--provider-file", &file, "--flow", "device"]);
    assert_eq!(login.code, Some(0), "{login:?}");
    let exec = ["exec", "--provider-file", &file];
    let script = ["--", "sh", "-c", "echo $COPILOT_GITHUB_TOKEN"];
    let first = home.run(&[&exec[..], &script].concat()).out;
    let named = ["--variable", "COPILOT_GITHUB_TOKEN"];
    let second = home.run(&[&exec[..], &named, &script].concat()).out;
    let stored = fs::read_to_string(home.store()).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(first.trim_end(), stored["github-copilot"]["refresh"]);
    assert_eq!(second.trim_end(), stored["github-copilot"]["access"]);
}

#[test]
fn a_command_that_cannot_run_is_told_like_a_shell_does() {
    let home = signed_in();
    let missing = home.run(&["exec", "xai", "--", "no-such-command-at-all"]);
    assert_eq!(missing.code, Some(127), "{missing:?}");
    assert!(missing.err.contains("no-such-command-at-all"), "{missing:?}");
    let file = home.file("not-a-program", "just text");
    let refused = home.run(&["exec", "xai", "--", &file]);
    assert_eq!(refused.code, Some(126), "{refused:?}");
}

#[test]
fn without_a_login_or_a_variable_nothing_runs() {
    let home = signed_in();
    let touched = home.path().join("touched");
    let touch = ["--", "touch", touched.to_str().unwrap()];
    let nobody = home.run(&[&["exec", "kimi"][..], &touch].concat());
    assert_eq!(nobody.code, Some(5), "{nobody:?}");
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    home.run(&["login", "--provider-file", &file, "--flow", "device"]);
    let unnamed = home.run(&[&["exec", "--provider-file", &file][..], &touch].concat());
    assert_eq!(unnamed.code, Some(2), "{unnamed:?}");
    assert!(unnamed.err.contains("--variable NAME"), "{unnamed:?}");
    assert!(!touched.exists());
}

fn signed_in() -> Home {
    let home = Home::new();
    home.sign_in(&json!({ "xai": login(later()) }));
    home
}
