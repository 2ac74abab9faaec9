//! Every system call of a write fails, one after the other, and every one is the last.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;

use grantflow::store::{Call, InPlaceOf, Journal as _, Noted};
use grantflow::{FileStore, Key, Secret, StoreError};
use grantflow_tests::faults::{Record, Trouble, What};
use grantflow_tests::{covers, local};

use super::Place;

/// ENOSPC, EROFS, EACCES, EIO.
const ERRORS: [i32; 4] = [28, 30, 13, 5];

#[test]
fn a_call_that_fails_leaves_the_old_file_or_the_new() {
    covers(&["B-CF-14", "R-P-11", "R-T-07"]);
    let texts = texts();
    std::thread::scope(|all| {
        for (error, mounted) in ERRORS.into_iter().flat_map(|error| [(error, false), (error, true)])
        {
            let texts = &texts;
            all.spawn(move || {
                let calls = (0..1000).take_while(|at| fails_at(*at, error, mounted, texts)).count();
                assert!(calls > 20, "only {calls} calls");
            });
        }
    });
}

/// `false` if the save has fewer calls.
fn fails_at(at: usize, error: i32, mounted: bool, (old, new): &(String, String)) -> bool {
    let place = Place::holding(old);
    let trouble = Trouble::at(at, What::Fail(error));
    let trouble = Arc::new(trouble.with_mount(mounted.then(|| place.path())));
    let outcome = troubled(&place, &trouble).save(&long("new"));
    let text = place.text();
    match outcome {
        Ok(()) => assert_eq!(text, *new, "{error} at {at}"),
        Err(StoreError::System { .. }) if trouble.has_come() => {
            assert!(text == *old || text == *new, "{error} at {at}: {text}");
        }
        Err(other) => panic!("{error} at {at}: {other:?}"),
    }
    only_ours(&place);
    place.store().save(&long("new")).unwrap();
    assert_eq!(place.text(), *new, "{error} at {at}, and a save after it");
    trouble.has_come()
}

#[test]
fn a_save_is_durable_before_it_is_moved_and_after() {
    covers(&["R-P-11", "R-BUG-09"]);
    let place = Place::holding("{}");
    let record = Arc::new(Record::default());
    place.store().with_faults(Arc::<Record>::clone(&record)).save(&long("new")).unwrap();
    let calls = record.calls();
    let (store, folder) = (place.path(), place.folder.path());
    let moved = calls.iter().position(|call| *call == (Call::Rename, store.clone())).unwrap();
    let names: Vec<Call> = calls[..moved].iter().map(|(call, _)| *call).collect();
    assert!(names.ends_with(&[Call::Write, Call::Write, Call::Write, Call::Sync]), "{names:?}");
    let after = [(Call::SyncFolder, folder.to_owned()), (Call::ReadBack, store)];
    assert_eq!(calls[moved + 1..], after);
}

#[tokio::test]
async fn a_call_that_fails_leaves_the_old_notes_or_the_new() {
    covers(&["B-CF-14", "R-T-07"]);
    let key = Key::of("standard");
    for error in ERRORS {
        for at in 0.. {
            let place = Place::holding("{}");
            place.store().note(&key, InPlaceOf::Nothing, "old").await.unwrap();
            let old = Some(&Secret::new("old"));
            place.store().stash(&key, InPlaceOf::Nothing, old).await.unwrap();
            let trouble = Arc::new(Trouble::at(at, What::Fail(error)));
            let store = troubled(&place, &trouble);
            let old = InPlaceOf::of(Some("old"));
            let noted = store.note(&key, old, "new").await;
            let stashed = store.stash(&key, old, Some(&Secret::new("new"))).await;
            let found = read(&place, &key).await;
            assert!(is_one_of(found.ledger.as_deref(), noted.is_ok()), "{error} at {at}");
            let stash = found.stash.as_ref().map(Secret::expose);
            assert!(is_one_of(stash, stashed.is_ok()), "{error} at {at}");
            if store.stash(&key, InPlaceOf::of(stash), None).await.is_ok() {
                assert!(read(&place, &key).await.stash.is_none());
            }
            if !trouble.has_come() {
                assert!(at > 10, "only {at} calls");
                break;
            }
        }
    }
}

#[test]
fn a_process_that_ends_at_any_call_leaves_the_old_file_or_the_new() {
    covers(&["R-CR-02", "R-CR-11"]);
    let (old, new) = texts();
    for mounted in [false, true] {
        let mut torn = 0;
        for at in 0.. {
            let place = Place::holding(&old);
            let mut act = Command::new(env!("CARGO_BIN_EXE_act"));
            act.args(["die", &at.to_string()]).arg(place.path()).stderr(Stdio::null());
            let ended = act.args(mounted.then_some("mounted")).output().unwrap();
            let found = place.text();
            torn += usize::from(found != old && found != new);
            // Whoever comes next finds it whole, and finishes what was begun where it was not.
            let credential = place.store().load("standard").unwrap().unwrap();
            let text = place.text();
            assert!(text == old || text == new, "at {at}: {text}");
            assert_eq!(credential.access_token.expose().starts_with("new"), text == new);
            only_ours(&place);
            place.store().save(&long("new")).unwrap();
            assert_eq!(place.text(), new, "at {at}, and a save after it");
            if ended.status.success() {
                assert_eq!(ended.stdout, b"Ok(())\n");
                assert!(at > 20, "only {at} calls");
                break;
            }
        }
        assert_eq!(torn > 0, mounted, "{torn} torn writes");
    }
}

#[test]
fn what_a_killed_process_left_is_removed_in_time_and_nothing_else() {
    covers(&["R-CR-02"]);
    let place = Place::holding("{}");
    let an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let plant = |name: &str, is_old: bool| {
        let file = fs::File::create(place.folder.path().join(name)).unwrap();
        if is_old {
            file.set_modified(an_hour_ago).unwrap();
        }
    };
    for (name, is_old) in [
        (".grantflow-old.tmp", true),
        (".grantflow-new.tmp", false),
        (".other-old.tmp", true),
        (".grantflow-old.json", true),
    ] {
        plant(name, is_old);
    }
    place.store().save(&local::credential("new")).unwrap();
    let left = [".grantflow-new.tmp", ".other-old.tmp", ".grantflow-old.json"];
    assert!(left.iter().all(|name| place.folder.path().join(name).exists()));
    assert!(!place.folder.path().join(".grantflow-old.tmp").exists());
}

/// A file before and after [`long`] is saved in it: longer than what is written at once.
fn texts() -> (String, String) {
    let place = Place::holding("{\"other\": {\"type\": \"api_key\", \"key\": \"k\"}}\n");
    place.store().save(&long("old")).unwrap();
    let old = place.text();
    place.store().save(&long("new")).unwrap();
    (old, place.text())
}

fn long(token: &str) -> grantflow::Credential {
    local::credential(&token.repeat(3000))
}

/// Nothing of it reaches the folder of the person who runs the tests.
fn troubled(place: &Place, trouble: &Arc<Trouble>) -> FileStore {
    let far = place.folder.path().join("auth.json.far");
    place.store().or_notes_in(far).with_faults(Arc::<Trouble>::clone(trouble))
}

fn only_ours(place: &Place) {
    for file in fs::read_dir(place.folder.path()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let temporary = name.strip_prefix(".grantflow-");
        let is_temporary = temporary.is_some_and(|name| name.strip_suffix(".tmp").is_some());
        assert!(is_temporary || name.starts_with("auth.json"), "{name}");
    }
}

async fn read(place: &Place, key: &Key) -> Noted {
    troubled(place, &Arc::new(Trouble::never())).read(key).await.unwrap()
}

fn is_one_of(found: Option<&str>, is_done: bool) -> bool {
    found == Some("new") || !is_done && found == Some("old")
}
