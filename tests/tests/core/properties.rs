//! Arbitrary sequences of replies, losses, restarts, clock steps and redirects, against the laws: what
//! a fuzzer does for hours, for as long as anybody waits.

use std::collections::BTreeSet;

use grantflow_invariants::{Choices, Doing, Event, Observer};
use grantflow_tests::covers;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn no_order_of_events_breaks_a_law(kind: u8, events in events(120)) {
        covers(&["B-CB-26", "B-CB-27", "B-CK-01", "B-CK-02", "N-8628-03", "N-8628-10"]);
        let mut observer = Observer::open(kind, Doing::SHIPPED);
        for event in &events {
            observer.observe(event);
        }
        observer.ends();
    }

    /// Law 10: a second machine that is told the same things takes the same steps.
    #[test]
    fn the_same_inputs_give_the_same_steps(kind: u8, events in events(60)) {
        let mut one = Observer::open(kind, Doing::SHIPPED);
        let mut other = Observer::open(kind, Doing::SHIPPED);
        for event in &events {
            one.observe(event);
            other.observe(event);
            prop_assert_eq!(one.flow.view(one.now), other.flow.view(other.now));
            prop_assert_eq!(one.out, other.out);
            prop_assert_eq!(&one.steps, &other.steps);
            prop_assert_eq!(one.flow.prompt(), other.flow.prompt());
        }
    }

    #[test]
    fn no_renewal_breaks_a_law(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        covers(&["R-P-04", "R-P-07", "R-P-08", "R-P-12", "R-P-13", "R-INV-02", "R-INV-10"]);
        grantflow_invariants::check("renewal", &bytes);
    }
}

#[test]
fn the_sequences_go_everywhere() {
    let mut runner = TestRunner::deterministic();
    let sequences = (any::<u8>(), events(120));
    let mut seen = BTreeSet::new();
    for _ in 0..400 {
        let (kind, events) = sequences.new_tree(&mut runner).expect("a sequence").current();
        let mut observer = Observer::open(kind, Doing::SHIPPED);
        for event in &events {
            observer.observe(event);
            let view = observer.flow.view(observer.now);
            seen.insert(view.state);
            if view.pace.is_some_and(|(_, _, slow_downs)| slow_downs > 1) {
                seen.insert("slowed down twice");
            }
            if view.state == "RedeemingCode" && view.tries.1 > 0 {
                seen.insert("a code presented twice");
            }
        }
    }
    let everywhere = BTreeSet::from([
        "AwaitingRedirect",
        "ExchangingToken",
        "Finished",
        "Polling",
        "RedeemingCode",
        "RequestingCode",
        "a code presented twice",
        "slowed down twice",
    ]);
    assert_eq!(seen, everywhere);
}

/// As many as so many, out of bytes as a fuzzer has them.
fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let bytes = prop::collection::vec(any::<[u8; 8]>(), 1..most);
    bytes
        .prop_map(|bytes| bytes.iter().map(|bytes| Event::read(&mut Choices::new(bytes))).collect())
}

/// 256 sequences in an ordinary run; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}
