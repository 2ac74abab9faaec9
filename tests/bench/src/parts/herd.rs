//! Part 3: everybody wants a token that has lapsed, at once.

use std::time::Duration;

use grantflow_bench::herd::Herd;
use grantflow_bench::results::{Row, Series, is_quick, write};

const CROWDS: [usize; 5] = [1, 10, 100, 1_000, 10_000];
/// Processes, and callers in each.
const PROCESSES: [(usize, usize); 4] = [(1, 1), (4, 1), (16, 1), (16, 100)];

#[tokio::main]
pub(crate) async fn measure() {
    let rounds = if is_quick() { 3 } else { 41 };
    let mut herd = Herd::new().await;
    herd.crowd(10).await; // the first of all makes room and opens the connection
    let mut alone = Series::new("one round trip");
    let mut crowds = CROWDS.map(|callers| Series::new(callers.to_string()));
    let mut processes =
        PROCESSES.map(|(processes, callers)| Series::new(format!("{processes} × {callers}")));
    let (mut turns, before) = (0, herd.renewals());
    for _ in 0..rounds {
        alone.ns.push(nanos(herd.round_trip().await));
        for (series, callers) in crowds.iter_mut().zip(CROWDS) {
            series.ns.push(nanos(herd.crowd(callers).await));
            turns += 1;
        }
        for (series, (members, callers)) in processes.iter_mut().zip(PROCESSES) {
            series.ns.push(nanos(herd.processes(members, callers)));
            turns += 1;
        }
    }
    let renewals = herd.renewals() - before;
    let alone = alone.with("turns", turns).with("renewals", renewals);
    let rows = [
        Row::new("one round trip", vec![alone]),
        Row::new("callers", crowds.into()),
        Row::new("processes", processes.into()),
    ];
    write("herd", &rows);
}

#[expect(clippy::cast_precision_loss, reason = "seconds")]
fn nanos(time: Duration) -> f64 {
    time.as_nanos() as f64
}
