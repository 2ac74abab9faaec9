//! What it costs to ask for a token that is fresh. This program counts its allocations, so it is one
//! of its own.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod caps;
mod files;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use grantflow::store::{CredentialStore as _, Expected, Key};
use grantflow::{Keeper, Logins, MemoryStore};
use grantflow_test_server::Dialect;
use grantflow_tests::in_process::InProcess;
use grantflow_tests::{covers, local};

#[tokio::test]
async fn a_fresh_token_is_had_without_an_allocation() {
    covers(&["R-P-01"]);
    let keeper = keeper().await;
    look(&keeper, Duration::ZERO); // the first look of a thread makes room for its later ones
    for min_ttl in [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(1800)] {
        let counted = measure(|| (0..1000).for_each(|_| look(&keeper, min_ttl)));
        assert_eq!((counted.count_total, counted.bytes_total), (0, 0), "{min_ttl:?}");
    }
}

#[tokio::test]
async fn a_look_that_is_held_on_to_costs_no_more_and_stays_what_it_was() {
    let keeper = keeper().await;
    let held: Vec<_> = (0..4).map(|_| now(&keeper, Duration::ZERO)).collect();
    let counted = measure(|| (0..1000).for_each(|_| look(&keeper, Duration::ZERO)));
    assert_eq!(counted.count_total, 0);
    let first = held[0].secret().digest();
    keeper.instead_of(first).await.unwrap();
    assert!(held.iter().all(|token| token.secret().digest() == first));
    assert_ne!(now(&keeper, Duration::ZERO).secret().digest(), first);
}

#[test]
fn allocations_are_counted_here() {
    let counted = measure(|| drop(std::hint::black_box(Box::new([0_u8; 100]))));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 100));
}

async fn keeper() -> Keeper {
    let desk = InProcess::of(Dialect::Standard, |_| {});
    let client = local::client(Dialect::Standard);
    let store = MemoryStore::new();
    let key = Key::of("standard");
    store.save(&key, Expected::Anything, &desk.signed_in(&client)).await.unwrap();
    let logins = Logins::over(store, Arc::new(desk)).with_client(client);
    logins.keeper(key).await.unwrap()
}

fn look(keeper: &Keeper, min_ttl: Duration) {
    drop(std::hint::black_box(now(keeper, min_ttl)));
}

/// Without waiting for anything.
fn now(keeper: &Keeper, min_ttl: Duration) -> grantflow::Access {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(keeper.access(min_ttl)).poll(&mut context) {
        Poll::Ready(token) => token.unwrap(),
        Poll::Pending => panic!("it is fresh"),
    }
}
