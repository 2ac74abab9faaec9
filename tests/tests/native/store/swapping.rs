//! Compare and swap, whoever else writes: in memory and in files alike.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grantflow::store::{Call, Expected, InPlaceOf, Lock, Saved};
use grantflow::{Credential, CredentialStore, FileStore, Key, MemoryStore, Secret, StoreError};
use grantflow_tests::faults::Meanwhile;
use grantflow_tests::{covers, local};

use super::Place;

#[tokio::test]
async fn every_store_keeps_what_it_is_given_and_swaps_what_was_expected() {
    let place = Place::empty();
    let stores: [&dyn CredentialStore; 2] = [&place.store(), &MemoryStore::new()];
    for store in stores {
        let (key, work) = (Key::of("standard"), "standard:work".parse::<Key>().unwrap());
        assert!(store.load(&key).await.unwrap().is_none(), "{store:?}");
        assert!(!store.remove(&key).await.unwrap());
        let stale = Expected::RenewedBy(Secret::new("another").digest());
        let saved = store.save(&key, stale, &renewed(1)).await.unwrap();
        assert!(matches!(saved, Saved::Changed(None)), "a logout wins: {saved:?}");

        done(store.save(&key, Expected::Anything, &renewed(1)).await);
        done(store.save(&work, Expected::Anything, &renewed(7)).await);
        done(store.save(&key, by(&renewed(1)), &renewed(2)).await);
        let saved = store.save(&key, by(&renewed(1)), &renewed(3)).await.unwrap();
        let Saved::Changed(Some(there)) = saved else { panic!("{saved:?}") };
        assert_eq!(there.access_token.expose(), "access 2");
        assert_eq!(access(store, &key).await, "access 2");
        assert_eq!(access(store, &work).await, "access 7", "accounts are kept apart");
        let keys: Vec<_> = store.list().await.unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [key.clone(), work.clone()]);
        store.probe(&key).await.unwrap();

        let waited =
            |over: Option<&Credential>| Expected::Unchanged(over.map(Credential::known_by));
        for over in [None, Some(&renewed(1))] {
            let saved = store.save(&key, waited(over), &renewed(4)).await.unwrap();
            assert!(matches!(saved, Saved::Changed(Some(_))), "{saved:?}");
        }
        done(store.save(&key, waited(Some(&renewed(2))), &renewed(4)).await);
        assert_eq!(access(store, &key).await, "access 4");

        assert!(store.remove(&key).await.unwrap());
        assert!(store.load(&key).await.unwrap().is_none());
        done(store.save(&key, waited(None), &renewed(5)).await);
        assert!(store.remove(&key).await.unwrap());
        assert_eq!(access(store, &work).await, "access 7");
    }
}

#[tokio::test]
async fn every_store_keeps_notes_and_locks_one_record_at_a_time() {
    covers(&["R-P-02"]);
    let place = Place::empty();
    let stores: [&dyn CredentialStore; 2] = [&place.store(), &MemoryStore::new()];
    for store in stores {
        let (key, other) = (Key::of("standard"), Key::of("other"));
        let (journal, locks) = (store.journal().unwrap(), store.locks().unwrap());
        let noted = journal.read(&key).await.unwrap();
        assert!(noted.ledger.is_none() && noted.stash.is_none());
        let (ledger, stash) = ("the ledger", Secret::new("the stash"));
        assert!(journal.note(&key, InPlaceOf::Nothing, ledger).await.unwrap());
        assert!(journal.stash(&key, InPlaceOf::Nothing, Some(&stash)).await.unwrap());
        for other in [InPlaceOf::Nothing, InPlaceOf::of(Some("another"))] {
            assert!(!journal.note(&key, other, "late").await.unwrap());
            assert!(!journal.stash(&key, other, Some(&Secret::new("late"))).await.unwrap());
            assert!(!journal.stash(&key, other, None).await.unwrap());
        }
        let noted = journal.read(&key).await.unwrap();
        assert_eq!(noted.ledger.as_deref(), Some("the ledger"));
        assert_eq!(noted.stash.unwrap().expose(), "the stash");
        assert!(journal.read(&other).await.unwrap().ledger.is_none());
        assert!(journal.stash(&key, InPlaceOf::of(Some(stash.expose())), None).await.unwrap());
        assert!(journal.read(&key).await.unwrap().stash.is_none());

        let ours = |key| locks.acquire(key, Lock::Ours, Duration::from_millis(50));
        let held = ours(&key).await.unwrap().unwrap();
        assert!(held.is_held());
        assert!(ours(&key).await.unwrap().is_none(), "{store:?}");
        assert!(ours(&other).await.unwrap().is_some(), "another record is another lock");
        drop(held);
        assert!(ours(&key).await.unwrap().is_some());
    }
}

#[test]
fn a_writer_without_locks_that_comes_in_between_loses_nothing() {
    covers(&["B-CF-17"]);
    for call in [Call::Create, Call::Sync, Call::Rename] {
        let place = Place::empty();
        place.store().save(&renewed(1)).unwrap();
        let store = writer(&place, (call, 1), |text| text.replacen('{', "{\"new\": 1,", 1));
        store.save(&renewed(2)).unwrap();
        let file: serde_json::Value = serde_json::from_str(&place.text()).unwrap();
        assert_eq!(file["new"], 1, "{call:?}");
        assert_eq!(file["standard"]["access"], "access 2", "{call:?}");
    }
}

#[tokio::test]
async fn a_login_that_a_writer_without_locks_puts_there_wins() {
    covers(&["B-CF-17"]);
    let place = Place::empty();
    place.store().save(&renewed(1)).unwrap();
    let login = |text: &str| text.replace("refresh 1", "refresh 9").replace("access 1", "access 9");
    let store = writer(&place, (Call::Rename, 1), login);
    let key = Key::of("standard");
    let saved = CredentialStore::save(&store, &key, by(&renewed(1)), &renewed(2)).await.unwrap();
    let Saved::Changed(Some(there)) = saved else { panic!("{saved:?}") };
    assert_eq!(there.access_token.expose(), "access 9");
    assert_eq!(access(&store, &key).await, "access 9");
}

#[tokio::test]
async fn a_spent_token_that_a_stale_writer_puts_back_is_replaced_again() {
    covers(&["B-CF-17"]);
    let place = Place::empty();
    place.store().save(&renewed(1)).unwrap();
    let before = place.text();
    let store = writer(&place, (Call::ReadBack, 1), move |_| before.clone());
    let key = Key::of("standard");
    done(CredentialStore::save(&store, &key, by(&renewed(1)), &renewed(2)).await);
    assert_eq!(access(&store, &key).await, "access 2");
}

#[test]
fn a_writer_who_never_stops_is_given_up_on() {
    let place = Place::empty();
    place.store().save(&renewed(1)).unwrap();
    let store = writer(&place, (Call::Sync, usize::MAX), |text| format!("{text} "));
    let outcome = store.save(&renewed(2));
    assert!(matches!(outcome, Err(StoreError::Busy { .. })), "{outcome:?}");
    assert!(place.text().contains("access 1"));
}

#[tokio::test]
async fn a_renewal_keeps_what_a_tool_has_in_its_entry_and_another_login_does_not() {
    covers(&["B-CF-28"]);
    for (file, text, theirs) in [
        (
            "auth.json",
            r#"{"anthropic":{"type":"oauth","access":"a","refresh":"refresh 1","expires":1,"origin":"o","later":1},"n":1}"#,
            "later",
        ),
        (
            ".pi/agent/auth.json",
            r#"{"anthropic":{"type":"oauth","access":"a","refresh":"refresh 1","expires":1,"email":"e"},"n":1}"#,
            "email",
        ),
        (
            ".claude/.credentials.json",
            r#"{"claudeAiOauth":{"accessToken":"a","refreshToken":"refresh 1","expiresAt":1,"scopes":[],"rateLimitTier":"t"},"n":1}"#,
            "rateLimitTier",
        ),
    ] {
        let home = Place::empty();
        let path = home.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let (store, key) = (FileStore::at(&path).renewing(true), Key::of("anthropic"));
        let of = |number| Credential { provider: "anthropic".into(), ..renewed(number) };
        let has_theirs = || fs::read_to_string(&path).unwrap().contains(theirs);
        done(CredentialStore::save(&store, &key, by(&of(1)), &of(2)).await);
        assert!(has_theirs(), "{file}: a renewal");
        done(CredentialStore::save(&store, &key, Expected::Anything, &of(2)).await);
        assert!(has_theirs(), "{file}: the same login");
        let renewed = fs::read(&path).unwrap();
        // Such as it comes, and one that had to wait.
        for login in [Expected::Anything, Expected::Unchanged(Some(of(2).known_by()))] {
            fs::write(&path, &renewed).unwrap();
            done(CredentialStore::save(&store, &key, login, &of(3)).await);
            assert!(!has_theirs(), "{file}: another login");
            assert_eq!(store.load("anthropic").unwrap().unwrap().access_token.expose(), "access 3");
            assert!(fs::read_to_string(&path).unwrap().ends_with(",\"n\":1}"), "{file}");
        }
    }
}

#[tokio::test]
async fn what_was_saved_before_is_no_change() {
    let place = Place::empty();
    let (store, key) = (place.store(), Key::of("standard"));
    done(CredentialStore::save(&store, &key, Expected::Anything, &renewed(1)).await);
    done(CredentialStore::save(&store, &key, by(&renewed(1)), &renewed(2)).await);
    let before = place.text();
    // A save that failed after its move is tried again.
    done(CredentialStore::save(&store, &key, by(&renewed(1)), &renewed(2)).await);
    assert_eq!(place.text(), before);
}

/// Somebody who changes the file before a call, without a lock.
fn writer(
    place: &Place,
    (call, times): (Call, usize),
    change: impl Fn(&str) -> String + Send + Sync + 'static,
) -> FileStore {
    let path = place.path();
    let write = move |_: &Path| {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(&text)).unwrap();
    };
    place.store().with_faults(Arc::new(Meanwhile::before(call, times, write)))
}

fn renewed(number: usize) -> Credential {
    let mut credential = local::credential(&format!("access {number}"));
    credential.refresh_token = Some(Secret::new(format!("refresh {number}")));
    credential
}

fn by(credential: &Credential) -> Expected {
    Expected::RenewedBy(credential.refresh_token.as_ref().unwrap().digest())
}

async fn access(store: &dyn CredentialStore, key: &Key) -> String {
    let record = store.load(key).await.unwrap().unwrap();
    assert_eq!(record.borrowed_from, None);
    record.credential.access_token.expose().to_owned()
}

#[track_caller]
fn done(saved: Result<Saved, StoreError>) {
    let saved = saved.unwrap();
    assert!(matches!(saved, Saved::Done), "{saved:?}");
}
