//! Part 4, memory.

use allocation_counter::measure;
use grantflow_bench::fleet::{WAYS, jumping};
use grantflow_bench::results::{Row, Series, write};

pub(crate) fn count() {
    let rows = [100, 1_000, 10_000, 100_000].map(|size| {
        let series = WAYS.map(|(name, way)| {
            let mut fleet = None;
            let counted = measure(|| {
                let mut driver = way(size, jumping());
                driver.polls(1); // tasks are there from their first turn on
                fleet = Some(driver);
            });
            drop(fleet);
            let each = counted.bytes_current / i64::try_from(size).unwrap();
            Series::new(name).with("bytes_each", each)
        });
        Row::new(size.to_string(), series.into())
    });
    write("scale_memory", &rows);
}
