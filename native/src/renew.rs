//! Performs what a [`Renewal`] asks for: over a store, its locks and its journal, and the network.
//!
//! The loop is the contract's, and decides nothing: poll; do what the step says; tell the renewal
//! what happened; repeat.

use std::sync::LazyLock;
use std::time::Duration;

use grantflow_core as core;
use grantflow_core::{
    Answer, Credential, Loaded, Lock, Outcome, Renewal, RenewalStep, StoreTrouble, Task,
};

use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::drive::Event;
use crate::error::Error;
use crate::owner;
use crate::store::{
    CredentialStore, HeldLock, Journal, Key, Locks, MemoryStore, Saved, StoreError, unless_unusable,
};
use crate::transport::Transport;

/// The locks and journals of stores that have none: they keep the tasks of this process apart.
static OF_THIS_PROCESS: LazyLock<MemoryStore> = LazyLock::new(MemoryStore::new);

/// One record, and what it takes to renew it.
pub(crate) struct Performer<'a> {
    store: &'a dyn CredentialStore,
    key: &'a Key,
    /// Where it keeps its notes: its own name, unless they are shared with other stores.
    notes: Key,
    transport: &'a dyn Transport,
    clock: &'a Clock,
    watch: &'a (dyn Fn(&Event) + Send + Sync),
    locks: Vec<Box<dyn HeldLock>>,
    /// What stands there gives way, so it need not be of any use.
    replaces: bool,
    /// The store's own words for what it could not do, and for whose the record is.
    trouble: Option<StoreError>,
    borrowed_from: Option<String>,
}

impl<'a> Performer<'a> {
    pub(crate) fn new(
        store: &'a dyn CredentialStore,
        key: &'a Key,
        transport: &'a dyn Transport,
        clock: &'a Clock,
        watch: &'a (dyn Fn(&Event) + Send + Sync),
    ) -> Self {
        let notes = match store.journal() {
            Some(_) => key.clone(),
            None => Key::of(format!("{key} in {}", store.describe())),
        };
        Self {
            store,
            key,
            notes,
            transport,
            clock,
            watch,
            locks: Vec::new(),
            replaces: false,
            trouble: None,
            borrowed_from: None,
        }
    }

    /// For a login that takes the record's place, and a logout that leaves nothing there.
    pub(crate) fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Drives the renewal to its end. `deliver` gets new tokens as soon as they are there, before
    /// they are durable. What was [`Outcome::StillGood`] comes with the reason in full.
    pub(crate) async fn perform(
        mut self,
        renewal: &mut Renewal,
        mut deliver: impl FnMut(Credential) + Send,
    ) -> Result<(Outcome, Option<Error>), Error> {
        loop {
            let step = renewal.poll(self.clock.now()); // poll
            let state = renewal.state();
            (self.watch)(&Event::Polled { state, interval: None, saved: None });
            match step {
                RenewalStep::Do(id, task) => {
                    let name = name(&task);
                    let answer = self.answer(task).await; // do what the step says
                    let went_well = !matches!(answer, Answer::Failed(_) | Answer::Held);
                    (self.watch)(&Event::Performed { task: name, went_well });
                    let now = self.clock.now();
                    if renewal.handle_answer(now, id, answer).is_err()
                    // tell
                    {
                        // A store of the caller's that answers beside the question.
                        let failed = Answer::Failed(StoreTrouble::NotWritable);
                        let _ = renewal.handle_answer(now, id, failed);
                    }
                }
                RenewalStep::Send(request) => {
                    (self.watch)(&Event::sent(&request));
                    let id = request.id;
                    let result = self.transport.send(request).await;
                    (self.watch)(&Event::answered(id, &result));
                    let _ = renewal.handle_response(self.clock.now(), id, &result); // tell
                }
                RenewalStep::Deliver(credential) => deliver(*credential),
                RenewalStep::Wait(at_most) => {
                    (self.watch)(&Event::Waiting { at_most });
                    tokio::time::sleep(at_most.unwrap_or(Duration::ZERO)).await;
                }
                RenewalStep::Done(outcome) => {
                    let told = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
                    (self.watch)(&Event::Finished { outcome: told });
                    return match outcome {
                        Err(why) => Err(self.in_words_of_the_store(why)),
                        Ok(outcome) => {
                            let trouble = trouble(&outcome).cloned();
                            Ok((outcome, trouble.map(|why| self.in_words_of_the_store(why))))
                        }
                    };
                }
            } // repeat
        }
    }

    async fn answer(&mut self, task: Task) -> Answer {
        match task {
            Task::Lock(lock, at_most) => self.lock(lock, at_most).await,
            Task::Load => match self.load().await {
                Ok(loaded) => Answer::Loaded(Box::new(loaded)),
                Err(why) => self.unread(why),
            },
            Task::Alive(who) => Answer::Alive(owner::is_alive(&who)),
            Task::Probe => {
                let probed = self.store.probe(self.key).await;
                self.or_trouble(probed, |()| Answer::Done)
            }
            Task::Note(in_place_of, ledger) => {
                let noted = self.journal().note(&self.notes, in_place_of, &ledger).await;
                self.or_trouble(noted, done_or_changed)
            }
            Task::Stash(in_place_of, stash) => {
                let stashed = self.journal().stash(&self.notes, in_place_of, stash.as_ref()).await;
                self.or_trouble(stashed, done_or_changed)
            }
            Task::Confirm => self.confirm().await,
            Task::Save(expected, credential) => {
                let saved = self.store.save(self.key, expected, &credential).await;
                self.or_trouble(saved, |saved| match saved {
                    Saved::Done => Answer::Done,
                    Saved::Changed(there) => Answer::Changed(there),
                })
            }
            Task::Remove => {
                let removed = self.store.remove(self.key).await;
                self.or_trouble(removed, done_or_changed)
            }
            Task::Unlock => {
                let mut locks = std::mem::take(&mut self.locks);
                let given_back = spawn_blocking(move || while locks.pop().is_some() {}).await;
                given_back.map_or(Answer::Failed(StoreTrouble::NoLock), |()| Answer::Done)
            }
        }
    }

    /// A look at files, which may take a while on a slow disk.
    async fn confirm(&mut self) -> Answer {
        let locks = std::mem::take(&mut self.locks);
        let looked = spawn_blocking(move || {
            let are_held = locks.iter().all(|lock| lock.is_held());
            (locks, are_held)
        });
        let Ok((locks, are_held)) = looked.await else { return Answer::Held };
        self.locks = locks;
        if are_held { Answer::Done } else { Answer::Held }
    }

    async fn lock(&mut self, lock: Lock, at_most: Duration) -> Answer {
        let (locks, key): (&dyn Locks, _) = match self.store.locks() {
            Some(locks) => (locks, self.key.clone()),
            None => (&*OF_THIS_PROCESS, self.notes.clone()),
        };
        let acquired = locks.acquire(&key, lock, at_most).await;
        match acquired {
            Ok(Some(held)) => {
                self.locks.push(held);
                Answer::Done
            }
            Ok(None) => Answer::Held,
            Err(why) => self.failed(why),
        }
    }

    async fn load(&mut self) -> Result<Loaded, StoreError> {
        let noted = self.journal().read(&self.notes).await?;
        let record = self.store.load(self.key).await;
        let record = if self.replaces { unless_unusable(record)? } else { record? };
        self.borrowed_from = record.as_ref().and_then(|record| record.borrowed_from.clone());
        Ok(Loaded {
            is_borrowed: self.borrowed_from.is_some(),
            record: record.map(|record| Box::new(record.credential)),
            ledger: noted.ledger,
            stash: noted.stash,
        })
    }

    fn journal(&self) -> &'a dyn Journal {
        self.store.journal().unwrap_or(&*OF_THIS_PROCESS)
    }

    fn or_trouble<T>(
        &mut self,
        result: Result<T, StoreError>,
        answer: impl FnOnce(T) -> Answer,
    ) -> Answer {
        result.map_or_else(|why| self.failed(why), answer)
    }

    /// A system call that failed does not say what it was for.
    fn unread(&mut self, why: StoreError) -> Answer {
        let failed = self.failed(why);
        if let Answer::Failed(StoreTrouble::NotWritable) = failed {
            return Answer::Failed(StoreTrouble::Unreadable);
        }
        failed
    }

    fn failed(&mut self, why: StoreError) -> Answer {
        let trouble = why.trouble();
        self.trouble = Some(why);
        Answer::Failed(trouble)
    }

    /// The renewal knows that the store failed, the store knows how.
    fn in_words_of_the_store(&mut self, why: core::Error) -> Error {
        match (&why, self.trouble.take()) {
            (core::Error::Store(trouble), Some(error)) if *trouble != StoreTrouble::Newer => {
                Error::Store(error)
            }
            (core::Error::Borrowed, _) => {
                let from = self.borrowed_from.take().unwrap_or_default();
                Error::Borrowed { provider: self.key.to_string(), from }
            }
            (core::Error::SignedOut, _) => Error::NotSignedIn(self.key.to_string()),
            (_, _) => Error::Ended(why),
        }
    }
}

fn done_or_changed(is_done: bool) -> Answer {
    if is_done { Answer::Done } else { Answer::Changed(None) }
}

/// Why there is no newer credential.
fn trouble(outcome: &Outcome) -> Option<&core::Error> {
    if let Outcome::StillGood(_, why) = outcome { Some(why) } else { None }
}

impl Drop for Performer<'_> {
    fn drop(&mut self) {
        // The last one first, as they are given back in peace.
        while self.locks.pop().is_some() {}
    }
}

fn name(task: &Task) -> &'static str {
    match task {
        Task::Lock(Lock::Ours, _) => "lock",
        Task::Lock(Lock::Owner, _) => "lock_of_owner",
        Task::Load => "load",
        Task::Alive(_) => "look_for_owner",
        Task::Probe => "probe",
        Task::Note(..) => "note",
        Task::Confirm => "confirm",
        Task::Stash(_, Some(_)) => "stash",
        Task::Stash(_, None) => "unstash",
        Task::Save(..) => "save",
        Task::Remove => "remove",
        Task::Unlock => "unlock",
    }
}
