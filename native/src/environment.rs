//! Where we run, and so which login can work: is there a browser, and is it on this machine?
//!
//! [`Surroundings`] is what can be seen, [`Environment`] what follows from it. The second is a pure
//! function of the first.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal;
use std::path::Path;

/// What can be seen of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The operating system, as [`std::env::consts::OS`] names it.
    pub os: String,
    /// The environment variables that matter and are set to something.
    pub variables: BTreeMap<String, String>,
    /// The kernel's own description (`/proc/version`), empty where there is none.
    pub kernel: String,
    /// A container runtime has left its mark in the file system.
    pub container_mark: bool,
    /// Windows programs can be started from here (the interop of WSL).
    pub windows_programs: bool,
    /// Standard input and standard error are a terminal: a person can read and paste there.
    pub terminal: bool,
}

/// The variables that [`Surroundings::look`] reads.
const VARIABLES: [&str; 13] = [
    "CI",
    "CODESPACES",
    "container",
    "DEVCONTAINER",
    "DISPLAY",
    "KUBERNETES_SERVICE_HOST",
    "REMOTE_CONTAINERS",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "TERM",
    "WAYLAND_DISPLAY",
    "WSL_DISTRO_NAME",
];

impl Surroundings {
    /// Looks at this process and this machine.
    pub fn look() -> Self {
        let variables = VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self {
            os: std::env::consts::OS.to_owned(),
            variables,
            kernel: std::fs::read_to_string("/proc/version").unwrap_or_default(),
            container_mark: ["/.dockerenv", "/run/.containerenv"]
                .iter()
                .any(|mark| Path::new(mark).exists()),
            windows_programs: is_on_path("powershell.exe"),
            terminal: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.variable(name).is_some()
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    fn is_wsl(&self) -> bool {
        self.has("WSL_DISTRO_NAME") || self.kernel.to_ascii_lowercase().contains("microsoft")
    }

    fn is_container(&self) -> bool {
        self.container_mark
            || self.has_any(&[
                "container",
                "DEVCONTAINER",
                "KUBERNETES_SERVICE_HOST",
                "REMOTE_CONTAINERS",
            ])
    }

    fn has_display(&self) -> bool {
        matches!(self.os.as_str(), "macos" | "windows")
            || self.has_any(&["DISPLAY", "WAYLAND_DISPLAY"])
    }
}

fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// Why no browser is opened from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// An automated build: nobody is watching.
    Ci,
    /// GitHub Codespaces.
    Codespaces,
    /// A shell on another machine.
    Ssh,
    /// A container.
    Container,
    /// Windows Subsystem for Linux without a way to start Windows programs.
    Wsl,
    /// `TERM=dumb`: an editor's shell or another program reads our output.
    DumbTerminal,
    /// No graphical session.
    NoDisplay,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ci => "this is an automated build (CI), where no one can use a browser",
            Self::Codespaces => "this is a codespace, so the browser is on another machine",
            Self::Ssh => "this is an SSH session, so the browser is on another machine",
            Self::Container => "this is a container, so the browser is outside of it",
            Self::Wsl => "this is WSL and Windows programs can't be started from here",
            Self::DumbTerminal => "this terminal is not one a person sits at (TERM=dumb)",
            Self::NoDisplay => "there is no graphical display here",
        })
    }
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A browser on this machine comes back to the loopback listener.
    Browser,
    /// A code that the person types in on any device (RFC 8628).
    Device,
    /// A browser anywhere; the person pastes what it shows at the end.
    Paste,
}

/// The routes that a provider offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// A loopback redirect is registered.
    pub browser: bool,
    /// There is a device authorization endpoint.
    pub device: bool,
    /// A redirect that can be copied: a page that shows the code, or the address bar.
    pub paste: bool,
}

/// A route and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The route to take.
    pub route: Route,
    /// What speaks against opening a browser here, if anything does.
    pub obstacle: Option<Obstacle>,
}

/// A sentence for the person: `this is an SSH session, so …: using the device login`.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(obstacle) = self.obstacle {
            write!(f, "{obstacle}: ")?;
        }
        f.write_str(match self.route {
            Route::Browser if self.obstacle.is_some() => {
                "open the address yourself, in a browser that can reach this machine"
            }
            Route::Browser => "using the browser login",
            Route::Device => "using the device login",
            Route::Paste => "open the address in any browser and paste the answer here",
        })
    }
}

/// What the surroundings allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    obstacle: Option<Obstacle>,
    terminal: bool,
}

impl Environment {
    /// The environment of this process.
    pub fn detect() -> Self {
        Self::of(&Surroundings::look())
    }

    /// What follows from these surroundings.
    ///
    /// The first obstacle counts, and the order is that of what a person would call the place: a
    /// container reached by SSH is an SSH session.
    pub fn of(seen: &Surroundings) -> Self {
        let obstacles = [
            (is_true(seen.variable("CI")), Obstacle::Ci),
            (is_true(seen.variable("CODESPACES")), Obstacle::Codespaces),
            (seen.has_any(&["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]), Obstacle::Ssh),
            (seen.is_container(), Obstacle::Container),
            (seen.is_wsl() && !seen.windows_programs, Obstacle::Wsl),
            (seen.variable("TERM") == Some("dumb"), Obstacle::DumbTerminal),
            (!seen.is_wsl() && !seen.has_display(), Obstacle::NoDisplay),
        ];
        Self {
            obstacle: obstacles.into_iter().find_map(|(there, obstacle)| there.then_some(obstacle)),
            terminal: seen.terminal,
        }
    }

    /// Whether opening a browser from here shows the person a page that can come back to us.
    pub fn can_open_browser(&self) -> bool {
        self.obstacle.is_none()
    }

    /// Why it can't, to be said aloud.
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle
    }

    /// Whether a person can paste something here.
    pub fn can_paste(&self) -> bool {
        self.terminal
    }

    /// The best of the routes a provider offers; `None` if it offers none.
    ///
    /// With a browser here, the browser. Without, the device login, which needs nothing of this
    /// machine; then a paste, if there is a terminal for it; and at last the browser that the
    /// person opens, which works where the port is forwarded.
    pub fn recommend(&self, offered: Routes) -> Option<Choice> {
        let order = if self.can_open_browser() {
            [Route::Browser, Route::Device, Route::Paste]
        } else if self.can_paste() {
            [Route::Device, Route::Paste, Route::Browser]
        } else {
            [Route::Device, Route::Browser, Route::Paste]
        };
        let route = order.into_iter().find(|route| offered.includes(*route))?;
        Some(Choice { route, obstacle: self.obstacle })
    }
}

/// CI systems say `true` or `1`; a person who wants it off says `false` or `0`.
fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false"))
}

impl Routes {
    pub(crate) fn includes(self, route: Route) -> bool {
        match route {
            Route::Browser => self.browser,
            Route::Device => self.device,
            Route::Paste => self.paste,
        }
    }
}
