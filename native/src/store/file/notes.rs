//! What a store in a file can do for a renewal: locks, and a journal in the folder beside it.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use grantflow_core::Secret;
use zeroize::Zeroizing;

use super::FileStore;
use crate::drive::BoxFuture;
use crate::store::beside::Beside;
use crate::store::lock::{Held, Patience, Wanted};
use crate::store::safety::Warning;
use crate::store::{HeldLock, InPlaceOf, Journal, Key, Lock, Locks, Noted, StoreError, private};

impl Locks for FileStore {
    fn has_owner_lock(&self, _key: &Key) -> bool {
        self.owner.is_for_renewals() && self.check_rights().is_ok()
    }

    fn acquire<'a>(
        &'a self,
        key: &'a Key,
        which: Lock,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Option<Box<dyn HeldLock>>, StoreError>> {
        Box::pin(async move {
            // The task waits and no thread, so that whoever gives up is gone at once.
            let patience = Patience::of(at_most);
            loop {
                let key = key.clone();
                let lock = self.in_background(move |store| store.try_lock(&key, which)).await?;
                if lock.is_some() {
                    return Ok(lock);
                }
                let Some(pause) = patience.pause() else { return Ok(None) };
                tokio::time::sleep(pause).await;
            }
        })
    }
}

impl Journal for FileStore {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Noted, StoreError>> {
        let key = key.clone();
        self.in_background(move |store| {
            let beside = Beside::of(&store.path, store.far.as_deref()).checked()?;
            let ledger = private::read(&beside.ledger(&key))?.map(|text| text.as_str().to_owned());
            let stash = store.stashed(&key)?.map(|text| Secret::new(text.as_str()));
            Ok(Noted { ledger, stash })
        })
    }

    fn note<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (key, ledger) = (key.clone(), ledger.to_owned());
        self.in_background(move |store| {
            let path = |beside: Beside| beside.ledger(&key);
            store.swap(path, in_place_of, Some(&ledger))
        })
    }

    fn stash<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        stash: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (key, stash) = (key.clone(), stash.cloned());
        self.in_background(move |store| {
            let path = |beside: Beside| beside.stash(&key);
            store.swap(path, in_place_of, stash.as_ref().map(Secret::expose))
        })
    }
}

impl FileStore {
    /// What stands there is compared and replaced under the lock of the store, which nobody holds
    /// for longer than a write: a renewal's own lock may have been taken away from it.
    fn swap(
        &self,
        path: impl FnOnce(Beside) -> PathBuf,
        in_place_of: InPlaceOf,
        text: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.check_rights()?;
        self.exclusively(|| {
            let path = path(self.beside()?);
            let there = private::read(&path)?;
            if !in_place_of.is_met_by(there.as_ref().map(|text| text.as_str())) {
                return Ok(false);
            }
            match text {
                Some(text) => private::replace(&self.disk, &path, text.as_bytes())?,
                None => private::remove(&self.disk, &path)?,
            }
            Ok(true)
        })
    }

    pub(in crate::store) fn stashed(
        &self,
        key: &Key,
    ) -> Result<Option<Zeroizing<String>>, StoreError> {
        let beside = Beside::of(&self.path, self.far.as_deref()).checked()?;
        private::read(&beside.stash(key))
    }

    /// For whoever holds the lock of the store.
    pub(in crate::store) fn drop_stash(&self, key: &Key) -> Result<(), StoreError> {
        private::remove(&self.disk, &self.beside()?.stash(key))
    }

    fn try_lock(&self, key: &Key, which: Lock) -> Result<Option<Box<dyn HeldLock>>, StoreError> {
        self.check_rights()?;
        private::make_folder(&self.disk, private::folder_of(&self.path))?;
        let beside = self.beside()?;
        let wanted = match which {
            Lock::Ours => self.wanted(beside.lock(key)),
            Lock::Owner => self.owner_wanted(),
        };
        let Some(held) = wanted.attempt(&self.shared.sightings)? else { return Ok(None) };
        let held = Arc::new(held);
        match which {
            Lock::Ours => self.warn_of(&held),
            Lock::Owner => {
                let mut owners = self.shared.owners.lock().unwrap_or_else(PoisonError::into_inner);
                *owners = Arc::downgrade(&held);
            }
        }
        Ok(Some(Box::new(held)))
    }

    /// A lock of ours.
    pub(super) fn wanted(&self, path: PathBuf) -> Wanted {
        Wanted::Ours { disk: self.disk.clone(), path }
    }

    /// The lock of the tool that owns the file.
    pub(super) fn owner_wanted(&self) -> Wanted {
        Wanted::Owner { disk: self.disk.clone(), lock: self.owner.clone() }
    }

    /// The kernel's locks are what others rely on; something else in their place has to be said.
    pub(super) fn warn_of(&self, held: &Held) {
        if let Some(path) = held.lease() {
            self.warn(Warning::NoKernelLock { path: path.to_owned() });
        }
    }
}

impl HeldLock for Arc<Held> {
    fn is_held(&self) -> bool {
        Held::is_held(self)
    }
}
