//! One record, with what it takes to change it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use grantflow_core::{Ask, Client, Credential, Due, Error as Ended, Outcome, Renewal, Unwritten};

use crate::clock::Clock;
use crate::drive::Event;
use crate::error::Error;
use crate::keeper::KeeperOptions;
use crate::login::entropy;
use crate::owner;
use crate::renew::Performer;
use crate::store::{CredentialStore, Key};
use crate::transport::Transport;

/// What a request may take while the owner tool's lock is held: the shortest time after which such
/// a lock counts as left behind is 30 s, and half of that less a heartbeat is safe.
const BUDGET_UNDER_OWNERS_LOCK: Duration = Duration::from_secs(12);

/// How long a login or logout waits for a renewal that is under way.
const PERSONS_PATIENCE: Duration = Duration::from_secs(3);

/// Sees what a renewal does, step by step.
pub(crate) type Watch = Arc<dyn Fn(&Event) + Send + Sync>;

/// A record of a store, whose it is and how it is reached.
pub(crate) struct Place {
    pub(crate) store: Arc<dyn CredentialStore>,
    pub(crate) key: Key,
    pub(crate) client: Client,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Clock,
    pub(crate) watch: Watch,
    pub(crate) options: KeeperOptions,
}

impl Place {
    /// A credential of another account is not what was asked for, however good it is.
    pub(crate) fn check_account(&self, credential: &Credential) -> Result<(), Error> {
        let wanted = &self.options.account_id;
        if wanted.is_some() && *wanted != credential.account.id {
            return Err(Ended::AccountMismatch.into());
        }
        Ok(())
    }

    fn ask(&self, due: Due) -> Ask {
        let locks = self.store.locks();
        let has_owner_lock = locks.is_some_and(|locks| locks.has_owner_lock(&self.key));
        let KeeperOptions { patience, budget, in_memory, ref account_id, .. } = self.options;
        Ask {
            account: account_id.clone(),
            has_owner_lock,
            patience,
            budget: if has_owner_lock { budget.min(BUDGET_UNDER_OWNERS_LOCK) } else { budget },
            in_memory,
            ..Ask::new(due, owner::this())
        }
    }

    /// For a login or a logout, which comes through though a renewal hangs.
    pub(crate) fn ask_for_a_person(&self) -> Ask {
        let ask = self.ask(Due::within(Duration::ZERO));
        if ask.has_owner_lock { ask } else { Ask { patience: PERSONS_PATIENCE, ..ask } }
    }

    /// A renewal that goes on from what an earlier one could not write.
    pub(crate) fn renewal(&self, due: Due, unwritten: Unwritten) -> Result<Renewal, Error> {
        let ask = Ask { unwritten, ..self.ask(due) };
        Ok(Renewal::renew(&self.client, ask, &entropy()?, self.clock.now()))
    }

    /// Drives a renewal of this record. What was [`Outcome::StillGood`] comes with the reason in
    /// full.
    pub(crate) async fn perform(
        &self,
        renewal: &mut Renewal,
        deliver: impl FnMut(Credential) + Send,
    ) -> Result<(Outcome, Option<Error>), Error> {
        let watch = self.careful_watch();
        self.performer(&watch).perform(renewal, deliver).await
    }

    /// Drives what puts a login in the record's place, or none. Whatever stands there is in nobody's
    /// way: what cannot be used counts as nothing.
    pub(crate) async fn replace(&self, renewal: &mut Renewal) -> Result<Outcome, Error> {
        let watch = self.careful_watch();
        let performed = self.performer(&watch).replacing().perform(renewal, |_| ()).await;
        performed.map(|(outcome, _)| outcome)
    }

    fn performer<'a>(&'a self, watch: &'a (dyn Fn(&Event) + Send + Sync)) -> Performer<'a> {
        Performer::new(&*self.store, &self.key, &*self.transport, &self.clock, watch)
    }

    /// A watcher that panics must not cost the token that is on its way.
    fn careful_watch(&self) -> impl Fn(&Event) + Send + Sync + '_ {
        |event| drop(catch_unwind(AssertUnwindSafe(|| (self.watch)(event))))
    }
}
