//! Breadth first, until nothing new is left: the first law that breaks is told with the shortest
//! way there.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use grantflow_core::{Error, Kept, Outcome, StoreTrouble};
use sha2::{Digest as _, Sha256};

use super::laws::{self, Broken};
use super::moves::{Event, Move};
use super::participant::{Moved, Said};
use super::setting::Setting;
use super::world::World;

/// What a whole search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) states: usize,
    pub(super) edges: usize,
    pub(super) moved: BTreeSet<Moved>,
    /// How the processes ended, in a word.
    pub(super) endings: BTreeSet<&'static str>,
}

/// A law that broke, and the moves that lead to it.
pub(super) struct Counterexample {
    pub(super) law: &'static str,
    what: String,
    way: Vec<Move>,
}

pub(super) fn search(setting: &Setting) -> Result<Found, Counterexample> {
    let root = World::new(Arc::new(setting.clone()));
    let mut found = Found::default();
    let mut numbers = HashMap::from([(fingerprint(&root), 0_u32)]);
    let mut from: Vec<Option<(u32, Move)>> = vec![None];
    let mut successors: Vec<Vec<u32>> = Vec::new();
    let mut queue = VecDeque::from([root]);
    while let Some(world) = queue.pop_front() {
        let here = u32::try_from(successors.len()).expect("it fits into memory");
        let moves = world.moves();
        let mut next = Vec::with_capacity(moves.len());
        for it in moves.iter().copied() {
            let (after, events) = world.after(it);
            let checked = laws::of_move(&world, it, &events, &after);
            let checked = checked.and_then(|()| laws::of_state(&after));
            checked.map_err(|broken| broken.after(&from, here, Some(it)))?;
            found.note(events);
            let new = u32::try_from(numbers.len()).expect("it fits into memory");
            let number = *numbers.entry(fingerprint(&after)).or_insert(new);
            if number == new {
                from.push(Some((here, it)));
                queue.push_back(after);
            }
            next.push(number);
            found.edges += 1;
        }
        if moves.iter().all(|it| it.trouble(world.is_full).is_some()) {
            laws::of_end(&world).map_err(|broken| broken.after(&from, here, None))?;
        }
        successors.push(next);
    }
    laws::of_graph(&successors).map_err(|broken| broken.after(&from, 0, None))?;
    found.states = numbers.len();
    Ok(found)
}

/// Goes on from every world that was reached a second time, and returns how many there were: with
/// one key there has to be one future, or a search that passes over it would miss something.
pub(super) fn check_twins(setting: &Setting) -> usize {
    let root = World::new(Arc::new(setting.clone()));
    let mut futures = HashMap::from([(fingerprint(&root), None)]);
    let mut twins = Vec::new();
    let mut queue = VecDeque::from([root]);
    while let Some(world) = queue.pop_front() {
        let mut future = Vec::new();
        for it in world.moves() {
            let (after, _) = world.after(it);
            let key = fingerprint(&after);
            future.push((it, key));
            if let Entry::Vacant(new) = futures.entry(key) {
                new.insert(None);
                queue.push_back(after);
            } else {
                twins.push(after);
            }
        }
        futures.insert(fingerprint(&world), Some(future));
    }
    for twin in &twins {
        let future = twin.moves().into_iter().map(|it| (it, fingerprint(&twin.after(it).0)));
        assert_eq!(Some(future.collect()), futures[&fingerprint(twin)], "{}", twin.key());
    }
    twins.len()
}

/// 128 bits tell some hundred thousand worlds apart; whole keys would not fit into memory.
fn fingerprint(world: &World) -> u128 {
    let digest = Sha256::digest(world.key());
    u128::from_be_bytes(digest[..16].try_into().expect("16 of 32 bytes"))
}

impl Found {
    fn note(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Moved(moved) => {
                    self.moved.insert(moved);
                }
                Event::Said(_, Said::Done(outcome)) => {
                    self.endings.insert(ending(&outcome));
                }
                Event::Said(_, Said::Deliver(_))
                | Event::Presented(..)
                | Event::Stored(..)
                | Event::Refused => {}
            }
        }
    }
}

/// How a renewal ended, in a word.
fn ending(outcome: &Result<Outcome, Error>) -> &'static str {
    match outcome {
        Ok(Outcome::Adopted(_)) => "adopted",
        Ok(Outcome::Recovered(_)) => "recovered",
        Ok(Outcome::Renewed(_, Kept::Saved)) => "renewed",
        Ok(Outcome::Renewed(_, Kept::Stashed)) => "renewed, stashed",
        Ok(Outcome::Renewed(_, Kept::InMemory)) => "renewed, in memory",
        Ok(Outcome::StillGood(..)) => "still good",
        Ok(Outcome::SignedIn(Kept::Saved)) => "signed in",
        Ok(Outcome::SignedIn(_)) => "signed in, waiting",
        Ok(Outcome::SignedOut { .. }) => "signed out",
        Err(Error::InvalidGrant) => "refused",
        Err(Error::Unreachable(_)) => "unreachable",
        Err(Error::SignedOut) => "nobody is signed in",
        Err(Error::AccountMismatch) => "another account",
        Err(Error::Borrowed) => "borrowed",
        Err(Error::Busy) => "busy",
        Err(Error::Store(StoreTrouble::NoLock)) => "no lock",
        Err(Error::Store(_)) => "the store failed",
        Err(Error::Interrupted { is_last: false, .. }) => "interrupted",
        Err(Error::Interrupted { is_last: true, .. }) => "interrupted for good",
        Err(Error::Superseded) => "superseded",
        Err(Error::Contested) => "contested",
        Err(Error::Cancelled) => "cancelled",
        Err(error) => panic!("nothing here leads to {error:?}"),
    }
}

impl Broken {
    fn after(self, from: &[Option<(u32, Move)>], at: u32, last: Option<Move>) -> Counterexample {
        let mut way: Vec<Move> = last.into_iter().collect();
        let mut at = at;
        while let Some((before, it)) = from[at as usize] {
            way.push(it);
            at = before;
        }
        way.reverse();
        Counterexample { law: self.law, what: self.what, way }
    }
}

impl fmt::Debug for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} breaks: {}, after", self.law, self.what)?;
        self.way.iter().try_for_each(|it| writeln!(f, "  {it:?}"))
    }
}
