//! What a renewal writes down about a record in a keychain: the ledger, which has no secret, in the
//! folder beside the file, and the stash, which is one, in the keychain.

use grantflow_core::Secret;

use super::super::{Journal, Key, Noted, StoreError};
use super::{KeychainStore, item};
use crate::drive::BoxFuture;

impl Journal for KeychainStore {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Noted, StoreError>> {
        let name = stash_of(key);
        Box::pin(async move {
            let beside = Journal::read(&self.beside, key).await?;
            let in_chain = self.run_or(None, move |_, chain| Ok(item::read(chain, &name)?)).await?;
            let in_file = beside.stash.filter(|_| self.or_file);
            let stash = in_chain.map(|text| Secret::new(text.as_str())).or(in_file);
            Ok(Noted { ledger: beside.ledger, stash })
        })
    }

    fn note<'a>(&'a self, key: &'a Key, ledger: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.beside.note(key, ledger)
    }

    fn stash<'a>(
        &'a self,
        key: &'a Key,
        stash: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (name, text) = (stash_of(key), stash.cloned());
        Box::pin(async move {
            let is_in_chain = self.run_or(false, move |_, chain| {
                match text {
                    Some(text) => item::write(chain, &name, text.expose())?,
                    None => item::remove(chain, &name)?,
                }
                Ok(true)
            });
            // Where the file stands in, and where it has done so before.
            let is_in_file = !is_in_chain.await? || (self.or_file && stash.is_none());
            if is_in_file { self.beside.stash(key, stash).await } else { Ok(()) }
        })
    }
}

fn stash_of(key: &Key) -> String {
    ["stash-", &key.file_name()].concat()
}
