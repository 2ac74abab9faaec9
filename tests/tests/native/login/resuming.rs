//! A login that one process begins and another ends.

use std::fs;
use std::path::PathBuf;

use grantflow::{
    Asked, Client, Configuration, Error, Event, Key, LoginOptions, Logins, Pending, PendingError,
    Rejected, Route, StoreError,
};
use grantflow_test_server::{Dialect, Endpoint, Hesitation};
use grantflow_tests::covers;

use super::person::{Habit, Person};
use super::{Scene, options};

#[tokio::test]
async fn a_device_login_goes_on_polling_in_a_new_process() {
    covers(&["B-CK-02"]);
    for dialect in [Dialect::Standard, Dialect::Codex] {
        let scene = Scene::with(dialect, |config| config.hesitation = Hesitation::Polls(1)).await;
        let begun = begin(&scene, Route::Device).await.unwrap();
        assert!(matches!(begun.prompt, grantflow::Prompt::EnterCode { .. }));
        assert_eq!(saved(&scene).len(), 1);
        let mut person = Person::of(&scene.server);
        let credential =
            elsewhere(&scene).resume(&scene.client, &options(None), &mut person).await.unwrap();
        assert_eq!(scene.findings(), [], "{dialect}");
        let id = &scene.client.provider().id;
        let stored = scene.store().load(id).unwrap().unwrap();
        assert_eq!(stored.save().expose(), credential.save().expose());
        assert_eq!(saved(&scene), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn a_device_login_that_is_interrupted_again_can_still_be_ended() {
    let scene =
        Scene::with(Dialect::Standard, |config| config.hesitation = Hesitation::Polls(1)).await;
    begin(&scene, Route::Device).await.unwrap();
    let (first, mut person) = (elsewhere(&scene), Person::of(&scene.server));
    let options = options(None);
    tokio::select! {
        outcome = first.resume(&scene.client, &options, &mut person) => panic!("ended: {outcome:?}"),
        _ = scene.server.log_from(1) => {}
    }
    assert_eq!(saved(&scene).len(), 1);
    let mut person = Person::of(&scene.server);
    elsewhere(&scene).resume(&scene.client, &options, &mut person).await.unwrap();
    assert_eq!(saved(&scene), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_browser_login_takes_the_paste_in_a_new_process_and_only_the_right_one() {
    covers(&["C-07", "C-10"]);
    for (dialect, habit) in
        [(Dialect::Anthropic, Habit::Page), (Dialect::Standard, Habit::AddressBar)]
    {
        let scene = Scene::of(dialect).await;
        begin(&scene, Route::Paste).await.unwrap();
        let mut person = Person::with(&scene.server, habit);
        person.pastes("?code=forged&state=forged");
        let resumed = elsewhere(&scene).resume(&scene.client, &options(None), &mut person).await;
        resumed.unwrap_or_else(|why| panic!("{dialect}: {why}"));
        assert_eq!(person.rejections, [Rejected::StateMismatch]);
        assert_eq!(scene.findings(), [], "{dialect}");
        assert_eq!(scene.asked(Endpoint::Token), 1);
        assert_eq!(saved(&scene), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn of_two_that_end_one_login_one_redeems_the_code() {
    covers(&["C-20"]);
    let scene = Scene::of(Dialect::Standard).await;
    let begun = begin(&scene, Route::Paste).await.unwrap();
    let grantflow::Prompt::OpenUrl { sign_ins, .. } = begun.prompt else { panic!() };
    let answer = Person::of(&scene.server).visit(&sign_ins[0].url);
    let (one, two) = (elsewhere(&scene), elsewhere(&scene));
    let mut people = [(); 2].map(|()| Person::with(&scene.server, Habit::Nothing));
    for person in &people {
        person.pastes(&answer);
    }
    let ([first, second], options) = (&mut people, options(None));
    let outcomes = tokio::join!(
        one.resume(&scene.client, &options, first),
        two.resume(&scene.client, &options, second)
    );
    let taken = |outcome: &Result<_, Error>| {
        matches!(outcome, Err(Error::Pending(PendingError::Taken | PendingError::None)))
    };
    let (won, lost) = if outcomes.0.is_ok() { outcomes } else { (outcomes.1, outcomes.0) };
    assert!(won.is_ok() && taken(&lost), "{won:?} {lost:?}");
    assert_eq!(scene.asked(Endpoint::Token), 1);
}

#[tokio::test]
async fn nothing_is_asked_any_more_once_the_answer_is_there() {
    let scene = Scene::of(Dialect::Standard).await;
    begin(&scene, Route::Paste).await.unwrap();
    let mut person = Person::with(&scene.server, Habit::AddressBar);
    elsewhere(&scene).resume(&scene.client, &options(None), &mut person).await.unwrap();
    let at = |wanted: fn(&Event) -> bool| person.events.iter().position(wanted);
    let rest = at(|event| matches!(event, Event::Prompted { prompt: Asked::Nothing }));
    let sent = at(|event| matches!(event, Event::Sent { .. }));
    assert!(rest.is_some() && rest < sent, "{:?}", person.events);
}

#[tokio::test]
async fn a_login_that_could_not_be_kept_is_not_begun() {
    let scene = Scene::of(Dialect::Standard).await;
    fs::create_dir_all(scene.folder.path().join("store")).unwrap();
    fs::write(scene.store().path(), "{").unwrap();
    let outcome = begin(&scene, Route::Device).await;
    assert!(matches!(outcome, Err(Error::Store(StoreError::Corrupt { .. }))), "{outcome:?}");
    assert_eq!(scene.server.server().log().len(), 0, "nobody was sent off to sign in");
}

#[tokio::test]
async fn whose_login_waits_is_told_by_the_name_it_goes_by() {
    let scene = Scene::of(Dialect::Standard).await;
    let account =
        |name: &str| LoginOptions { account: Some(name.to_owned()), ..options(Some(Route::Paste)) };
    for name in ["work", "Someone@example.com"] {
        let mut person = Person::with(&scene.server, Habit::Nothing);
        scene.logins.begin(&scene.client, &account(name), &mut person).await.unwrap();
    }
    // Begun before a file said whose it is: one by its name, one by a digest that tells nothing.
    for old in saved(&scene) {
        let text = fs::read_to_string(&old).unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
        file.as_object_mut().unwrap().remove("key");
        let name = old.file_name().unwrap().to_str().unwrap();
        if name.starts_with("standard+work.") {
            fs::write(&old, file.to_string()).unwrap();
        } else {
            let digest = "0123456789abcdef".repeat(2);
            fs::write(old.with_file_name(format!("{digest}.{digest}.json")), file.to_string())
                .unwrap();
        }
    }
    let names: Vec<_> = scene.logins.waiting().unwrap().iter().map(Key::to_string).collect();
    assert_eq!(names, ["standard:Someone@example.com", "standard:work"]);
    for name in ["work", "Someone@example.com"] {
        let mut person = Person::with(&scene.server, Habit::AddressBar);
        let resumed = elsewhere(&scene).resume(&scene.client, &account(name), &mut person).await;
        resumed.unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[tokio::test]
async fn there_is_nothing_to_end_where_nothing_was_begun() {
    let scene = Scene::of(Dialect::Standard).await;
    let outcome =
        scene.logins.resume(&scene.client, &options(None), &mut Person::of(&scene.server)).await;
    assert!(matches!(outcome, Err(Error::Pending(PendingError::None))), "{outcome:?}");
}

#[tokio::test]
async fn a_login_that_is_begun_anew_takes_the_place_of_the_one_before() {
    let scene = Scene::of(Dialect::Standard).await;
    begin(&scene, Route::Paste).await.unwrap();
    let before = saved(&scene);
    begin(&scene, Route::Paste).await.unwrap();
    let after = saved(&scene);
    assert_eq!(after.len(), 1);
    assert_ne!(after, before);
    let mut person = Person::with(&scene.server, Habit::AddressBar);
    elsewhere(&scene).resume(&scene.client, &options(None), &mut person).await.unwrap();
}

#[tokio::test]
async fn another_client_does_not_get_the_login_and_does_not_destroy_it() {
    let scene = Scene::of(Dialect::Standard).await;
    begin(&scene, Route::Paste).await.unwrap();
    let configuration =
        Configuration { client_id: Some("another".into()), ..Configuration::default() };
    let other = Client::new(scene.client.provider().clone(), configuration).unwrap();
    let outcome = scene.logins.resume(&other, &options(None), &mut Person::of(&scene.server)).await;
    let refused = matches!(outcome, Err(Error::Pending(PendingError::Snapshot(_))));
    assert!(refused, "{outcome:?}");
    assert_eq!(saved(&scene).len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_saved_login_is_for_its_owner_alone_and_its_name_says_nothing() {
    use std::os::unix::fs::PermissionsExt;
    covers(&["S-11"]);
    let scene = Scene::of(Dialect::Standard).await;
    begin(&scene, Route::Paste).await.unwrap();
    let files = saved(&scene);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&files[0]), 0o600);
    assert_eq!(mode(&files[0].parent().unwrap().to_owned()), 0o700);
    let text = fs::read_to_string(&files[0]).unwrap();
    let state = serde_json::from_str::<serde_json::Value>(&text).unwrap()["states"].to_string();
    let name = files[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("standard."));
    assert!(!name.contains(&state[2..20]));
}

async fn begin(scene: &Scene, route: Route) -> Result<Pending, Error> {
    let mut person = Person::with(&scene.server, Habit::Nothing);
    scene.logins.begin(&scene.client, &options(Some(route)), &mut person).await
}

/// What another process would have: the same store, nothing in memory.
fn elsewhere(scene: &Scene) -> Logins {
    Logins::open(scene.store().path()).unwrap()
}

fn saved(scene: &Scene) -> Vec<PathBuf> {
    let folder = scene.folder.path().join("store/pending");
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
}
