//! Trouble at the system calls of a store.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use grantflow::store::{Call, Faults};

/// Something that happens at one call of many, counted from 0.
#[derive(Debug)]
pub struct Trouble {
    at: usize,
    what: What,
    seen: AtomicUsize,
    mounted: Option<PathBuf>,
    without_locks: bool,
}

/// What happens there.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// The call fails with this number.
    Fail(i32),
    /// The process ends.
    Die,
}

impl Trouble {
    /// At this call.
    pub fn at(at: usize, what: What) -> Self {
        Self { at, what, seen: AtomicUsize::new(0), mounted: None, without_locks: false }
    }

    /// At none.
    pub fn never() -> Self {
        Self::at(usize::MAX, What::Die)
    }

    /// And nothing can be moved to this path, as if it were a mount of its own.
    #[must_use]
    pub fn with_mount(mut self, path: Option<PathBuf>) -> Self {
        self.mounted = path;
        self
    }

    /// And the kernel has no locks.
    #[must_use]
    pub fn without_locks(mut self) -> Self {
        self.without_locks = true;
        self
    }

    /// Whether the call was reached.
    pub fn has_come(&self) -> bool {
        self.seen.load(Ordering::Relaxed) > self.at
    }
}

impl Faults for Trouble {
    fn before(&self, call: Call, path: &Path) -> io::Result<()> {
        if call == Call::Rename && self.mounted.as_deref() == Some(path) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        if call == Call::Lock && self.without_locks {
            return Err(io::ErrorKind::Unsupported.into());
        }
        match self.what {
            _ if self.seen.fetch_add(1, Ordering::Relaxed) != self.at => Ok(()),
            What::Fail(number) => Err(io::Error::from_raw_os_error(number)),
            What::Die => std::process::abort(),
        }
    }
}

/// Something that somebody else does just before a call, as often as said.
pub struct Meanwhile<F> {
    call: Call,
    left: AtomicUsize,
    what: F,
}

impl<F: Fn(&Path)> Meanwhile<F> {
    /// Before this call; `what` gets the path that the call is about.
    pub fn before(call: Call, times: usize, what: F) -> Self {
        Self { call, left: AtomicUsize::new(times), what }
    }
}

impl<F> fmt::Debug for Meanwhile<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile").field("call", &self.call).finish_non_exhaustive()
    }
}

impl<F: Fn(&Path) + Send + Sync> Faults for Meanwhile<F> {
    fn before(&self, call: Call, path: &Path) -> io::Result<()> {
        let one_less = |left: usize| left.checked_sub(1);
        let order = Ordering::Relaxed;
        if call == self.call && self.left.fetch_update(order, order, one_less).is_ok() {
            (self.what)(path);
        }
        Ok(())
    }
}

/// Writes the calls down.
#[derive(Debug, Default)]
pub struct Record(Mutex<Vec<(Call, PathBuf)>>);

impl Record {
    /// The calls so far.
    ///
    /// # Panics
    /// When a call panicked.
    pub fn calls(&self) -> Vec<(Call, PathBuf)> {
        self.0.lock().expect("no panic").clone()
    }
}

impl Faults for Record {
    fn before(&self, call: Call, path: &Path) -> io::Result<()> {
        self.0.lock().expect("no panic").push((call, path.to_owned()));
        Ok(())
    }
}
