//! What this process has open between two rounds, when everybody is done.

use std::fs;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// Rounds after which memory is taken to be what it takes.
const WARM_UP: usize = 3;

/// What allocators keep for themselves.
const SLACK_KB: u64 = 8 * 1024;

/// Connections and tasks end a little later than what they were for.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Gauge {
    descriptors: usize,
    tasks: usize,
    rounds: usize,
    memory_kb: u64,
}

/// Something became more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leak {
    Descriptors,
    Tasks,
    Memory,
}

impl Default for Gauge {
    /// What is open now is as it should be.
    fn default() -> Self {
        Self { descriptors: descriptors(), tasks: tasks(), rounds: 0, memory_kb: 0 }
    }
}

impl Gauge {
    pub(crate) async fn read(&mut self) -> Result<(), Leak> {
        let ends = Instant::now() + GRACE;
        loop {
            let leak = self.open();
            match leak {
                Some(leak) if Instant::now() > ends => return Err(leak),
                Some(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                None => break,
            }
        }
        self.rounds += 1;
        if self.rounds <= WARM_UP {
            self.memory_kb = self.memory_kb.max(memory_kb());
        } else if memory_kb() > self.memory_kb + SLACK_KB {
            return Err(Leak::Memory);
        }
        Ok(())
    }

    fn open(&self) -> Option<Leak> {
        if descriptors() > self.descriptors {
            Some(Leak::Descriptors)
        } else if tasks() > self.tasks {
            Some(Leak::Tasks)
        } else {
            None
        }
    }
}

fn descriptors() -> usize {
    // The folder that is read is one itself, each time.
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

fn memory_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
