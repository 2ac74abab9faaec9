//! What callers see: a token, and whether it is still to be given.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::Guard;
use grantflow_core::{Credential, Kept, Now};

use crate::access_token::AccessToken;
use crate::error::Error;
use crate::place::Place;

/// A token as it is shown, until another takes its place.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) token: AccessToken,
    /// The login is over, or another's: nobody gets it any more, whatever its expiry says.
    pub(super) withdrawn: bool,
    /// When it is due by the keeper's own margin: ms since 1970. Known beforehand, so that a look
    /// at a fresh token is one comparison.
    pub(super) due_at: u64,
}

impl Shown {
    pub(super) fn new(
        place: &Place,
        credential: Credential,
        kept: Kept,
        trouble: Option<Arc<Error>>,
    ) -> Self {
        let client = place.client.clone();
        let due_at = credential.renew_at(&client, place.options.margin).unwrap_or(u64::MAX);
        let token = AccessToken { credential, client, kept, trouble };
        Self { token, withdrawn: false, due_at }
    }

    /// Whether a caller who wants it for so long should have another. The monotonic clock has no say
    /// in this, and reading it would cost as much again.
    pub(super) fn is_wanting(&self, margin: Duration, min_ttl: Duration, wall: u64) -> bool {
        if self.withdrawn || wall >= self.due_at {
            return true;
        }
        let AccessToken { credential, client, .. } = &self.token;
        !min_ttl.is_zero() && credential.is_wanting(client, margin, min_ttl, Now { wall, mono: 0 })
    }
}

/// A look at a token that works. It holds nothing up: renewals go on meanwhile, and the next look
/// sees their token.
pub struct Access(pub(super) Guard<Arc<Shown>>);

impl Deref for Access {
    type Target = AccessToken;

    fn deref(&self) -> &AccessToken {
        &self.0.token
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
