//! Sixteen processes of the real command at a time, and a token that lasts for two seconds.

use std::path::Path;
use std::time::Duration;

use grantflow_tests::{command, covers};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::crew::Crew;
use crate::scene::{Scene, is_long, until};

/// What the token lives, in seconds; it is renewed half-way.
const LIFE_S: u64 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_commands_make_the_requests_that_it_takes_and_no_others() {
    covers(&["R-T-03", "R-INV-01", "R-INV-03", "R-INV-11", "R-BUG-01"]);
    let scene = Scene::with(|config| config.access_token_life_s = LIFE_S).await;
    let provider = scene.file("provider.json");
    std::fs::write(&provider, serde_json::to_string(scene.client.provider()).unwrap()).unwrap();
    let wanted = if is_long() { 500 } else { 8 };
    command(); // before the clock runs

    let mut slots: JoinSet<()> = (0..16).map(|_| run_on(scene.store(), provider.clone())).collect();
    let enough = async {
        while scene.verdict().rotations() < wanted {
            tokio::select! {
                ended = slots.join_next() => panic!("a command failed: {ended:?}"),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
    };
    // Far more than it takes: sixteen processes at a time are slow where others are at work too.
    let limit = Duration::from_secs(5 * wanted as u64 * LIFE_S);
    tokio::time::timeout(limit, enough).await.expect("as often as the token is due");
    slots.shutdown().await;

    let verdict = scene.verdict();
    verdict.assert_spotless();
    assert_eq!(verdict.most_presentations("grantflow"), 1);
    for pair in verdict.presented.windows(2) {
        let apart = pair[1].at_ms - pair[0].at_ms;
        assert!(apart >= LIFE_S * 500, "a request that was not needed, {apart} ms after the last");
    }
    scene.assert_others_are_whole();
}

/// The command again and again, each time a new process.
async fn run_on(store: impl AsRef<Path>, provider: impl AsRef<Path>) {
    loop {
        let output = Command::new(command())
            .args(["token", "--min-ttl", "0", "--provider-file"])
            .arg(provider.as_ref())
            .arg("--store")
            .arg(store.as_ref())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_without_locks_are_found_out() {
    let scene = Scene::strict().await;
    let crew = Crew::of(4, &scene, &["every=0", "locks=none"]);
    until(|| (!scene.verdict().revocations().is_empty()).then_some(())).await;
    crew.disband().await;
    assert!(scene.verdict().most_presentations("grantflow") > 1);
}
