//! A file store as a renewal wants it, with the kernel lock of its file and no journal.

use std::time::Duration;

use grantflow_core::Credential;

use super::lock::KernelLock;
use super::{
    CredentialStore, Expected, FileStore, HeldLock, Key, Lock, Locks, Record, Saved, StoreError,
};
use crate::drive::BoxFuture;

/// See above.
#[derive(Clone, Debug)]
pub(crate) struct Plain(pub(crate) FileStore);

impl Plain {
    fn record(&self, credential: Credential) -> Result<Record, StoreError> {
        let not_ours = self.0.not_ours(&credential)?;
        Ok(Record { credential, borrowed_from: not_ours.map(|why| why.to_string()) })
    }

    fn save_now(
        &self,
        key: &Key,
        expected: Expected,
        credential: &Credential,
    ) -> Result<Saved, StoreError> {
        let there = self.0.load(&key.provider)?;
        if !expected.is_met_by(there.as_ref()) {
            return Ok(Saved::Changed(there.map(Box::new)));
        }
        let spent = there.filter(|_| expected != Expected::Anything);
        let Some(spent) = spent.map(|there| there.access_token.digest()) else {
            return self.0.save(credential).map(|()| Saved::Done);
        };
        if self.0.renewed(spent, credential)? {
            return Ok(Saved::Done);
        }
        Ok(Saved::Changed(self.0.load(&key.provider)?.map(Box::new)))
    }
}

impl CredentialStore for Plain {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async {
            self.0.load(&key.provider)?.map(|credential| self.record(credential)).transpose()
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>> {
        Box::pin(async move { self.save_now(key, expected, credential) })
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { self.0.remove(&key.provider) })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>> {
        Box::pin(async {
            let held = self.0.list()?.into_iter();
            held.map(|held| Ok((Key::of(&held.provider), self.record(held)?))).collect()
        })
    }

    fn probe<'a>(&'a self, _key: &'a Key) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { self.0.check_writable() })
    }

    fn locks(&self) -> Option<&dyn Locks> {
        Some(self)
    }

    fn describe(&self) -> String {
        self.0.path().display().to_string()
    }
}

impl Locks for Plain {
    fn has_owner_lock(&self, _key: &Key) -> bool {
        false
    }

    fn acquire<'a>(
        &'a self,
        key: &'a Key,
        _which: Lock,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Option<Box<dyn HeldLock>>, StoreError>> {
        Box::pin(async move {
            let locked = tokio::time::timeout(at_most, self.0.lock_renewal(&key.provider)).await;
            let held = |lock| Box::new(lock) as Box<dyn HeldLock>;
            locked.ok().map(|locked| locked.map(held)).transpose()
        })
    }
}

impl HeldLock for KernelLock {
    fn is_held(&self) -> bool {
        true
    }
}
