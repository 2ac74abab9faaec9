//! Part 2, memory.

use allocation_counter::measure;
use grantflow_bench::looks::ways;
use grantflow_bench::place::Place;
use grantflow_bench::results::{Row, Series, write};

pub(crate) fn count() {
    let place = Place::new();
    place.put(&place.first);
    let series = ways(&place).into_iter().map(|way| {
        (way.look)(); // the first look of a thread makes room for its later ones
        let counted = measure(|| (way.look)());
        Series::new(way.name).with("allocations", counted.count_total)
    });
    write("token_allocations", &[Row::new("one look", series.collect())]);
}
