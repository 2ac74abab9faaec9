//! One credential, kept fresh: by whoever asks first, for everyone in this process.
//!
//! While the token is good, [`Keeper::access`] looks at it and no more: no lock, no allocation (but
//! one on a thread's first look), no file. When it is due, one caller's renewal serves them all. It
//! runs in a task of its own, so that no caller who leaves can lose what it brings, and its tokens
//! are handed out as soon as they are there, while they are still being saved.

mod flight;
mod shown;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use grantflow_core as core;
use grantflow_core::{
    Client, Credential, Digest, Due, Endpoint, Kept, Now, Outcome, RENEW_BEFORE, Renewal,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::flight::{Boarding, Flight, Flying, LONGEST_PAUSE, PAUSE, Stages, UnderWay};
pub use self::shown::Access;
use self::shown::Shown;
use crate::access_token::AccessToken;
use crate::clock::{wall, wall_or_soon};
use crate::error::Error;
use crate::place::Place;
use crate::store::Key;

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
    /// Renew although the store cannot be written. The new tokens end with this process, unless
    /// the store can be written again by then.
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

struct Shared {
    place: Place,
    current: ArcSwap<Shown>,
    flight: Mutex<Flight>,
    /// Its receivers wake when all of this is dropped.
    alive: watch::Sender<()>,
}

impl Keeper {
    pub(crate) fn new(place: Place, credential: Credential) -> Result<Self, Error> {
        place.check_account(&credential)?;
        let current = ArcSwap::from_pointee(Shown::new(&place, credential, Kept::Saved, None));
        let (flight, alive) = (Mutex::default(), watch::Sender::new(()));
        Ok(Self { shared: Arc::new(Shared { place, current, flight, alive }) })
    }

    /// Whose record it is.
    pub fn key(&self) -> &Key {
        &self.shared.place.key
    }

    /// A token that is good for `min_ttl` more, renewed first if it is due. While it is fresh this
    /// takes a look and no more. If the renewal fails while the old token is still good for that
    /// long, the old one is given, and [`AccessToken::trouble`] tells why.
    ///
    /// # Errors
    /// Why it could not be renewed.
    pub async fn access(&self, min_ttl: Duration) -> Result<Access, Error> {
        let shown = self.look();
        let is_wanting_by = |wall| self.is_wanting_by(wall, &shown.0, min_ttl);
        if !(is_wanting_by(wall_or_soon()) && is_wanting_by(wall())) {
            return Ok(shown);
        }
        drop(shown);
        // In a box, or every look would carry the room that a renewal needs.
        Box::pin(self.renewed_for(min_ttl)).await
    }

    /// A token in place of one that an API has rejected with 401, whatever its expiry says. If it
    /// was replaced meanwhile there is no request.
    ///
    /// # Errors
    /// Why it could not be renewed; [`Error::NewTokenRejected`] if the rejected one had itself just
    /// come in place of another.
    pub async fn instead_of(&self, rejected: Digest) -> Result<Access, Error> {
        let is_still_there = || {
            let shown = self.look();
            shown.0.withdrawn || shown.secret().digest() == rejected
        };
        if is_still_there() {
            if self.shared.lock_flight().is_new_replacement(rejected, self.shared.now().mono) {
                return Err(Error::NewTokenRejected(self.key().to_string()));
            }
            self.renew(Due::Still(rejected), is_still_there, UnderWay::delivered).await?;
            let token = self.look().secret().digest();
            self.shared.lock_flight().replaced_by(token, self.shared.now().mono);
        }
        self.unless_withdrawn(self.look())
    }

    /// Waits until a renewal that is under way has ended, so that its tokens are durable, and shows
    /// what there is then. Call it before the process ends.
    pub async fn settle(&self) -> Access {
        let under_way = self.shared.lock_flight().under_way();
        if let Some(under_way) = under_way {
            // How it ended is told to those who wanted it.
            let _ = under_way.ended().await;
        }
        if self.shared.lock_flight().unwritten.has_tokens() {
            self.shared.lock_flight().be_patient_no_more();
            // The last chance to put them into the record; what is shown tells where they are.
            let _ = self.renew(Due::within(Duration::ZERO), || false, UnderWay::ended).await;
        }
        self.look()
    }

    /// Renews ahead of expiry in the background, until every clone of this keeper is gone. Processes
    /// that share the record do not all wake at once: each is up to a tenth of the margin early.
    ///
    /// # Errors
    /// [`Error::NoEntropy`].
    pub fn stay_ahead(&self) -> Result<JoinHandle<()>, Error> {
        let mut random = [0; 1];
        getrandom::fill(&mut random).map_err(|_| Error::NoEntropy)?;
        let early = self.shared.place.options.margin * u32::from(random[0]) / 2560;
        let margin = self.shared.place.options.margin + early;
        let mut alive = self.shared.alive.subscribe();
        let keeper = Arc::downgrade(&self.shared);
        Ok(tokio::spawn(async move {
            while let Some(shared) = keeper.upgrade() {
                let wait = Self { shared }.ahead(margin).await;
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = alive.changed() => return,
                }
            }
        }))
    }

    /// Renews now, whether it is due or not, and waits until the new tokens are durable.
    pub(crate) async fn renewed_now(&self) -> Result<AccessToken, Error> {
        let shown = self.look().secret().digest();
        let due = self.shared.lock_flight().due_in_any_case().unwrap_or(Due::Still(shown));
        let is_still_there = || self.look().secret().digest() == shown;
        self.renew(due, is_still_there, UnderWay::ended).await?;
        Ok(AccessToken::clone(&self.look()))
    }

    /// What is shown now, to be given to [`Keeper::see`].
    pub(crate) fn look(&self) -> Access {
        Access(self.shared.current.load())
    }

    /// Takes over what stands in the record, if nothing has changed since this look at what is
    /// shown. Tokens that are not saved yet are newer than the record.
    pub(crate) fn see(&self, before: &Access, credential: Credential) -> Result<(), Error> {
        let place = &self.shared.place;
        place.check_account(&credential)?;
        let is_other = before.secret().digest() != credential.access_token.digest();
        if before.0.withdrawn || is_other && before.kept() == Kept::Saved {
            let shown = Arc::new(Shown::new(place, credential, Kept::Saved, None));
            self.shared.current.compare_and_swap(&*before.0, shown);
            self.shared.lock_flight().be_patient_no_more();
        }
        Ok(())
    }

    /// The login has ended or given way to another: the next caller looks into the record.
    pub(crate) fn withdraw(&self) {
        self.shared.change(|shown| Shown { withdrawn: true, ..shown });
        self.shared.lock_flight().be_patient_no_more();
    }

    /// Where the token is to be used: as the login told, or as the provider's data has it.
    pub(crate) fn api_base(&self) -> Option<Endpoint> {
        let shown = self.look();
        let of_provider = || self.shared.place.client.provider().api.base.clone();
        shown.credential().api_base.clone().or_else(of_provider)
    }

    /// Whether it renews as this client.
    pub(crate) fn is_for(&self, client: &Client) -> bool {
        let own = &self.shared.place.client;
        own.client_id() == client.client_id() && own.provider() == client.provider()
    }

    /// Renews if it is time, and tells when to look again.
    async fn ahead(&self, margin: Duration) -> Duration {
        let is_due = || {
            let shown = self.look();
            shown.0.withdrawn || shown.credential.is_due(&shown.client, margin, self.shared.now())
        };
        if is_due() {
            let due = Due::Within { min_ttl: Duration::ZERO, margin };
            // Whoever needs the token will be told.
            let _ = self.renew(due, is_due, UnderWay::delivered).await;
        }
        let shown = self.look();
        let at = shown.credential.renew_at(&shown.client, margin);
        let left = at.map_or(LONGEST_PAUSE, |at| Duration::from_millis(at.saturating_sub(wall())));
        // In short stretches: a laptop may sleep, and the clock may be set.
        left.clamp(PAUSE, LONGEST_PAUSE)
    }

    fn unless_withdrawn(&self, shown: Access) -> Result<Access, Error> {
        if shown.0.withdrawn {
            return Err(Error::NotSignedIn(self.key().to_string()));
        }
        Ok(shown)
    }

    fn is_wanting_by(&self, wall: u64, shown: &Shown, min_ttl: Duration) -> bool {
        shown.is_wanting(self.shared.place.options.margin, min_ttl, wall)
    }

    async fn renewed_for(&self, min_ttl: Duration) -> Result<Access, Error> {
        let due = Due::Within { min_ttl, margin: self.shared.place.options.margin };
        let is_wanting = || self.is_wanting_by(wall(), &self.look().0, min_ttl);
        let outcome = self.renew(due, is_wanting, UnderWay::delivered).await;
        let shown = self.look();
        let lasts = || shown.credential.lasts(min_ttl, self.shared.now());
        match outcome {
            Err(why) if shown.0.withdrawn || !lasts() => Err(why),
            Ok(()) | Err(_) => self.unless_withdrawn(shown),
        }
    }

    /// Waits for a renewal. One that somebody else began may have been content with less: if the
    /// token is still wanting then, it takes another.
    async fn renew<W: Future<Output = Result<(), Error>>>(
        &self,
        due: Due,
        is_wanting: impl Fn() -> bool,
        wait: impl Fn(UnderWay) -> W,
    ) -> Result<(), Error> {
        let mut is_first = true;
        while let Some(under_way) = self.join_or_begin(due)? {
            let is_enough = under_way.serves(due);
            if is_first {
                wait(under_way).await?;
            } else {
                // It has delivered, and that did not help: another begins after its end.
                under_way.ended().await?;
            }
            is_first = false;
            if is_enough || !is_wanting() {
                break;
            }
        }
        Ok(())
    }

    fn join_or_begin(&self, due: Due) -> Result<Option<UnderWay>, Error> {
        let mut flight = self.shared.lock_flight();
        match flight.boarding(due, || self.shared.now().mono)? {
            Boarding::Join(under_way) => return Ok(Some(under_way)),
            Boarding::Stay => return Ok(None),
            Boarding::Begin => {}
        }
        let renewal = self.shared.place.renewal(due, flight.unwritten.clone())?;
        let (under_way, stages) = flight.begin(due);
        // A runtime that is going away drops the task at once, and that lands the flight.
        drop(flight);
        tokio::spawn(Flying::new(Arc::clone(&self.shared), stages).fly(renewal));
        Ok(Some(under_way))
    }
}

impl Shared {
    async fn fly(&self, renewal: &mut Renewal, stages: &Stages) -> Result<(), Arc<Error>> {
        let deliver = |credential| {
            self.show(credential, Kept::InMemory, None);
            stages.deliver();
        };
        let performed = self.place.perform(renewal, deliver).await;
        self.lock_flight().unwritten = renewal.unwritten();
        let (outcome, trouble) = performed.map_err(Arc::new)?;
        match outcome {
            Outcome::Renewed(credential, kept) => self.show(*credential, kept, None),
            Outcome::Adopted(credential) | Outcome::Recovered(credential) => {
                self.show(*credential, Kept::Saved, None);
            }
            Outcome::StillGood(credential, _) => {
                let trouble = trouble.map(Arc::new);
                let still = Shown::new(&self.place, *credential, Kept::Saved, trouble);
                // Whoever has signed out meanwhile stays so.
                self.change(|shown| Shown { withdrawn: shown.withdrawn, ..still.clone() });
            }
            Outcome::SignedIn(_) | Outcome::SignedOut { .. } => {
                return Err(Arc::new(core::Error::SignedOut.into()));
            }
        }
        Ok(())
    }

    /// The renewal is over: those who go on with the old token are told why it is the old one.
    fn land(&self, ended: &Result<(), Arc<Error>>) {
        if let Err(why) = ended {
            let withdrawn = why.ends_the_login();
            self.change(|shown| Shown {
                token: AccessToken { trouble: Some(Arc::clone(why)), ..shown.token },
                withdrawn: shown.withdrawn || withdrawn,
                ..shown
            });
        }
        let (shown, now) = (self.current.load(), self.now());
        let AccessToken { credential, client, trouble, .. } = &shown.token;
        let is_due = credential.is_due(client, self.place.options.margin, now);
        self.lock_flight().land(now.mono, is_due, trouble.clone());
    }

    fn show(&self, credential: Credential, kept: Kept, trouble: Option<Arc<Error>>) {
        self.current.store(Arc::new(Shown::new(&self.place, credential, kept, trouble)));
    }

    fn change(&self, change: impl Fn(Shown) -> Shown) {
        self.current.rcu(|shown| change(Shown::clone(shown)));
    }

    fn now(&self) -> Now {
        self.place.clock.now()
    }

    /// No holder leaves it half changed, so a panic elsewhere has spoilt nothing.
    fn lock_flight(&self) -> std::sync::MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("key", self.key()).finish_non_exhaustive()
    }
}
