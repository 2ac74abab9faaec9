//! A store that remembers what it was asked, and can be held up or fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use grantflow::drive::BoxFuture;
use grantflow::store::{
    CredentialStore, Expected, HeldLock, InPlaceOf, Journal, Key, Lock, Locks, MemoryStore, Noted,
    Record, Saved, StoreError,
};
use grantflow::{Credential, Secret};
use grantflow_tests::gate::Gate;

/// What a store can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Load,
    Save,
    Remove,
    List,
    Probe,
    Lock,
    ReadNotes,
    Note,
    Stash,
}

/// Clones are the same store.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// What it is without all that.
    pub(super) within: MemoryStore,
    /// Before a save.
    pub(super) saves: Gate,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    failing: Vec<Call>,
    borrowed_from: Option<String>,
}

impl Watched {
    pub(super) fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    pub(super) fn forget(&self) {
        self.state.lock().unwrap().calls.clear();
    }

    /// These fail from now on, and no others.
    pub(super) fn fail(&self, calls: &[Call]) {
        self.state.lock().unwrap().failing = calls.to_vec();
    }

    /// The record is this tool's.
    pub(super) fn borrow_from(&self, tool: &str) {
        self.state.lock().unwrap().borrowed_from = Some(tool.to_owned());
    }

    fn called(&self, call: Call) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        state.calls.push(call);
        if !state.failing.contains(&call) {
            return Ok(());
        }
        let path = "watched".into();
        if call == Call::Lock {
            return Err(StoreError::NoLock { path });
        }
        Err(StoreError::System { path, source: std::io::ErrorKind::StorageFull.into() })
    }
}

impl CredentialStore for Watched {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async {
            self.called(Call::Load)?;
            let borrowed_from = self.state.lock().unwrap().borrowed_from.clone();
            let record = self.within.load(key).await?;
            Ok(record.map(|record| Record { borrowed_from, ..record }))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>> {
        Box::pin(async move {
            self.saves.pass().await;
            self.called(Call::Save)?;
            self.within.save(key, expected, credential).await
        })
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async {
            self.called(Call::Remove)?;
            self.within.remove(key).await
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>> {
        Box::pin(async {
            self.called(Call::List)?;
            self.within.list().await
        })
    }

    fn probe<'a>(&'a self, _key: &'a Key) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { self.called(Call::Probe) })
    }

    fn locks(&self) -> Option<&dyn Locks> {
        Some(self)
    }

    fn journal(&self) -> Option<&dyn Journal> {
        Some(self)
    }

    fn describe(&self) -> String {
        "a watched store".to_owned()
    }
}

impl Locks for Watched {
    fn has_owner_lock(&self, key: &Key) -> bool {
        self.within.has_owner_lock(key)
    }

    fn acquire<'a>(
        &'a self,
        key: &'a Key,
        which: Lock,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Option<Box<dyn HeldLock>>, StoreError>> {
        Box::pin(async move {
            self.called(Call::Lock)?;
            self.within.acquire(key, which, at_most).await
        })
    }
}

impl Journal for Watched {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Noted, StoreError>> {
        Box::pin(async {
            self.called(Call::ReadNotes)?;
            self.within.read(key).await
        })
    }

    fn note<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.called(Call::Note)?;
            self.within.note(key, in_place_of, ledger).await
        })
    }

    fn stash<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        stash: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.called(Call::Stash)?;
            self.within.stash(key, in_place_of, stash).await
        })
    }
}
