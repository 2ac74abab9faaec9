//! Credentials in memory: for tests, and for agents that leave nothing on a disk.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use grantflow_core::{Credential, Secret};
use tokio::sync::{Mutex as Door, OwnedMutexGuard};

use super::{
    CredentialStore, Expected, HeldLock, InPlaceOf, Journal, Key, Lock, Locks, Noted, Record,
    Saved, StoreError,
};
use crate::drive::BoxFuture;

/// Credentials that end with the process. Clones share them; its locks keep tasks apart, since no
/// other process can reach it.
#[derive(Clone, Default)]
pub struct MemoryStore {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    credentials: BTreeMap<Key, Credential>,
    noted: BTreeMap<Key, Noted>,
    doors: BTreeMap<Key, Arc<Door<()>>>,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// No method leaves it half changed, so a panic elsewhere has spoilt nothing.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save_now(&self, key: &Key, expected: Expected, credential: &Credential) -> Saved {
        let credentials = &mut self.kept().credentials;
        let there = credentials.get(key);
        if !expected.is_met_by(there) {
            return Saved::Changed(there.cloned().map(Box::new));
        }
        credentials.insert(key.clone(), credential.clone());
        Saved::Done
    }
}

impl CredentialStore for MemoryStore {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async { Ok(self.kept().credentials.get(key).map(record)) })
    }

    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>> {
        Box::pin(async move { Ok(self.save_now(key, expected, credential)) })
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { Ok(self.kept().credentials.remove(key).is_some()) })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>> {
        Box::pin(async {
            let kept = self.kept();
            let records = kept.credentials.iter().map(|(key, held)| (key.clone(), record(held)));
            Ok(records.collect())
        })
    }

    fn locks(&self) -> Option<&dyn Locks> {
        Some(self)
    }

    fn journal(&self) -> Option<&dyn Journal> {
        Some(self)
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}

fn record(credential: &Credential) -> Record {
    Record { credential: credential.clone(), borrowed_from: None }
}

impl Locks for MemoryStore {
    fn has_owner_lock(&self, _key: &Key) -> bool {
        false
    }

    fn acquire<'a>(
        &'a self,
        key: &'a Key,
        _which: Lock,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Option<Box<dyn HeldLock>>, StoreError>> {
        let door = Arc::clone(self.kept().doors.entry(key.clone()).or_default());
        Box::pin(async move {
            let entered = tokio::time::timeout(at_most, door.lock_owned()).await;
            Ok(entered.ok().map(|guard| Box::new(Entered { _guard: guard }) as Box<dyn HeldLock>))
        })
    }
}

/// Inside the door; nobody can take it away.
#[derive(Debug)]
struct Entered {
    _guard: OwnedMutexGuard<()>,
}

impl HeldLock for Entered {
    fn is_held(&self) -> bool {
        true
    }
}

impl Journal for MemoryStore {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Noted, StoreError>> {
        Box::pin(async { Ok(self.kept().noted.get(key).cloned().unwrap_or_default()) })
    }

    fn note<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut kept = self.kept();
            let noted = kept.noted.entry(key.clone()).or_default();
            let is_met = in_place_of.is_met_by(noted.ledger.as_deref());
            if is_met {
                noted.ledger = Some(ledger.to_owned());
            }
            Ok(is_met)
        })
    }

    fn stash<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        stash: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut kept = self.kept();
            let noted = kept.noted.entry(key.clone()).or_default();
            let is_met = in_place_of.is_met_by(noted.stash.as_ref().map(Secret::expose));
            if is_met {
                noted.stash = stash.cloned();
            }
            Ok(is_met)
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept();
        f.debug_struct("MemoryStore")
            .field("keys", &kept.credentials.keys())
            .finish_non_exhaustive()
    }
}
