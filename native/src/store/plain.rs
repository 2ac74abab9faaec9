//! A file store of which nothing is renewed that another tool may have written.

use grantflow_core::Credential;

use super::{CredentialStore, Expected, FileStore, Journal, Key, Locks, Record, Saved, StoreError};
use crate::drive::BoxFuture;

/// See above.
#[derive(Clone, Debug)]
pub(crate) struct Plain(pub(crate) FileStore);

impl CredentialStore for Plain {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async {
            let Some(mut record) = CredentialStore::load(&self.0, key).await? else {
                return Ok(None);
            };
            if let Some(why) = self.0.not_ours(&record.credential)? {
                record.borrowed_from = Some(why.to_string());
            }
            Ok(Some(record))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>> {
        CredentialStore::save(&self.0, key, expected, credential)
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        CredentialStore::remove(&self.0, key)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>> {
        CredentialStore::list(&self.0)
    }

    fn probe<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.probe(key)
    }

    fn locks(&self) -> Option<&dyn Locks> {
        self.0.locks()
    }

    fn journal(&self) -> Option<&dyn Journal> {
        self.0.journal()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}
