//! Every reachable state of every door, with no bound on depth: the search ends because nothing
//! new is left. Along each edge the laws are checked on the shipped machine itself.
//!
//! Time moves by a millisecond, just short of and exactly to the next thing that time would do,
//! and by whole intervals; single milliseconds are tried where they can matter, at entry and next
//! to a boundary. Clocks step both ways.

mod diagram;
mod door;
mod inputs;
mod laws;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use grantflow_core::{Flow, Now, Purpose, RequestId, View};
use grantflow_tests::covers;
use grantflow_tests::world::DAWN;

use door::Door;
use inputs::{Answer, Effect, Input, apply};

/// A login and what an observer of it remembers.
pub(crate) struct Node {
    flow: Flow,
    now: Now,
    out: Option<RequestId>,
    seen: Seen,
}

/// What the laws are about, beside the state: part of a node's identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Seen {
    /// Real time since the last answer of a device login, as far as it matters.
    since_answer: u64,
    /// How often a code was presented and may have been acted on.
    presented: u8,
    /// How far the monotonic clock is behind its latest reading.
    lag: u64,
}

/// What a whole search found.
pub(crate) struct Found {
    pub states: usize,
    pub edges: usize,
    /// For each state and input, what came of it.
    pub cells: BTreeMap<(String, Input), BTreeSet<String>>,
    /// Where an input led from one row to another, or to an end.
    pub arrows: BTreeSet<(String, Input, String)>,
}

type Key = (View, Seen);

#[test]
fn every_reachable_state_of_every_door_keeps_the_laws() {
    covers(&["N-6749-07", "B-CB-11", "B-CB-26", "B-CB-27", "B-DV-12", "B-CK-01"]);
    let pinned = [
        (Door::browser(), 126, 3654),
        (Door::device(), 1418, 42674),
        (Door::device_then_exchange(), 1532, 46038),
        (Door::device_then_code(), 1522, 45689),
    ];
    for (door, states, edges) in pinned {
        let found = search(&door);
        assert_eq!((found.states, found.edges), (states, edges), "{}", door.name);
    }
}

pub(crate) fn search(door: &Door) -> Found {
    let root = Node::new(door);
    let mut numbers: HashMap<Key, usize> = HashMap::from([(root.key(), 0)]);
    let mut queue = VecDeque::from([root]);
    let mut cells: BTreeMap<(String, Input), BTreeSet<String>> = BTreeMap::new();
    let mut arrows = BTreeSet::new();
    let mut successors: Vec<Vec<usize>> = Vec::new();
    let mut finished: Vec<bool> = Vec::new();
    let mut edges = 0;
    while let Some(node) = queue.pop_front() {
        laws::of_state(door, &node);
        let here = numbers[&node.key()];
        let mut next = Vec::new();
        for input in Input::ALL {
            let (after, effect) = node.after(door, input);
            let (again, same) = node.after(door, input);
            assert_eq!((again.key(), &same), (after.key(), &effect), "law 10: {input:?}");
            laws::of_step(&node, input, &effect, &after);
            let cell = (tables::row(&node), input);
            arrows.extend(diagram::arrow(&node, input, &after));
            cells.entry(cell).or_default().insert(tables::entry(&node, &effect, &after));
            // A host that only restarts and never polls gets nowhere; that is its own doing.
            next.push((after, input != Input::Restore || node.out.is_some()));
        }
        next.extend(node.later().into_iter().map(|later| {
            let is_progress = later.seen.lag <= node.seen.lag;
            (later, is_progress)
        }));
        let mut forward = Vec::new();
        for (after, is_progress) in next {
            edges += 1;
            let key = after.key();
            let new = numbers.len();
            let number = *numbers.entry(key).or_insert(new);
            if number == new {
                queue.push_back(after);
            }
            if is_progress && number != here {
                forward.push(number);
            }
        }
        successors.push(forward);
        finished.push(node.view().state == "Finished");
    }
    laws::every_login_ends(&successors, &finished);
    Found { states: numbers.len(), edges, cells, arrows }
}

impl Node {
    fn new(door: &Door) -> Self {
        Self { flow: door.open(), now: DAWN, out: None, seen: Seen::default() }
    }

    fn key(&self) -> Key {
        (self.flow.view(self.now), self.seen.clone())
    }

    fn view(&self) -> View {
        self.flow.view(self.now)
    }

    fn fork(&self) -> Self {
        Self { flow: self.flow.fork(), now: self.now, out: self.out, seen: self.seen.clone() }
    }

    fn after(&self, door: &Door, input: Input) -> (Self, Effect) {
        let mut node = self.fork();
        let effect = apply(door, &mut node.flow, node.now, node.out, input);
        match (&effect, input) {
            (Effect::Sent(id, purpose), _) => {
                node.out = Some(*id);
                node.seen.since_answer = 1;
                node.seen.presented += u8::from(*purpose == Purpose::RedeemCode);
            }
            (Effect::Taken, Input::Answer(answer)) => {
                node.out = None;
                node.seen.since_answer = 0;
                let was_code = self.view().state == "RedeemingCode";
                if was_code && matches!(answer, Answer::NotSent | Answer::TooManyRequests) {
                    node.seen.presented -= 1;
                }
            }
            (Effect::Taken, Input::Restore) => {
                if node.out.take().is_some() {
                    node.seen.since_answer = 0;
                }
                node.seen.lag = 0;
            }
            (Effect::Taken | Effect::Waits | Effect::Ended | Effect::Rejected(_), _) => {}
        }
        (node, effect)
    }

    /// The same login after each stretch of time worth trying: at entry all of them, later only
    /// what leads to a boundary or next to one.
    fn later(&self) -> Vec<Self> {
        let view = self.view();
        let boundaries: Vec<u64> = [view.due_in, view.expires_in].into_iter().flatten().collect();
        let mut moves: BTreeSet<u64> = boundaries.iter().copied().collect();
        moves.extend(boundaries.iter().filter(|ms| **ms > 1).map(|ms| ms - 1));
        if self.seen.since_answer == 0 {
            let interval = view.pace.map_or(5_000, |(interval, ..)| interval);
            moves.extend([1, interval - 1, interval]);
        }
        moves.remove(&0);
        let mut later: Vec<Self> = moves.into_iter().map(|ms| self.moved(ms)).collect();
        if self.seen == Seen::default() && !boundaries.is_empty() {
            let mut back = self.fork();
            back.now.mono -= 5_000;
            back.seen.lag = 5_000;
            later.push(back);
        }
        later
    }

    fn moved(&self, ms: u64) -> Self {
        let mut node = self.fork();
        let ms = ms + std::mem::take(&mut node.seen.lag);
        node.now.mono += ms;
        node.now.wall += ms;
        // Only as far as the next poll asks for; while one is out nothing counts.
        let most = self.view().pace.filter(|_| self.out.is_none()).map_or(1, |pace| pace.1);
        node.seen.since_answer = (node.seen.since_answer + ms).min(most);
        node
    }
}
