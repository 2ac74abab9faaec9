//! Part 6: how soon people who approve have their token, and what that costs the server.

use grantflow_bench::polling::{
    Outcome, Shared, Weather, by_huskarl, by_oauth2, by_rule, by_us, login,
};
use grantflow_bench::results::{Row, Series, is_quick, write};
use grantflow_test_server::Dialect;
use grantflow_tests::local;

/// A login by one of the clients.
type Login<'a> = &'a dyn Fn(&Shared) -> bool;

/// People are taken in so many groups, whose means tell how far chance goes.
const GROUPS: u64 = 20;

pub(crate) fn measure() {
    let people = if is_quick() { 200 } else { 10_000 };
    let client = local::client(Dialect::Standard);
    let ours = |world: &Shared| by_us::login(&client, world);
    let clients: [(&str, Login<'_>); 6] = [
        ("grantflow", &ours),
        ("oauth2", &by_oauth2::login),
        ("huskarl", &by_huskarl::login),
        ("cli/oauth's rule", &by_rule::cli_oauth),
        ("the RFC's minimum", &by_rule::rfc_minimum),
        ("best possible", &by_rule::best_possible),
    ];
    let calm = Weather::default();
    let weathers = [
        ("all is well", calm),
        ("a clock 10 % fast", Weather { fast_by: 10, ..calm }),
        ("a clock 30 % fast", Weather { fast_by: 30, ..calm }),
        ("5 % of polls lost", Weather { lost: 5, ..calm }),
        ("one slow_down", Weather { slow_down: true, ..calm }),
    ];
    let rows = weathers.map(|(name, weather)| {
        let series = clients.iter().map(|(of, client)| {
            let groups = (0..GROUPS).map(|group| {
                let members = (group * people / GROUPS)..((group + 1) * people / GROUPS);
                members.map(|person| login(person, weather, client)).collect::<Vec<_>>()
            });
            summed(of, &groups.collect::<Vec<_>>())
        });
        Row::new(name, series.collect())
    });
    write("polling", &rows);
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
fn summed(of: &str, groups: &[Vec<Outcome>]) -> Series {
    let all = || groups.iter().flatten();
    let mut delays: Vec<f64> = all().filter_map(|outcome| outcome.delay_ms).collect();
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let index = (delays.len().saturating_sub(1) as f64 * share) as usize;
        delays.get(index).map(|delay| delay.round())
    };
    let means = groups.iter().map(|group| {
        let delays: Vec<f64> = group.iter().filter_map(|outcome| outcome.delay_ms).collect();
        (delays.iter().sum::<f64>() / delays.len() as f64 * 10.0).round() / 10.0
    });
    let count = all().count();
    Series::new(of)
        .with("mean_ms_of_groups", means.collect::<Vec<_>>())
        .with("p50_ms", at(0.5))
        .with("p95_ms", at(0.95))
        .with("people", count)
        .with("polls", all().map(|outcome| outcome.polls).sum::<u64>())
        .with("early", all().map(|outcome| outcome.early).sum::<usize>())
        .with("failed", count - delays.len())
}
