//! Which route is chosen where.

use grantflow::environment::{Environment, Obstacle, Route, Routes, Surroundings};
use grantflow_tests::covers;

const ALL: Routes = Routes { browser: true, device: true, paste: true };

#[test]
fn a_desktop_opens_its_browser() {
    covers(&["B-BO-07"]);
    for seen in [
        linux(&[("DISPLAY", ":0")]),
        linux(&[("WAYLAND_DISPLAY", "wayland-0"), ("TERM", "xterm-256color")]),
        linux(&[("DISPLAY", ":0"), ("CI", "false")]),
        Surroundings { os: "macos".into(), ..linux(&[]) },
        Surroundings { os: "windows".into(), ..linux(&[]) },
        Surroundings { windows_programs: true, ..linux(&[("WSL_DISTRO_NAME", "Debian")]) },
        Surroundings { terminal: false, ..linux(&[("DISPLAY", ":0")]) },
    ] {
        let environment = Environment::of(&seen);
        assert_eq!(environment.obstacle(), None, "{seen:?}");
        assert!(environment.can_open_browser());
        assert_eq!(environment.recommend(ALL).unwrap().to_string(), "using the browser login");
    }
}

#[test]
fn each_place_without_a_browser_is_recognised() {
    covers(&["B-BO-07"]);
    let desktop = ("DISPLAY", ":0");
    for (seen, obstacle) in [
        (linux(&[desktop, ("SSH_CONNECTION", "1.2.3.4 1 5.6.7.8 22")]), Obstacle::Ssh),
        (linux(&[desktop, ("SSH_TTY", "/dev/pts/0")]), Obstacle::Ssh),
        (Surroundings { os: "macos".into(), ..linux(&[("SSH_TTY", "/dev/ttys0")]) }, Obstacle::Ssh),
        (linux(&[desktop, ("CI", "true")]), Obstacle::Ci),
        (linux(&[desktop, ("CODESPACES", "true")]), Obstacle::Codespaces),
        (linux(&[desktop, ("REMOTE_CONTAINERS", "true")]), Obstacle::Container),
        (linux(&[desktop, ("container", "podman")]), Obstacle::Container),
        (Surroundings { container_mark: true, ..linux(&[desktop]) }, Obstacle::Container),
        (linux(&[desktop, ("WSL_DISTRO_NAME", "Debian")]), Obstacle::Wsl),
        (wsl_by_its_kernel(), Obstacle::Wsl),
        (linux(&[desktop, ("TERM", "dumb")]), Obstacle::DumbTerminal),
        (linux(&[]), Obstacle::NoDisplay),
        (linux(&[("DISPLAY", "")]), Obstacle::NoDisplay),
    ] {
        let environment = Environment::of(&seen);
        assert_eq!(environment.obstacle(), Some(obstacle), "{seen:?}");
        assert!(!environment.can_open_browser());
    }
}

#[test]
fn without_a_browser_the_device_login_comes_first_then_a_paste() {
    covers(&["B-BO-07"]);
    let ssh = Environment::of(&linux(&[("SSH_TTY", "/dev/pts/0")]));
    assert_eq!(chosen(ssh, ALL), Some(Route::Device));
    assert_eq!(chosen(ssh, Routes { device: false, ..ALL }), Some(Route::Paste));
    assert_eq!(chosen(ssh, Routes { browser: true, ..Routes::default() }), Some(Route::Browser));
    assert_eq!(chosen(ssh, Routes::default()), None);
}

#[test]
fn with_a_browser_it_comes_first_then_the_device_login() {
    covers(&["B-BO-07"]);
    let desktop = Environment::of(&linux(&[("DISPLAY", ":0")]));
    assert_eq!(chosen(desktop, ALL), Some(Route::Browser));
    assert_eq!(chosen(desktop, Routes { browser: false, ..ALL }), Some(Route::Device));
    assert_eq!(chosen(desktop, Routes { paste: true, ..Routes::default() }), Some(Route::Paste));
}

#[test]
fn without_a_terminal_a_paste_is_the_last_resort() {
    let no_terminal = Environment::of(&Surroundings { terminal: false, ..linux(&[]) });
    assert!(!no_terminal.can_paste());
    assert_eq!(chosen(no_terminal, Routes { device: false, ..ALL }), Some(Route::Browser));
    assert_eq!(
        chosen(no_terminal, Routes { paste: true, ..Routes::default() }),
        Some(Route::Paste)
    );
}

#[test]
fn the_choice_says_why_in_words() {
    let ssh = Environment::of(&linux(&[("SSH_TTY", "/dev/pts/0")]));
    assert_eq!(
        ssh.recommend(ALL).unwrap().to_string(),
        "this is an SSH session, so the browser is on another machine: using the device login"
    );
    let container = Environment::of(&linux(&[("container", "docker")]));
    assert_eq!(
        container.recommend(Routes { device: false, ..ALL }).unwrap().to_string(),
        "this is a container, so the browser is outside of it: \
         open the address in any browser and paste the answer here"
    );
}

fn chosen(environment: Environment, offered: Routes) -> Option<Route> {
    environment.recommend(offered).map(|choice| choice.route)
}

/// A Linux machine with a terminal and these variables.
fn linux(variables: &[(&str, &str)]) -> Surroundings {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Surroundings {
        os: "linux".into(),
        variables: variables.collect(),
        terminal: true,
        ..Surroundings::default()
    }
}

fn wsl_by_its_kernel() -> Surroundings {
    let kernel = "Linux version 6.6.87.2-microsoft-standard-WSL2 (root@439a258ad544)".into();
    Surroundings { kernel, ..linux(&[]) }
}
