//! Thirty processes that write down when they have the lock and when they give it back.

use grantflow_tests::covers;

use crate::crew::Crew;
use crate::scene::{Scene, is_long, until};

#[tokio::test(flavor = "multi_thread")]
async fn of_thirty_processes_one_renews_at_a_time() {
    covers(&["R-T-06", "R-EXP-06", "R-INV-01"]);
    for size in if is_long() { vec![4, 30, 80] } else { vec![30] } {
        let scene = Scene::strict().await;
        let log = scene.file("log");
        let told = format!("log={}", log.display());
        let crew = Crew::of(size, &scene, &["every=20", &told]);
        until(|| (scene.verdict().rotations() >= 2 * size).then_some(())).await;
        crew.disband().await;
        scene.verdict().assert_spotless();
        let log = std::fs::read_to_string(log).unwrap();
        assert_eq!(overlap(&log), None, "{log}");
        assert!(log.lines().count() > 2 * size);
    }
}

#[test]
fn an_overlap_is_found() {
    assert_eq!(overlap("enter 1\nleave 1\nenter 2\nleave 2\n"), None);
    assert_eq!(overlap("enter 1\nenter 2\nleave 1\nleave 2").as_deref(), Some("enter 2"));
    assert_eq!(overlap("enter 1\nleave 2").as_deref(), Some("leave 2"));
}

/// The first line that is not its turn's.
fn overlap(log: &str) -> Option<String> {
    let mut within: Option<&str> = None;
    for line in log.lines() {
        within = match (line.split_once(' ')?, within) {
            (("enter", process), None) => Some(process),
            (("leave", process), Some(inside)) if process == inside => None,
            (_, _) => return Some(line.to_owned()),
        };
    }
    None
}
