//! Who is signed in, and what a login is still good for.

use grantflow_core::{Account, Credential, Ended, Ledger, Mark, Now, waiting_login};

use crate::owner::{Life, Owner};
use crate::store::{CredentialStore, Key, Noted, Record};

/// How a stored login stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// [`Provider::id`](crate::Provider::id), and which of several accounts.
    pub key: Key,
    /// In one word.
    pub health: Health,
    /// When the access token lapses: ms since 1970, if it is known.
    pub expires_at: Option<u64>,
    /// There is something to renew it by, and we are the ones to do so.
    pub is_renewable: bool,
    /// The tool whose login it is, if it is not ours: its name, for people.
    pub borrowed_from: Option<String>,
    /// A renewal of it that did not come to its end.
    pub interrupted: Option<Interrupted>,
    /// A newer login is finished and waits to be put in its place: the next request for a token
    /// does that.
    pub is_replaced: bool,
    /// Who signed in.
    pub account: Account,
}

/// How a stored login stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// Its token has not lapsed.
    Valid,
    /// It has, and there is something to renew it by.
    Renewable,
    /// It has, and only the tool that it is borrowed from can renew it.
    Borrowed,
    /// It has, and only a new login helps.
    Lapsed,
}

/// A renewal that did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// When it began: ms since 1970.
    pub at: u64,
    /// Whose it was: the line that a process calls itself by.
    pub by: String,
    /// Its tokens are safe: the next renewal puts them in place.
    pub is_recoverable: bool,
    /// The server has refused the refresh token since.
    pub is_refused: bool,
}

impl Standing {
    /// A token can be had without a person.
    pub fn works(&self) -> bool {
        match self.health {
            Health::Valid | Health::Renewable => true,
            Health::Borrowed | Health::Lapsed => false,
        }
    }

    pub(crate) async fn of(
        store: &dyn CredentialStore,
        key: Key,
        record: Record,
        now: Now,
    ) -> Self {
        let Record { credential, borrowed_from } = record;
        let noted = match store.journal() {
            // Notes that cannot be read stop the next renewal, which says so, and hide no login.
            Some(journal) if borrowed_from.is_none() => {
                journal.read(&key).await.unwrap_or_default()
            }
            Some(_) | None => Noted::default(),
        };
        let is_replaced = noted.stash.as_ref().and_then(waiting_login).is_some();
        let interrupted = interrupted(&credential, noted);
        let is_refused = interrupted.as_ref().is_some_and(|interrupted| interrupted.is_refused);
        let is_renewable = credential.is_renewable() && borrowed_from.is_none() && !is_refused;
        let health = match (credential.is_expired(now), is_renewable, &borrowed_from) {
            (false, _, _) => Health::Valid,
            (true, true, _) => Health::Renewable,
            (true, false, Some(_)) => Health::Borrowed,
            (true, false, None) => Health::Lapsed,
        };
        let (expires_at, account) = (credential.expires_at, credential.account);
        Self {
            key,
            health,
            expires_at,
            is_renewable,
            borrowed_from,
            interrupted,
            is_replaced,
            account,
        }
    }
}

fn interrupted(credential: &Credential, noted: Noted) -> Option<Interrupted> {
    let ledger = noted.ledger.and_then(|ledger| Ledger::read(&ledger).ok())?;
    let digest = credential.renewed_by()?.digest();
    let mark = ledger.mark.filter(|mark| mark.digest == digest && is_over(mark))?;
    Some(Interrupted {
        at: mark.at,
        by: mark.who,
        is_recoverable: noted.stash.is_some(),
        is_refused: mark.ended == Some(Ended::Refused),
    })
}

/// Nobody is at it any more.
fn is_over(mark: &Mark) -> bool {
    let life = || mark.who.parse().map_or(Life::Unknown, |owner: Owner| owner.life());
    mark.ended.is_some() || life() == Life::Gone
}
