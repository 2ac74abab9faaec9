//! Tokens that work, and how every login stands.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use grantflow_core::{Due, Error as Ended, Kept, Unwritten, waiting_login};

use super::Logins;
use crate::access_token::AccessToken;
use crate::error::Error;
use crate::keeper::Keeper;
use crate::standing::Standing;
use crate::store::Key;

impl Logins {
    /// A token that is good for `min_ttl` more, renewed first if it is due, and durable. If the
    /// renewal fails while the old token is still good for that long, the old one is given.
    ///
    /// An agent that needs tokens again and again has [`Logins::keeper`].
    ///
    /// # Errors
    /// [`Error::NotSignedIn`], or why it could not be renewed.
    pub async fn access_token(
        &self,
        key: impl Into<Key>,
        min_ttl: Duration,
    ) -> Result<AccessToken, Error> {
        let keeper = self.keeper(key).await?;
        drop(keeper.access(min_ttl).await?);
        keeper.settle().await;
        Ok(AccessToken::clone(&*keeper.access(min_ttl).await?))
    }

    /// Renews a credential now.
    ///
    /// # Errors
    /// Why it could not be renewed.
    pub async fn refresh(&self, key: impl Into<Key>) -> Result<AccessToken, Error> {
        self.keeper(key).await?.renewed_now().await
    }

    /// What keeps one login fresh for as long as it lives; the same one for everybody in this
    /// process who asks these `Logins` or a clone.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] if there is no such login.
    pub async fn keeper(&self, key: impl Into<Key>) -> Result<Keeper, Error> {
        let key = key.into();
        let known = self.lock_keepers().get(&key).cloned();
        let before = known.as_ref().map(Keeper::look);
        self.put_in_place(&key).await?;
        let held = self.store.load(&key).await?;
        let held = held.ok_or_else(|| Error::NotSignedIn(key.to_string()))?;
        let client = self.client_of(&held.credential)?;
        if let (Some(keeper), Some(before)) = (known, before)
            && keeper.is_for(&client)
        {
            keeper.see(&before, held.credential)?;
            return Ok(keeper);
        }
        let mut keepers = self.lock_keepers();
        // Somebody else may have been quicker, and everyone has to have the same one.
        if let Some(other) = keepers.get(&key).filter(|other| other.is_for(&client)) {
            return Ok(other.clone());
        }
        let keeper = Keeper::new(self.place(key.clone(), client), held.credential)?;
        keepers.insert(key, keeper.clone());
        Ok(keeper)
    }

    /// A login that waits beside the record is what a person has asked for last: the lock that it
    /// waits for may be free by now.
    async fn put_in_place(&self, key: &Key) -> Result<(), Error> {
        let Some(journal) = self.store.journal() else { return Ok(()) };
        // Notes that cannot be read stop the next renewal, which says so.
        let stash = journal.read(key).await.unwrap_or_default().stash;
        let Some(login) = stash.as_ref().and_then(waiting_login) else { return Ok(()) };
        let place = self.place(key.clone(), self.client_of(&login)?);
        let due = Due::Within { min_ttl: Duration::ZERO, margin: Duration::ZERO };
        let mut renewal = place.renewal(due, Unwritten::default())?;
        let placed = place.replace(&mut renewal).await;
        self.withdraw(key);
        match placed {
            Err(Error::Ended(Ended::Busy)) => Err(Error::LoginWaits(key.to_string())),
            placed => placed.map(drop),
        }
    }

    /// Waits until every renewal that is under way has ended, and tells whose tokens are at risk
    /// even then ([`AccessToken::is_at_risk`]), and where they are. Call it before the process ends.
    pub async fn settle(&self) -> Vec<(Key, Kept)> {
        let keepers: Vec<_> = self.lock_keepers().values().cloned().collect();
        let mut elsewhere = Vec::new();
        for keeper in keepers {
            let token = keeper.settle().await;
            if token.is_at_risk() {
                elsewhere.push((keeper.key().clone(), token.kept()));
            }
        }
        elsewhere
    }

    /// How every stored login stands. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn standings(&self) -> Result<Vec<Standing>, Error> {
        let mut standings = Vec::new();
        for (key, record) in self.store.list().await? {
            standings.push(Standing::of(&*self.store, key, record, self.clock.now()).await);
        }
        Ok(standings)
    }

    /// The logins that work now, by our clock: [`Logins::standings`] without the others.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn working(&self) -> Result<Vec<Standing>, Error> {
        let mut standings = self.standings().await?;
        standings.retain(Standing::works);
        Ok(standings)
    }

    /// Whoever has a keeper of this record finds the record as it is now.
    pub(super) fn withdraw(&self, key: &Key) {
        if let Some(keeper) = self.lock_keepers().remove(key) {
            keeper.withdraw();
        }
    }

    /// What others keep fresh in another way is not ours to share.
    pub(super) fn apart(mut self) -> Self {
        self.keepers = Arc::default();
        self
    }

    /// No holder leaves it half changed, so a panic elsewhere has spoilt nothing.
    fn lock_keepers(&self) -> MutexGuard<'_, BTreeMap<Key, Keeper>> {
        self.keepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
