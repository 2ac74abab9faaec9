//! Arbitrary things that happen to a renewal and around it.

use grantflow_core::{Answer, StoreTrouble, TransportError};

use crate::choices::Choices;

/// One thing that happens.
#[derive(Debug)]
pub enum Operation {
    /// The host does what it is asked, by the book.
    GoOn,
    /// It asks again while something is out.
    PollAgain,
    /// It answers with this, whatever was asked.
    Misfit(Answer),
    /// It answers this id.
    Stray(u64),
    /// The server answers: a status and a body.
    Reply(u16, String),
    /// The server does not answer.
    Transport(TransportError),
    /// Both clocks go on.
    Pass(u64),
    /// The wall clock is set.
    StepWall(i64),
    /// A lock is taken from us.
    LoseLock,
    /// Nobody waits any more.
    Cancel,
    /// The process ends, and another begins.
    Crash,
    /// Somebody else writes.
    Meddle(Meddling),
}

/// What somebody else writes.
#[derive(Clone, Debug)]
pub enum Meddling {
    /// Another ledger, or none.
    Ledger(Option<String>),
    /// Another stash, or none.
    Stash(Option<String>),
    /// The ledger and the record as they once were: a backup.
    Backup,
    /// A login of the same account.
    NewLogin,
    /// One of another account.
    OtherAccount,
    /// One that another server has issued.
    Foreign,
    /// No record.
    SignedOut,
}

impl Operation {
    /// The next one that the bytes stand for.
    pub(super) fn read(choices: &mut Choices<'_>) -> Self {
        match choices.below(64) {
            0..36 => Self::GoOn,
            36..38 => Self::PollAgain,
            38..43 => Self::Misfit(answer(choices)),
            43 => Self::Stray(choices.number(6)),
            44..47 => reply(choices),
            47..49 => Self::Transport(TransportError::NotSent),
            49..51 => Self::Transport(TransportError::Lost),
            51 => Self::Pass(choices.below(5_000)),
            52 => Self::Pass(*choices.of(&[60_000, 3_600_000, 90_000_000])),
            53 => Self::StepWall(*choices.of(&[-3_600_000, -1, 60_000, 3_600_000, i64::MAX])),
            54..56 => Self::LoseLock,
            56 => Self::Cancel,
            57..60 => Self::Crash,
            _ => Self::Meddle(meddling(choices)),
        }
    }
}

fn answer(choices: &mut Choices<'_>) -> Answer {
    let troubles = [
        StoreTrouble::Unreadable,
        StoreTrouble::NotWritable,
        StoreTrouble::NoLock,
        StoreTrouble::Newer,
    ];
    match choices.below(8) {
        0 => Answer::Held,
        1 => Answer::Alive(true),
        2 => Answer::Alive(false),
        3 => Answer::Changed(None),
        4 => Answer::Loaded(Box::default()),
        _ => Answer::Failed(*choices.of(&troubles)),
    }
}

fn reply(choices: &mut Choices<'_>) -> Operation {
    let status = *choices.of(&[200, 200, 400, 400, 302, 401, 403, 429, 500, 503]);
    let body = match choices.below(8) {
        0 => r#"{"error":"invalid_grant"}"#.to_owned(),
        1 => r#"{"error":"invalid_client"}"#.to_owned(),
        2 => r#"{"access_token":"access-token-number-kept","expires_in":60}"#.to_owned(),
        3 => r#"{"access_token":null}"#.to_owned(),
        4 => r#"{"token":"access-token-number-second","expires_at":1780003600}"#.to_owned(),
        _ => choices.text(60),
    };
    Operation::Reply(status, body)
}

fn meddling(choices: &mut Choices<'_>) -> Meddling {
    match choices.below(10) {
        0 => Meddling::Ledger(None),
        1 => Meddling::Ledger(Some(choices.text(200))),
        2 => Meddling::Stash(None),
        3 => Meddling::Stash(Some(choices.text(200))),
        4 => Meddling::Backup,
        5 => Meddling::OtherAccount,
        6 => Meddling::Foreign,
        7 => Meddling::SignedOut,
        _ => Meddling::NewLogin,
    }
}
