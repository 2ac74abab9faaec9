//! What is written into the ledger: a change of what was read there last. If something else stands
//! there by then it is read again, and the change is made to that, or not at all where somebody has
//! gone past us. So no process undoes what another has written, with the lock or without.

use alloc::vec::Vec;

use super::ledger::{Ended, Ledger, Mark};
use super::step::{InPlaceOf, Loaded};
use crate::credential::Credential;
use crate::{Digest, Secret};

/// What is beside the record, as it was read or written last.
#[derive(Clone, Default)]
pub(super) struct Seen {
    pub(super) ledger: Ledger,
    /// The text of that.
    pub(super) text: InPlaceOf,
    pub(super) stash: InPlaceOf,
}

/// What a process has to say about its attempt, login or logout once that is over.
#[derive(Clone)]
pub(super) enum Note {
    /// New tokens are in the record, and these are spent.
    Renewed { attempt: Option<u64>, logins: u64, spent: Vec<Digest>, stands: Digest },
    /// There are none that could be put there.
    Ended { attempt: u64, how: Ended },
    /// There was no attempt: what was said of the token before stands again.
    Undone { attempt: u64, before: Option<Mark> },
    /// A mark of a token that is no longer there has done its work; or what that had brought was
    /// put in place.
    Settled { attempt: Option<u64>, recovered: Option<Digest> },
    /// This token is a login's, whatever was said of it before. The attempt is over that had been
    /// marked when it came, and so is every one with a token that does not stand in the record.
    SignedIn { token: Digest, over: Option<u64>, stands: Option<Digest> },
    /// Nobody is signed in, and these are good for nothing.
    SignedOut { spent: Vec<Digest> },
}

impl Seen {
    pub(super) fn of(loaded: &Loaded, ledger: Ledger) -> Self {
        let text = InPlaceOf::of(loaded.ledger.as_deref());
        let stash = InPlaceOf::of(loaded.stash.as_ref().map(Secret::expose));
        Self { ledger, text, stash }
    }

    /// It stands there now.
    pub(super) fn noted(&mut self, ledger: Ledger) {
        self.text = InPlaceOf::of(Some(&ledger.write()));
        self.ledger = ledger;
    }

    pub(super) fn stashed(&mut self, stash: Option<&Secret>) {
        self.stash = InPlaceOf::of(stash.map(Secret::expose));
    }
}

impl Note {
    /// Somebody else has written since; whether there is still anything to say.
    pub(super) fn read_again(&mut self, record: Option<&Credential>) -> bool {
        if let Self::SignedIn { stands, .. } = self {
            *stands = record.map(Credential::known_by);
            return record.is_some();
        }
        true
    }

    /// A ledger with this in it; none if there is nothing to say there any more.
    pub(super) fn onto(&self, there: &Ledger) -> Option<Ledger> {
        let mut ledger = there.clone();
        let marked = there.mark.as_ref().map(|mark| mark.attempt);
        match self {
            Self::Renewed { attempt, logins, spent, stands } => {
                let is_over = there.signed_out && spent.iter().any(|token| there.is_spent(*token));
                if is_over || there.logins > *logins {
                    return None;
                }
                ledger.mark = ledger.mark.filter(|mark| Some(mark.attempt) != *attempt);
                ledger.next_generation();
                ledger.signed_out = false;
                ledger.stands = Some(*stands);
                ledger.spend_all(spent);
            }
            Self::Ended { attempt, how } => {
                let mark = ledger.mark.as_mut().filter(|mark| mark.attempt == *attempt)?;
                mark.ended = Some(*how);
                let dead = mark.digest;
                if *how == Ended::Refused {
                    ledger.spend(dead);
                }
            }
            Self::Undone { attempt, .. } if marked != Some(*attempt) => return None,
            Self::Undone { before, .. } => ledger.mark.clone_from(before),
            Self::Settled { attempt, recovered } => {
                if attempt.is_some() && marked == *attempt {
                    ledger.spend_marked();
                }
                if recovered.is_some() {
                    ledger.next_generation();
                    ledger.stands = *recovered;
                }
            }
            Self::SignedIn { token, over, stands } => {
                let is_another = |mark: &Mark| Some(mark.digest) != *stands;
                if marked == *over || there.mark.as_ref().is_some_and(is_another) {
                    ledger.spend_marked();
                }
                if *stands == Some(*token) {
                    ledger.spent.retain(|spent| spent != token);
                }
                ledger.stands = Some(*token);
                ledger.signed_out = false;
                ledger.next_generation();
                ledger.logins = ledger.logins.saturating_add(1);
            }
            Self::SignedOut { spent } => {
                ledger.next_generation();
                ledger.signed_out = true;
                ledger.spend_marked();
                ledger.spend_all(spent);
            }
        }
        Some(ledger).filter(|ledger| ledger != there)
    }
}
