//! Which process is renewing, and whether it still is.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use grantflow::owner::{Life, NotAnOwner, Owner};

#[test]
fn a_process_knows_itself_again() {
    let line = Owner::this().to_string();
    assert_eq!(line.lines().count(), 1);
    assert_eq!(line.parse::<Owner>().unwrap(), Owner::this());
    assert_eq!(Owner::this().life(), Life::Ourselves);
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_lives_until_it_ends_however_it_ends() {
    let (mut child, line) = other();
    let owner: Owner = line.parse().unwrap();
    assert_eq!(owner.life(), Life::Alive);
    child.kill().unwrap();
    // Its exit is not collected yet, so its id is still in use.
    let begun = Instant::now();
    while owner.life() == Life::Alive && begun.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
    }
    assert_eq!(owner.life(), Life::Gone);
    child.wait().unwrap();
    assert_eq!(owner.life(), Life::Gone);
}

#[cfg(target_os = "linux")]
#[test]
fn an_id_that_is_used_again_is_another_process() {
    let (mut child, line) = other();
    let part = |name: &str| line.split(name).nth(1).unwrap().split(' ').next().unwrap();
    let of = |from: &str, to: &str| line.replace(from, to).parse::<Owner>().unwrap().life();
    assert_eq!(of(&format!("started={}", part("started=")), "started=1"), Life::Gone);
    assert_eq!(of(part("boot="), "another-boot"), Life::Gone);
    assert_eq!(of(part("space="), "pid:[1]"), Life::Unknown);
    assert_eq!(of(&format!("host={}", part("host=")), "host=elsewhere"), Life::Unknown);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_names_no_process_is_refused() {
    for line in ["", "pid=", "pid=x started=1 boot=b space=s host=h", "process 7", "pid=1 boot=b"] {
        assert_eq!(line.parse::<Owner>(), Err(NotAnOwner), "{line}");
    }
}

/// Another process, and the line it calls itself by.
fn other() -> (Child, String) {
    let mut act = Command::new(env!("CARGO_BIN_EXE_act"));
    let mut child = act.arg("owner").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}
