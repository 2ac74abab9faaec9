//! The life of one exchange, in a login or a renewal: due, out, due again. Nothing else knows of
//! in-flight requests, retries and stale answers.

use core::time::Duration;

use crate::entropy::RequestIds;
use crate::error::{Error, ErrorCode, Trouble};
use crate::http::{Purpose, RequestId};
use crate::rejected::Rejected;
use crate::time::Now;
use crate::wire::reply::Refusal;

/// The first back-off; it doubles.
const BACK_OFF_MS: u64 = 1000;
/// How often a request that brought nothing definite is sent again.
const MOST_RETRIES: u8 = 3;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// To be sent at this monotonic moment.
    Due { at: u64, tries: Tries },
    /// Out; only an answer to this id moves it.
    Sent { id: RequestId, tries: Tries },
}

/// What became of earlier sends of the same request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tries {
    pub(crate) unprocessed: u8,
    pub(crate) lost: u8,
}

/// Whether a request may go out again after its answer was lost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repeat {
    /// It does no harm.
    Freely,
    /// What it carries is good for one use, so it is presented once more in all.
    OnceMore,
}

/// What a [`Call`] wants.
pub(crate) enum Turn {
    Wait(Option<Duration>),
    Send(RequestId),
}

impl Call {
    pub(crate) fn now(now: Now) -> Self {
        Self::Due { at: now.mono, tries: Tries::default() }
    }

    pub(crate) fn turn(&mut self, now: Now, ids: &mut RequestIds) -> Turn {
        match *self {
            Self::Due { at, .. } if now.mono < at => Turn::Wait(Some(now.until(at))),
            Self::Due { tries, .. } => {
                let id = ids.next();
                *self = Self::Sent { id, tries };
                Turn::Send(id)
            }
            Self::Sent { .. } => Turn::Wait(None),
        }
    }

    /// The earlier tries, if `answered` is what is out.
    pub(crate) fn answered_by(&self, answered: RequestId) -> Result<Tries, Rejected> {
        match *self {
            Self::Sent { id, tries } if id == answered => Ok(tries),
            Self::Sent { .. } | Self::Due { .. } => Err(Rejected::Stale),
        }
    }

    /// When it goes out, on the monotonic clock; none while it is out.
    pub(crate) fn due_at(&self) -> Option<u64> {
        match *self {
            Self::Due { at, .. } => Some(at),
            Self::Sent { .. } => None,
        }
    }
}

impl Tries {
    /// As a snapshot has them, if they can have come about.
    pub(crate) fn restored(unprocessed: u8, lost: u8) -> Option<Self> {
        let retries = unprocessed.checked_add(lost)?;
        (retries <= MOST_RETRIES).then_some(Self { unprocessed, lost })
    }

    /// The server did not act: the same may go out again, after a while.
    pub(crate) fn not_processed(
        self,
        repeat: Repeat,
        trouble: Trouble,
        retry_after: Option<Duration>,
        now: Now,
        ids: &RequestIds,
    ) -> Result<Call, Error> {
        let tries = Self { unprocessed: self.unprocessed + 1, ..self };
        tries.again(retry_after, now, ids).ok_or(match repeat {
            Repeat::OnceMore if self.lost > 0 => Error::OutcomeUnknown,
            Repeat::Freely | Repeat::OnceMore => Error::Unreachable(trouble),
        })
    }

    /// The server may have acted.
    pub(crate) fn lost(
        self,
        repeat: Repeat,
        trouble: Trouble,
        now: Now,
        ids: &RequestIds,
    ) -> Result<Call, Error> {
        let tries = Self { lost: self.lost + 1, ..self };
        match repeat {
            Repeat::Freely => tries.again(None, now, ids).ok_or(Error::Unreachable(trouble)),
            Repeat::OnceMore if self.lost == 0 => {
                tries.again(None, now, ids).ok_or(Error::OutcomeUnknown)
            }
            Repeat::OnceMore => Err(Error::OutcomeUnknown),
        }
    }

    fn again(self, retry_after: Option<Duration>, now: Now, ids: &RequestIds) -> Option<Call> {
        let retries = self.unprocessed + self.lost;
        if retries > MOST_RETRIES {
            return None;
        }
        let wait = ids.spread(BACK_OFF_MS << (retries - 1));
        let at = now.plus(retry_after.map_or(wait, |asked| asked.max(wait)));
        Some(Call::Due { at, tries: self })
    }
}

/// The codes that mean the same wherever they come; of an exchange the status alone counts: with
/// 401 the first token is no longer accepted; with 403 or 404 it is, and gives no right to the
/// second (no seat), which signing in again would not change.
pub(crate) fn refused(purpose: Purpose, Refusal { code, status, .. }: Refusal) -> Error {
    let known = match purpose {
        Purpose::ExchangeToken if status == 401 => "invalid_grant",
        Purpose::ExchangeToken => "",
        Purpose::RedeemCode
        | Purpose::RequestDeviceCode
        | Purpose::PollDevice
        | Purpose::Refresh
        | Purpose::Revoke => code.as_ref().map_or("", ErrorCode::as_str),
    };
    match known {
        "access_denied" => Error::Denied,
        "expired_token" => Error::Expired { slow_downs: 0 },
        "invalid_grant" => Error::InvalidGrant,
        _ => Error::Refused { purpose: Some(purpose), code, status: Some(status) },
    }
}
