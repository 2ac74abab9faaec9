//! The command with everything listened to that it lets out: streams, arguments and environment, its
//! children, its files and the requests that it makes, at its loudest.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use grantflow_test_server::{Endpoint, Fault, Person};
use grantflow_tests::canaries::Canaries;
use grantflow_tests::{Relay, covers};

use crate::command::{Home, Run};
use crate::server::{TestServer, get, redirect_of, standard};

/// Where secrets belong: the store, the last good version of it, and logins that wait.
const PRIVATE: [&str; 3] = ["/data/auth.json", "/bak", "/pending/"];

#[test]
fn a_browser_login_leaks_nothing() {
    covers(&["S-T-01", "S-11", "B-BO-11", "S-02"]);
    let mut scene = Scene::start(Person::Approve);
    let mut login = scene.home.command(&scene.with_file(&["login", "--flow", "browser", "-v"]));
    scene.loudly(&mut login).env("DISPLAY", ":0").env("PATH", scene.home.path().join("bin"));
    let mut login = login.arg("--json").spawn().map(crate::command::Started::of).unwrap();
    let address = login.address();
    scene.canaries.is_shown(&address);
    scene.canaries.harvest(address.as_bytes());
    scene.canaries.hear_process(login.id(), true);
    let back = redirect_of(&address);
    scene.canaries.harvest(back.as_bytes());
    // The page of a stranger's answer, and that of the right one.
    let strangers = get(&back.replace("state=", "state=x"));
    scene.canaries.hear("the page", strangers);
    scene.canaries.hear("the page", get(&back));
    scene.hear(&login.end(), 0);
    let opened = fs::read_to_string(scene.home.path().join("opened")).unwrap();
    assert!(opened.contains(&address), "the opener wrote down what it was given");
    scene.canaries.hear("the browser's arguments and environment", opened);
    scene.ends_without_a_leak();
}

#[test]
fn a_device_login_and_what_follows_leak_nothing() {
    covers(&["S-T-01", "S-11", "S-05"]);
    let mut scene = Scene::start(Person::Approve);
    scene.run(&["login", "--flow", "device", "-v"], 0);
    scene.run(&["refresh", "-v"], 0);
    scene.run(&["refresh", "-v", "--json"], 0);
    let tell = "tr '\\0' '\\n' < /proc/$$/cmdline; env | grep -v ^ACME_KEY=";
    scene.run(&["exec", "--variable", "ACME_KEY", "--", "sh", "-c", tell], 0);
    scene.run_bare(&["status", "-v"], 0);
    scene.run_bare(&["status", "--json"], 0);
    scene.run_bare(&["doctor", "--json"], 0);
    scene.look_into_files();
    scene.run(&["logout", "-v"], 0);
    scene.canaries.hear_folder(scene.home.path(), &[]);
    scene.ends_without_a_leak();
}

#[test]
fn a_login_in_two_processes_leaks_nothing() {
    covers(&["S-T-01", "B-CB-24"]);
    let mut scene = Scene::start(Person::Approve);
    let begun = scene.run(&["login", "--flow", "browser", "--no-wait", "--json"], 3);
    let address = begun.event("prompt")["sign_ins"][0]["url"].as_str().unwrap().to_owned();
    scene.canaries.is_shown(&address);
    scene.canaries.harvest(address.as_bytes());
    let back = redirect_of(&address);
    scene.canaries.harvest(back.as_bytes());
    scene.look_into_files();
    for (paste, code) in [(back.replace("state=", "state=x"), 3), (back.clone(), 0)] {
        let resumed = scene.with_file(&["resume", "-v"]);
        let resumed = scene.home.run_with(&resumed, &format!("{paste}\n"));
        scene.hear(&resumed, code);
    }
    scene.ends_without_a_leak();
}

#[test]
fn failures_leak_nothing() {
    covers(&["S-T-01", "S-06", "S-14", "C-39"]);
    for fault in [Fault::ErrorEcho, Fault::TruncatedJson, Fault::Html200, Fault::Redirect307] {
        let mut scene = Scene::start(Person::Approve);
        scene.run(&["login", "--flow", "device"], 0);
        scene.server.handle.server().inject(fault.always().at(Endpoint::Token));
        let refused = scene.run_anyhow(&["refresh", "-v", "--json"]);
        assert_ne!(refused.code, Some(0), "{fault:?}: {refused:?}");
        scene.look_into_files();
        scene.ends_without_a_leak();
    }
}

/// The one command that may print a token has nowhere to print it, and says so.
#[test]
fn a_token_that_cannot_be_printed_is_not_told_otherwise() {
    covers(&["S-06", "S-T-01"]);
    let mut scene = Scene::start(Person::Approve);
    scene.run(&["login", "--flow", "device"], 0);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut token = scene.home.command(&scene.with_file(&["token", "-v"]));
    let output = scene.loudly(&mut token).stdout(full).output().unwrap();
    scene.hear(&Run::of(output), 1);
    scene.ends_without_a_leak();
}

#[test]
fn a_leak_by_any_way_is_found() {
    let mut scene = Scene::start(Person::Approve);
    scene.run(&["login", "--flow", "device"], 0);
    // `token` prints one, `exec` hands one on, and the store keeps them.
    scene.run(&["token"], 0);
    scene.run(&["exec", "--variable", "ACME_KEY", "--", "sh", "-c", "env >&2"], 0);
    scene.canaries.hear_folder(scene.home.path(), &[]);
    scene.listen();
    let leaks = scene.canaries.leaks();
    for channel in ["stdout", "stderr", "the file"] {
        let is_found = leaks.iter().any(|leak| leak.channel.starts_with(channel));
        assert!(is_found, "{channel}: {leaks:?}");
    }
    for secret in ["device_code", "access_token", "refresh_token"] {
        assert!(scene.canaries.named(secret).next().is_some(), "{secret} was seen");
    }
}

/// A home, a server, and a recorded road between them.
struct Scene {
    home: Home,
    server: TestServer,
    relay: Relay,
    file: String,
    canaries: Canaries,
}

impl Scene {
    fn start(person: Person) -> Self {
        let (home, server) = (Home::new(), TestServer::start(standard(person)));
        let relay = server.relay();
        let file = home.file("acme.toml", &server.provider_file_by(&relay.url()));
        home.file("tmp/.keep", "");
        // Writes down how it was called, and by whom.
        let opener = home.file(
            "bin/xdg-open",
            "#!/bin/sh\nexec 2>&1 >\"$HOME/opened\"\necho \"$0 $*\"\nexport -p\n\
             while read -r line; do echo \"$line\"; done < /proc/$$/cmdline\n",
        );
        fs::set_permissions(opener, fs::Permissions::from_mode(0o755)).unwrap();
        Self { home, server, relay, file, canaries: Canaries::default() }
    }

    /// Every switch that makes programs like this talk.
    fn loudly<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let loud = [("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("SSLKEYLOGFILE", "")];
        command.envs(loud).env("TMPDIR", self.home.path().join("tmp"))
    }

    /// The provider's file right behind the command's name.
    fn with_file<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&arguments[..1], &["--provider-file", &self.file], &arguments[1..]].concat()
    }

    fn run(&mut self, arguments: &[&str], code: i32) -> Run {
        let run = self.run_anyhow(arguments);
        assert_eq!(run.code, Some(code), "{run:?}");
        run
    }

    fn run_anyhow(&mut self, arguments: &[&str]) -> Run {
        let mut command = self.home.command(&self.with_file(arguments));
        let run = Run::of(self.loudly(&mut command).output().unwrap());
        self.canaries.hear("stdout", &run.out);
        self.canaries.hear("stderr", &run.err);
        run
    }

    fn run_bare(&mut self, arguments: &[&str], code: i32) {
        let mut command = self.home.command(arguments);
        let run = Run::of(self.loudly(&mut command).output().unwrap());
        self.hear(&run, code);
    }

    #[track_caller]
    fn hear(&mut self, run: &Run, code: i32) {
        assert_eq!(run.code, Some(code), "{run:?}");
        self.canaries.hear("stdout", &run.out);
        self.canaries.hear("stderr", &run.err);
    }

    fn look_into_files(&mut self) {
        self.canaries.hear_folder(self.home.path(), &PRIVATE);
    }

    fn listen(&mut self) {
        for (requests, answers) in self.relay.traffic() {
            self.canaries.harvest(&requests);
            self.canaries.harvest(&answers);
            let text = String::from_utf8_lossy(&requests).into_owned();
            for line in text.lines().filter(|line| line.ends_with(" HTTP/1.1")) {
                self.canaries.hear("requests", line);
            }
        }
    }

    #[track_caller]
    fn ends_without_a_leak(mut self) {
        self.listen();
        self.look_into_files();
        assert_eq!(self.canaries.leaks(), []);
        assert!(self.canaries.count() >= 3, "{:?}", self.canaries);
        assert!(self.canaries.length_of("requests") > 0);
    }
}
