//! Many device logins at once in one process, and three ways of driving them. There is no network:
//! each poll hears that the person has not come yet.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use grantflow_core::{Client, Configuration, Flow, Machine as _, Now, Response, Scope, Step};
use grantflow_tests::world::entropy;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::time::DelayQueue;

use crate::flows::{CODES, by_us::provider};

/// The interval that the server names, in milliseconds.
const INTERVAL_MS: usize = 5000;

/// Logins that wait for their people, begun evenly over one interval.
pub struct Fleet {
    client: Client,
    flows: Vec<Flow>,
    begun: Instant,
}

/// A way of driving them.
pub trait Driver {
    /// So many polls; for each how late it was.
    fn polls(&mut self, count: usize) -> Vec<Duration>;
}

impl Fleet {
    /// So many.
    pub fn new(size: usize) -> Self {
        let client = Client::new(provider(), Configuration::default()).unwrap();
        let flow = |index: usize| waiting(&client, at((index * INTERVAL_MS / size) as u64));
        let flows = (0..size).map(flow).collect();
        Self { client, flows, begun: Instant::now() }
    }

    fn first_due(&self, index: usize) -> Instant {
        let offset = INTERVAL_MS + index * INTERVAL_MS / self.flows.len();
        self.begun + Duration::from_millis(offset as u64)
    }
}

fn at(mono: u64) -> Now {
    Now { wall: 1_780_000_000_000 + mono, mono }
}

fn now(begun: Instant) -> Now {
    at(u64::try_from(begun.elapsed().as_millis()).unwrap())
}

fn pending() -> Response {
    Response::new(400, r#"{"error":"authorization_pending"}"#)
}

/// A login that has its codes.
fn waiting(client: &Client, now: Now) -> Flow {
    let mut flow = Flow::device(client, Scope::default(), &entropy(1), now).unwrap();
    let Step::Send(request) = flow.poll(now) else { panic!("it begins") };
    flow.handle_response(now, request.id, &Ok(Response::new(200, CODES))).unwrap();
    flow
}

/// One poll, and how long to wait for the next. A timer may ring within the millisecond before. After
/// fifteen minutes a login has lapsed, and the next person's takes its place.
fn poll(client: &Client, flow: &mut Flow, begun: Instant) -> (Duration, bool) {
    let mut has_polled = false;
    loop {
        let now = now(begun);
        match flow.poll(now) {
            Step::Send(request) => {
                flow.handle_response(now, request.id, &Ok(pending())).unwrap();
                has_polled = true;
            }
            Step::Wait(wait) => return (wait.unwrap(), has_polled),
            Step::Done(_) => *flow = waiting(client, now),
        }
    }
}

/// All of them in one heap, the next one on top. Whoever waits may wait with any timer.
pub struct Heap {
    fleet: Fleet,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    clock: tokio::runtime::Runtime,
}

impl Heap {
    /// Over a clock that jumps, or the real one.
    pub fn new(size: usize, clock: tokio::runtime::Runtime) -> Self {
        let fleet = clock.block_on(async { Fleet::new(size) });
        let due = (0..size).map(|index| Reverse((fleet.first_due(index), index))).collect();
        Self { fleet, due, clock }
    }
}

impl Driver for Heap {
    fn polls(&mut self, count: usize) -> Vec<Duration> {
        let Self { fleet, due, clock } = self;
        clock.block_on(async {
            let mut late = Vec::with_capacity(count);
            while late.len() < count {
                let Reverse((when, index)) = due.pop().unwrap();
                if when > Instant::now() {
                    sleep_until(when).await;
                }
                let delay = when.elapsed();
                let (wait, has_polled) = poll(&fleet.client, &mut fleet.flows[index], fleet.begun);
                due.push(Reverse((Instant::now() + wait, index)));
                if has_polled {
                    late.push(delay);
                }
            }
            late
        })
    }
}

/// The same with the timer wheel of tokio-util.
pub struct Wheel {
    fleet: Fleet,
    due: DelayQueue<usize>,
    clock: tokio::runtime::Runtime,
}

impl Wheel {
    /// As [`Heap::new`].
    pub fn new(size: usize, clock: tokio::runtime::Runtime) -> Self {
        let (fleet, due) = clock.block_on(async {
            let (fleet, mut due) = (Fleet::new(size), DelayQueue::with_capacity(size));
            for index in 0..size {
                due.insert_at(index, fleet.first_due(index));
            }
            (fleet, due)
        });
        Self { fleet, due, clock }
    }
}

impl Driver for Wheel {
    fn polls(&mut self, count: usize) -> Vec<Duration> {
        let Self { fleet, due, clock } = self;
        clock.block_on(async {
            let mut late = Vec::with_capacity(count);
            while late.len() < count {
                let expired = poll_fn(|context| due.poll_expired(context)).await.unwrap();
                let (delay, index) = (expired.deadline().elapsed(), expired.into_inner());
                let (wait, has_polled) = poll(&fleet.client, &mut fleet.flows[index], fleet.begun);
                due.insert(index, wait);
                if has_polled {
                    late.push(delay);
                }
            }
            late
        })
    }
}

/// A task and a timer for each.
pub struct Tasks {
    local: LocalSet,
    turn: Rc<Turn>,
    clock: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Turn {
    left: Cell<usize>,
    late: RefCell<Vec<Duration>>,
    is_over: Notify,
}

impl Tasks {
    /// As [`Heap::new`].
    pub fn new(size: usize, clock: tokio::runtime::Runtime) -> Self {
        let (tasks, turn) = (LocalSet::new(), Rc::new(Turn::default()));
        let mut fleet = clock.block_on(async { Fleet::new(size) });
        let dues: Vec<_> = (0..size).map(|index| fleet.first_due(index)).collect();
        for (mut flow, mut due) in fleet.flows.drain(..).zip(dues) {
            let (turn, client, begun) = (Rc::clone(&turn), fleet.client.clone(), fleet.begun);
            tasks.spawn_local(async move {
                loop {
                    sleep_until(due).await;
                    let delay = due.elapsed();
                    let (wait, has_polled) = poll(&client, &mut flow, begun);
                    due = Instant::now() + wait;
                    if has_polled {
                        turn.count(delay);
                    }
                }
            });
        }
        Self { local: tasks, turn, clock }
    }
}

impl Turn {
    fn count(&self, delay: Duration) {
        self.late.borrow_mut().push(delay);
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 {
            self.is_over.notify_one();
        }
    }
}

impl Driver for Tasks {
    fn polls(&mut self, count: usize) -> Vec<Duration> {
        self.turn.left.set(count);
        self.local.block_on(&self.clock, self.turn.is_over.notified());
        self.turn.late.take()
    }
}

/// A clock that jumps to the next deadline when there is nothing to do.
pub fn jumping() -> tokio::runtime::Runtime {
    runtime(true)
}

/// The real clock.
pub fn real() -> tokio::runtime::Runtime {
    runtime(false)
}

fn runtime(start_paused: bool) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(start_paused).build().unwrap()
}

/// Makes a driver for so many logins over a clock.
pub type Way = fn(usize, tokio::runtime::Runtime) -> Box<dyn Driver>;

/// Every way, by its name.
pub const WAYS: [(&str, Way); 3] = [
    ("one heap", |size, clock| Box::new(Heap::new(size, clock))),
    ("tokio-util's DelayQueue", |size, clock| Box::new(Wheel::new(size, clock))),
    ("a task each", |size, clock| Box::new(Tasks::new(size, clock))),
];
