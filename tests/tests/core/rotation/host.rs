//! A host by the book: what each task does to the record and what is beside it.

use grantflow_core::{Answer, Credential, Loaded, Lock, Response, Secret, Task, TransportError};

use super::moves::{Event, LOCKS, said};
use super::participant::{Pending, refresh_token};
use super::server::Reply;
use super::setting::Job;
use super::world::World;

impl World {
    /// Performs a task, by the book unless the setting has a fault for it.
    pub(super) fn perform(&mut self, at: usize, task: &Task, events: &mut Vec<Event>) -> Answer {
        let fault = self.setting.fault;
        let faulty = fault.and_then(|fault| fault.perform(self, at, task, events));
        faulty.unwrap_or_else(|| self.perform_by_the_book(at, task, events))
    }

    pub(super) fn perform_by_the_book(
        &mut self,
        at: usize,
        task: &Task,
        events: &mut Vec<Event>,
    ) -> Answer {
        match task {
            Task::Lock(lock, _) => {
                self.locks[*lock as usize] = Some(self.participants[at].who());
                self.participants[at].entitled[*lock as usize] = true;
                Answer::Done
            }
            Task::Load => {
                if self.participants[at].job == Job::SignIn {
                    self.seen.stood = self.record.as_ref().and_then(refresh_token);
                }
                self.load(self.record.clone())
            }
            Task::Alive(who) => {
                Answer::Alive(self.participants.iter().any(|other| other.who() == *who))
            }
            Task::Probe => Answer::Done,
            Task::Note(expected, ledger) => {
                if !expected.is_met_by(self.ledger.as_deref()) {
                    return Answer::Changed(None);
                }
                self.ledger = Some(ledger.clone());
                Answer::Done
            }
            Task::Confirm => {
                let has_all = LOCKS.into_iter().all(|lock| {
                    lock == Lock::Owner && !self.setting.has_owner_lock || self.has(at, lock)
                });
                if has_all { Answer::Done } else { Answer::Held }
            }
            Task::Stash(expected, stash) => {
                if !expected.is_met_by(self.stash.as_ref().map(Secret::expose)) {
                    return Answer::Changed(None);
                }
                self.put_aside(at, stash.as_ref())
            }
            Task::Save(expected, credential) => {
                if expected.is_met_by(self.record.as_ref()) {
                    self.store(at, credential, events)
                } else {
                    Answer::Changed(self.record.clone().map(Box::new))
                }
            }
            Task::Remove => match self.record.take() {
                Some(_) => {
                    self.seen.signed_out = true;
                    self.seen.safe = None;
                    Answer::Done
                }
                None => Answer::Changed(None),
            },
            Task::Unlock => {
                for lock in LOCKS {
                    if self.has(at, lock) {
                        self.locks[lock as usize] = None;
                    }
                }
                self.participants[at].entitled = [false; 2];
                self.participants[at].is_robbed = false;
                Answer::Done
            }
        }
    }

    pub(super) fn load(&self, record: Option<Credential>) -> Answer {
        Answer::Loaded(Box::new(Loaded {
            record: record.map(Box::new),
            is_borrowed: self.setting.is_borrowed,
            ledger: self.ledger.clone(),
            stash: self.stash.clone(),
        }))
    }

    fn put_aside(&mut self, at: usize, stash: Option<&Secret>) -> Answer {
        self.stash = stash.cloned();
        let participant = &self.participants[at];
        let ledger = self.read_ledger();
        let is_void = ledger.signed_out || ledger.logins > 0 || participant.job != Job::Renew;
        match stash {
            Some(_) => self.seen.safe = participant.brought,
            // A new login or a logout makes the old one's tokens void.
            None if is_void => self.seen.safe = None,
            None => {}
        }
        Answer::Done
    }

    pub(super) fn store(&mut self, at: usize, new: &Credential, events: &mut Vec<Event>) -> Answer {
        let before = self.record.replace(new.clone());
        events.push(Event::Stored(at, before.map(Box::new)));
        self.seen.safe = refresh_token(new);
        self.seen.signed_out = false;
        self.participants[at].presented = None;
        self.participants[at].brought = None;
        Answer::Done
    }

    pub(super) fn has(&self, at: usize, lock: Lock) -> bool {
        self.locks[lock as usize].as_ref() == Some(&self.participants[at].who())
    }

    /// The answer to the request that is out, or why there is none.
    pub(super) fn receive(
        &mut self,
        at: usize,
        result: &Result<Response, TransportError>,
        events: &mut Vec<Event>,
    ) {
        let message = match self.participants[at].pending {
            Pending::Unsent(message) | Pending::Sent(message) => message,
            Pending::Answered(message, reply) => {
                self.learn(at, reply, events);
                message
            }
            Pending::Task(..) | Pending::Time(_) | Pending::Done(_) => return,
        };
        let (moved, words) = self.participants[at].respond(self.hours, message, result);
        events.push(Event::Moved(moved));
        events.extend(said(at, words));
    }

    fn learn(&mut self, at: usize, reply: Reply, events: &mut Vec<Event>) {
        let participant = &mut self.participants[at];
        match (reply, participant.presented) {
            (Reply::Tokens { refresh, .. }, presented) => {
                participant.brought = refresh.or(presented);
            }
            (Reply::InvalidGrant, _) => events.push(Event::Refused),
            (Reply::Overloaded, Some(token)) => {
                participant.presented = None;
                self.seen.take_back(token);
            }
            (Reply::Overloaded | Reply::Revoked, _) => {}
        }
        if let Some(fault) = self.setting.fault {
            fault.learn(self, at, reply, events);
        }
    }
}
