//! Part 2: a token that is fresh, had by one thread or by many at once.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use grantflow_bench::looks::{Way, ways};
use grantflow_bench::place::Place;
use grantflow_bench::results::{Row, Series, is_quick, rounded, write};

pub(crate) fn measure() {
    let place = Place::new();
    place.put(&place.first);
    let ways = ways(&place);
    let rows = [1, 2, 4, 8, 16, 32, 64]
        .map(|threads| Row::new(threads.to_string(), looks(threads, &ways)));
    write("token", &rows);
}

/// As many rounds as there are; in each everyone has a turn.
fn looks(threads: u32, ways: &[Way]) -> Vec<Series> {
    let rounds = if is_quick() { 5 } else { 101 };
    let mut series: Vec<_> = ways.iter().map(|way| Series::new(way.name)).collect();
    for round in 0..rounds {
        for place in 0..ways.len() {
            let turn = (round + place) % ways.len();
            let Way { alone, among_others, look, .. } = &ways[turn];
            let calls = if threads == 1 { *alone } else { *among_others };
            let taken = elapsed(threads, look, || (0..calls).for_each(|_| look()));
            // Of one core: threads beyond the cores wait for their turn, and not for each other.
            let at_once = f64::from(cores().min(threads));
            let each = taken.as_secs_f64() * 1e9 * at_once / f64::from(calls * threads);
            series[turn].ns.push(rounded(each));
        }
    }
    series
}

/// From the first that begins to the last that ends. A thread's first look makes room for the others,
/// and is none of them.
fn elapsed(threads: u32, first: impl Fn() + Sync, what: impl Fn() + Sync) -> Duration {
    let barrier = Barrier::new(threads as usize);
    let thread = || {
        first();
        barrier.wait();
        let begun = Instant::now();
        what();
        (begun, Instant::now())
    };
    let times: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (begun, ended) = (times.iter().map(|time| time.0), times.iter().map(|time| time.1));
    ended.max().unwrap() - begun.min().unwrap()
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap())
}
