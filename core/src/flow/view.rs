//! A state as a model checker sees it: comparable, hashable, no secret, no absolute time.

use alloc::string::String;

use crate::Digest;
use crate::call::Call;
use crate::flow::state::State;
use crate::time::{Now, millis};

/// Two flows with equal views behave alike from here on, but for the ids of their requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// The name of the state.
    pub state: &'static str,
    /// Whether a request is out.
    pub is_out: bool,
    /// When the next request is due, in ms from now.
    pub due_in: Option<u64>,
    /// Retries so far: not processed, lost.
    pub tries: (u8, u8),
    /// When waiting for a person ends, in ms from now.
    pub expires_in: Option<u64>,
    /// Polling: the interval in ms, the delay in ms, how many `slow_down`s.
    pub pace: Option<(u64, u64, u32)>,
    /// What would be presented next: the digest of a code, device code or first token.
    pub holds: Option<Digest>,
    /// How it ended.
    pub outcome: Option<String>,
}

impl View {
    pub(crate) fn of(state: &State, now: Now) -> Self {
        let mut view = Self {
            state: state.name(),
            is_out: matches!(state.call(), Some(Call::Sent { .. })),
            due_in: None,
            tries: (0, 0),
            expires_in: None,
            pace: None,
            holds: None,
            outcome: None,
        };
        if let Some(Call::Due { tries, .. } | Call::Sent { tries, .. }) = state.call() {
            view.tries = (tries.unprocessed, tries.lost);
        }
        if let Some(at) = state.call().and_then(Call::due_at) {
            view.due_in = Some(millis(now.until(at)));
        }
        match state {
            State::AwaitingRedirect(login) => {
                view.expires_in = Some(millis(now.until(login.deadline)));
            }
            State::RedeemingCode(grant, _) => view.holds = Some(grant.code.digest()),
            State::RequestingCode(..) => {}
            State::Polling(login, _) => {
                let pace = login.pace;
                view.expires_in = Some(millis(now.until(login.deadline)));
                view.pace = Some((millis(pace.interval), millis(pace.delay()), pace.slow_downs));
                view.holds = Some(login.codes.device_code.digest());
            }
            State::ExchangingToken(exchange, _) => {
                view.holds = Some(exchange.first.access_token.digest());
            }
            State::Finished(outcome) => {
                view.outcome = outcome.as_ref().map(|outcome| match outcome {
                    Ok(_) => "Ok".into(),
                    Err(error) => alloc::format!("{error:?}"),
                });
            }
        }
        view
    }
}
