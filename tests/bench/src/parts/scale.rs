//! Part 4, time: what a poll costs (under a clock that jumps, so that nothing waits), and how late
//! polls are (under the real one).

use std::time::{Duration, Instant};

use grantflow_bench::fleet::{WAYS, jumping, real};
use grantflow_bench::results::{Row, Series, is_quick, rounded, write};

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

pub(crate) fn measure() {
    let rows = SIZES.map(|size| {
        let mut series = costs(size);
        for (series, (_, way)) in series.iter_mut().zip(WAYS) {
            // Each alone, so that none is late because of another.
            let seconds = if is_quick() { 1 } else { 10 };
            let mut late = way(size, real()).polls(size * seconds / 5 + 1);
            late.sort();
            let at = |share: usize| micros(late[(late.len() - 1) * share / 100]);
            let lateness = [("late_p50_us", 50), ("late_p99_us", 99), ("late_most_us", 100)];
            for (name, share) in lateness {
                series.more.insert(name.to_owned(), at(share).into());
            }
        }
        Row::new(size.to_string(), series)
    });
    write("scale", &rows);
}

fn costs(size: usize) -> Vec<Series> {
    let rounds = if is_quick() { 3 } else { 21 };
    let polls = size.clamp(10_000, 50_000);
    let mut drivers = WAYS.map(|(name, way)| (Series::new(name), way(size, jumping())));
    for _ in 0..rounds {
        for (series, driver) in &mut drivers {
            let begun = Instant::now();
            driver.polls(polls);
            #[expect(clippy::cast_precision_loss, reason = "thousands")]
            let each = begun.elapsed().as_secs_f64() * 1e9 / polls as f64;
            series.ns.push(rounded(each));
        }
    }
    drivers.into_iter().map(|(series, _)| series).collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}
