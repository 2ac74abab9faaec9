//! One credential, kept fresh: by whoever asks first, for everyone in this process.
//!
//! While the token is good, [`Keeper::access`] looks at it and no more: no lock, no allocation, no
//! file. When it is due, one caller's renewal serves them all. It runs in a task of its own, so that
//! no caller who leaves can lose what it brings, and its tokens are handed out as soon as they are
//! there, while they are still being saved.

use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use grantflow_core as core;
use grantflow_core::{
    Ask, Client, Credential, Digest, Due, Kept, Now, Outcome, RENEW_BEFORE, Renewal,
};
use tokio::sync::watch;

use crate::access_token::AccessToken;
use crate::clock::{Clock, millis, wall};
use crate::drive::Event;
use crate::error::Error;
use crate::login::entropy;
use crate::owner;
use crate::renew::Performer;
use crate::store::{CredentialStore, Key};
use crate::transport::Transport;

/// Sees what a renewal does, step by step.
pub(crate) type Watch = Arc<dyn Fn(&Event) + Send + Sync>;

/// After a renewal that failed, the next one waits for this long, then twice as long, and so on.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// What a request may take while the owner tool's lock is held: the shortest time after which such
/// a lock counts as left behind is 30 s, and half of that less a heartbeat is safe.
const BUDGET_UNDER_OWNERS_LOCK: Duration = Duration::from_secs(12);

/// How long a login or logout waits for a renewal that is under way.
const PERSONS_PATIENCE: Duration = Duration::from_secs(3);

/// How to keep a credential fresh.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeeperOptions {
    /// Renew this long before expiry ([`Credential::renew_at`] has the details).
    pub margin: Duration,
    /// How long to wait for others who are renewing.
    pub patience: Duration,
    /// How long a request may take in all.
    pub budget: Duration,
    /// The account that it has to be, by [`Account::id`](crate::Account::id).
    pub account_id: Option<String>,
    /// Renew although the store cannot be written. The new tokens end with this process.
    pub in_memory: bool,
}

impl Default for KeeperOptions {
    fn default() -> Self {
        Self {
            margin: RENEW_BEFORE,
            patience: Duration::from_secs(30),
            budget: Duration::from_secs(30),
            account_id: None,
            in_memory: false,
        }
    }
}

/// Keeps the credential of one record fresh. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Keeper {
    shared: Arc<Shared>,
}

/// What a keeper of a record needs.
pub(crate) struct Place {
    pub(crate) store: Arc<dyn CredentialStore>,
    pub(crate) key: Key,
    pub(crate) client: Client,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Clock,
    pub(crate) watch: Watch,
    pub(crate) options: KeeperOptions,
}

struct Shared {
    place: Place,
    current: ArcSwap<AccessToken>,
    flight: Mutex<Flight>,
}

/// The renewal that is under way, and what became of the last one.
#[derive(Default)]
struct Flight {
    under_way: Option<watch::Receiver<Stage>>,
    failures: u32,
    /// No renewal before this monotonic moment (ms), and the error to give instead.
    pause: Option<(u64, Arc<Error>)>,
}

/// How far a renewal has come.
#[derive(Clone, Default)]
enum Stage {
    #[default]
    Begun,
    /// The new tokens can be used. They are not durable yet.
    Delivered,
    Ended(Result<(), Arc<Error>>),
}

/// A look at a token that works. It holds nothing up: renewals go on meanwhile, and the next look
/// sees their token.
pub struct Access(Guard<Arc<AccessToken>>);

impl Keeper {
    pub(crate) fn new(place: Place, credential: Credential) -> Self {
        let (client, kept) = (place.client.clone(), Kept::Saved);
        let token = AccessToken { credential, client, kept, trouble: None };
        let current = ArcSwap::from_pointee(token);
        Self { shared: Arc::new(Shared { place, current, flight: Mutex::default() }) }
    }

    /// Whose record it is.
    pub fn key(&self) -> &Key {
        &self.shared.place.key
    }

    /// A token that is good for `min_ttl` more, renewed first if it is due. While it is fresh this
    /// takes a look and no more. If the renewal fails while the old token is still good for that
    /// long, the old one is given.
    ///
    /// # Errors
    /// Why it could not be renewed.
    pub async fn access(&self, min_ttl: Duration) -> Result<Access, Error> {
        let shown = Access(self.shared.current.load());
        if !self.is_wanting(&shown, min_ttl) {
            return Ok(shown);
        }
        drop(shown);
        self.renewed_for(min_ttl).await
    }

    /// A token in place of one that an API has rejected with 401, whatever its expiry says. If it
    /// was replaced meanwhile there is no request.
    ///
    /// # Errors
    /// Why it could not be renewed.
    pub async fn instead_of(&self, rejected: Digest) -> Result<Access, Error> {
        let shown = Access(self.shared.current.load());
        if shown.secret().digest() != rejected {
            return Ok(shown);
        }
        drop(shown);
        self.wait_for_delivery(Due::Still(rejected)).await?;
        Ok(Access(self.shared.current.load()))
    }

    /// Renews now, whether it is due or not, and waits until the new tokens are durable.
    ///
    /// # Errors
    /// Why it could not be renewed.
    pub(crate) async fn renewed_now(&self) -> Result<AccessToken, Error> {
        let shown = self.shared.current.load().secret().digest();
        self.shared.lock_flight().pause = None;
        let mut stage = self.join_or_begin(Due::Still(shown))?;
        ended(&mut stage).await?;
        Ok(AccessToken::clone(&self.shared.current.load()))
    }

    /// Waits until a renewal that is under way has ended, so that its tokens are durable. Call it
    /// before the process ends.
    pub async fn settle(&self) {
        let under_way = self.shared.lock_flight().under_way.clone();
        if let Some(mut stage) = under_way {
            // How it ended is told to those who wanted it.
            let _ = ended(&mut stage).await;
        }
    }

    /// Renews ahead of expiry in the background, until every clone of this keeper is gone. Processes
    /// that share the record do not all wake at once: each is up to a tenth of the margin early.
    ///
    /// # Errors
    /// [`Error::NoEntropy`].
    pub fn stay_ahead(&self) -> Result<tokio::task::JoinHandle<()>, Error> {
        let mut random = [0; 1];
        getrandom::fill(&mut random).map_err(|_| Error::NoEntropy)?;
        let early = self.shared.place.options.margin * u32::from(random[0]) / 2560;
        let margin = self.shared.place.options.margin + early;
        let keeper = Arc::downgrade(&self.shared);
        Ok(tokio::spawn(async move {
            while let Some(shared) = keeper.upgrade() {
                let wait = Self { shared }.ahead(margin).await;
                tokio::time::sleep(wait).await;
            }
        }))
    }

    /// Takes over what somebody else has put into the record.
    pub(crate) fn see(&self, credential: Credential) {
        let shown = self.shared.current.load();
        if shown.secret().digest() != credential.access_token.digest() {
            self.shared.show(credential, Kept::Saved, None);
        }
    }

    /// Whether it renews as this client.
    pub(crate) fn is_for(&self, client: &Client) -> bool {
        let own = &self.shared.place.client;
        own.client_id() == client.client_id() && own.provider() == client.provider()
    }

    /// Renews if it is time, and tells when to look again.
    async fn ahead(&self, margin: Duration) -> Duration {
        let due = Due::Within { min_ttl: Duration::ZERO, margin };
        let is_due = {
            let shown = self.shared.current.load();
            shown.credential.is_due(&shown.client, margin, self.shared.now())
        };
        if is_due {
            // Whoever needs the token will be told.
            let _ = self.wait_for_delivery(due).await;
        }
        let shown = self.shared.current.load();
        let at = shown.credential.renew_at(&shown.client, margin);
        let left = at.map_or(LONGEST_PAUSE, |at| Duration::from_millis(at.saturating_sub(wall())));
        // In short stretches: a laptop may sleep, and the clock may be set.
        left.clamp(PAUSE, LONGEST_PAUSE)
    }

    fn is_wanting(&self, token: &AccessToken, min_ttl: Duration) -> bool {
        let margin = self.shared.place.options.margin;
        let now = Now { wall: wall(), mono: 0 };
        token.credential.is_wanting(&token.client, margin, min_ttl, now)
    }

    async fn renewed_for(&self, min_ttl: Duration) -> Result<Access, Error> {
        let due = Due::Within { min_ttl, margin: self.shared.place.options.margin };
        let outcome = self.wait_for_delivery(due).await;
        let shown = Access(self.shared.current.load());
        match outcome {
            Ok(()) => Ok(shown),
            Err(_) if shown.credential.lasts(min_ttl, self.shared.now()) => Ok(shown),
            Err(why) => Err(why),
        }
    }

    async fn wait_for_delivery(&self, due: Due) -> Result<(), Error> {
        let mut stage = self.join_or_begin(due)?;
        let there = stage.wait_for(|stage| !matches!(stage, Stage::Begun)).await;
        match there.map(|stage| stage.clone()) {
            Ok(Stage::Ended(Err(why))) => Err(Error::Shared(why)),
            Ok(Stage::Begun | Stage::Delivered | Stage::Ended(Ok(()))) => Ok(()),
            Err(_) => Err(abandoned()),
        }
    }

    /// One renewal at a time: whoever comes while it is under way waits for it.
    fn join_or_begin(&self, due: Due) -> Result<watch::Receiver<Stage>, Error> {
        let mut flight = self.shared.lock_flight();
        if let Some(stage) = &flight.under_way {
            return Ok(stage.clone());
        }
        if let Some((until, why)) = &flight.pause
            && self.shared.now().mono < *until
        {
            return Err(Error::Shared(Arc::clone(why)));
        }
        let mut renewal = self.shared.place.renewal(due)?;
        let (sender, receiver) = watch::channel(Stage::Begun);
        flight.under_way = Some(receiver.clone());
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let ended = shared.fly(&mut renewal, &sender).await;
            shared.land(&ended);
            sender.send_replace(Stage::Ended(ended));
        });
        Ok(receiver)
    }
}

impl Place {
    pub(crate) fn ask(&self, due: Due) -> Ask {
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

    fn renewal(&self, due: Due) -> Result<Renewal, Error> {
        Ok(Renewal::renew(&self.client, self.ask(due), &entropy()?, self.clock.now()))
    }

    /// Drives a renewal, a sign-in or a sign-out of this record.
    pub(crate) async fn perform(
        &self,
        renewal: &mut Renewal,
        deliver: impl FnMut(Credential) + Send,
    ) -> Result<Outcome, Error> {
        // A watcher that panics must not cost the token that is on its way.
        let watch = |event: &Event| drop(catch_unwind(AssertUnwindSafe(|| (self.watch)(event))));
        let performer =
            Performer::new(&*self.store, &self.key, &*self.transport, &self.clock, &watch);
        performer.perform(renewal, deliver).await
    }
}

impl Shared {
    async fn fly(
        &self,
        renewal: &mut Renewal,
        stage: &watch::Sender<Stage>,
    ) -> Result<(), Arc<Error>> {
        let deliver = |credential| {
            self.show(credential, Kept::InMemory, None);
            stage.send_replace(Stage::Delivered);
        };
        let outcome = self.place.perform(renewal, deliver).await.map_err(Arc::new)?;
        match outcome {
            Outcome::Renewed(credential, kept) => self.show(credential, kept, None),
            Outcome::Adopted(credential) | Outcome::Recovered(credential) => {
                self.show(credential, Kept::Saved, None);
            }
            Outcome::StillGood(credential, why) => self.show(credential, Kept::Saved, Some(why)),
            Outcome::SignedIn | Outcome::SignedOut { .. } => {
                return Err(Arc::new(core::Error::SignedOut.into()));
            }
        }
        Ok(())
    }

    /// The flight is over: the next one may begin, at once or after a pause.
    fn land(&self, ended: &Result<(), Arc<Error>>) {
        let mut flight = self.lock_flight();
        let still_good = self.current.load().trouble.clone();
        let why = match (ended, still_good) {
            (Ok(()), None) => {
                *flight = Flight::default();
                return;
            }
            (Ok(()), Some(why)) => Arc::new(Error::Ended(why)),
            (Err(why), _) => Arc::clone(why),
        };
        let pause = (PAUSE * 2u32.saturating_pow(flight.failures)).min(LONGEST_PAUSE);
        flight.under_way = None;
        flight.failures = (flight.failures + 1).min(6);
        flight.pause = Some((self.now().mono + millis(pause), why));
    }

    fn show(&self, credential: Credential, kept: Kept, trouble: Option<core::Error>) {
        let client = self.place.client.clone();
        self.current.store(Arc::new(AccessToken { credential, client, kept, trouble }));
    }

    fn now(&self) -> Now {
        self.place.clock.now()
    }

    /// No holder leaves it half changed, so a panic elsewhere has spoilt nothing.
    fn lock_flight(&self) -> std::sync::MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the end, where new tokens are durable.
async fn ended(stage: &mut watch::Receiver<Stage>) -> Result<(), Error> {
    let ended = stage.wait_for(|stage| matches!(stage, Stage::Ended(_))).await;
    match ended.map(|stage| stage.clone()) {
        Ok(Stage::Ended(outcome)) => outcome.map_err(Error::Shared),
        Ok(Stage::Begun | Stage::Delivered) | Err(_) => Err(abandoned()),
    }
}

/// The renewal's task went away with its runtime.
fn abandoned() -> Error {
    Error::Ended(core::Error::OutcomeUnknown)
}

impl Deref for Access {
    type Target = AccessToken;

    fn deref(&self) -> &AccessToken {
        &self.0
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("key", self.key()).finish_non_exhaustive()
    }
}
