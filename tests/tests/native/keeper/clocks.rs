//! Clocks that jump, stand still or are simply wrong.

use std::time::Duration;

use grantflow_test_server::{Dialect, Fault};
use grantflow_tests::covers;
use grantflow_tests::in_process::wall;

use super::{HOUR_MS, NOW, Scene};

const YEAR_MS: u64 = 365 * 24 * HOUR_MS;

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_a_year_ahead_costs_one_renewal() {
    covers(&["B-CK-01"]);
    let aged = |mut credential: grantflow::Credential| {
        credential.obtained_at -= YEAR_MS;
        credential.expires_at = credential.expires_at.map(|at| at - YEAR_MS);
        credential
    };
    let scene = Scene::with(Dialect::Standard, |_| {}, aged).await;
    let keeper = scene.keeper().await;
    for _ in 0..100 {
        keeper.access(NOW).await.unwrap();
    }
    assert_eq!(scene.renewals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_back_costs_nothing_until_an_api_rejects() {
    covers(&["B-CK-01", "B-CK-06"]);
    let from_the_future = |mut credential: grantflow::Credential| {
        credential.obtained_at += YEAR_MS;
        credential.expires_at = credential.expires_at.map(|at| at + YEAR_MS);
        credential
    };
    let scene = Scene::with(Dialect::Standard, |_| {}, from_the_future).await;
    let keeper = scene.keeper().await;
    for _ in 0..100 {
        keeper.access(NOW).await.unwrap();
    }
    assert_eq!(scene.renewals(), 0);
    let rejected = scene.first.access_token.digest();
    let token = keeper.instead_of(rejected).await.unwrap();
    assert!(token.credential().expires_at.unwrap() < wall() + 2 * HOUR_MS, "dated anew");
    assert_eq!(scene.renewals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_lapses_in_a_suspended_machine_though_its_monotonic_clock_stands_still() {
    covers(&["B-CK-02"]);
    let scene = Scene::fresh().await;
    let mut short = scene.first.clone();
    (short.obtained_at, short.expires_at) = (wall() - 100, Some(wall() + 100));
    scene.put(&short).await;
    let keeper = scene.keeper().await;
    let until = short.expires_at.unwrap();
    let begun = tokio::time::Instant::now();
    while wall() <= until {
        std::thread::yield_now();
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let token = keeper.access(NOW).await.unwrap();
    assert_ne!(token.secret().digest(), short.access_token.digest());
}

#[tokio::test(start_paused = true)]
async fn the_far_ends_of_the_calendar_are_dates_like_others() {
    covers(&["B-CK-05"]);
    let ends = [0, 1, 2_147_483_648_000, 4_294_967_296_000, 253_402_300_800_000];
    for at in ends.into_iter().chain([9_007_199_254_740_991, u64::MAX]) {
        let dated = |mut credential: grantflow::Credential| {
            (credential.obtained_at, credential.expires_at) = (at.min(wall()), Some(at));
            credential
        };
        let scene = Scene::with(Dialect::Standard, |_| {}, dated).await;
        let keeper = scene.keeper().await;
        for min_ttl in [NOW, Duration::from_secs(3000), Duration::MAX] {
            keeper.access(min_ttl).await.unwrap();
        }
        assert_eq!(scene.renewals() > 0, at < wall(), "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_that_look_lapsed_as_soon_as_they_come_are_used_and_cause_no_storm() {
    covers(&["B-CK-06", "B-TR-13"]);
    // The expiry is the server's own date, and its clock is two hours behind ours.
    let lapsed = |credential| super::lapsing_in(NOW, credential);
    let scene = Scene::with(Dialect::Codex, |_| {}, lapsed).await;
    scene.desk.server().inject(Fault::ClockBehind.always());
    let keeper = scene.keeper().await;
    let token = keeper.access(NOW).await.unwrap().secret().digest();
    assert_ne!(token, scene.first.access_token.digest());
    keeper.settle().await;
    for _ in 0..1000 {
        assert_eq!(keeper.access(NOW).await.unwrap().secret().digest(), token);
    }
    assert_eq!((scene.renewals(), scene.findings()), (1, vec![]));

    tokio::time::advance(Duration::from_secs(2)).await;
    assert_ne!(keeper.access(NOW).await.unwrap().secret().digest(), token, "after a pause");
    assert_eq!(scene.renewals(), 2);
    keeper.settle().await;
    let rejected = keeper.access(NOW).await.unwrap().secret().digest();
    let token = keeper.instead_of(rejected).await.unwrap().secret().digest();
    assert_ne!(token, rejected, "a 401 does not wait for a pause that a clock has caused");
}
