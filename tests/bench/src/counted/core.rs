//! Part 1, memory.

use allocation_counter::measure;
use grantflow_bench::flows::{Logins, all};
use grantflow_bench::results::{Row, Series, write};

type Work = fn(&dyn Logins) -> bool;

pub(crate) fn count() {
    let works: [(&str, Work); 3] = [
        ("browser login", |logins| logins.browser()),
        ("device login", |logins| logins.device()),
        ("renewal", |logins| logins.refresh()),
    ];
    let rows = works.map(|(name, work)| {
        let series = all().into_iter().map(|(of, logins)| {
            assert!(work(logins.as_ref()), "{of} comes to the token"); // and has made its room
            let counted = measure(|| {
                std::hint::black_box(work(logins.as_ref()));
            });
            let series = Series::new(of).with("allocations", counted.count_total);
            series.with("bytes", counted.bytes_total).with("at_once", counted.bytes_max)
        });
        Row::new(name, series.collect())
    });
    write("core_allocations", &rows);
}
