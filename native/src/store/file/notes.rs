//! What a store in a file can do for a renewal: locks, and a journal in the folder beside it.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use grantflow_core::Secret;

use super::FileStore;
use crate::drive::BoxFuture;
use crate::store::beside::Beside;
use crate::store::lock::{Held, Patience, Wanted};
use crate::store::safety::Warning;
use crate::store::{HeldLock, Journal, Key, Lock, Locks, Noted, StoreError, private};

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
            let mut patience = Patience::of(at_most);
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
            let stash = private::read(&beside.stash(&key))?.map(|text| Secret::new(text.as_str()));
            Ok(Noted { ledger, stash })
        })
    }

    fn note<'a>(&'a self, key: &'a Key, ledger: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let (key, ledger) = (key.clone(), ledger.to_owned());
        self.in_background(move |store| {
            store.check_rights()?;
            private::replace(&store.disk, &store.beside()?.ledger(&key), ledger.as_bytes())
        })
    }

    fn stash<'a>(
        &'a self,
        key: &'a Key,
        stash: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (key, stash) = (key.clone(), stash.cloned());
        self.in_background(move |store| {
            store.check_rights()?;
            let path = store.beside()?.stash(&key);
            match stash {
                Some(text) => private::replace(&store.disk, &path, text.expose().as_bytes()),
                None => private::remove(&store.disk, &path),
            }
        })
    }
}

impl FileStore {
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
