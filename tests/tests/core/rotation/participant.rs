//! A process with one renewal: the shipped machine, what it has asked for, and what an observer
//! remembers of it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use grantflow_core::{
    Answer, Credential, Error, Kept, Lock, Now, Outcome, Purpose, Renewal, RenewalStep, Request,
    RequestId, Response, Secret, Task, TransportError,
};
use grantflow_tests::world::{DAWN, entropy};

use super::faults::Fault;
use super::server::{Reply, Token};
use super::setting::{HOUR, Job, Setting, credential};

pub(super) struct Participant {
    pub(super) job: Job,
    /// Which process at this place it is: the next one follows where one has crashed.
    life: u8,
    place: usize,
    renewal: Renewal,
    /// Its monotonic clock, moved by nothing but its own waits: everybody else may be as fast or
    /// as slow as they like.
    mono: u64,
    pub(super) pending: Pending,
    /// Which locks are rightly its own: taken, and neither given back nor stolen.
    pub(super) entitled: [bool; 2],
    /// It has lost a lock and does not know.
    pub(super) is_robbed: bool,
    /// What it presented, until the outcome is known and safe.
    pub(super) presented: Option<Token>,
    /// What it got for that.
    pub(super) brought: Option<Token>,
    /// It has looked whether its locks are still there, and has asked for nothing since.
    pub(super) confirmed: bool,
    pub(super) cancelled: bool,
    /// The record as it stood at the beginning, for a host that reads it only then.
    pub(super) first_read: Option<Credential>,
}

/// What it waits for.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    Task(RequestId, Arc<Task>),
    Time(Duration),
    /// It is about to send.
    Unsent(Message),
    /// On its way to the server.
    Sent(Message),
    /// On its way back.
    Answered(Message, Reply),
    Done(Arc<Result<Outcome, Error>>),
}

/// A request, as far as the server cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    id: RequestId,
    pub(super) purpose: Purpose,
    pub(super) token: Token,
}

/// What a machine said on the way to its next question.
#[derive(Debug)]
pub(super) enum Said {
    Deliver(Box<Credential>),
    Done(Arc<Result<Outcome, Error>>),
}

/// From which state an answer led to which: a line of `docs/states.md`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moved {
    pub(super) from: &'static str,
    pub(super) asked: &'static str,
    pub(super) answer: &'static str,
    pub(super) to: &'static str,
}

impl Participant {
    /// A process that begins now; `login` is what it puts in place, if it does.
    pub(super) fn begin(
        setting: &Setting,
        (place, life): (usize, u8),
        job: Job,
        login: Option<Token>,
        hours: i8,
    ) -> Self {
        let client = &setting.client;
        let ask = setting.ask(who(place, life));
        let entropy = entropy(u8::try_from(place).expect("few") * 16 + life);
        let now = now(hours, DAWN.mono);
        let renewal = match (job, login) {
            (Job::SignIn, Some(token)) => {
                Renewal::sign_in(client, credential(token, token, DAWN), ask, &entropy, now)
            }
            (Job::SignOut, _) => Renewal::sign_out(client, ask, &entropy, now),
            (Job::Renew | Job::SignIn, _) => Renewal::renew(client, ask, &entropy, now),
        };
        let mut participant = Self {
            job,
            life,
            place,
            renewal,
            mono: now.mono,
            pending: Pending::Time(Duration::ZERO),
            entitled: [false; 2],
            is_robbed: false,
            presented: None,
            brought: None,
            confirmed: false,
            cancelled: false,
            first_read: None,
        };
        let said = participant.go_on(hours);
        assert!(said.is_empty(), "a renewal begins with a task");
        participant
    }

    /// Another process at the same place.
    pub(super) fn next(&self, setting: &Setting, hours: i8) -> Self {
        Self::begin(setting, (self.place, self.life + 1), Job::Renew, None, hours)
    }

    pub(super) fn note_first_read(&mut self, setting: &Setting, record: Option<&Credential>) {
        if setting.fault == Some(Fault::ReadsOnce) {
            self.first_read = record.cloned();
        }
    }

    pub(super) fn who(&self) -> String {
        who(self.place, self.life)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.pending, Pending::Done(_))
    }

    /// The request that the server may still act on, or has acted on.
    pub(super) fn in_flight(&self) -> Option<Message> {
        match &self.pending {
            Pending::Sent(message) | Pending::Answered(message, _) => Some(*message),
            Pending::Task(..) | Pending::Time(_) | Pending::Unsent(_) | Pending::Done(_) => None,
        }
    }

    pub(super) fn answer(&mut self, hours: i8, answer: Answer) -> (Moved, Vec<Said>) {
        let Pending::Task(id, task) = &self.pending else { panic!("no task is out") };
        let (id, asked, from) = (*id, name(task), self.renewal.state());
        self.confirmed = matches!((&**task, &answer), (Task::Confirm, Answer::Done));
        let answered = word(&answer);
        let taken = self.renewal.handle_answer(now(hours, self.mono), id, answer);
        assert_eq!(taken, Ok(()), "{answered} is an answer to {asked}");
        let said = self.go_on(hours);
        (Moved { from, asked, answer: answered, to: self.renewal.state() }, said)
    }

    pub(super) fn respond(
        &mut self,
        hours: i8,
        message: Message,
        result: &Result<Response, TransportError>,
    ) -> (Moved, Vec<Said>) {
        let from = self.renewal.state();
        let answer = match result {
            Err(TransportError::NotSent) => "not sent",
            Err(TransportError::Lost) => "lost",
            Ok(response) => match response.status {
                200 => "granted",
                503 => "not processed",
                _ => "`invalid_grant`",
            },
        };
        let now = now(hours, self.mono);
        let taken = self.renewal.handle_response(now, message.id, result);
        assert_eq!(taken, Ok(()), "an answer to what is out is taken");
        let said = self.go_on(hours);
        (Moved { from, asked: "Send", answer, to: self.renewal.state() }, said)
    }

    /// Its own wait is over.
    pub(super) fn wait(&mut self, hours: i8) -> Vec<Said> {
        let Pending::Time(wait) = self.pending else { panic!("it does not wait") };
        self.mono += u64::try_from(wait.as_millis()).expect("a short wait");
        self.go_on(hours)
    }

    pub(super) fn cancel(&mut self) {
        self.cancelled = true;
        self.renewal.cancel();
    }

    /// It learns that a lock is no longer its own.
    pub(super) fn lose_lock(&mut self) {
        self.is_robbed = false;
        self.renewal.handle_lock_lost();
    }

    /// Polls until it asks for something.
    fn go_on(&mut self, hours: i8) -> Vec<Said> {
        let mut said = Vec::new();
        loop {
            self.pending = match self.renewal.poll(now(hours, self.mono)) {
                RenewalStep::Do(id, task) => Pending::Task(id, Arc::new(task)),
                RenewalStep::Send(request) => Pending::Unsent(Message::read(&request)),
                RenewalStep::Wait(wait) => Pending::Time(wait.expect("nothing is out")),
                RenewalStep::Deliver(credential) => {
                    said.push(Said::Deliver(credential));
                    continue;
                }
                RenewalStep::Done(outcome) => {
                    let outcome = Arc::new(outcome);
                    said.push(Said::Done(Arc::clone(&outcome)));
                    Pending::Done(outcome)
                }
            };
            return said;
        }
    }

    /// What it will do from here on, and what the laws know of it.
    pub(super) fn write(&self, key: &mut String, hours: i8) {
        let Self { job, life, entitled, is_robbed, presented, brought, confirmed, .. } = self;
        let view = self.renewal.view(now(hours, self.mono));
        let travelling = match &self.pending {
            Pending::Task(..) | Pending::Time(_) => String::new(),
            Pending::Unsent(message) => format!("unsent {:?}", message.token),
            Pending::Sent(message) => format!("sent {:?}", message.token),
            Pending::Answered(_, reply) => format!("{reply:?}"),
            Pending::Done(outcome) => told(outcome),
        };
        let first = self.first_read.as_ref().map(refresh_token);
        write!(
            key,
            "{job:?} {life} {entitled:?} {is_robbed} {presented:?} {brought:?} {confirmed} {first:?} {view} {travelling};"
        )
        .expect("a string");
    }
}

impl Clone for Participant {
    fn clone(&self) -> Self {
        Self {
            renewal: self.renewal.fork(),
            pending: self.pending.clone(),
            first_read: self.first_read.clone(),
            ..*self
        }
    }
}

impl Message {
    fn read(request: &Request) -> Self {
        let name = if request.purpose == Purpose::Revoke { "token" } else { "refresh_token" };
        let body = request.body.expose().as_bytes();
        let token = url::form_urlencoded::parse(body)
            .find(|(key, _)| key == name)
            .and_then(|(_, value)| Token::read(&Secret::new(value)));
        let token = token.expect("a refresh token of this world");
        Self { id: request.id, purpose: request.purpose, token }
    }
}

pub(super) fn now(hours: i8, mono: u64) -> Now {
    Now { wall: DAWN.wall.wrapping_add_signed(i64::from(hours) * HOUR.cast_signed()), mono }
}

pub(super) fn refresh_token(credential: &Credential) -> Option<Token> {
    credential.refresh_token.as_ref().and_then(Token::read)
}

pub(super) fn access_token(credential: &Credential) -> Option<Token> {
    Token::read(&credential.access_token)
}

/// The credential that an outcome hands to its caller.
pub(super) fn handed_out(outcome: &Outcome) -> Option<&Credential> {
    match outcome {
        Outcome::Adopted(credential)
        | Outcome::Recovered(credential)
        | Outcome::Renewed(credential, _)
        | Outcome::StillGood(credential, _) => Some(credential),
        Outcome::SignedIn(_) | Outcome::SignedOut { .. } => None,
    }
}

fn told(outcome: &Result<Outcome, Error>) -> String {
    match outcome {
        Ok(outcome) => {
            let kind = match outcome {
                Outcome::Adopted(_) => "adopted",
                Outcome::Recovered(_) => "recovered",
                Outcome::Renewed(..) => "renewed",
                Outcome::StillGood(..) => "still good",
                Outcome::SignedIn(Kept::Saved) => "signed in",
                Outcome::SignedIn(_) => "signed in, waiting",
                Outcome::SignedOut { .. } => "signed out",
            };
            format!("{kind} {:?}", handed_out(outcome).and_then(access_token))
        }
        Err(error) => format!("{error:?}"),
    }
}

fn who(place: usize, life: u8) -> String {
    format!("p{place}.{life}")
}

pub(super) fn name(task: &Task) -> &'static str {
    match task {
        Task::Lock(Lock::Ours, _) => "Lock(Ours)",
        Task::Lock(Lock::Owner, _) => "Lock(Owner)",
        Task::Load => "Load",
        Task::Alive(_) => "Alive",
        Task::Probe => "Probe",
        Task::Note(..) => "Note",
        Task::Confirm => "Confirm",
        Task::Stash(_, Some(_)) => "Stash(Some)",
        Task::Stash(_, None) => "Stash(None)",
        Task::Save(..) => "Save",
        Task::Remove => "Remove",
        Task::Unlock => "Unlock",
    }
}

fn word(answer: &Answer) -> &'static str {
    match answer {
        Answer::Done => "Done",
        Answer::Held => "Held",
        Answer::Loaded(_) => "Loaded",
        Answer::Alive(true) => "Alive(true)",
        Answer::Alive(false) => "Alive(false)",
        Answer::Changed(_) => "Changed",
        Answer::Failed(_) => "Failed",
    }
}
