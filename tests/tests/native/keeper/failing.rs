//! Stores, servers and logins that fail: what is spent, what is kept, and what people are told.

use std::time::Duration;

use grantflow::core::{Error as Ended, Kept, Reuse};
use grantflow::store::StoreError;
use grantflow::{Error, Remedy};
use grantflow_test_server::{Dialect, Fault};
use grantflow_tests::covers;

use super::watched::Call;
use super::{NOW, Scene, ended, lapsing_in};

const BEFORE_THE_REQUEST: [Call; 5] =
    [Call::Lock, Call::ReadNotes, Call::Load, Call::Probe, Call::Note];

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_before_the_request_costs_no_refresh_token() {
    covers(&["B-CF-13"]);
    for call in BEFORE_THE_REQUEST {
        let scene = Scene::with_left(NOW).await;
        let keeper = scene.keeper().await;
        scene.store.fail(&[call]);
        let why = keeper.access(NOW).await.unwrap_err();
        assert!(is_told_by_the_store(&why, call), "{call:?}: {why:?}");
        assert_eq!(scene.renewals(), 0, "{call:?}");

        scene.store.fail(&[]);
        tokio::time::advance(Duration::from_secs(2)).await; // past the pause
        let token = keeper.access(NOW).await.unwrap();
        assert_eq!(token.trouble().map(ToString::to_string), None, "{call:?}");
        assert_eq!((scene.renewals(), scene.findings()), (1, vec![]), "{call:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_still_works_is_given_with_what_went_wrong() {
    for call in BEFORE_THE_REQUEST {
        let scene = Scene::with_left(Duration::from_secs(60)).await;
        let keeper = scene.keeper().await;
        scene.store.fail(&[call]);
        for _ in 0..10 {
            let token = keeper.access(Duration::from_secs(30)).await.unwrap();
            assert_eq!(token.secret().digest(), scene.first.access_token.digest());
            let trouble = token.trouble().unwrap();
            assert!(is_told_by_the_store(trouble, call), "{call:?}: {trouble:?}");
        }
        let too_long = keeper.access(Duration::from_secs(90)).await.unwrap_err();
        assert!(is_told_by_the_store(&too_long, call), "{call:?}: {too_long:?}");
        assert_eq!(scene.renewals(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_that_cannot_be_stashed_are_saved() {
    let scene = Scene::with_left(NOW).await;
    scene.store.fail(&[Call::Stash]);
    let token = scene.logins.access_token("standard", NOW).await.unwrap();
    assert_eq!((token.kept(), token.is_at_risk()), (Kept::Saved, false));
    assert_eq!(scene.record().await.access_token.digest(), token.secret().digest());
}

#[tokio::test(start_paused = true)]
async fn tokens_that_cannot_be_saved_wait_in_the_stash_for_the_next_process() {
    covers(&["R-P-16"]);
    let scene = Scene::with_left(NOW).await;
    scene.store.fail(&[Call::Save]);
    let token = scene.logins.access_token("standard", NOW).await.unwrap();
    assert_eq!((token.kept(), token.is_at_risk()), (Kept::Stashed, true));
    assert_eq!(scene.logins.settle().await, [(scene.key(), Kept::Stashed)], "and whose is told");
    assert_eq!(scene.record().await.access_token.digest(), scene.first.access_token.digest());

    scene.store.fail(&[]);
    let recovered = scene.elsewhere().access_token("standard", NOW).await.unwrap();
    assert_eq!(recovered.secret().digest(), token.secret().digest());
    assert_eq!((recovered.kept(), scene.renewals()), (Kept::Saved, 1));
    assert_eq!(scene.findings(), []);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_can_be_kept_nowhere_are_used_and_told_as_such() {
    let scene = Scene::with_left(NOW).await;
    scene.store.fail(&[Call::Save, Call::Stash]);
    let token = scene.logins.access_token("standard", NOW).await.unwrap();
    assert_eq!((token.kept(), token.is_at_risk()), (Kept::InMemory, true));
    assert_eq!(scene.logins.settle().await, [(scene.key(), Kept::InMemory)]);
    for _ in 0..10 {
        let again = scene.logins.access_token("standard", NOW).await.unwrap();
        assert_eq!(again.secret().digest(), token.secret().digest(), "not what the record has");
    }
    assert_eq!((scene.renewals(), scene.findings()), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_it_renews_without_a_store_that_can_be_written() {
    let scene = Scene::with_left(NOW).await;
    let logins = scene.with_options(|options| options.in_memory = true);
    scene.store.fail(&[Call::Probe, Call::Note, Call::Stash, Call::Save]);
    let token = logins.access_token("standard", NOW).await.unwrap();
    assert_ne!(token.secret().digest(), scene.first.access_token.digest());
    assert_eq!((token.kept(), scene.renewals()), (Kept::InMemory, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_costs_one_request_however_many_ask() {
    covers(&["R-INV-12", "R-BUG-15"]);
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    scene.desk.server().revoke_all();
    for _ in 0..1000 {
        let why = keeper.access(NOW).await.unwrap_err();
        assert_eq!(ended(&why), "InvalidGrant");
        assert_eq!(why.remedy(), Remedy::SignInAgain);
    }
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(61)).await; // past every pause
        assert_eq!(ended(&keeper.access(NOW).await.unwrap_err()), "InvalidGrant");
    }
    let elsewhere = scene.elsewhere().access_token("standard", NOW).await.unwrap_err();
    assert_eq!(ended(&elsewhere), "InvalidGrant", "another process reads it in the ledger");
    assert_eq!(scene.renewals(), 1);
    assert_eq!(scene.record().await.save().expose(), scene.first.save().expose());
}

#[tokio::test(start_paused = true)]
async fn a_server_in_trouble_is_asked_again_after_pauses_that_grow() {
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    scene.desk.server().inject(Fault::ResetBefore.always());
    let mut asked = Vec::new();
    for _ in 0..600 {
        let before = scene.renewals_tried();
        keeper.access(NOW).await.unwrap_err();
        if scene.renewals_tried() > before {
            asked.push(tokio::time::Instant::now());
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let pauses: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.is_sorted_by(|a, b| *b + Duration::from_secs(6) >= *a), "{pauses:?}");
    assert!(pauses.last().unwrap() >= &Duration::from_secs(60), "{pauses:?}");

    scene.desk.server().clear_faults();
    tokio::time::advance(Duration::from_secs(61)).await;
    keeper.access(NOW).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_person_who_asks_does_not_wait_for_a_pause() {
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    scene.desk.server().inject(Fault::ResetBefore.always());
    keeper.access(NOW).await.unwrap_err();
    scene.desk.server().clear_faults();
    assert!(scene.logins.refresh("standard").await.is_ok());
    assert!(keeper.access(NOW).await.is_ok(), "and it is over for the others too");
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_providers_rule_on_reuse_decides() {
    for (reuse, asked) in [(Reuse::Never, 1), (Reuse::Within(10), 2), (Reuse::Freely, 2)] {
        let rule = |provider: &mut grantflow::Provider| provider.token.reuse = reuse;
        let old = |credential| lapsing_in(Duration::from_secs(60), credential);
        let scene = Scene::with(Dialect::Standard, rule, old).await;
        // Not processed, which nobody here can know: so no server takes the second for a reuse.
        scene.desk.server().inject(Fault::Stall.once());
        let token = scene.keeper().await.access(NOW).await.unwrap();
        let is_old = token.secret().digest() == scene.first.access_token.digest();
        assert_eq!((is_old, scene.renewals_tried()), (reuse == Reuse::Never, asked), "{reuse:?}");
        let interrupted = token.trouble().map(Error::root);
        let told = matches!(interrupted, Some(Error::Ended(Ended::Interrupted { .. })));
        assert_eq!(told, reuse == Reuse::Never, "{reuse:?}: {interrupted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_borrowed_is_used_while_it_lasts_and_adopted_when_its_owner_renews() {
    covers(&["R-P-19"]);
    let scene = Scene::with_left(Duration::from_secs(60)).await;
    scene.store.borrow_from("Claude Code");
    let keeper = scene.keeper().await;
    let token = keeper.access(NOW).await.unwrap();
    assert_eq!(token.secret().digest(), scene.first.access_token.digest());
    assert!(matches!(token.trouble(), Some(Error::Borrowed { .. })), "{:?}", token.trouble());
    let too_long = keeper.access(Duration::from_secs(90)).await.unwrap_err();
    assert_eq!(too_long.remedy(), Remedy::UseOwnerTool);
    assert!(
        matches!(too_long.root(), Error::Borrowed { from, .. } if from == "Claude Code"),
        "{too_long:?}"
    );

    let renewed = scene.desk.signed_in(&scene.client);
    scene.put(&renewed).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    let token = keeper.access(Duration::from_secs(90)).await.unwrap();
    assert_eq!(token.secret().digest(), renewed.access_token.digest());
    assert_eq!(token.trouble().map(ToString::to_string), None);
    assert_eq!(scene.renewals(), 0);
}

impl Scene {
    /// How often a renewal was asked for, also where a fault came first.
    fn renewals_tried(&self) -> usize {
        let server = self.desk.server();
        let signing_in = 2; // the device login's own requests
        server.log().len() - signing_in
    }
}

/// In its own words, not in the machine's.
fn is_told_by_the_store(why: &Error, call: Call) -> bool {
    let Error::Store(why) = why.root() else { return false };
    if call == Call::Lock {
        return matches!(why, StoreError::NoLock { .. });
    }
    matches!(why, StoreError::System { path, .. } if path.ends_with("watched"))
}
