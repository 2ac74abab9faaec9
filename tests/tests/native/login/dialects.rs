//! Every dialect, each by every route that it has.

use grantflow::{Event, Health, Route};
use grantflow_test_server::{Dialect, Endpoint, Fault, Hesitation};
use grantflow_tests::covers;

use super::Scene;
use super::person::{Habit, Person};

#[tokio::test]
async fn a_browser_login_ends_at_the_listener() {
    covers(&["C-15", "N-6749-09"]);
    for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Codex, Dialect::Google] {
        let scene = Scene::of(dialect).await;
        let mut person = Person::of(&scene.server);
        let credential = scene
            .login(Route::Browser, &mut person)
            .await
            .unwrap_or_else(|why| panic!("{dialect}: {why}"));
        assert_eq!(scene.findings(), [], "{dialect}");
        assert_eq!(person.rejections, [], "{dialect}");
        stored(&scene, &credential).await;
    }
}

#[tokio::test]
async fn a_device_login_polls_until_the_person_agrees() {
    covers(&["C-15"]);
    for dialect in [Dialect::Standard, Dialect::Codex, Dialect::Github, Dialect::Google] {
        let scene = Scene::with(dialect, |config| config.hesitation = Hesitation::Polls(1)).await;
        let mut person = Person::of(&scene.server);
        let credential = scene
            .login(Route::Device, &mut person)
            .await
            .unwrap_or_else(|why| panic!("{dialect}: {why}"));
        assert_eq!(scene.findings(), [], "{dialect}");
        assert_eq!(credential.subject_token.is_some(), dialect == Dialect::Github);
        stored(&scene, &credential).await;
    }
}

#[tokio::test]
async fn a_paste_ends_a_browser_login_without_the_listener() {
    covers(&["B-LS-18"]);
    for (dialect, habit) in [
        (Dialect::Anthropic, Habit::Page),
        (Dialect::Anthropic, Habit::AddressBar),
        (Dialect::Codex, Habit::AddressBar),
        (Dialect::Standard, Habit::AddressBar),
    ] {
        for route in [Route::Paste, Route::Browser] {
            let scene = Scene::of(dialect).await;
            let mut person = Person::with(&scene.server, habit);
            let credential = scene
                .login(route, &mut person)
                .await
                .unwrap_or_else(|why| panic!("{dialect}: {why}"));
            assert_eq!(scene.findings(), [], "{dialect} {habit:?}");
            stored(&scene, &credential).await;
        }
    }
}

#[tokio::test]
async fn a_wrong_paste_is_refused_and_the_login_goes_on() {
    covers(&["B-LS-13", "C-07"]);
    let scene = Scene::of(Dialect::Anthropic).await;
    let mut person = Person::with(&scene.server, Habit::Page);
    person.pastes("a-code#a-state-of-someone-else");
    scene.login(Route::Paste, &mut person).await.unwrap();
    assert_eq!(person.rejections, [grantflow::Rejected::StateMismatch]);
    assert_eq!(scene.asked(Endpoint::Token), 1);
}

#[tokio::test]
async fn the_events_tell_each_request_and_each_answer_once() {
    let slow = |config: &mut grantflow_test_server::Config| {
        config.faults.push(Fault::TooManyRequests.once().at(Endpoint::DeviceAuthorization));
    };
    let scene = Scene::with(Dialect::Standard, slow).await;
    let mut person = Person::of(&scene.server);
    let credential = scene.login(Route::Device, &mut person).await.unwrap();
    let mut out = None;
    let mut exchanges = Vec::new();
    for event in &person.events {
        if let Event::Sent { id, endpoint, .. } = event {
            assert_eq!(out.replace(*id), None, "one request at a time");
            exchanges.push(endpoint.clone());
        }
        if let Event::Answered { id, .. } = event {
            assert_eq!(out.take(), Some(*id));
        }
    }
    let heard: Vec<String> = {
        let server = scene.server.server();
        let issuer = scene.server.issuer();
        server.log().iter().map(|entry| format!("{issuer}{}", entry.path)).collect()
    };
    assert_eq!(exchanges, heard, "the server saw what the events say");
    let printed = format!("{:?}", person.events);
    assert!(!printed.contains(credential.access_token.expose()));
    assert!(matches!(person.events.last(), Some(Event::Finished { outcome: Ok(()) })));
}

/// What came is what a new process finds.
async fn stored(scene: &Scene, credential: &grantflow::Credential) {
    let id = &scene.client.provider().id;
    let found = scene.store().load(id).unwrap().unwrap();
    assert_eq!(found.save().expose(), credential.save().expose());
    let working = scene.logins.working().await.unwrap();
    assert_eq!(working.len(), 1);
    assert_eq!((&working[0].key.provider, working[0].health), (id, Health::Valid));
    assert_eq!(working[0].expires_at, credential.expires_at);
    assert_eq!(working[0].account, credential.account);
}
