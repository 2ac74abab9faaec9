//! A login that a process goes on with is that process's for as long as it lives.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use grantflow::{Event, Host, Logins, Prompt, Route};
use grantflow_test_server::{Dialect, Hesitation};

use super::person::{Habit, Person};
use super::{Scene, options};

#[tokio::test]
async fn a_login_whose_process_was_killed_can_be_ended_by_another() {
    let scene = begun().await;
    // What is left of a killed process is the file, claimed, and a lock that nobody holds.
    let [waiting] = &saved(&scene)[..] else { panic!() };
    fs::rename(waiting, waiting.with_extension("claimed")).unwrap();
    fs::write(waiting.with_extension("lock"), "").unwrap();
    assert_eq!(elsewhere(&scene).waiting().unwrap().len(), 1);
    let mut person = Person::of(&scene.server);
    elsewhere(&scene).resume(&scene.client, &options(None), &mut person).await.unwrap();
    assert_eq!(saved(&scene), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_login_that_goes_on_is_offered_to_nobody_else() {
    let scene = begun().await;
    let (first, mut person) = (elsewhere(&scene), Person::of(&scene.server));
    let options = options(None);
    tokio::select! {
        outcome = first.resume(&scene.client, &options, &mut person) => panic!("{outcome:?}"),
        () = async {
            scene.server.log_from(1).await;
            assert_eq!(elsewhere(&scene).waiting().unwrap(), []);
        } => {}
    }
    assert_eq!(elsewhere(&scene).waiting().unwrap().len(), 1, "it was given back");
}

#[tokio::test]
async fn an_answer_that_is_spent_is_not_left_to_anybody() {
    let scene = begun().await;
    let mut host = Looking { folder: folder(&scene), at_the_end: None };
    elsewhere(&scene).resume(&scene.client, &options(None), &mut host).await.unwrap();
    assert_eq!(host.at_the_end, Some(0), "before the tokens are kept");
}

#[tokio::test]
async fn what_nobody_came_back_for_is_removed_when_the_next_login_is_begun() {
    let scene = begun().await;
    let (old, kept) = (SystemTime::now() - Duration::from_secs(25 * 3600), SystemTime::now());
    for (name, modified) in [
        ("other.0.json", old),
        ("other.0.claimed", old),
        ("other.0.lock", old),
        ("other.1.json", kept),
    ] {
        let file = File::create(folder(&scene).join(name)).unwrap();
        file.set_modified(modified).unwrap();
    }
    begin(&scene).await;
    let names = saved(&scene).into_iter().map(|path| path.file_name().unwrap().to_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert!(names.len() == 2 && names[0] == "other.1.json", "{names:?}");
}

/// Counts what waits when the login is over.
struct Looking {
    folder: PathBuf,
    at_the_end: Option<usize>,
}

impl Host for Looking {
    fn show(&mut self, _prompt: &Prompt, _left: Duration) {}

    fn event(&mut self, event: &Event) {
        if let Event::Finished { .. } = event {
            let files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
            let is_login = |path: &PathBuf| path.extension().is_some_and(|it| it != "lock");
            self.at_the_end = Some(files.filter(is_login).count());
        }
    }
}

/// A device login that waits to be ended.
async fn begun() -> Scene {
    let hesitates = |config: &mut grantflow_test_server::Config| {
        config.hesitation = Hesitation::Polls(1);
    };
    let scene = Scene::with(Dialect::Standard, hesitates).await;
    begin(&scene).await;
    scene
}

async fn begin(scene: &Scene) {
    let mut person = Person::with(&scene.server, Habit::Nothing);
    scene.logins.begin(&scene.client, &options(Some(Route::Device)), &mut person).await.unwrap();
}

/// What another process would have: the same store, nothing in memory.
fn elsewhere(scene: &Scene) -> Logins {
    Logins::open(scene.store().path()).unwrap()
}

fn folder(scene: &Scene) -> PathBuf {
    scene.folder.path().join("store/pending")
}

fn saved(scene: &Scene) -> Vec<PathBuf> {
    fs::read_dir(folder(scene)).unwrap().map(|file| file.unwrap().path()).collect()
}
