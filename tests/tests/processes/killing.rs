//! `kill -9`, again and again, of processes that do nothing but renew.
//!
//! Whatever the moment, the file is whole and the login is usable, or the ledger names the renewal
//! that was interrupted and the person is told to sign in again.

use std::time::Duration;

use grantflow::core::Error;
use grantflow_tests::covers;

use crate::crew::Crew;
use crate::scene::{PROVIDER, Scene, ended, is_long, within};

/// How many are renewing, and the pause that each makes.
const CREW: (usize, &str) = (8, "every=50");

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_a_strict_server_sees_no_reuse_that_no_kill_explains() {
    covers(&["R-T-01", "R-INV-02", "R-INV-04", "R-INV-05", "R-INV-06", "R-INV-07", "R-P-17"]);
    let scene = Scene::strict().await;
    let kills = kill_on(&scene).await;
    let verdict = scene.verdict();
    for again in verdict.reused() {
        let times = verdict.times(again.token);
        assert_eq!(times.len(), 2, "once more, and no more: {times:?}");
        let explains = |at: &&u64| (times[0].at_ms..=times[1].at_ms).contains(*at);
        assert!(kills.iter().any(|at| explains(&at)), "nobody was killed between {times:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_a_forgiving_server_ends_no_login() {
    covers(&["R-T-01", "R-P-15"]);
    let scene = Scene::forgiving().await;
    kill_on(&scene).await;
    let revocations = scene.verdict().revocations().into_iter().cloned().collect::<Vec<_>>();
    assert!(revocations.is_empty(), "{revocations:?}");
}

/// Gives the moments of the kills.
async fn kill_on(scene: &Scene) -> Vec<u64> {
    let (size, every) = CREW;
    let mut crew = Crew::of(size, scene, &[every]);
    let (mut dice, mut in_the_middle) = (Dice(0x5eed), 0);
    for _ in 0..if is_long() { 5000 } else { 150 } {
        tokio::time::sleep(Duration::from_millis(dice.between(20, 80))).await;
        let victim = usize::try_from(dice.between(0, 7)).unwrap();
        in_the_middle += usize::from(is_renewing(scene, crew.pid(victim)));
        crew.kill(victim).await;
        scene.assert_others_are_whole();
        if is_lost(scene, &crew.dead) {
            scene.sign_in().await;
        }
    }
    let kills = crew.kill_all().await;
    assert!(in_the_middle > 3, "the kills met no renewal");
    assert!(scene.verdict().rotations() > 30, "nothing but kills");
    assert_usable_or_told(scene).await;
    kills
}

/// Its mark stands in the ledger.
fn is_renewing(scene: &Scene, pid: u32) -> bool {
    scene.ledger().mark.is_some_and(|mark| is_by(&mark.who, pid))
}

/// The token was presented as often as it may be, and nobody is at it any more.
fn is_lost(scene: &Scene, dead: &[u32]) -> bool {
    let (ledger, there) = (scene.ledger(), scene.refresh_token());
    let mark = ledger.mark.filter(|mark| mark.digest == there && mark.presented >= 2);
    let is_over = |who: &str| dead.iter().any(|pid| is_by(who, *pid));
    mark.is_some_and(|mark| mark.ended.is_some() || is_over(&mark.who)) && scene.stash().is_none()
}

fn is_by(who: &str, pid: u32) -> bool {
    who.split(' ').any(|word| word == format!("pid={pid}"))
}

async fn assert_usable_or_told(scene: &Scene) {
    let outcome = within(scene.logins().refresh(PROVIDER)).await;
    if let Err(why) = outcome {
        assert!(matches!(ended(&why), Some(Error::Interrupted { .. })), "{why:?}");
        let mark = scene.ledger().mark.expect("it names the renewal that was interrupted");
        assert_eq!(mark.digest, scene.refresh_token());
    }
    scene.assert_others_are_whole();
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        // Xorshift, by Marsaglia.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (most - least + 1)
    }
}
