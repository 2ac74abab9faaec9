//! Everything there is: the record with its ledger and stash, the locks, the server, the processes
//! and the messages on their way.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use grantflow_core::{Credential, Ledger, Mark, Secret};

use super::participant::{Message, Participant, access_token, refresh_token};
use super::server::{Reply, Server, Token};
use super::setting::{Job, Setting, Trouble};

#[derive(Clone)]
pub(super) struct World {
    pub(super) setting: Arc<Setting>,
    /// The wall clock, in hours since dawn.
    pub(super) hours: i8,
    pub(super) record: Option<Credential>,
    pub(super) ledger: Option<String>,
    pub(super) stash: Option<Secret>,
    /// Nothing can be written.
    pub(super) is_full: bool,
    /// Who has them, by place and process.
    pub(super) locks: [Option<String>; 2],
    pub(super) server: Server,
    pub(super) participants: Vec<Participant>,
    /// Requests whose process is no more.
    pub(super) adrift: Vec<Message>,
    /// What a foreign tool got for the record's token and has not written yet.
    pub(super) foreign: Option<Reply>,
    pub(super) used: Vec<Trouble>,
    pub(super) seen: Seen,
}

/// What the laws are about, beside the state of things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// How often each token was presented, unless it is known that the server did not act.
    pub(super) presented: Vec<(Token, u8)>,
    /// Tokens of which it is not known what came of presenting them, or where the result is.
    pub(super) excused: BTreeSet<Token>,
    /// The newest token of which a process was told that it is safe.
    pub(super) safe: Option<Token>,
    /// What stood there while a login was being put in place: that is what it comes after.
    pub(super) stood: Option<Token>,
    pub(super) signed_out: bool,
}

impl World {
    /// At dawn, everybody about to begin.
    pub(super) fn new(setting: Arc<Setting>) -> Self {
        let mut server = Server::new(setting.rule);
        let mut participants = Vec::new();
        for (place, job) in setting.jobs.iter().enumerate() {
            let login = (*job == Job::SignIn).then(|| server.sign_in());
            let mut participant = Participant::begin(&setting, (place, 0), *job, login, 0);
            participant.note_first_read(&setting, Some(&setting.first_record()));
            participants.push(participant);
        }
        Self {
            hours: 0,
            record: Some(setting.first_record()),
            ledger: Some(setting.ledger().write()),
            stash: None,
            is_full: false,
            locks: [None, None],
            server,
            participants,
            adrift: Vec::new(),
            foreign: None,
            used: Vec::new(),
            seen: Seen::default(),
            setting,
        }
    }

    pub(super) fn had(&self, trouble: Trouble) -> bool {
        self.used.contains(&trouble)
    }

    /// How often somebody came to a lock that another had: by theft, or because a login or logout
    /// does not wait for ever.
    pub(super) fn intruders(&self) -> usize {
        let logs = self.setting.jobs.iter().any(|job| *job != Job::Renew);
        let intrudes = |trouble: &&Trouble| {
            **trouble == Trouble::Theft || **trouble == Trouble::Impatience && logs
        };
        self.used.iter().filter(intrudes).count()
    }

    /// The ledger, read as the laws read it.
    pub(super) fn read_ledger(&self) -> Ledger {
        let read = self.ledger.as_deref().map(Ledger::read);
        read.transpose().expect("nobody has a newer version").unwrap_or_default()
    }

    /// Two worlds with equal keys are the same from here on.
    pub(super) fn key(&self) -> String {
        let mut key = String::with_capacity(1024);
        let Ledger { generation, logins, mark, spent, stands, signed_out } = self.read_ledger();
        let mark = mark.map(|Mark { digest, attempt, presented, who, at, ended, .. }| {
            format!("{digest} #{attempt}# {presented} {who} {at} {ended:?}")
        });
        let record = self.record.as_ref().map(|record| {
            let tokens = (access_token(record), refresh_token(record));
            (tokens, record.expires_at, &record.account.id)
        });
        let stash = self.stash.as_ref().map(Secret::digest);
        write!(
            key,
            "{} {record:?} {generation} {logins} {mark:?} {spent:?} {stands:?} {signed_out} {stash:?} \
             {} {:?} {:?} {:?} {:?} {:?} {:?};",
            self.hours,
            self.is_full,
            self.locks,
            self.server,
            self.adrift.iter().map(|message| message.token).collect::<Vec<_>>(),
            self.foreign,
            self.used,
            self.seen,
        )
        .expect("a string");
        for participant in &self.participants {
            participant.write(&mut key, self.hours);
        }
        renumbered(&key)
    }
}

/// Which attempts are the same counts, and not what their numbers are.
fn renumbered(key: &str) -> String {
    let mut numbers = Vec::new();
    let parts = key.split('#').enumerate().map(|(place, part)| {
        if place % 2 == 0 {
            return part.to_owned();
        }
        let known = numbers.iter().position(|number| *number == part);
        format!(
            "#{}",
            known.unwrap_or_else(|| {
                numbers.push(part);
                numbers.len() - 1
            })
        )
    });
    parts.collect()
}

impl Seen {
    pub(super) fn present(&mut self, token: Token) -> u8 {
        let times = self.times(token) + 1;
        self.set(token, times);
        times
    }

    /// The server is known not to have acted.
    pub(super) fn take_back(&mut self, token: Token) {
        let times = self.times(token).saturating_sub(1);
        self.set(token, times);
    }

    pub(super) fn times(&self, token: Token) -> u8 {
        self.presented.iter().find(|(it, _)| *it == token).map_or(0, |(_, times)| *times)
    }

    fn set(&mut self, token: Token, times: u8) {
        self.presented.retain(|(it, _)| *it != token);
        self.presented.push((token, times));
        self.presented.sort_unstable();
    }
}
