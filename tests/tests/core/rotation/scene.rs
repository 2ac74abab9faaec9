//! One renewal step by step: a host whose answers a test can change, and what it was asked for.

use std::collections::VecDeque;
use std::time::Duration;

use grantflow_core::{
    Answer, Ask, Client, Credential, Error, Ledger, Loaded, Mark, Now, Outcome, Renewal,
    RenewalStep, Request, Response, Secret, StoreTrouble, Task, TransportError,
};
use grantflow_tests::world::{DAWN, entropy};

use super::participant::name;
use super::server::{Reply, Rule, Token};
use super::setting::{Setting, credential};

pub(super) type Sent = Result<Response, TransportError>;

/// The token of a login that is not the record's.
pub(super) const LOGIN: Token = Token { login: 1, number: 0 };

pub(super) struct Scene {
    pub(super) setting: Setting,
    pub(super) now: Now,
    pub(super) record: Option<Credential>,
    pub(super) ledger: Option<String>,
    pub(super) stash: Option<Secret>,
    /// Whether the process that a mark names still runs.
    pub(super) is_alive: bool,
    /// Locks that somebody else has.
    pub(super) is_held: bool,
    /// The tasks, by name, that are told so of their lock.
    pub(super) held: Vec<&'static str>,
    /// The tasks, by name, that fail, and how.
    pub(super) failing: Vec<(&'static str, StoreTrouble)>,
    /// What comes back, one for each request.
    pub(super) replies: VecDeque<Sent>,
    /// What happens to the record when this task has been done.
    pub(super) meanwhile: Option<(&'static str, Option<Credential>)>,
    pub(super) asked: Vec<&'static str>,
    pub(super) sent: Vec<Request>,
    pub(super) delivered: Vec<Credential>,
}

impl Scene {
    /// The record is due, nothing has gone wrong yet, and these are the answers.
    pub(super) fn new(rule: Rule, replies: impl IntoIterator<Item = Sent>) -> Self {
        let setting = Setting::new("one renewal", rule, &[]);
        Self {
            now: DAWN,
            record: Some(setting.first_record()),
            ledger: Some(setting.ledger().write()),
            stash: None,
            is_alive: false,
            is_held: false,
            held: Vec::new(),
            failing: Vec::new(),
            replies: replies.into_iter().collect(),
            meanwhile: None,
            asked: Vec::new(),
            sent: Vec::new(),
            delivered: Vec::new(),
            setting,
        }
    }

    /// The first login of somebody else is in the record, and not noted in the ledger yet.
    pub(super) fn with_a_login_to_note() -> (Self, Renewal) {
        let mut scene = Self::new(Rule::Strict, []);
        let new = credential(LOGIN, LOGIN, DAWN);
        let mut sign_in = Renewal::sign_in(scene.client(), new, scene.ask(), &entropy(1), DAWN);
        while scene.asked.last() != Some(&"Save") {
            assert!(scene.step(&mut sign_in).is_none(), "it comes to its save");
        }
        (scene, sign_in)
    }

    pub(super) fn client(&self) -> &Client {
        &self.setting.client
    }

    pub(super) fn ask(&self) -> Ask {
        self.setting.ask("this process".into())
    }

    pub(super) fn renewal(&self) -> Renewal {
        Renewal::renew(self.client(), self.ask(), &entropy(1), self.now)
    }

    /// Renews to the end.
    pub(super) fn renew(&mut self) -> Result<Outcome, Error> {
        let renewal = self.renewal();
        self.drive(renewal)
    }

    pub(super) fn drive(&mut self, mut renewal: Renewal) -> Result<Outcome, Error> {
        self.drive_on(&mut renewal)
    }

    /// The same, with one that can be asked afterwards.
    pub(super) fn drive_on(&mut self, renewal: &mut Renewal) -> Result<Outcome, Error> {
        loop {
            if let Some(outcome) = self.step(renewal) {
                return outcome;
            }
        }
    }

    /// Does what the next step says.
    pub(super) fn step(&mut self, renewal: &mut Renewal) -> Option<Result<Outcome, Error>> {
        match renewal.poll(self.now) {
            RenewalStep::Do(id, task) => {
                let answer = self.answer(&task);
                let taken = renewal.handle_answer(self.now, id, answer);
                assert_eq!(taken, Ok(()), "an answer to what is out is taken");
            }
            RenewalStep::Send(request) => {
                let id = request.id;
                self.sent.push(request);
                let reply = self.replies.pop_front().expect("a reply for each request");
                assert_eq!(renewal.handle_response(self.now, id, &reply), Ok(()));
            }
            RenewalStep::Deliver(credential) => self.delivered.push(*credential),
            RenewalStep::Wait(wait) => self.wait(wait.expect("something to wait for")),
            RenewalStep::Done(outcome) => return Some(outcome),
        }
        None
    }

    pub(super) fn answer(&mut self, task: &Task) -> Answer {
        let asked = name(task);
        self.asked.push(asked);
        assert!(self.asked.len() < 1000, "it goes round in circles");
        if let Some((_, trouble)) = self.failing.iter().find(|(name, _)| *name == asked) {
            return Answer::Failed(*trouble);
        }
        let answer = self.perform(task);
        if let Some((_, record)) = self.meanwhile.take_if(|(name, _)| *name == asked) {
            self.record = record;
        }
        answer
    }

    fn perform(&mut self, task: &Task) -> Answer {
        match task {
            Task::Lock(..) if self.is_held => return Answer::Held,
            Task::Lock(..) | Task::Confirm if self.held.contains(&name(task)) => {
                return Answer::Held;
            }
            Task::Lock(..) | Task::Probe | Task::Confirm | Task::Unlock => {}
            Task::Alive(_) => return Answer::Alive(self.is_alive),
            Task::Load => {
                return Answer::Loaded(Box::new(Loaded {
                    record: self.record.clone().map(Box::new),
                    is_borrowed: self.setting.is_borrowed,
                    ledger: self.ledger.clone(),
                    stash: self.stash.clone(),
                }));
            }
            Task::Note(expected, ledger) => {
                if !expected.is_met_by(self.ledger.as_deref()) {
                    return Answer::Changed(None);
                }
                self.ledger = Some(ledger.clone());
            }
            Task::Stash(expected, stash) => {
                if !expected.is_met_by(self.stash.as_ref().map(Secret::expose)) {
                    return Answer::Changed(None);
                }
                self.stash.clone_from(stash);
            }
            Task::Save(expected, new) => {
                if !expected.is_met_by(self.record.as_ref()) {
                    return Answer::Changed(self.record.clone().map(Box::new));
                }
                self.record = Some((**new).clone());
            }
            Task::Remove => {
                if self.record.take().is_none() {
                    return Answer::Changed(None);
                }
            }
        }
        Answer::Done
    }

    pub(super) fn wait(&mut self, wait: Duration) {
        let ms = u64::try_from(wait.as_millis()).expect("a wait that ends");
        self.now.wall += ms;
        self.now.mono += ms;
    }

    pub(super) fn read_ledger(&self) -> Ledger {
        Ledger::read(self.ledger.as_deref().expect("a ledger")).expect("not a newer one")
    }

    /// Somebody was about to present the record's token, and this is what they wrote.
    pub(super) fn mark(&mut self, change: impl FnOnce(&mut Mark)) {
        let mut mark = Mark {
            digest: token(1).refresh().digest(),
            attempt: 7,
            presented: 1,
            who: "another process".into(),
            at: self.now.wall - 1000,
            host: "127.0.0.1".into(),
            ended: None,
        };
        change(&mut mark);
        self.ledger = Some(Ledger { mark: Some(mark), ..self.setting.ledger() }.write());
    }
}

/// A token of the first login.
pub(super) fn token(number: u8) -> Token {
    Token { login: 0, number }
}

/// The server's answer with these tokens.
#[expect(clippy::unnecessary_wraps, reason = "as it comes back")]
pub(super) fn granted(number: u8) -> Sent {
    let token = token(number);
    Ok(Reply::Tokens { access: token, refresh: Some(token) }.response())
}

#[expect(clippy::unnecessary_wraps, reason = "as it comes back")]
pub(super) fn invalid_grant() -> Sent {
    Ok(Reply::InvalidGrant.response())
}
