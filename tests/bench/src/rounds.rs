//! Contenders taken in turn: a machine that slows down slows all of them down, and the ratio of one
//! round stays what it is.

use std::time::{Duration, Instant};

use crate::results::{Series, is_quick, rounded};

/// One way of doing the work.
pub struct Contender<'a> {
    /// Whose.
    pub name: &'static str,
    /// The work, once.
    pub work: Box<dyn Fn() + 'a>,
}

impl<'a> Contender<'a> {
    /// `work` done the way of `name`.
    pub fn new(name: &'static str, work: impl Fn() + 'a) -> Self {
        Self { name, work: Box::new(work) }
    }
}

/// How many rounds there are.
pub fn rounds() -> usize {
    if is_quick() { 11 } else { 201 }
}

/// How long one contender works in one round.
fn turn() -> Duration {
    Duration::from_micros(if is_quick() { 400 } else { 4000 })
}

/// The nanoseconds that each took for the work in each round.
pub fn interleaved(contenders: &[Contender<'_>]) -> Vec<Series> {
    let calls: Vec<u32> = contenders.iter().map(|contender| calls_in_a_turn(contender)).collect();
    let mut series: Vec<_> =
        contenders.iter().map(|contender| Series::new(contender.name)).collect();
    for round in 0..rounds() {
        for place in 0..contenders.len() {
            let turn = (round + place) % contenders.len(); // nobody is always first
            let begun = Instant::now();
            for _ in 0..calls[turn] {
                (contenders[turn].work)();
            }
            let nanos = begun.elapsed().as_secs_f64() * 1e9 / f64::from(calls[turn]);
            series[turn].ns.push(rounded(nanos));
        }
    }
    series
}

/// As often as fits into a turn where nothing disturbs it: the quickest of a few tries tells.
fn calls_in_a_turn(contender: &Contender<'_>) -> u32 {
    let time = |calls: u32| {
        let begun = Instant::now();
        for _ in 0..calls {
            (contender.work)();
        }
        begun.elapsed()
    };
    let mut calls = 16;
    loop {
        let taken = (0..5).map(|_| time(calls)).min().unwrap_or_default();
        if taken >= turn() / 4 {
            let fit = f64::from(calls) * turn().as_secs_f64() / taken.as_secs_f64();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "rounded"
            )]
            return (fit as u32).max(1);
        }
        calls *= 2;
    }
}
