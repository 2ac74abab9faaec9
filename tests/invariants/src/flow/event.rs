//! Arbitrary things that happen to a login.

use grantflow_core::TransportError;

use crate::choices::Choices;

/// One thing that happens to a login.
#[derive(Clone, Debug)]
pub enum Event {
    /// It is asked what to do.
    Poll,
    /// Both clocks go on by this.
    Pass(u64),
    /// Both clocks go on until the next request is due.
    Wait,
    /// The wall clock is set, the other not.
    StepWall(i64),
    /// The monotonic clock jumps, the other not.
    StepMono(i64),
    /// An answer: a status and a body.
    Answer(u16, String),
    /// An answer that the state can go on with, or few logins would get far.
    Fitting {
        /// While there are no codes.
        codes: String,
        /// While they are polled for.
        error: String,
    },
    /// No answer.
    Transport(TransportError),
    /// An answer to this id, whoever it belongs to.
    Stray(u64),
    /// Somebody comes back from the sign-in page.
    Redirect(Back),
    /// The process ends, and another goes on.
    Restart,
}

/// What somebody comes back with.
#[derive(Clone, Debug)]
pub enum Back {
    /// What the server would send.
    Right,
    /// Something else.
    Wrong(String),
    /// What the server would send, whether or not it was sent before.
    Replayed,
}

impl Event {
    /// The next one that the bytes stand for.
    pub fn read(choices: &mut Choices<'_>) -> Self {
        match choices.below(32) {
            0..6 => Self::Poll,
            6..11 => Self::Wait,
            11..13 => Self::Pass(choices.below(20_000)),
            13 => Self::Pass(*choices.of(&[1, 60_000, 700_000])),
            14 => Self::StepWall(signed(choices, 1 << 31)),
            15 => Self::StepMono(signed(choices, 100_000)),
            16..20 => Self::Answer(status(choices), body(choices)),
            20..26 => Self::Fitting { codes: codes(choices), error: going_on(choices) },
            26 => Self::Transport(TransportError::NotSent),
            27 => Self::Transport(TransportError::Lost),
            28 => Self::Stray(choices.number(7)),
            29 | 30 => Self::Redirect(back(choices)),
            _ => Self::Restart,
        }
    }
}

fn signed(choices: &mut Choices<'_>, most: u32) -> i64 {
    i64::try_from(choices.below(2 * u64::from(most))).unwrap_or(0) - i64::from(most)
}

fn status(choices: &mut Choices<'_>) -> u16 {
    match choices.below(16) {
        0..7 => 200,
        7..14 => 400,
        _ => *choices.of(&[204, 302, 307, 401, 403, 404, 418, 429, 500, 502, 503]),
    }
}

fn body(choices: &mut Choices<'_>) -> String {
    match choices.below(12) {
        0..4 => {
            let code = choices.of(&[
                "authorization_pending",
                "slow_down",
                "access_denied",
                "expired_token",
                "invalid_grant",
                "server_error",
                "unheard_of",
            ]);
            refusal(code, choices)
        }
        4..7 => codes(choices),
        7..10 => r#"{"access_token":"at","refresh_token":"rt","expires_in":3600}"#.to_owned(),
        10 => r#"{"token":"second","expires_at":1780003600}"#.to_owned(),
        _ => choices.text(40),
    }
}

fn refusal(code: &str, choices: &mut Choices<'_>) -> String {
    format!(r#"{{"error":"{code}","interval":{}}}"#, choices.below(50))
}

fn codes(choices: &mut Choices<'_>) -> String {
    let interval = choices.below(30);
    let life = if choices.below(5) > 0 { 600 + choices.below(3_000) } else { choices.below(60) };
    format!(
        r#"{{"device_code":"dc","device_auth_id":"dc","user_code":"AB-CD",
            "verification_uri":"https://example.com/d","interval":{interval},"expires_in":{life}}}"#
    )
}

fn going_on(choices: &mut Choices<'_>) -> String {
    match choices.below(7) {
        0..3 => refusal("authorization_pending", choices),
        3..6 => refusal("slow_down", choices),
        _ => r#"{"access_token":"at"}"#.to_owned(),
    }
}

fn back(choices: &mut Choices<'_>) -> Back {
    match choices.below(4) {
        0 => Back::Right,
        1 => {
            let path = choices.of(&["", "/callback"]);
            let name = choices.of(&["code", "error"]);
            Back::Wrong(format!("{path}?{name}=abc&state={}", choices.text(44)))
        }
        2 => Back::Wrong(choices.text(60)),
        _ => Back::Replayed,
    }
}
