//! One process that dies at an exact step of its renewal, and the next one, for each row of the table
//! of crashes: on a server that revokes what is reused, and on one that forgives it.

use std::fs::File;
use std::time::{Duration, SystemTime};

use grantflow_test_server::Fault;
use grantflow_tests::{Relay, covers};
use tokio::task::JoinSet;

use crate::scene::{Scene, until, within};

/// A death, and what it leaves.
#[derive(Clone, Copy)]
struct Row {
    id: &'static str,
    death: &'static [&'static str],
    leaves: Leaves,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    /// The token was not spent; whether the ledger says that it may have been.
    Unspent { marked: bool },
    /// The token was spent, and its successor died with the process.
    Lost,
    /// The successor is in the stash.
    Stashed,
    /// The successor is in the file.
    Saved,
    /// And nothing is left to do but to give the locks back.
    Done,
}

/// The order of the system calls is that of the files: the proof that the file and its backup can be
/// written, the ledger, the stash, the backup, the file, the ledger.
const TABLE: [Row; 12] = [
    row("R-CR-01", &["die=load:1"], Leaves::Unspent { marked: false }),
    row("R-CR-02", &["die=Rename:.ledger:1"], Leaves::Unspent { marked: false }),
    row("R-CR-03", &["die=note:1"], Leaves::Unspent { marked: true }),
    row("R-CR-03", &["die=send:1"], Leaves::Unspent { marked: true }),
    row("R-CR-06", &["die=answer:1"], Leaves::Lost),
    row("R-CR-06", &["die=Rename:.stash:1"], Leaves::Lost),
    row("R-CR-07", &["die=stash:1"], Leaves::Stashed),
    row("R-CR-07", &["die=Rename:/bak:1"], Leaves::Stashed),
    row("R-CR-07", &["die=Rename:auth.json:1"], Leaves::Stashed),
    row("R-CR-08", &["die=SyncFolder:/store:1"], Leaves::Saved),
    row("R-CR-09", &["die=save:1"], Leaves::Saved),
    row("R-CR-10", &["die=unstash:1", "owner=pi"], Leaves::Done),
];

const fn row(id: &'static str, death: &'static [&'static str], leaves: Leaves) -> Row {
    Row { id, death, leaves }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_death_at_any_step_the_next_process_knows_what_to_do() {
    covers(&["R-T-02", "R-INV-07"]);
    let mut rows = JoinSet::new();
    for row in TABLE {
        for is_strict in [true, false] {
            rows.spawn(async move { dies_at(row, is_strict).await });
        }
    }
    while let Some(done) = within(rows.join_next()).await {
        done.unwrap();
    }
}

async fn dies_at(row: Row, is_strict: bool) {
    covers(&[row.id]);
    let scene = Scene::of(is_strict).await;
    let told = format!("{} {:?} strict: {is_strict}", row.id, row.death);
    let old = scene.refresh_token();
    let died = within(scene.renewer(row.death).wait_with_output()).await.unwrap();
    assert!(!died.status.success(), "{told}: it lives: {died:?}");

    scene.assert_others_are_whole();
    let mark = scene.ledger().mark;
    let is_marked = !matches!(row.leaves, Leaves::Unspent { marked: false } | Leaves::Done);
    assert_eq!(mark.is_some_and(|mark| mark.digest == old), is_marked, "{told}: its mark");
    if row.leaves != Leaves::Saved {
        assert_eq!(scene.stash().is_some(), row.leaves == Leaves::Stashed, "{told}: its stash");
    }
    let is_saved = matches!(row.leaves, Leaves::Saved | Leaves::Done);
    assert_eq!(scene.refresh_token() != old, is_saved, "{told}: the file");

    if row.leaves == Leaves::Done {
        grow_old(&scene, Duration::from_secs(31));
    }
    match row.leaves {
        Leaves::Unspent { .. } => assert_renews(&scene, 1, &told).await,
        Leaves::Lost if is_strict => assert_tells_what_happened(&scene, &told).await,
        Leaves::Lost => {
            assert_eq!(scene.renewed_by_another(&[]).await, "renewed", "{told}");
            let forgiven: Vec<_> = scene.verdict().presented.iter().map(|one| one.reused).collect();
            assert_eq!(forgiven, [None, Some(true)], "{told}");
        }
        Leaves::Stashed => {
            assert_renews(&scene, 1, &told).await;
            assert_ne!(scene.refresh_token(), old, "{told}");
        }
        Leaves::Saved | Leaves::Done => {
            assert_eq!(scene.renewed_by_another(&["if=due"]).await, "renewed", "{told}");
            assert_eq!(scene.verdict().presented.len(), 1, "{told}: there is nothing to ask for");
            assert_renews(&scene, 2, &told).await;
        }
    }
    scene.assert_others_are_whole();
}

/// With so many requests in all, and nothing left of what was interrupted.
async fn assert_renews(scene: &Scene, requests: usize, told: &str) {
    assert_eq!(scene.renewed_by_another(&["owner=pi"]).await, "renewed", "{told}");
    let verdict = scene.verdict();
    verdict.assert_spotless();
    assert_eq!(verdict.presented.len(), requests, "{told}");
    assert_eq!((scene.ledger().mark, scene.stash()), (None, None), "{told}");
}

/// The token is presented once more and refused; that is told as what it is, and never tried again.
async fn assert_tells_what_happened(scene: &Scene, told: &str) {
    let old = scene.refresh_token();
    for _ in 0..2 {
        let outcome = scene.renewed_by_another(&[]).await;
        assert!(outcome.contains("Interrupted"), "{told}: {outcome}");
        assert_eq!(scene.verdict().presented.len(), 2, "{told}");
    }
    assert_eq!(scene.verdict().revocations().len(), 1, "{told}");
    assert_eq!(scene.refresh_token(), old, "{told}: nothing is blanked");
    assert!(scene.ledger().mark.is_some_and(|mark| mark.digest == old), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_before_the_server_has_acted_costs_nothing() {
    covers(&["R-CR-04"]);
    for is_strict in [true, false] {
        let scene = Scene::of(is_strict).await;
        scene.server.server().inject(Fault::Stall.once());
        let mut renewer = scene.renewer(&[]);
        until(|| scene.has_struck(Fault::Stall)).await;
        renewer.kill().await.unwrap();
        assert_renews(&scene, 1, "what it had sent was not looked at").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_while_the_answer_is_on_its_way_is_told_or_forgiven() {
    covers(&["R-CR-05"]);
    for is_strict in [true, false] {
        let mut scene = Scene::of(is_strict).await;
        let relay = Relay::to(scene.server.address()).await.unwrap();
        scene.goes_through(&relay).await;
        relay.hold_next_answer();
        let mut renewer = scene.renewer(&[]);
        within(relay.holds()).await;
        renewer.kill().await.unwrap();
        relay.let_go();
        if is_strict {
            assert_tells_what_happened(&scene, "its answer was on its way").await;
        } else {
            assert_eq!(scene.renewed_by_another(&[]).await, "renewed");
            assert_eq!(scene.verdict().reused()[0].reused, Some(true));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_in_place_that_was_cut_off_is_finished_by_the_next_process() {
    covers(&["R-CR-11", "B-CF-12"]);
    for is_strict in [true, false] {
        let scene = Scene::of(is_strict).await;
        let old = scene.refresh_token();
        let death = ["rename=refused", "die=Write:auth.json:1"];
        let died = within(scene.renewer(&death).wait_with_output()).await.unwrap();
        assert!(!died.status.success(), "{died:?}");
        assert_eq!(std::fs::read(scene.store()).unwrap(), b"", "it died when the file was empty");
        assert_eq!(scene.renewed_by_another(&["if=due"]).await, "renewed");
        assert_ne!(scene.refresh_token(), old);
        scene.assert_others_are_whole();
        assert_renews(&scene, 2, "cut off").await;
    }
}

/// A folder that stands for a lock, as if its owner had been gone for so long.
fn grow_old(scene: &Scene, by: Duration) {
    let lock = File::open(scene.store().with_file_name("auth.json.lock")).unwrap();
    lock.set_modified(SystemTime::now() - by).unwrap();
}
