//! Part 1, time: the core beside its peers and beside the least that would do.

use grantflow_bench::flows::{Logins, all};
use grantflow_bench::results::{Row, write};
use grantflow_bench::rounds::{Contender, interleaved};

type Work = fn(&dyn Logins) -> bool;

pub(crate) fn measure() {
    let all = all();
    let works: [(&str, Work); 3] = [
        ("browser login", |logins| logins.browser()),
        ("device login", |logins| logins.device()),
        ("renewal", |logins| logins.refresh()),
    ];
    let rows = works.map(|(name, work)| {
        let contenders = all.iter().map(|(of, logins)| {
            assert!(work(logins.as_ref()), "{of} comes to the token");
            Contender::new(of, move || {
                std::hint::black_box(work(logins.as_ref()));
            })
        });
        Row::new(name, interleaved(&contenders.collect::<Vec<_>>()))
    });
    write("core", &rows);
}
