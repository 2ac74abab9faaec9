//! Ctrl-C at any point.

#[cfg(unix)]
use std::fs::File;
#[cfg(target_os = "linux")]
use std::io::{BufReader, Read, Write as _};
use std::net::{Ipv4Addr, TcpListener};
#[cfg(target_os = "linux")]
use std::process::{Child, ChildStdout, Command, Stdio};
#[cfg(unix)]
use std::time::{Duration, Instant};

use grantflow_test_server::Person;
use grantflow_tests::covers;

use crate::command::Home;
#[cfg(target_os = "linux")]
use crate::command::Started;
#[cfg(unix)]
use crate::renewing::Endpoint;
use crate::server::{TestServer, standard};
#[cfg(unix)]
use crate::server::{get, redirect_of};

#[test]
fn a_browser_login_closes_its_port_and_leaves_nothing() {
    covers(&["N-8252-05", "N-21-03", "B-CF-27"]);
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login =
        home.start(&["login", "--provider-file", &file, "--flow", "browser", "--no-browser"]);
    let address = login.address();
    let (_, port) = address.split_once("127.0.0.1%3A").unwrap();
    let port: u16 = port.split('%').next().unwrap().parse().unwrap();
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err(), "it listens");
    login.interrupt();
    let run = login.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(run.event("error")["kind"], "interrupted");
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free again");
    assert_eq!(home.files(), [""; 0]);
}

#[test]
fn a_device_login_leaves_nothing() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let mut login = home.start(&["login", "--provider-file", &file, "--flow", "device"]);
    login.next("wait");
    login.interrupt();
    assert_eq!(login.end().code, Some(130));
    assert_eq!(home.files(), [""; 0]);
}

#[test]
fn a_resumed_login_can_be_resumed_again() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let begun =
        home.run(&["login", "--provider-file", &file, "--flow", "device", "--no-wait", "--json"]);
    let user_code = begun.event("prompt")["user_code"].as_str().unwrap().to_owned();
    let mut resumed = home.start(&["resume", "--provider-file", &file]);
    resumed.next("wait");
    resumed.interrupt();
    assert_eq!(resumed.end().code, Some(130));

    let now = server.handle.now_ms();
    server.handle.server().approve(now, &user_code).unwrap();
    let again = home.run(&["resume", "--provider-file", &file]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(server.findings(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn it_does_not_wait_for_what_is_stuck_on_another_thread() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Approve)));
    let file = home.file("acme.toml", &server.provider_file());
    assert_eq!(home.run(&["login", "--provider-file", &file, "--flow", "device"]).code, Some(0));
    let lock = File::open(home.path().join("data/auth.json.grantflow/store.lock")).unwrap();
    lock.lock().unwrap();
    let mut logout = home.start(&["logout", "--provider-file", &file]);
    while logout.next("state")["state"] != "Removing" {}
    logout.interrupt();
    let begun = Instant::now();
    let run = logout.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(run.err.contains("grantflow status tells"), "it may be done or not: {}", run.err);
}

#[cfg(unix)]
#[test]
fn a_logout_that_was_done_here_is_told_as_done() {
    let (home, endpoint) = (Home::new(), Endpoint::open());
    let file = endpoint.provider_file(&home, 60);
    let text = std::fs::read_to_string(&file).unwrap();
    let file =
        home.file("acme.toml", &format!("{text}revocation_endpoint = \"{}\"\n", endpoint.url()));
    let logout = home.start(&["logout", "--provider-file", &file]);
    let _asked = endpoint.asked();
    logout.interrupt();
    let run = logout.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(std::fs::read_to_string(home.store()).unwrap(), "{}");
    assert!(run.err.contains("signed out here; the server may not"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn a_login_whose_answer_is_with_the_server_may_have_come_about_there() {
    let (home, endpoint) = (Home::new(), Endpoint::open());
    let (_server, file) = redeeming_at(&endpoint, &home);
    let mut login =
        home.start(&["login", "--provider-file", &file, "--flow", "browser", "--no-browser"]);
    get(&redirect_of(&login.address()));
    let _asked = endpoint.asked();
    login.interrupt();
    let run = login.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(run.err.contains("the server may have signed you in"), "{}", run.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_ends_no_login_that_was_to_outlive_it() {
    let (home, server) = (Home::new(), TestServer::start(standard(Person::Ask)));
    let file = home.file("acme.toml", &server.provider_file());
    let login = home.command(&["login", "--provider-file", &file, "--flow", "device", "--json"]);
    // As `nohup` starts it.
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(login.get_program());
    nohup.args(login.get_args());
    nohup.envs(login.get_envs().filter_map(|(name, value)| Some((name, value?))));
    nohup.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut login = Started::of(nohup.spawn().unwrap());
    let user_code = login.next("prompt")["user_code"].as_str().unwrap().to_owned();
    let id = login.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    login.next("wait");
    let now = server.handle.now_ms();
    server.handle.server().approve(now, &user_code).unwrap();
    let run = login.end();
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_login_that_was_resumed_gives_the_terminal_back_once_the_answer_is_there() {
    let (home, endpoint) = (Home::new(), Endpoint::open());
    let (_server, file) = redeeming_at(&endpoint, &home);
    let login = ["login", "--provider-file", &file, "--flow", "paste", "--no-wait", "--json"];
    let begun = home.run(&login);
    let address = begun.event("prompt")["sign_ins"][0]["url"].as_str().unwrap().to_owned();
    let (mut terminal, mut screen) = terminal(&home, &["resume", "--provider-file", &file]);
    read_until(&mut screen, "paste");
    let keyboard = terminal.stdin.as_mut().unwrap();
    write!(keyboard, "{}\r", redirect_of(&address).trim_end()).unwrap();
    let asked = endpoint.asked();
    keyboard.write_all(b"\x03").unwrap();
    // A command that is deaf goes on when it has its answer.
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(5));
        drop(asked);
    });
    let after = read_until(&mut screen, "echok");
    assert!(after.contains("ended 130"), "{after}");
    drop(terminal.stdin.take());
    terminal.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_question_hears_a_request_to_end_and_gives_the_terminal_back() {
    let home = Home::new();
    let (mut terminal, mut screen) = terminal(&home, &["login"]);
    read_until(&mut screen, "Esc leaves");

    let asking = descendant(terminal.id()).expect("the command runs under the shell");
    assert!(Command::new("kill").args(["-TERM", &asking.to_string()]).status().unwrap().success());
    let after = read_until(&mut screen, "echok");
    assert!(after.contains("ended 130"), "{after}");
    assert!(after.contains(" icanon") && after.contains(" echo "), "{after}");
    drop(terminal.stdin.take());
    terminal.wait().unwrap();
}

/// A provider whose codes are redeemed at this endpoint, and the server that gives them out.
#[cfg(unix)]
fn redeeming_at(endpoint: &Endpoint, home: &Home) -> (TestServer, String) {
    let server = TestServer::start(standard(Person::Approve));
    let address = endpoint.url();
    let file = server.provider_file_by(address.trim_end_matches("/token"));
    (server, home.file("acme.toml", &file))
}

/// The command in a terminal, whose shell looks at the terminal afterwards.
#[cfg(target_os = "linux")]
fn terminal(home: &Home, arguments: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let command = home.command(arguments);
    let program = command.get_program().display();
    let words = arguments.join(" ");
    let mut terminal = Command::new("script");
    // The shell outlives a Ctrl-C that is meant for the command.
    let line = format!("trap : INT; {program} {words}; echo ended $?; stty -a");
    terminal.args(["-qc", &line, "/dev/null"]);
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    terminal.envs(variables).env("TERM", "xterm");
    let terminal = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut terminal = terminal.expect("script, of util-linux");
    let screen = BufReader::new(terminal.stdout.take().unwrap());
    (terminal, screen)
}

/// What is on the screen until this is.
#[cfg(target_os = "linux")]
fn read_until(screen: &mut impl Read, words: &str) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(words.as_bytes()) {
        let count = screen.read(&mut byte).unwrap();
        assert!(count > 0, "{words:?} in {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The command among what this process has started, directly or not.
#[cfg(target_os = "linux")]
fn descendant(id: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    let mut children = children.split_whitespace().map(|id| id.parse::<u32>().unwrap());
    children.find_map(|id| {
        let name = std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?;
        if name.trim() == "grantflow" { Some(id) } else { descendant(id) }
    })
}
