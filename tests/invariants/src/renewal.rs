//! A renewal whose host, server and neighbours do anything, in any order, and somebody who watches
//! what it asks for.
//!
//! An exhaustive search has orderly hosts and many processes; this has one process, hosts that
//! answer out of place, and texts beside the record that nobody of ours wrote.

mod desk;
mod operation;

use std::collections::BTreeMap;

use grantflow_core::{
    Answer, Error, Expected, Ledger, Lock, Now, Outcome, Purpose, Rejected, Renewal, RenewalStep,
    Request, RequestId, Response, Secret, Task, TransportError,
};

use crate::choices::Choices;
use crate::flow::{is_endpoint, millis};
use desk::{Desk, has_secret, is_foreign, token};
pub use operation::Operation;

/// What is done with a renewal, and examined.
#[derive(Clone, Copy, Debug)]
pub struct RenewalDoing {
    /// Asking what to do.
    pub poll: fn(&mut Renewal, Now) -> RenewalStep,
    /// Telling what became of a task.
    pub answer: fn(&mut Renewal, Now, RequestId, Answer) -> Result<(), Rejected>,
    /// Telling what the server said.
    pub respond: RespondToRenewal,
}

/// Telling what the server said.
pub type RespondToRenewal =
    fn(&mut Renewal, Now, RequestId, &Result<Response, TransportError>) -> Result<(), Rejected>;

impl RenewalDoing {
    /// As it is shipped.
    pub const SHIPPED: Self = Self {
        poll: Renewal::poll,
        answer: Renewal::handle_answer,
        respond: Renewal::handle_response,
    };
}

/// The first bytes choose the setting, the rest is what happens.
///
/// # Panics
/// When a law does not hold.
pub fn renewal(bytes: &[u8], doing: RenewalDoing) {
    let mut choices = Choices::new(bytes);
    let mut watch = Watch::begin(&mut choices, doing);
    while !choices.is_used_up() {
        let operation = Operation::read(&mut choices);
        watch.watch(operation);
    }
    watch.ends();
}

/// What is out.
#[derive(Debug)]
enum Out {
    Nothing,
    Task(RequestId, Task),
    Request(Request),
    Over,
}

/// A renewal, its surroundings, and what somebody who watches knows.
#[derive(Debug)]
struct Watch {
    doing: RenewalDoing,
    desk: Desk,
    renewal: Renewal,
    out: Out,
    /// All locks were held and somebody waited when it last asked, and nothing was asked since.
    confirmed: bool,
    /// How often each token was presented, unless the server is known not to have acted.
    presented: BTreeMap<String, u8>,
    granted: Option<String>,
    cancelled: bool,
}

impl Watch {
    fn begin(choices: &mut Choices<'_>, doing: RenewalDoing) -> Self {
        let desk = Desk::set(choices);
        let renewal = desk.renewal(None);
        let (out, presented) = (Out::Nothing, BTreeMap::new());
        let (confirmed, granted, cancelled) = (false, None, false);
        Self { doing, desk, renewal, out, confirmed, presented, granted, cancelled }
    }

    fn watch(&mut self, operation: Operation) {
        match operation {
            Operation::GoOn => self.go_on(),
            Operation::PollAgain => self.poll_again(),
            Operation::Misfit(answer) => self.misfit(answer),
            Operation::Stray(id) => self.stray(RequestId::from_number(id)),
            Operation::Reply(status, body) => self.reply(&Ok(Response::new(status, body))),
            Operation::Transport(error) => self.reply(&Err(error)),
            Operation::Pass(ms) => self.desk.pass(ms),
            Operation::StepWall(ms) => {
                self.desk.now.wall = self.desk.now.wall.saturating_add_signed(ms);
            }
            Operation::LoseLock => {
                self.desk.held = [false; 2];
                self.renewal.handle_lock_lost();
            }
            Operation::Cancel => {
                self.cancelled = true;
                self.renewal.cancel();
            }
            Operation::Crash => self.crash(),
            Operation::Meddle(meddling) => self.desk.meddle(meddling),
        }
        let shown = format!("{:?}", self.renewal);
        assert!(!has_secret(&shown), "law 6: {shown}");
    }

    /// By the book: polls, or answers what is out.
    fn go_on(&mut self) {
        match &self.out {
            Out::Nothing => self.poll(),
            Out::Task(_, task) => {
                let answer = self.desk.perform(task);
                self.answer(answer);
            }
            Out::Request(request) => {
                let response = self.desk.serve(request);
                self.reply(&Ok(response));
            }
            Out::Over => self.crash(),
        }
    }

    fn poll(&mut self) {
        let step = (self.doing.poll)(&mut self.renewal, self.desk.now);
        let shown = format!("{step:?}");
        let is_free = matches!(self.out, Out::Nothing);
        match step {
            RenewalStep::Do(id, task) => {
                assert!(is_free, "law 1: one thing out: {shown}");
                self.asked(&task);
                self.confirmed = false;
                self.out = Out::Task(id, task);
            }
            RenewalStep::Send(request) => {
                assert!(is_free, "law 1: one thing out: {shown}");
                self.sent(&request);
                self.out = Out::Request(request);
            }
            RenewalStep::Deliver(new) => {
                let came = Some(new.access_token.expose().to_owned());
                assert!(came == self.granted, "R-P-09: callers get what came");
            }
            RenewalStep::Wait(Some(wait)) => self.desk.pass(millis(wait)),
            RenewalStep::Wait(None) => {
                assert!(!is_free, "R-INV-10: nothing will ever happen in {:?}", self.renewal);
            }
            RenewalStep::Done(outcome) => {
                assert!(is_free, "law 3: an outcome is handed out once, when all is answered");
                self.done(&outcome);
                self.out = Out::Over;
            }
        }
    }

    fn poll_again(&mut self) {
        if matches!(self.out, Out::Nothing) {
            return;
        }
        let before = self.renewal.view(self.desk.now);
        let step = (self.doing.poll)(&mut self.renewal, self.desk.now);
        assert!(matches!(step, RenewalStep::Wait(None)), "law 1: one thing out, not {step:?} too");
        assert_eq!(self.renewal.view(self.desk.now), before, "law 3: a poll too many does no harm");
    }

    fn asked(&self, task: &Task) {
        match task {
            Task::Note(_, text) => {
                assert!(!has_secret(text), "law 6: a secret in the ledger: {text}");
            }
            Task::Save(expected, new) => {
                let is_blank = new.access_token.expose().trim().is_empty();
                assert!(!is_blank, "R-P-13: nothing is blanked");
                let may_replace = self.desk.is_sign_in() || self.desk.stash.is_some();
                let compares = *expected != Expected::Anything;
                assert!(compares || may_replace, "R-P-10: a renewal replaces what it has spent");
            }
            Task::Remove => assert!(self.desk.is_sign_out(), "R-P-13: nothing is removed"),
            Task::Lock(lock, _) => {
                let is_one = *lock == Lock::Ours || self.desk.has_owner_lock;
                assert!(is_one, "R-P-03: only the locks that there are");
            }
            Task::Load
            | Task::Alive(_)
            | Task::Probe
            | Task::Confirm
            | Task::Stash(..)
            | Task::Unlock => {}
        }
    }

    fn sent(&mut self, request: &Request) {
        let provider = self.desk.client.provider();
        assert!(is_endpoint(provider, &request.url), "law 7: {}", request.url);
        assert!(!is_foreign(request), "law 7: a token of another server's");
        if request.purpose == Purpose::Revoke {
            return;
        }
        assert!(
            self.confirmed,
            "R-P-08: the locks are looked at last of all, for somebody who waits"
        );
        let token = token(request);
        let times = self.presented.entry(token.clone()).or_default();
        *times = times.saturating_add(1);
        if self.desk.is_meddled || request.purpose == Purpose::ExchangeToken {
            return;
        }
        let is_rare = *times <= 2 || self.desk.forgives();
        assert!(is_rare, "R-INV-02: a token is presented twice at most");
        let ledger = self.desk.ledger.as_deref().map(Ledger::read);
        let mark = ledger.and_then(Result::ok).and_then(|ledger| ledger.mark);
        let is_marked = mark.as_ref().is_some_and(|mark| {
            let is_counted = mark.presented >= *times || self.desk.forgives();
            mark.digest == Secret::new(&*token).digest() && is_counted
        });
        let is_marked = is_marked || self.desk.in_memory;
        assert!(is_marked, "R-P-07: nothing is presented before a mark says so: {mark:?}");
        assert!(self.desk.stood(&token) || self.desk.in_memory, "R-P-04: a token of the record's");
    }

    fn reply(&mut self, result: &Result<Response, TransportError>) {
        let Out::Request(request) = &self.out else { return };
        let (id, purpose, presented) = (request.id, request.purpose, token(request));
        self.out = Out::Nothing;
        let taken = (self.doing.respond)(&mut self.renewal, self.desk.now, id, result);
        assert_eq!(taken, Ok(()), "law 1: an answer to what is out is taken");
        let again = (self.doing.respond)(&mut self.renewal, self.desk.now, id, result);
        assert_eq!(again, Err(Rejected::Stale), "law 1: answered once");
        let body: &[u8] = result.as_ref().map_or(&[], |response| &response.body);
        self.granted = desk::text_of(body, "access_token").or(desk::text_of(body, "token"));
        // Some servers refuse with 200.
        let is_refused = self.granted.is_none() && desk::text_of(body, "error").is_some();
        let may_have_acted = match result {
            Ok(response) => match response.status {
                200..300 => !is_refused,
                status => !(400..500).contains(&status),
            },
            Err(error) => *error == TransportError::Lost,
        };
        let is_kept = self.granted.is_some() && desk::text_of(body, "refresh_token").is_none();
        match (purpose, self.presented.get_mut(&presented)) {
            // It was not replaced, so that it is as good as before.
            (Purpose::Refresh, Some(times)) if is_kept => *times = 0,
            (Purpose::Refresh, Some(times)) if !may_have_acted => *times = times.saturating_sub(1),
            (_, _) => {}
        }
    }

    fn answer(&mut self, answer: Answer) {
        let Out::Task(id, task) = std::mem::replace(&mut self.out, Out::Nothing) else { return };
        let shown = format!("{answer:?} is an answer to {task:?}");
        self.confirmed =
            matches!((&task, &answer), (Task::Confirm, Answer::Done)) && !self.cancelled;
        let taken = (self.doing.answer)(&mut self.renewal, self.desk.now, id, answer);
        assert_eq!(taken, Ok(()), "law 1: {shown}");
    }

    /// An answer that may be no answer to what is out, and says nothing of what the host has done.
    fn misfit(&mut self, answer: Answer) {
        let (id, is_unlock) = match &self.out {
            Out::Task(id, task) => (*id, matches!(task, Task::Unlock)),
            Out::Request(request) => (request.id, false),
            Out::Nothing | Out::Over => return,
        };
        let before = self.renewal.view(self.desk.now);
        let is_a_lie = matches!(answer, Answer::Loaded(_));
        let taken = (self.doing.answer)(&mut self.renewal, self.desk.now, id, answer);
        if taken.is_err() {
            let after = self.renewal.view(self.desk.now);
            assert_eq!(after, before, "law 3: what is refused changes nothing");
            return;
        }
        self.out = Out::Nothing;
        self.confirmed = false;
        self.desk.is_meddled |= is_a_lie;
        self.desk.keeps_locks |= is_unlock;
    }

    fn stray(&mut self, id: RequestId) {
        let is_out = match &self.out {
            Out::Task(out, _) => *out == id,
            Out::Request(request) => request.id == id,
            Out::Nothing | Out::Over => false,
        };
        if is_out {
            return;
        }
        let (before, now) = (self.renewal.view(self.desk.now), self.desk.now);
        let answered = (self.doing.answer)(&mut self.renewal, now, id, Answer::Done);
        assert_eq!(answered, Err(Rejected::Stale), "law 1: an answer to nothing is stale");
        let lost = Err(TransportError::Lost);
        let responded = (self.doing.respond)(&mut self.renewal, now, id, &lost);
        assert_eq!(responded, Err(Rejected::Stale), "law 1: an answer to nothing is stale");
        assert_eq!(self.renewal.view(now), before, "law 3: what is refused changes nothing");
    }

    fn done(&mut self, outcome: &Result<Outcome, Error>) {
        let shown = format!("{outcome:?}");
        assert!(!has_secret(&shown), "law 6: {shown}");
        let gives_back = self.desk.held == [false; 2] || self.desk.keeps_locks;
        assert!(gives_back, "R-P-12: locks are given back before the end: {:?}", self.desk.held);
        if let Ok(Outcome::Renewed(new, _)) = outcome {
            assert!(!new.access_token.expose().is_empty(), "R-P-13: nothing is blanked");
        }
    }

    /// The process ends, or is done and asks again; another renewal begins.
    fn crash(&mut self) {
        let unwritten = matches!(self.out, Out::Over).then(|| self.renewal.unwritten());
        // What was only in memory is gone, and nobody knows how often a token was presented.
        self.desk.is_meddled |= self.desk.in_memory && unwritten.is_none();
        if let Out::Request(_) = self.out {
            self.granted = None;
        }
        self.desk.begins_again();
        self.renewal = self.desk.renewal(unwritten);
        self.out = Out::Nothing;
        (self.confirmed, self.cancelled) = (false, false);
    }

    /// R-INV-10: with a host by the book and a server that never answers.
    fn ends(mut self) {
        for _ in 0..3_000 {
            match self.out {
                Out::Over => return,
                Out::Request(_) => self.reply(&Err(TransportError::Lost)),
                Out::Nothing | Out::Task(..) => self.go_on(),
            }
        }
        panic!("R-INV-10: no end of {:?}", self.renewal);
    }
}

/// By the shipped machine.
pub(crate) fn check(bytes: &[u8]) {
    renewal(bytes, RenewalDoing::SHIPPED);
}
