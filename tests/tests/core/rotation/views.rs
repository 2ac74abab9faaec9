//! What the search goes by: two renewals look alike if they go on alike, and not if they do not.

use grantflow_core::{Credential, Ended, Now};
use grantflow_tests::world::DAWN;

use super::scene::{Scene, granted, invalid_grant, token};
use super::server::Rule;
use super::setting::{HOUR, credential};

#[test]
fn the_same_renewal_looks_the_same_at_any_hour() {
    let at = |hours: u64| {
        let now = Now { wall: DAWN.wall + hours * HOUR, mono: DAWN.mono + hours * HOUR };
        // No token that is new: what is stashed says when it came.
        let mut scene = Scene::new(Rule::Grace, [granted(1)]);
        scene.now = now;
        let record = credential(token(1), token(1), now);
        scene.record = Some(Credential { expires_at: Some(now.wall - 1000), ..record });
        scene.mark(|mark| mark.ended = Some(Ended::Unknown));
        looks(&mut scene)
    };
    assert!(at(0).len() > 8, "{:#?}", at(0));
    assert_eq!(at(0), at(5));
}

#[test]
fn two_that_were_refused_look_different_if_they_will_say_different_things() {
    let [fresh, interrupted] = [false, true].map(|is_interrupted| {
        let mut scene = Scene::new(Rule::Strict, [invalid_grant()]);
        if is_interrupted {
            scene.mark(|mark| mark.ended = Some(Ended::Unknown));
        }
        let looks = looks(&mut scene);
        looks.into_iter().find(|look| look.starts_with("LookingAgain")).expect("it looks again")
    });
    assert_ne!(fresh, interrupted);
}

/// How it looks before each of its steps.
fn looks(scene: &mut Scene) -> Vec<String> {
    let (mut renewal, mut looks) = (scene.renewal(), Vec::new());
    loop {
        looks.push(renewal.view(scene.now));
        if scene.step(&mut renewal).is_some() {
            return looks;
        }
    }
}
