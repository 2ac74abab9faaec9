//! How far a command has come, as far as whoever interrupts it has to know.

use std::sync::{Arc, Mutex, PoisonError};

use grantflow::Event;

/// What a command has passed, as its events tell.
#[derive(Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<Passed>>);

/// The last point after which it matters whether a command comes to its end.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Passed {
    /// None: nothing has changed anywhere.
    #[default]
    Nothing,
    /// The mark that a refresh token is about to be spent; until nothing can be lost any more.
    Marking,
    /// The server has the answer to a login.
    Answering,
    /// A login is being taken out here.
    Removing,
    /// It is out.
    Removed,
}

impl Progress {
    /// Of a renewal, or what puts a login in its place or takes it out.
    pub(crate) fn see(&self, event: &Event) {
        if let Event::Polled { state: "Marking", .. } = event {
            self.pass(Passed::Marking);
        } else if let Event::Polled { state: "Removing", .. } = event {
            self.pass(Passed::Removing);
        } else if let Event::Performed { task: "remove", went_well: true } = event {
            self.pass(Passed::Removed);
        } else if let (Event::Finished { .. }, Passed::Marking) = (event, self.passed()) {
            self.pass(Passed::Nothing);
        }
    }

    /// Of a login, which is not over when its flow is: it has to be kept.
    pub(crate) fn see_login(&self, event: &Event) {
        if let Event::Polled { state: "RedeemingCode" | "ExchangingToken", .. }
        | Event::Finished { outcome: Ok(()) } = event
        {
            self.pass(Passed::Answering);
        }
    }

    pub(crate) fn passed(&self) -> Passed {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, point: Passed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = point;
    }
}

impl Passed {
    /// What has become of the logins when a command ends here.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Nothing => "nothing was changed",
            Self::Marking => {
                "the refresh token may be spent: grantflow status, and sign in again if need be"
            }
            Self::Answering => {
                "the server may have signed you in already: grantflow status tells what is kept here"
            }
            Self::Removing => "it may be signed out or not: grantflow status tells",
            Self::Removed => "signed out here; the server may not have been told",
        }
    }
}
