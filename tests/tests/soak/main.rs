//! Logins and renewals, for as long as there is time, over a network that breaks at random bytes.
//! Nothing hangs past its deadline, nothing is left open, and every failure names what to do next.
//!
//! Time is real here: a minute of it, ten with `GRANTFLOW_LONG`.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod gauge;
mod person;
mod proxy;
mod round;
mod work;

use std::time::{Duration, Instant};

use grantflow_tests::covers;
use tokio::sync::Mutex;

use self::gauge::{Gauge, Leak};
use self::round::{Tally, round};
use self::work::Subject;
use grantflow_tests::Chance;

const ROUND: Duration = Duration::from_secs(6);

/// Who counts what a process has open has to be alone in it.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_and_renewals_outlive_a_network_that_breaks_everywhere() {
    covers(&["G-01"]);
    let _alone = ALONE.lock().await;
    let seed = seed();
    let (mut chance, mut tally) = (Chance::new(seed), Tally::default());
    let mut gauge = Gauge::default();
    let ends = Instant::now() + length();
    while Instant::now() < ends {
        tally.add(round(Subject::Shipped, ROUND, &mut chance).await);
        gauge.read().await.unwrap_or_else(|leak| panic!("{leak:?}, seed {seed}: {tally}"));
    }
    println!("seed {seed}: {tally}");
    assert_eq!(tally.hung, 0, "seed {seed}: {tally}");
    assert!(tally.went_well > 20 && tally.failed() > 20, "seed {seed}: {tally}");
    assert!(tally.kinds() >= 4, "failures of many kinds, seed {seed}: {tally}");
}

/// What the soak looks for is seen where it happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_open_or_hangs_is_seen() {
    let _alone = ALONE.lock().await;
    for (subject, expected) in [
        (Subject::LeavesConnections, Leak::Descriptors),
        (Subject::LeavesTasks, Leak::Tasks),
        (Subject::LeavesMemory, Leak::Memory),
    ] {
        let mut gauge = Gauge::default();
        let mut seen = None;
        while seen.is_none() {
            round(subject, Duration::from_millis(200), &mut Chance::new(7)).await;
            seen = gauge.read().await.err();
        }
        assert_eq!(seen, Some(expected), "{subject:?}");
    }
    let tally = round(Subject::WaitsForEver, Duration::from_secs(2), &mut Chance::new(7)).await;
    assert!(tally.hung > 0, "{tally}");
}

/// The same faults come in the same order with `GRANTFLOW_SEED`, though not at the same moments.
fn seed() -> u64 {
    let given = std::env::var("GRANTFLOW_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()))
}

fn length() -> Duration {
    let is_long = std::env::var_os("GRANTFLOW_LONG").is_some();
    Duration::from_secs(if is_long { 600 } else { 60 })
}
