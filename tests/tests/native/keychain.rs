//! Credentials in a keychain: one that works, one with little room, and ones that lock, hang, fail
//! or are not there.

mod failing;
mod fallback;
mod parts;
mod system;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use grantflow::core::{Credential, Secret};
use grantflow::store::{
    CredentialStore, Expected, FileStore, InPlaceOf, Key, Keychain, KeychainError, KeychainStore,
    Saved,
};
use grantflow_tests::{covers, local};
use tempfile::TempDir;

type Value = zeroize::Zeroizing<Vec<u8>>;

#[tokio::test]
async fn a_credential_comes_back_whole_and_under_its_own_name() {
    let place = Place::new();
    let store = place.store();
    for name in ["standard", "standard:work"] {
        let saved = store.save(&key(name), Expected::Anything, &local::credential(name)).await;
        assert!(matches!(saved, Ok(Saved::Done)));
    }
    let found = store.load(&key("standard:work")).await.unwrap().unwrap();
    assert_eq!(
        found.credential.save().expose(),
        local::credential("standard:work").save().expose()
    );
    assert_eq!(found.borrowed_from, None);
    let keys: Vec<_> = store.list().await.unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [key("standard"), key("standard:work")]);
    assert!(store.remove(&key("standard")).await.unwrap());
    assert!(!store.remove(&key("standard")).await.unwrap());
    assert!(store.load(&key("standard")).await.unwrap().is_none());
    assert_eq!(store.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_late_renewal_replaces_neither_a_newer_login_nor_a_logout() {
    let place = Place::new();
    let store = place.store();
    let login = |number: &str| Credential {
        refresh_token: Some(number.into()),
        ..local::credential(number)
    };
    let spent = Expected::RenewedBy(login("first").renewed_by().unwrap().digest());
    put(&store, &login("second")).await;
    let saved = store.save(&key("standard"), spent, &login("late")).await.unwrap();
    let Saved::Changed(Some(there)) = saved else { panic!("{saved:?}") };
    assert_eq!(there.access_token.expose(), "second");
    assert!(store.remove(&key("standard")).await.unwrap());
    let saved = store.save(&key("standard"), spent, &login("late")).await.unwrap();
    assert!(matches!(saved, Saved::Changed(None)), "{saved:?}");
    assert!(store.load(&key("standard")).await.unwrap().is_none());
}

#[tokio::test]
async fn it_can_lock_and_note_what_a_renewal_needs_beside_a_file_that_stays_away() {
    let place = Place::new();
    let store = place.store();
    let locks = store.locks().unwrap();
    let moment = std::time::Duration::from_millis(50);
    let held = locks.acquire(&key("standard"), grantflow::store::Lock::Ours, moment).await.unwrap();
    assert!(held.as_ref().is_some_and(|held| held.is_held()));
    let second = locks.acquire(&key("standard"), grantflow::store::Lock::Ours, moment).await;
    assert!(second.unwrap().is_none());
    let at = key("standard");
    assert!(store.journal().unwrap().note(&at, InPlaceOf::Nothing, "noted").await.unwrap());
    let noted = store.journal().unwrap().read(&key("standard")).await.unwrap();
    assert_eq!(noted.ledger.as_deref(), Some("noted"));
    put(&store, &local::credential("the-secret")).await;
    store.probe(&key("standard")).await.unwrap();
    assert!(!place.file().exists());
    assert!(!is_written_under(place.folder.path(), "the-secret"));
}

#[tokio::test]
async fn new_tokens_on_their_way_are_in_the_keychain_and_in_no_file() {
    covers(&["C-36"]);
    for room in [None, Some(2560)] {
        let place = Place::new();
        place.chain.state().room = room;
        let (key, other) = (key("standard"), key("standard:work"));
        let stash = Secret::new(format!("{{\"access\": \"{}\"}}", "the-secret".repeat(500)));
        let store = place.store();
        let journal = store.journal().unwrap();
        assert!(journal.note(&key, InPlaceOf::Nothing, "noted").await.unwrap());
        assert!(journal.stash(&key, InPlaceOf::Nothing, Some(&stash)).await.unwrap());
        assert!(!journal.stash(&key, InPlaceOf::Nothing, None).await.unwrap(), "not that one");
        let noted = place.store().journal().unwrap().read(&key).await.unwrap();
        assert_eq!(noted.stash.unwrap().expose(), stash.expose());
        assert_eq!(noted.ledger.as_deref(), Some("noted"));
        assert!(journal.read(&other).await.unwrap().stash.is_none());
        assert!(!is_written_under(place.folder.path(), "the-secret"));
        assert!(journal.stash(&key, InPlaceOf::of(Some(stash.expose())), None).await.unwrap());
        assert!(journal.read(&key).await.unwrap().stash.is_none());
        assert_eq!(place.chain.state().values.len(), 0, "{room:?}");
    }
}

/// A keychain in memory that can be told to misbehave; clones are one keychain.
#[derive(Clone, Default)]
struct Chain(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    values: BTreeMap<String, Vec<u8>>,
    room: Option<usize>,
    /// What every call ends in.
    failing: Option<KeychainError>,
    /// How many changes still succeed before one does not.
    changes_left: Option<usize>,
    /// How many changes still succeed before nothing does any more, as in a process that has ended.
    ends_after: Option<usize>,
    /// Whether the next call panics.
    panics: bool,
    /// What the next reader of a part finds instead of everything.
    replacement: Option<BTreeMap<String, Vec<u8>>>,
    /// Held by a test for as long as calls shall hang.
    gate: Arc<tokio::sync::Mutex<()>>,
    calls: usize,
}

impl Chain {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn call(&self) -> Result<MutexGuard<'_, State>, KeychainError> {
        let gate = Arc::clone(&self.state().gate);
        self.state().calls += 1;
        drop(gate.blocking_lock());
        let mut state = self.state();
        if std::mem::take(&mut state.panics) {
            drop(state);
            panic!("the keychain's own fault");
        }
        let is_over = state.ends_after == Some(0);
        let failing = state.failing.or(is_over.then_some(KeychainError::Failed));
        failing.map_or(Ok(state), Err)
    }

    fn change(&self) -> Result<MutexGuard<'_, State>, KeychainError> {
        let mut state = self.call()?;
        state.ends_after = state.ends_after.map(|left| left - 1);
        match state.changes_left {
            None => Ok(state),
            Some(0) => {
                state.changes_left = None;
                Err(KeychainError::Failed)
            }
            Some(left) => {
                state.changes_left = Some(left - 1);
                Ok(state)
            }
        }
    }
}

impl Keychain for Chain {
    fn read(&self, name: &str) -> Result<Option<Value>, KeychainError> {
        let mut state = self.call()?;
        if let Some(values) = state.replacement.take_if(|_| name.contains('.')) {
            state.values = values;
        }
        Ok(state.values.get(name).cloned().map(Value::new))
    }

    fn write(&self, name: &str, value: &[u8]) -> Result<(), KeychainError> {
        let mut state = self.change()?;
        if state.room.is_some_and(|room| value.len() > room) {
            return Err(KeychainError::TooLong);
        }
        state.values.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), KeychainError> {
        self.change()?.values.remove(name);
        Ok(())
    }

    fn room(&self) -> Option<usize> {
        self.state().room
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain")
    }
}

/// A keychain, and a folder for what stands beside it.
struct Place {
    chain: Chain,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { chain: Chain::default(), folder: TempDir::new().unwrap() }
    }

    fn with_room(room: usize) -> Self {
        let place = Self::new();
        place.chain.state().room = Some(room);
        place
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("auth.json")
    }

    fn store(&self) -> KeychainStore {
        KeychainStore::new(self.chain.clone(), FileStore::at(self.file())).unwrap()
    }
}

async fn put(store: &KeychainStore, credential: &Credential) {
    let saved = store.save(&key(&credential.provider), Expected::Anything, credential).await;
    assert!(matches!(saved, Ok(Saved::Done)), "{saved:?}");
}

async fn token(store: &KeychainStore) -> Option<String> {
    let record = store.load(&key("standard")).await.unwrap();
    record.map(|record| record.credential.access_token.expose().to_owned())
}

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

/// Whether any file there holds this text.
fn is_written_under(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|found| found.unwrap().path()).any(|path| {
        if path.is_dir() {
            return is_written_under(&path, text);
        }
        String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(text)
    })
}
