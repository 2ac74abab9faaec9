//! The network fails in the middle of a renewal, while others wait for their turn.

use grantflow::core::{Ended, Error, Mark};
use grantflow_test_server::Fault;
use grantflow_tests::covers;

use crate::crew::Crew;
use crate::scene::{PROVIDER, Scene, ended, until, within};

/// How an answer is lost, and whether the server had acted by then.
const LOSSES: [(Fault, bool); 5] = [
    (Fault::ResetBefore, false),
    (Fault::BadGateway, false),
    (Fault::ResetAfter, true),
    (Fault::TruncatedBody, true),
    (Fault::TruncatedJson, true),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_makes_no_storm_and_is_told_as_what_it_is() {
    covers(&["R-T-09", "R-INV-02", "R-INV-12"]);
    for (fault, acted) in LOSSES {
        let scene = Scene::strict().await;
        let crew = renewing_and_struck(&scene, fault, &["every=30"]).await;
        if acted {
            let is_refused = |mark: &Mark| mark.ended == Some(Ended::Refused);
            let mark = until(|| scene.ledger().mark.filter(is_refused)).await;
            assert_eq!((mark.presented, mark.digest), (2, scene.refresh_token()), "{fault:?}");
            let told = within(scene.logins().refresh(PROVIDER)).await.unwrap_err();
            assert!(
                matches!(ended(&told), Some(Error::Interrupted { is_last: true, .. })),
                "{told:?}"
            );
        } else {
            renews_on(&scene).await;
        }
        crew.disband().await;
        let verdict = scene.verdict();
        let reused: Vec<_> = verdict.reused().iter().map(|one| one.reused).collect();
        let expected = if acted { vec![Some(false)] } else { Vec::new() };
        assert_eq!(reused, expected, "{fault:?}: once more, and no more");
        scene.assert_others_are_whole();
    }
}

/// These tests are seen to fail: of processes without marks each presents the token on its own.
#[tokio::test(flavor = "multi_thread")]
async fn without_marks_a_lost_answer_does_make_a_storm_and_the_log_shows_it() {
    let scene = Scene::strict().await;
    let crew = renewing_and_struck(&scene, Fault::ResetAfter, &["every=30", "marks=none"]).await;
    until(|| (scene.verdict().reused().len() > 1).then_some(())).await;
    crew.disband().await;
    assert_eq!(scene.ledger().mark, None, "and nothing tells what happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_given_again_by_a_server_that_forgives() {
    covers(&["R-T-09", "R-P-15"]);
    for (fault, acted) in LOSSES {
        let scene = Scene::forgiving().await;
        let crew = renewing_and_struck(&scene, fault, &["every=30"]).await;
        renews_on(&scene).await;
        crew.disband().await;
        let reused: Vec<_> = scene.verdict().reused().iter().map(|one| one.reused).collect();
        let expected = if acted { vec![Some(true)] } else { Vec::new() };
        assert_eq!(reused, expected, "{fault:?}");
        assert!(within(scene.logins().refresh(PROVIDER)).await.is_ok());
    }
}

/// Four processes that renew, and one of them has just lost its answer.
async fn renewing_and_struck<'s>(scene: &'s Scene, fault: Fault, told: &[&'s str]) -> Crew<'s> {
    let crew = Crew::of(4, scene, told);
    renews_on(scene).await;
    scene.server.server().inject(fault.once());
    until(|| scene.has_struck(fault)).await;
    crew
}

async fn renews_on(scene: &Scene) {
    let so_far = scene.verdict().rotations();
    until(|| (scene.verdict().rotations() > so_far + 5).then_some(())).await;
}
