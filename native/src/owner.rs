//! Which process this is, in a line of text that another can read later and see whether it lives.
//!
//! A process id alone is used again by others. With the time its process began, the boot it began
//! in, and the machine and container it counts in, it names one process for good.

use std::fmt;
use std::process;
use std::str::FromStr;
use std::sync::LazyLock;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pid: u32,
    /// In the kernel's ticks since the boot.
    started: Option<u64>,
    boot: Option<String>,
    /// Where process ids are counted: the namespace of a container.
    space: Option<String>,
    host: Option<String>,
}

/// What has become of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Life {
    /// It is this process.
    Ourselves,
    /// It runs.
    Alive,
    /// It has ended.
    Gone,
    /// It cannot be seen from here: another machine, another container, another system.
    Unknown,
}

impl Owner {
    /// This process.
    pub fn this() -> Self {
        let pid = process::id();
        let known = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let read = |path| std::fs::read_to_string(path).ok().and_then(known);
        let space = std::fs::read_link("/proc/self/ns/pid").ok();
        Self {
            pid,
            started: Process::of(pid).map(|process| process.started),
            boot: read("/proc/sys/kernel/random/boot_id"),
            space: space.and_then(|space| known(space.to_string_lossy().into_owned())),
            host: known(host()),
        }
    }

    /// What has become of it, as far as can be seen from here.
    pub fn life(&self) -> Life {
        let here = Self::this();
        if *self == here {
            return Life::Ourselves;
        }
        if self.host.is_none() || self.host != here.host {
            return Life::Unknown;
        }
        match (&self.boot, &here.boot) {
            (Some(then), Some(now)) if then != now => return Life::Gone,
            (Some(_), Some(_)) => {}
            _ => return Self::life_by_pid(self.pid),
        }
        if self.space != here.space {
            return Life::Unknown;
        }
        match Process::of(self.pid) {
            Some(there) if Some(there.started) == self.started && !there.has_ended => Life::Alive,
            Some(_) => Life::Gone,
            None => Self::life_by_pid(self.pid),
        }
    }

    /// Where the kernel does not tell when a process began, one that runs may be another by now.
    fn life_by_pid(pid: u32) -> Life {
        #[cfg(unix)]
        if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw)
            && rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
        {
            return Life::Gone;
        }
        let _ = pid;
        Life::Unknown
    }
}

/// How this process calls itself in a ledger.
pub(crate) fn this() -> String {
    static THIS: LazyLock<String> = LazyLock::new(|| Owner::this().to_string());
    THIS.clone()
}

/// Whether the process that called itself this may be in the middle of something. One that cannot be
/// seen counts as alive: the ledger says when it began, and the renewal how long that can take.
pub(crate) fn is_alive(who: &str) -> bool {
    match who.parse::<Owner>().map_or(Life::Unknown, |owner| owner.life()) {
        Life::Alive | Life::Unknown => true,
        Life::Gone | Life::Ourselves => false,
    }
}

/// The host's name.
fn host() -> String {
    #[cfg(unix)]
    return rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    return std::env::var("COMPUTERNAME").unwrap_or_default();
}

/// What Linux tells about a process.
struct Process {
    started: u64,
    /// Nobody has asked yet how it ended, so its id is not free.
    has_ended: bool,
}

impl Process {
    fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in brackets, with whatever is in that.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let started = fields.nth(18)?.parse().ok()?;
        Some(Self { started, has_ended })
    }
}

const UNKNOWN: &str = "?";

/// One line: `pid=4711 started=123456 boot=… space=… host=…`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, started, boot, space, host } = self;
        let started = started.map_or_else(|| UNKNOWN.to_owned(), |started| started.to_string());
        let text = |text: &Option<String>| text.as_deref().unwrap_or(UNKNOWN).to_owned();
        let (boot, space, host) = (text(boot), text(space), text(host));
        write!(f, "pid={pid} started={started} boot={boot} space={space} host={host}")
    }
}

impl FromStr for Owner {
    type Err = NotAnOwner;

    fn from_str(line: &str) -> Result<Self, NotAnOwner> {
        let mut parts = line.splitn(5, ' ');
        let mut part = |name: &str| {
            let value = parts.next()?.strip_prefix(name)?.strip_prefix('=')?;
            Some((value != UNKNOWN).then(|| value.to_owned()))
        };
        let mut owner = || {
            Some(Self {
                pid: part("pid")??.parse().ok()?,
                started: part("started")?.map(|ticks| ticks.parse()).transpose().ok()?,
                boot: part("boot")?,
                space: part("space")?,
                host: part("host")?,
            })
        };
        owner().ok_or(NotAnOwner)
    }
}

/// The text names no process in the way that this version writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnOwner;

impl fmt::Display for NotAnOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a process as this version writes it down")
    }
}

impl std::error::Error for NotAnOwner {}
