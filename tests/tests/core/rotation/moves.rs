//! Every move that anybody in a world can make, and what it leads to.

use std::sync::Arc;

use grantflow_core::{Answer, Credential, Lock, Purpose, StoreTrouble, Task, TransportError};

use super::faults::Fault;
use super::participant::{Message, Moved, Participant, Pending, Said, now, refresh_token};
use super::server::{Reply, Token};
use super::setting::{Trouble, credential};
use super::world::World;

/// One step of one of them; numbers are places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The task is done, and answered.
    Perform(usize),
    /// It fails: nothing was done.
    Fail(usize),
    /// It fails: it was done, but that cannot be told.
    FailAfter(usize),
    /// The process that was asked for has done its work and ended.
    Exited(usize),
    GiveUp(usize),
    Steal(usize),
    /// It learns that it has lost a lock.
    Notice(usize),
    WaitEnds(usize),
    Depart(usize),
    NotSent(usize),
    Arrive(usize),
    LoseRequest(usize),
    Overload(usize),
    Receive(usize),
    LoseAnswer(usize),
    Crash(usize),
    Cancel(usize),
    Again(usize),
    ArriveAdrift(usize),
    LoseAdrift(usize),
    Clock(i8),
    Fill,
    Mend,
    Foreign(Foreign),
}

/// What a tool does that goes by no lock of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// Writes the record as it read it at dawn.
    Rewrites,
    /// Puts an older record back, from a backup.
    Restores,
    /// Presents the record's token.
    Spends,
    /// Writes what it got for it.
    Writes,
    SignsIn,
    /// Signs somebody else in.
    SignsInBob,
}

/// What happened in one move.
#[derive(Debug)]
pub(super) enum Event {
    Presented(usize, Message),
    /// One of ours wrote the record, in the place of this.
    Stored(usize, Option<Box<Credential>>),
    Said(usize, Said),
    Moved(Moved),
    /// The server refused a token, and its process knows.
    Refused,
}

impl World {
    /// Every move that is possible here.
    pub(super) fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for (place, participant) in self.participants.iter().enumerate() {
            self.own_moves(place, participant, &mut moves);
        }
        for number in 0..self.adrift.len() {
            moves.extend([Move::ArriveAdrift(number), Move::LoseAdrift(number)]);
        }
        moves.extend([Move::Clock(1), Move::Clock(-1)]);
        moves.push(if self.is_full { Move::Mend } else { Move::Fill });
        if self.foreign.is_some() {
            moves.push(Move::Foreign(Foreign::Writes));
        } else if self.record.is_some() {
            moves.push(Move::Foreign(Foreign::Spends));
        }
        let writes = [Foreign::Rewrites, Foreign::Restores, Foreign::SignsIn, Foreign::SignsInBob];
        moves.extend(writes.map(Move::Foreign));
        moves.retain(|it| self.can_pay_for(*it));
        moves
    }

    fn own_moves(&self, at: usize, participant: &Participant, moves: &mut Vec<Move>) {
        match &participant.pending {
            Pending::Task(_, task) => match &**task {
                Task::Lock(lock, _) => match self.holder(*lock).filter(|holder| *holder != at) {
                    Some(_) if self.setting.fault == Some(Fault::LocksNobodyOut) => {
                        moves.push(Move::Perform(at));
                    }
                    Some(_) => moves.extend([Move::GiveUp(at), Move::Steal(at)]),
                    None => moves.extend([Move::Perform(at), Move::Fail(at)]),
                },
                _ if self.is_full && is_write(task) => moves.push(Move::Fail(at)),
                Task::Alive(who) => {
                    moves.extend([Move::Perform(at), Move::Fail(at)]);
                    let is_idle = |other: &Participant| other.who() == *who && other.is_done();
                    if self.participants.iter().any(is_idle) {
                        moves.push(Move::Exited(at));
                    }
                }
                Task::Load | Task::Confirm | Task::Unlock => {
                    moves.extend([Move::Perform(at), Move::Fail(at)]);
                }
                Task::Probe | Task::Note(..) | Task::Stash(..) | Task::Save(..) | Task::Remove => {
                    moves.extend([Move::Perform(at), Move::Fail(at), Move::FailAfter(at)]);
                }
            },
            Pending::Time(_) => moves.push(Move::WaitEnds(at)),
            Pending::Unsent(_) => moves.extend([Move::Depart(at), Move::NotSent(at)]),
            Pending::Sent(_) => {
                moves.extend([Move::Arrive(at), Move::LoseRequest(at), Move::Overload(at)]);
            }
            Pending::Answered(..) => moves.extend([Move::Receive(at), Move::LoseAnswer(at)]),
            Pending::Done(_) => moves.push(Move::Again(at)),
        }
        if !participant.is_done() {
            moves.push(Move::Crash(at));
            if !participant.cancelled {
                moves.push(Move::Cancel(at));
            }
            if participant.is_robbed {
                moves.push(Move::Notice(at));
            }
        }
    }

    fn can_pay_for(&self, it: Move) -> bool {
        it.trouble(self.is_full).is_none_or(|trouble| {
            self.used.len() < self.setting.budget && self.setting.troubles.contains(&trouble)
        })
    }

    /// The process at work that has a lock. That of a process that is no more is free: the system
    /// frees our own, and the owner's is taken for left behind.
    fn holder(&self, lock: Lock) -> Option<usize> {
        let who = self.locks[lock as usize].as_ref()?;
        let has = |participant: &Participant| participant.who() == *who && !participant.is_done();
        self.participants.iter().position(has)
    }

    /// The world after a move.
    pub(super) fn after(&self, it: Move) -> (Self, Vec<Event>) {
        let mut world = self.clone();
        let mut events = Vec::new();
        if let Some(trouble) = it.trouble(self.is_full) {
            world.used.push(trouble);
            world.used.sort_unstable();
        }
        world.go(it, &mut events);
        (world, events)
    }

    fn go(&mut self, it: Move, events: &mut Vec<Event>) {
        let hours = self.hours;
        match it {
            Move::Perform(at) => {
                let answer = self.perform(at, &self.task(at), events);
                self.answer(at, answer, events);
            }
            Move::Fail(at) => self.fail(at, events),
            Move::FailAfter(at) => {
                self.perform(at, &self.task(at), events);
                self.fail(at, events);
            }
            Move::Exited(at) => self.answer(at, Answer::Alive(false), events),
            Move::GiveUp(at) => self.answer(at, Answer::Held, events),
            Move::Steal(at) => {
                let Task::Lock(lock, _) = *self.task(at) else { panic!("no lock is asked for") };
                let victim = self.holder(lock).expect("somebody has it");
                self.participants[victim].entitled[lock as usize] = false;
                self.participants[victim].is_robbed = true;
                let answer = self.perform(at, &Task::Lock(lock, std::time::Duration::ZERO), events);
                self.answer(at, answer, events);
            }
            Move::Notice(at) => self.participants[at].lose_lock(),
            Move::WaitEnds(at) => {
                events.extend(said(at, self.participants[at].wait(hours)));
            }
            Move::Depart(at) => self.depart(at, events),
            Move::NotSent(at) => self.receive(at, &Err(TransportError::NotSent), events),
            Move::Arrive(at) => {
                let Pending::Sent(message) = self.participants[at].pending else { return };
                let reply = self.reply(message);
                self.participants[at].pending = Pending::Answered(message, reply);
            }
            Move::Overload(at) => {
                let Pending::Sent(message) = self.participants[at].pending else { return };
                self.participants[at].pending = Pending::Answered(message, Reply::Overloaded);
            }
            Move::LoseRequest(at) | Move::LoseAnswer(at) => self.lose(at, events),
            Move::Receive(at) => {
                let Pending::Answered(_, reply) = self.participants[at].pending else { return };
                self.receive(at, &Ok(reply.response()), events);
            }
            Move::Crash(at) => self.crash(at),
            Move::Cancel(at) => self.participants[at].cancel(),
            Move::Again(at) => self.participants[at] = self.next(at),
            Move::ArriveAdrift(number) => {
                let message = self.adrift.remove(number);
                self.reply(message);
            }
            Move::LoseAdrift(number) => {
                self.adrift.remove(number);
            }
            Move::Clock(step) => self.hours += step,
            Move::Fill | Move::Mend => self.is_full = !self.is_full,
            Move::Foreign(foreign) => self.foreign_move(foreign),
        }
    }

    fn task(&self, at: usize) -> Arc<Task> {
        let Pending::Task(_, task) = &self.participants[at].pending else { panic!("no task") };
        Arc::clone(task)
    }

    pub(super) fn answer(&mut self, at: usize, answer: Answer, events: &mut Vec<Event>) {
        let (moved, words) = self.participants[at].answer(self.hours, answer);
        events.push(Event::Moved(moved));
        events.extend(said(at, words));
    }

    fn fail(&mut self, at: usize, events: &mut Vec<Event>) {
        let task = self.task(at);
        let trouble = match &*task {
            Task::Lock(..) | Task::Confirm | Task::Unlock => StoreTrouble::NoLock,
            Task::Load | Task::Alive(_) => StoreTrouble::Unreadable,
            Task::Probe | Task::Note(..) | Task::Stash(..) | Task::Save(..) | Task::Remove => {
                StoreTrouble::NotWritable
            }
        };
        if let Task::Unlock = *task {
            // The system frees our own all the same; the owner's may stay where it is.
            self.free_ours(at);
        }
        // What was brought may be lost from here on, and that a mark is done with is not known.
        let marked = self.read_ledger().mark.map(|mark| mark.digest);
        let is_marked = |token: &Token| Some(token.refresh().digest()) == marked;
        let marked = self.seen.presented.iter().map(|(token, _)| *token).filter(is_marked);
        let in_doubt: Vec<_> = marked.chain(self.participants[at].presented).collect();
        self.seen.excused.extend(in_doubt);
        self.answer(at, Answer::Failed(trouble), events);
    }

    fn depart(&mut self, at: usize, events: &mut Vec<Event>) {
        let Pending::Unsent(message) = self.participants[at].pending else { return };
        self.participants[at].pending = Pending::Sent(message);
        if message.purpose == Purpose::Refresh {
            self.participants[at].presented = Some(message.token);
            self.seen.present(message.token);
            events.push(Event::Presented(at, message));
        }
    }

    /// What the server does with a request.
    fn reply(&mut self, message: Message) -> Reply {
        if message.purpose == Purpose::Revoke {
            self.server.revoke(message.token)
        } else {
            self.server.renew(message.token, self.hours)
        }
    }

    fn lose(&mut self, at: usize, events: &mut Vec<Event>) {
        if let Some(token) = self.participants[at].presented {
            self.seen.excused.insert(token);
        }
        if self.setting.fault == Some(Fault::SendsAgain) {
            let Some(message) = self.participants[at].in_flight() else { return };
            self.participants[at].pending = Pending::Unsent(message);
            return;
        }
        self.receive(at, &Err(TransportError::Lost), events);
    }

    pub(super) fn crash(&mut self, at: usize) {
        let participant = &self.participants[at];
        if let Pending::Sent(message) = participant.pending {
            self.adrift.push(message);
        }
        if let Some(token) = participant.presented {
            self.seen.excused.insert(token);
        }
        self.free_ours(at);
        self.participants[at] = self.next(at);
    }

    fn free_ours(&mut self, at: usize) {
        if self.has(at, Lock::Ours) {
            self.locks[Lock::Ours as usize] = None;
        }
        self.participants[at].entitled = [false; 2];
        self.participants[at].is_robbed = false;
    }

    fn next(&self, at: usize) -> Participant {
        let mut next = self.participants[at].next(&self.setting, self.hours);
        next.note_first_read(&self.setting, self.record.as_ref());
        next
    }

    fn foreign_move(&mut self, foreign: Foreign) {
        let now = now(self.hours, 0);
        match foreign {
            Foreign::Rewrites => self.record = Some(self.setting.first_record()),
            Foreign::Restores => self.record = Some(self.setting.older_record()),
            Foreign::Spends => {
                let token = self.record.as_ref().and_then(refresh_token);
                self.foreign = token.map(|token| self.server.renew(token, self.hours));
                return;
            }
            Foreign::Writes => match self.foreign.take() {
                Some(Reply::Tokens { access, refresh }) => {
                    let old = self.record.as_ref().and_then(refresh_token);
                    let Some(refresh) = refresh.or(old) else { return };
                    self.record = Some(credential(access, refresh, now));
                }
                Some(Reply::InvalidGrant | Reply::Overloaded | Reply::Revoked) | None => return,
            },
            Foreign::SignsIn | Foreign::SignsInBob => {
                let token = self.server.sign_in();
                let mut new = credential(token, token, now);
                if foreign == Foreign::SignsInBob {
                    new.account.id = Some("bob".into());
                }
                self.record = Some(new);
            }
        }
        self.seen.safe = None;
        self.seen.signed_out = false;
    }
}

pub(super) const LOCKS: [Lock; 2] = [Lock::Ours, Lock::Owner];

pub(super) fn said(at: usize, words: Vec<Said>) -> impl Iterator<Item = Event> {
    words.into_iter().map(move |said| Event::Said(at, said))
}

fn is_write(task: &Task) -> bool {
    matches!(task, Task::Probe | Task::Note(..) | Task::Stash(..) | Task::Save(..) | Task::Remove)
}

impl Move {
    pub(super) fn trouble(self, is_full: bool) -> Option<Trouble> {
        Some(match self {
            Self::Fail(_) if is_full => return None,
            Self::Fail(_) | Self::FailAfter(_) | Self::Fill => Trouble::Failure,
            Self::GiveUp(_) => Trouble::Impatience,
            Self::Steal(_) => Trouble::Theft,
            Self::NotSent(_) | Self::LoseRequest(_) | Self::Overload(_) | Self::LoseAnswer(_) => {
                Trouble::Loss
            }
            Self::Crash(_) => Trouble::Crash,
            Self::Cancel(_) => Trouble::Cancel,
            Self::Again(_) => Trouble::Again,
            Self::Clock(_) => Trouble::Clock,
            Self::Foreign(foreign) if foreign != Foreign::Writes => Trouble::Foreign,
            Self::Foreign(_)
            | Self::Perform(_)
            | Self::Exited(_)
            | Self::Notice(_)
            | Self::WaitEnds(_)
            | Self::Depart(_)
            | Self::Arrive(_)
            | Self::Receive(_)
            | Self::ArriveAdrift(_)
            | Self::LoseAdrift(_)
            | Self::Mend => return None,
        })
    }
}
