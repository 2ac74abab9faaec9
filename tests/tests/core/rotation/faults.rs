//! Hosts that are broken on purpose, each in one way. The search has to find every one of them out.

use grantflow_core::{Answer, Ledger, Secret, Task};
use grantflow_tests::covers;

use super::moves::{Event, LOCKS};
use super::participant::refresh_token;
use super::search::search;
use super::server::{Reply, Rule};
use super::setting::Trouble::{self, Foreign, Loss, Theft};
use super::setting::{Job, Setting};
use super::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The record is read when the process starts and not again under the lock.
    ReadsOnce,
    /// A save does not look what stands there.
    SavesBlindly,
    /// The mark goes when the answer is there, not when the record is saved.
    UnmarksEarly,
    /// Nothing is marked.
    MarksNothing,
    /// Nothing is put aside.
    StashesNothing,
    /// A save is called done that is not.
    SavesNothing,
    /// A note does not look what stands there.
    NotesBlindly,
    /// A lock counts as our own for ever once it was taken.
    ConfirmsBlindly,
    /// What is at the lock's place is removed, whosever it is.
    ReleasesByPath,
    /// A lock that somebody has is taken all the same.
    LocksNobodyOut,
    /// Locks are kept.
    NeverUnlocks,
    /// Whoever wrote the mark is taken for dead.
    DeclaresAllDead,
    /// The transport repeats a request whose answer was lost.
    SendsAgain,
    /// A refused login is blanked.
    BlanksWhatIsRefused,
    /// A refused login is removed.
    RemovesWhatIsRefused,
    /// The account that was asked for is not passed on.
    AsksForNobody,
}

#[test]
fn every_fault_of_a_host_is_found_and_named() {
    covers(&["R-MC-03"]);
    let two = &[Job::Renew, Job::Renew];
    let strict = |troubles: &[Trouble]| {
        Setting::new("a fault", Rule::Strict, two).with(troubles.len(), troubles)
    };
    let login = Setting::new("a fault", Rule::Strict, &[Job::Renew, Job::SignIn]).with(1, &[Theft]);
    let cases = [
        (Fault::ReadsOnce, "R-INV-11", strict(&[])),
        (Fault::SavesBlindly, "R-INV-04", login),
        (Fault::UnmarksEarly, "R-INV-07", strict(&[])),
        (Fault::MarksNothing, "R-P-07", strict(&[])),
        (Fault::StashesNothing, "R-CR-07", strict(&[])),
        (Fault::SavesNothing, "R-INV-09", strict(&[])),
        (Fault::NotesBlindly, "R-P-07", strict(&[Theft])),
        (Fault::ConfirmsBlindly, "R-P-08", strict(&[Theft])),
        (Fault::ReleasesByPath, "R-P-12", strict(&[Theft])),
        (Fault::LocksNobodyOut, "R-INV-01", strict(&[])),
        (Fault::NeverUnlocks, "R-P-12", strict(&[])),
        (Fault::DeclaresAllDead, "R-INV-01", strict(&[Theft])),
        (Fault::SendsAgain, "R-P-07", strict(&[Loss])),
        (Fault::BlanksWhatIsRefused, "R-INV-05", strict(&[Foreign])),
        (Fault::RemovesWhatIsRefused, "R-P-13", strict(&[Foreign])),
        (Fault::AsksForNobody, "R-INV-14", strict(&[Foreign])),
    ];
    for (fault, law, setting) in cases {
        let whole = search(&setting);
        assert!(whole.is_ok(), "without {fault:?} all is well: {whole:?}");
        let found = search(&Setting { fault: Some(fault), ..setting });
        let broken = found.expect_err(&format!("{fault:?} goes unnoticed"));
        assert_eq!(broken.law, law, "{fault:?}: {broken:?}");
    }
}

impl Fault {
    /// What a host with this fault does instead; `None` where it goes by the book.
    pub(super) fn perform(
        self,
        world: &mut World,
        at: usize,
        task: &Task,
        events: &mut Vec<Event>,
    ) -> Option<Answer> {
        match (self, task) {
            (Self::ReadsOnce, Task::Load) => {
                Some(world.load(world.participants[at].first_read.clone()))
            }
            (Self::SavesBlindly, Task::Save(_, credential)) => {
                Some(world.store(at, credential, events))
            }
            (Self::NotesBlindly, Task::Note(_, ledger)) => {
                world.ledger = Some(ledger.clone());
                Some(Answer::Done)
            }
            (Self::MarksNothing, Task::Note(..))
            | (Self::ConfirmsBlindly, Task::Confirm)
            | (Self::NeverUnlocks, Task::Unlock) => Some(Answer::Done),
            (Self::StashesNothing, Task::Stash(_, Some(_))) => {
                world.perform_by_the_book(at, task, events);
                world.stash = None;
                Some(Answer::Done)
            }
            (Self::SavesNothing, Task::Save(_, credential)) => {
                world.seen.safe = refresh_token(credential);
                world.participants[at].brought = None;
                Some(Answer::Done)
            }
            (Self::ReleasesByPath, Task::Unlock) => {
                for lock in LOCKS {
                    world.locks[lock as usize] = None;
                }
                world.perform_by_the_book(at, task, events);
                Some(Answer::Done)
            }
            (Self::DeclaresAllDead, Task::Alive(_)) => Some(Answer::Alive(false)),
            (_, _) => None,
        }
    }

    /// What it does when an answer comes.
    pub(super) fn learn(self, world: &mut World, at: usize, reply: Reply, events: &mut Vec<Event>) {
        match (self, reply) {
            (Self::UnmarksEarly, Reply::Tokens { .. }) => {
                let ledger = Ledger { mark: None, ..world.read_ledger() };
                world.ledger = Some(ledger.write());
            }
            (Self::BlanksWhatIsRefused, Reply::InvalidGrant) => {
                if let Some(mut blank) = world.record.clone() {
                    blank.refresh_token = Some(Secret::default());
                    world.store(at, &blank, events);
                }
            }
            (Self::RemovesWhatIsRefused, Reply::InvalidGrant) => world.record = None,
            (_, _) => {}
        }
    }
}
