//! A process stands still in the middle of its renewal, as on a laptop that is closed, until its lock
//! is taken for abandoned and somebody else renews. Then it goes on.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use grantflow::{FileStore, Logins};
use grantflow_tests::{Relay, covers};
use tokio::process::Child;

use crate::scene::{Scene, until, within};

/// Longer than pi waits for a lock that nobody touches.
const ABANDONED: Duration = Duration::from_secs(31);

#[tokio::test(flavor = "multi_thread")]
async fn who_stood_still_before_the_request_takes_what_another_has_renewed() {
    covers(&["R-T-05", "R-INV-09", "B-CK-03"]);
    let scene = Scene::strict().await;
    let sleeper = scene.renewer(&["owner=pi", "wait=note:1"]);
    until(|| scene.ledger().mark).await;
    stop(&sleeper).await;
    let lock = Stolen::from(&scene);
    assert_eq!(scene.renewed_by_another(&["locks=none"]).await, "renewed");
    let theirs = scene.refresh_token();
    lock.give_back();
    assert_eq!(goes_on(sleeper).await, "renewed");
    scene.verdict().assert_spotless();
    assert_eq!(scene.verdict().presented.len(), 1, "by the other one");
    assert_eq!(scene.refresh_token(), theirs);
    scene.assert_others_are_whole();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stood_still_while_its_answer_came_overwrites_no_renewal() {
    covers(&["R-T-05", "R-P-10", "R-T-13"]);
    let mut scene = Scene::forgiving().await;
    let relay = Relay::to(scene.server.address()).await.unwrap();
    scene.goes_through(&relay).await;
    relay.hold_next_answer();
    let sleeper = scene.renewer(&["owner=pi"]);
    within(relay.holds()).await;
    stop(&sleeper).await;
    let lock = Stolen::from(&scene);
    assert_eq!(scene.renewed_by_another(&["locks=none"]).await, "renewed");
    let theirs = fs::read(scene.store()).unwrap();
    lock.give_back();
    relay.let_go();
    assert_eq!(goes_on(sleeper).await, "renewed");
    assert_eq!(fs::read(scene.store()).unwrap(), theirs, "the same login, as the other wrote it");
    assert_eq!(scene.verdict().reused().len(), 1, "the other's, and forgiven");
    assert_eq!(scene.renewed_by_another(&[]).await, "renewed");
    assert_eq!(scene.verdict().rotations(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stood_still_while_its_answer_came_leaves_a_newer_login_alone_and_loses_nothing() {
    covers(&["R-T-05", "R-P-10", "R-INV-04", "R-INV-09"]);
    let mut scene = Scene::strict().await;
    let relay = Relay::to(scene.server.address()).await.unwrap();
    scene.goes_through(&relay).await;
    let newcomer = login_elsewhere(&scene).await;
    relay.hold_next_answer();
    let sleeper = scene.renewer(&["owner=pi"]);
    within(relay.holds()).await;
    stop(&sleeper).await;
    let lock = Stolen::from(&scene);
    FileStore::at(scene.store()).save(&newcomer).unwrap();
    lock.give_back();
    relay.let_go();
    assert_eq!(goes_on(sleeper).await, "renewed");
    assert_eq!(scene.refresh_token(), newcomer.refresh_token.unwrap().digest());
    assert!(scene.stash().is_some(), "what the sleeper got is kept aside");
    assert_eq!(scene.renewed_by_another(&[]).await, "renewed");
    assert_eq!(scene.verdict().reused().len(), 0);
    scene.assert_others_are_whole();
}

/// Another login of the same person, as another tool makes it.
async fn login_elsewhere(scene: &Scene) -> grantflow::Credential {
    let logins = Logins::open(scene.file("elsewhere.json")).unwrap();
    scene.sign_in_to(&logins.with_client(scene.client.clone())).await
}

/// Pi's lock, taken by somebody who found it abandoned.
struct Stolen(PathBuf);

impl Stolen {
    fn from(scene: &Scene) -> Self {
        let folder = scene.store().with_file_name("auth.json.lock");
        let held = File::open(&folder).expect("the lock is held");
        held.set_modified(SystemTime::now() - ABANDONED).unwrap();
        fs::remove_dir(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn give_back(self) {
        fs::remove_dir(&self.0).expect("nobody else has touched it");
    }
}

pub(crate) async fn stop(process: &Child) {
    signal("-STOP", process);
    let pid = process.id().unwrap().to_string();
    until(|| {
        let ps = Command::new("ps").args(["-o", "state=", "-p", &pid]).output().unwrap();
        ps.stdout.starts_with(b"T").then_some(())
    })
    .await;
}

/// Lets it go on to its end, and gives what it prints.
pub(crate) async fn goes_on(process: Child) -> String {
    signal("-CONT", &process);
    let output = within(process.wait_with_output()).await.unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn signal(name: &str, process: &Child) {
    let pid = process.id().unwrap().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}
