//! What a renewal writes down about a record in a keychain: the ledger, which has no secret, in the
//! folder beside the file, and the stash, which is one, in the keychain.

use grantflow_core::Secret;

use super::super::{InPlaceOf, Journal, Key, Keychain, Noted, StoreError};
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

    fn note<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.beside.note(key, in_place_of, ledger)
    }

    fn stash<'a>(
        &'a self,
        key: &'a Key,
        in_place_of: InPlaceOf,
        stash: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (at, text) = (key.clone(), stash.cloned());
        Box::pin(async move {
            let in_chain = self.run_or(None, move |store, chain| {
                store.stash_in(chain, &at, in_place_of, text.as_ref()).map(Some)
            });
            match in_chain.await? {
                Some(is_met) => Ok(is_met),
                None => self.beside.stash(key, in_place_of, stash).await,
            }
        })
    }
}

impl KeychainStore {
    /// On the keychain's thread.
    fn stash_in(
        &self,
        chain: &dyn Keychain,
        key: &Key,
        in_place_of: InPlaceOf,
        stash: Option<&Secret>,
    ) -> Result<bool, StoreError> {
        let name = stash_of(key);
        self.beside.exclusively(|| {
            // The file may have stood in before.
            let in_file = if self.or_file { self.beside.stashed(key)? } else { None };
            let is_in_file = in_file.is_some();
            let there = item::read(chain, &name)?.or(in_file);
            if !in_place_of.is_met_by(there.as_ref().map(|text| text.as_str())) {
                return Ok(false);
            }
            match stash {
                Some(stash) => item::write(chain, &name, stash.expose())?,
                None => item::remove(chain, &name)?,
            }
            if is_in_file {
                self.beside.drop_stash(key)?;
            }
            Ok(true)
        })
    }
}

fn stash_of(key: &Key) -> String {
    ["stash-", &key.file_name()].concat()
}
