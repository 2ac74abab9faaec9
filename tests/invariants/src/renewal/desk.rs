//! What is around a renewal: the record with what is beside it, the locks, the server, the clocks.

use std::time::Duration;

use grantflow_core::{
    Account, Answer, Ask, Client, Configuration, Credential, Due, Loaded, Lock, Now, Purpose,
    Renewal, Request, Response, Reuse, Secret, Task, Unwritten,
};

use super::operation::Meddling;
use crate::choices::Choices;
use crate::clients::{DAWN, Dialect, client, entropy};

const HOUR: u64 = 3_600_000;

#[expect(clippy::struct_excessive_bools, reason = "they have nothing to do with each other")]
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) client: Client,
    pub(super) now: Now,
    pub(super) record: Option<Credential>,
    pub(super) ledger: Option<String>,
    pub(super) stash: Option<Secret>,
    /// Which locks somebody of ours has.
    pub(super) held: [bool; 2],
    /// One could not be given back.
    pub(super) keeps_locks: bool,
    pub(super) has_owner_lock: bool,
    pub(super) in_memory: bool,
    /// Somebody has put aside what we had written down.
    pub(super) is_meddled: bool,
    is_borrowed: bool,
    job: Job,
    /// What stood there when it was read last: what renews the record, and the stash.
    read: (Option<Secret>, Option<Secret>),
    /// How many tokens there have been, and how many processes.
    issued: u32,
    lives: u8,
    backup: (Option<Credential>, Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Renew,
    SignIn,
    SignOut,
}

impl Desk {
    pub(super) fn set(choices: &mut Choices<'_>) -> Self {
        let exchanges = choices.below(8) == 0;
        let reuse = *choices.of(&[Reuse::Never, Reuse::Within(60), Reuse::Freely]);
        let client = if exchanges { client(Dialect::Github) } else { by_the_book(reuse) };
        let job = *choices.of(&[Job::Renew, Job::Renew, Job::Renew, Job::SignIn, Job::SignOut]);
        let flags = choices.byte();
        let mut desk = Self {
            client,
            now: DAWN,
            record: None,
            ledger: None,
            stash: None,
            held: [false; 2],
            keeps_locks: false,
            has_owner_lock: flags & 1 > 0,
            in_memory: flags & 0b110 == 0b110,
            is_meddled: false,
            // Nobody signs in or out where it is not ours.
            is_borrowed: flags & 0b1_1000 == 0b1_1000 && job == Job::Renew,
            job,
            read: (None, None),
            issued: 0,
            lives: 0,
            backup: (None, None),
        };
        let mut record = desk.issue();
        record.expires_at = Some(DAWN.wall + *choices.of(&[0, 60_000, HOUR]));
        desk.record = Some(record.clone());
        desk.backup = (Some(record), None);
        desk
    }

    /// Another one that begins.
    pub(super) fn renewal(&self, unwritten: Option<Unwritten>) -> Renewal {
        let entropy = entropy(self.lives);
        let ask = Ask {
            account: Some("alice".into()),
            has_owner_lock: self.has_owner_lock,
            in_memory: self.in_memory,
            unwritten: unwritten.unwrap_or_default(),
            ..Ask::new(Due::within(Duration::ZERO), format!("process {}", self.lives))
        };
        match self.job {
            Job::Renew => Renewal::renew(&self.client, ask, &entropy, self.now),
            Job::SignIn => {
                let login = self.credential("login", self.issued);
                Renewal::sign_in(&self.client, login, ask, &entropy, self.now)
            }
            Job::SignOut => Renewal::sign_out(&self.client, ask, &entropy, self.now),
        }
    }

    pub(super) fn begins_again(&mut self) {
        self.lives = self.lives.wrapping_add(1);
        self.issued += 1;
        self.held = [false; 2];
        self.keeps_locks = false;
    }

    pub(super) fn is_sign_in(&self) -> bool {
        self.job == Job::SignIn
    }

    pub(super) fn is_sign_out(&self) -> bool {
        self.job == Job::SignOut
    }

    /// A token that was presented can be presented again as often as anybody likes.
    pub(super) fn forgives(&self) -> bool {
        self.client.provider().token.reuse == Reuse::Freely
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now.wall = self.now.wall.saturating_add(ms);
        self.now.mono = self.now.mono.saturating_add(ms);
    }

    /// Does a task by the book.
    pub(super) fn perform(&mut self, task: &Task) -> Answer {
        match task {
            Task::Lock(lock, _) => {
                self.held[usize::from(*lock == Lock::Owner)] = true;
                Answer::Done
            }
            Task::Load => {
                let renews = self.record.as_ref().and_then(Credential::renewed_by);
                self.read = (renews.cloned(), self.stash.clone());
                Answer::Loaded(Box::new(Loaded {
                    record: self.record.clone().map(Box::new),
                    is_borrowed: self.is_borrowed,
                    ledger: self.ledger.clone(),
                    stash: self.stash.clone(),
                }))
            }
            Task::Alive(_) => Answer::Alive(false),
            Task::Probe => Answer::Done,
            Task::Note(expected, text) => {
                if !expected.is_met_by(self.ledger.as_deref()) {
                    return Answer::Changed(None);
                }
                self.ledger = Some(text.clone());
                Answer::Done
            }
            Task::Confirm if self.held == [true, self.has_owner_lock] => Answer::Done,
            Task::Confirm => Answer::Held,
            Task::Stash(expected, stash) => {
                if !expected.is_met_by(self.stash.as_ref().map(Secret::expose)) {
                    return Answer::Changed(None);
                }
                self.stash.clone_from(stash);
                Answer::Done
            }
            Task::Save(expected, new) => {
                assert!(!self.is_borrowed, "R-P-19: what is borrowed is not written");
                if !expected.is_met_by(self.record.as_ref()) {
                    return Answer::Changed(self.record.clone().map(Box::new));
                }
                self.record = Some((**new).clone());
                Answer::Done
            }
            Task::Remove if self.record.take().is_some() => Answer::Done,
            Task::Remove => Answer::Changed(None),
            Task::Unlock => {
                self.held = [false; 2];
                Answer::Done
            }
        }
    }

    /// A server that gives new tokens for any.
    pub(super) fn serve(&mut self, request: &Request) -> Response {
        let new = self.issue();
        let access = new.access_token.expose();
        let refresh = new.refresh_token.as_ref().map(Secret::expose).unwrap_or_default();
        if request.purpose == Purpose::ExchangeToken {
            let at = self.now.wall.min(1 << 42) / 1000 + 3600;
            return Response::new(200, format!(r#"{{"token":"{access}","expires_at":{at}}}"#));
        }
        let refresh = format!(r#""refresh_token":"{refresh}","expires_in":3600"#);
        Response::new(200, format!(r#"{{"access_token":"{access}",{refresh}}}"#))
    }

    pub(super) fn meddle(&mut self, meddling: Meddling) {
        match meddling {
            Meddling::Ledger(text) => {
                self.is_meddled = true;
                self.ledger = text.map(without_tokens);
            }
            Meddling::Stash(text) => {
                self.is_meddled = true;
                self.stash = text.map(|text| Secret::new(without_tokens(text)));
            }
            Meddling::Backup => {
                self.is_meddled = true;
                (self.record, self.ledger) = self.backup.clone();
            }
            Meddling::NewLogin => self.record = Some(self.issue()),
            Meddling::OtherAccount => {
                let account = Account { id: Some("bob".into()), ..Account::default() };
                self.record = Some(Credential { account, ..self.issue() });
            }
            Meddling::Foreign => {
                let foreign = self.credential("foreign", self.issued);
                let origin = "https://other.example/token".into();
                self.record = Some(Credential { origin, ..foreign });
            }
            Meddling::SignedOut => self.record = None,
        }
    }

    /// Whether the token stood in the record when that was read, or waited beside it.
    pub(super) fn stood(&self, token: &str) -> bool {
        let (renews, stash) = &self.read;
        let waited = stash.as_ref().is_some_and(|stash| stash.expose().contains(token));
        renews.as_ref().is_some_and(|renews| renews.expose() == token) || waited
    }

    fn issue(&mut self) -> Credential {
        self.issued += 1;
        self.credential("server", self.issued)
    }

    fn credential(&self, whose: &str, number: u32) -> Credential {
        let provider = self.client.provider();
        let token = |kind| Some(Secret::new(format!("{whose}-{kind}-token-number-{number}")));
        let (refresh_token, subject_token) = match &provider.then {
            Some(_) => (None, token("first")),
            None => (token("refresh"), None),
        };
        Credential {
            origin: provider.origin(),
            client_id: self.client.client_id().to_owned(),
            refresh_token,
            subject_token,
            obtained_at: self.now.wall,
            expires_at: Some(self.now.wall.saturating_add(HOUR)),
            account: Account { id: Some("alice".into()), ..Account::default() },
            ..Credential::bare(&*provider.id, token("access").unwrap_or_default())
        }
    }
}

fn by_the_book(reuse: Reuse) -> Client {
    let mut provider = client(Dialect::Standard).provider().clone();
    provider.token.reuse = reuse;
    Client::new(provider, Configuration::default()).expect("a client")
}

/// Nobody else's notes have our tokens in them.
fn without_tokens(text: String) -> String {
    if text.contains("-token-") { String::new() } else { text }
}

/// Whether a token is in the text: every one has this in it.
pub(super) fn has_secret(text: &str) -> bool {
    text.contains("-token-number-")
}

/// Whether another server has issued the token.
pub(super) fn is_foreign(request: &Request) -> bool {
    request.body.expose().contains("foreign-")
        || request.headers.iter().any(|header| header.value.expose().contains("foreign-"))
}

/// What a request presents.
pub(super) fn token(request: &Request) -> String {
    let pairs = form_urlencoded::parse(request.body.expose().as_bytes());
    let mut tokens = pairs.filter(|(name, _)| name == "refresh_token" || name == "token");
    tokens.next().map(|(_, token)| token.into_owned()).unwrap_or_default()
}

/// A member of a reply.
pub(super) fn text_of(body: &[u8], name: &str) -> Option<String> {
    let reply: serde_json::Value = serde_json::from_slice(body).ok()?;
    reply[name].as_str().map(str::to_owned)
}
