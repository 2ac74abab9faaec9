//! Other tools renew the same login: Node programs with the locks and the ways of writing of released
//! ones, from `tests/peers/renewing.mjs`.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use grantflow_tests::{Relay, covers};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::crew::Crew;
use crate::scene::{PROVIDER, Scene, ended, is_long, until, within};
use crate::theft::{goes_on, stop};

/// What the token lives, in seconds. A tool renews it when it is a tenth of a second old.
const LIFE_S: u64 = 2;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn pi_and_we_take_turns() {
    covers(&["R-T-04", "R-TOOL-03", "R-INV-06", "B-CF-15"]);
    takes_turns("pi").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn claude_code_and_we_take_turns() {
    covers(&["R-T-04", "R-TOOL-02", "R-INV-06"]);
    takes_turns("claude-code").await;
}

/// Under the tool's own locks nobody reuses anything.
async fn takes_turns(name: &str) {
    let scene = shared().await;
    let tools = [Tool::start(name, &scene), Tool::start(name, &scene)];
    let owner = format!("owner={name}");
    let crew = Crew::of(2, &scene, &["every=400", &owner]);
    both_have_renewed(&scene, name, turns()).await;
    crew.disband().await;
    for tool in tools {
        let told = tool.end().await;
        assert!(!told.to_string().contains("ECOMPROMISED"), "its lock was taken: {told}");
    }
    let verdict = scene.verdict();
    verdict.assert_spotless();
    scene.assert_others_are_whole();
    assert!(within(scene.logins().refresh(PROVIDER)).await.is_ok());
}

/// These tests are seen to fail: who does not take the tool's lock renews at the same time as it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn without_the_tools_lock_a_token_is_reused_and_the_log_shows_it() {
    for name in ["pi", "claude-code"] {
        let mut scene = shared().await;
        let relay = Relay::slow(scene.server.address(), Duration::from_millis(200)).await.unwrap();
        scene.goes_through(&relay).await;
        let tool = Tool::start(name, &scene);
        let crew = Crew::of(1, &scene, &["every=10"]);
        until(|| (!scene.verdict().is_spotless()).then_some(())).await;
        let by = |program| scene.verdict().count_by(program);
        assert!(by(name) > 0 && by("grantflow") > 0);
        crew.kill_all().await;
        drop(tool);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn what_pi_writes_in_haste_is_not_lost_and_costs_us_nothing() {
    covers(&["R-T-04", "R-EXP-01"]);
    let scene = shared().await;
    let tools = [Tool::start("pi-sync", &scene), Tool::start("pi", &scene)];
    let crew = Crew::of(2, &scene, &["every=400", "owner=pi"]);
    both_have_renewed(&scene, "pi", turns()).await;
    crew.disband().await;
    let [in_haste, pi] = tools;
    pi.end().await;
    let written = in_haste.end().await["done"].as_u64().unwrap();
    let text = std::fs::read_to_string(scene.store()).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert!(written > 3);
    assert_eq!(file["pi-sync"]["key"], written.to_string(), "its last write is there");
    scene.verdict().assert_spotless();
    scene.assert_others_are_whole();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn beside_codex_we_reuse_nothing_and_the_log_says_who_does() {
    covers(&["R-T-04", "R-TOOL-01", "B-CF-17"]);
    let scene = Scene::forgiving_for(LIFE_S).await;
    let tools = [Tool::start("codex", &scene), Tool::start("codex", &scene)];
    let crew = Crew::of(2, &scene, &["every=400", "owner=codex"]);
    both_have_renewed(&scene, "codex", turns()).await;
    until(|| (!scene.verdict().reused().is_empty()).then_some(())).await;
    crew.disband().await;
    for tool in tools {
        tool.end().await;
    }
    let verdict = scene.verdict();
    assert_eq!(verdict.most_presentations("grantflow"), 1, "among us, nothing twice");
    for again in verdict.reused() {
        let by: Vec<_> = verdict.times(again.token).iter().map(|one| one.by.clone()).collect();
        assert!(by.iter().any(|program| program == "codex"), "{by:?}");
    }
    scene.assert_others_are_whole();
    assert!(within(scene.logins().refresh(PROVIDER)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn who_writes_without_locks_can_bring_an_old_token_back_but_it_is_not_presented() {
    covers(&["R-T-04", "B-CF-15"]);
    let scene = shared().await;
    let tool = Tool::start("old-writer", &scene);
    let crew = Crew::of(3, &scene, &["every=100"]);
    for _ in 0..20 * turns() {
        let so_far = scene.verdict().rotations();
        until(|| {
            let renewed = scene.verdict().rotations() > so_far;
            (renewed || is_spent(&scene)).then_some(())
        })
        .await;
        if is_spent(&scene) {
            scene.sign_in().await;
        }
    }
    crew.disband().await;
    let told = tool.end().await;
    assert!(told["done"].as_u64() > Some(3), "{told}");
    scene.verdict().assert_spotless();
    if let Err(why) = within(scene.logins().refresh(PROVIDER)).await {
        assert_eq!(ended(&why), Some(&grantflow::core::Error::Superseded));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_a_backup_brought_back_is_known_and_not_presented() {
    covers(&["B-CF-29"]);
    let scene = Scene::strict().await;
    let older = std::fs::read(scene.store()).unwrap();
    assert_eq!(scene.renewed_by_another(&[]).await, "renewed");
    std::fs::write(scene.store(), older).unwrap();
    let outcome = scene.renewed_by_another(&[]).await;
    assert!(outcome.contains("Superseded"), "{outcome}");
    assert_eq!(scene.verdict().presented.len(), 1);
}

/// The file holds a token again that was replaced: every process leaves it alone.
fn is_spent(scene: &Scene) -> bool {
    // In the middle of a write of theirs there is nothing to see.
    let there = grantflow::FileStore::at(scene.store()).load(PROVIDER);
    let token = there.ok().flatten().and_then(|there| there.refresh_token);
    token.is_some_and(|token| scene.ledger().is_spent(token.digest()))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn pi_takes_over_from_a_process_that_stands_still_and_that_one_takes_its_token() {
    covers(&["R-T-05", "R-EXP-02", "R-INV-09"]);
    let scene = shared().await;
    let sleeper = scene.renewer(&["owner=pi", "wait=note:1"]);
    until(|| scene.ledger().mark).await;
    stop(&sleeper).await;
    let lock = File::open(scene.store().with_file_name("auth.json.lock")).unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_secs(31)).unwrap();

    let pi = Tool::start("pi", &scene);
    until(|| (scene.verdict().count_by("pi") > 0).then_some(())).await;
    assert_eq!(pi.end().await["thrown"], Value::Array(Vec::new()));
    let theirs = scene.refresh_token();
    assert_eq!(goes_on(sleeper).await, "renewed");
    scene.verdict().assert_spotless();
    assert_eq!(scene.verdict().count_by("grantflow"), 0, "it took what pi had renewed");
    assert_eq!(scene.refresh_token(), theirs);
}

async fn shared() -> Scene {
    Scene::with(|config| config.access_token_life_s = LIFE_S).await
}

fn turns() -> usize {
    if is_long() { 100 } else { 5 }
}

async fn both_have_renewed(scene: &Scene, name: &str, times: usize) {
    until(|| {
        let verdict = scene.verdict();
        let least = verdict.count_by(name).min(verdict.count_by("grantflow"));
        (least >= times).then_some(())
    })
    .await;
}

/// One of those programs, until it is told to end.
struct Tool(Child);

impl Tool {
    fn start(name: &str, scene: &Scene) -> Self {
        let peers = std::env::var_os("GRANTFLOW_PEERS").expect("GRANTFLOW_PEERS names the peers");
        let mut node = Command::new("node");
        node.arg(PathBuf::from(peers).join("renewing.mjs"))
            .arg(name)
            .arg(scene.store())
            .arg(scene.client.provider().token_endpoint.as_str())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        Self(node.spawn().expect("node is installed"))
    }

    /// What it has to tell.
    async fn end(self) -> Value {
        let output = within(self.0.wait_with_output()).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}
