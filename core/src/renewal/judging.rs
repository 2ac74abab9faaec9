//! What stands in a record decides whether there is a request: adopt it, complete what was
//! interrupted, wait for whoever is at it, renew it, or tell why not.

use alloc::boxed::Box;
use core::time::Duration;

use super::closing::{Closing, Then};
use super::ledger::{Ended, Ledger, Mark};
use super::noting::Note;
use super::rounds::Found;
use super::spending::Spend;
use super::stash::{By, Over, Stash};
use super::step::{Due, Kept, Loaded, Outcome};
use super::{Refused, Renewal, State};
use crate::credential::Credential;
use crate::error::Error;
use crate::provider::Reuse;
use crate::{Digest, Secret};

/// How often to look whether another process is done.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A mark older than this is nobody's: no request takes so long.
const LONGEST_RENEWAL_MS: u64 = 120_000;
/// The most times that a token is presented.
const MOST_PRESENTED: u8 = 2;
/// The pauses before each look for what another tool may have written instead of a dead token.
const LOOK_AGAIN_MS: [u64; 3] = [0, 500, 1500];

impl Renewal {
    /// What stands in the record, under the lock.
    pub(super) fn judge(&mut self, loaded: &Loaded) -> State {
        if let Some((over, login)) = self.waiting_login(loaded) {
            return self.in_place(over, login, loaded.record.as_deref());
        }
        let ledger = &self.seen.ledger;
        let Some(record) = loaded.record.clone() else {
            let unstash = ledger.signed_out && loaded.stash.is_some();
            let then = Then::finish(Err(Error::SignedOut));
            return Closing { unstash, ..Closing::then(then) }.into();
        };
        let waiting = self.waiting(&record, loaded);
        let (record, stands) = match waiting {
            Some((stash, _)) if self.aside.is_none() => return State::Recovering(Box::new(stash)),
            // They cannot be put in place, and are what there is all the same.
            Some((stash, kept)) => {
                self.aside = Some(kept);
                (stash.credential, record.renewed_by().map(Secret::digest))
            }
            None => {
                self.aside = None;
                (record, None)
            }
        };
        if let Some(adopted) = self.adopt(&record) {
            return adopted;
        }
        match self.found(&record, stands) {
            Ok(_) if self.cancelled => self.instead(record, Error::Cancelled),
            // An exchange spends nothing. What it brings is not written where it is not ours.
            Ok(found) if loaded.is_borrowed && found.exchange.is_some() => {
                let found = Box::new(Found { is_borrowed: true, ..found });
                State::Confirming(found, Spend::now(self.clock))
            }
            Ok(_) | Err(_) if loaded.is_borrowed => self.instead(record, Error::Borrowed),
            Ok(found) => self.look_at_mark(Box::new(found)),
            Err(why) => self.instead(record, why),
        }
    }

    /// A login that a person has finished and that could not be put into the record then.
    pub(super) fn waiting_login(&self, loaded: &Loaded) -> Option<(Over, Box<Credential>)> {
        let stash = loaded.stash.as_ref().and_then(Stash::read)?;
        let By::Login(over) = stash.by else { return None };
        let token = stash.credential.known_by();
        let stands = loaded.record.as_deref().map(Credential::known_by);
        let is_over = stands == Some(token) || self.seen.ledger.is_spent(token);
        (!is_over && !loaded.is_borrowed).then_some((over, stash.credential))
    }

    /// A login that has waited takes the place of the one that it was finished over, renewed since
    /// or not. What somebody without our ledger has put there may be that one renewed, or a newer
    /// login: only a person can tell.
    fn in_place(&self, over: Over, login: Box<Credential>, record: Option<&Credential>) -> State {
        let stands = record.map(Credential::known_by);
        let Ledger { stands: ours, logins, .. } = self.seen.ledger;
        let is_renewed = stands.is_some() && stands == ours && logins == over.logins;
        if stands != over.record && !is_renewed {
            return State::end(Err(Error::Contested));
        }
        let by = By::Login(Over { record: stands, ..over });
        State::Recovering(Box::new(Stash { by, credential: login }))
    }

    /// New tokens that never came into the record which still holds what was spent for them, and
    /// where they wait. What was signed out stays so.
    pub(super) fn waiting(&self, record: &Credential, loaded: &Loaded) -> Option<(Stash, Kept)> {
        let ledger = &self.seen.ledger;
        let stands = record.renewed_by().map(Secret::digest)?;
        let is_over = loaded.is_borrowed || ledger.signed_out && ledger.is_spent(stands);
        if is_over {
            return None;
        }
        match &self.unwritten.tokens {
            // What is only in memory came last, if it is there at all.
            Some((digest, credential)) if *digest == stands => {
                let credential = credential.clone();
                Some((Stash { by: By::Renewal(stands), credential }, Kept::InMemory))
            }
            Some(_) | None => {
                let stash = loaded.stash.as_ref().and_then(Stash::read)?;
                stash.is_for(Some(stands)).then_some((stash, Kept::Stashed))
            }
        }
    }

    /// Ends with the record as it is; none if it has to be renewed.
    pub(super) fn adopt(&self, record: &Credential) -> Option<State> {
        let outcome = self.as_it_is(record)?;
        let digest = record.renewed_by().map(Secret::digest);
        let is_in_place = outcome.is_ok() && self.is_locked() && self.aside.is_none();
        let note = self.settled(digest).filter(|_| is_in_place);
        let unstash = outcome.is_ok() && self.recovered.is_some();
        Some(Closing { note, unstash, ..Closing::then(Then::finish(outcome)) }.into())
    }

    /// Takes the record as it is if it is not due; refuses it if it is another account's.
    pub(super) fn as_it_is(&self, record: &Credential) -> Option<Result<Outcome, Error>> {
        if self.ask.account.is_some() && record.account.id != self.ask.account {
            return Some(Err(Error::AccountMismatch));
        }
        let is_due = match self.ask.due {
            Due::Still(seen) => {
                record.access_token.digest() == seen || record.is_expired(self.clock)
            }
            Due::Within { min_ttl, margin } => {
                record.is_wanting(&self.client, margin, min_ttl, self.clock)
            }
        };
        if is_due {
            return None;
        }
        let record = Box::new(record.clone());
        Some(Ok(match (self.aside, self.recovered) {
            (Some(kept), _) => Outcome::Renewed(record, kept),
            (None, Some(_)) => Outcome::Recovered(record),
            (None, None) => Outcome::Adopted(record),
        }))
    }

    /// A mark of a token that is no longer there has done its work: that one is spent.
    fn settled(&self, stands: Option<Digest>) -> Option<Note> {
        let mark = self.seen.ledger.mark.as_ref().filter(|mark| Some(mark.digest) != stands);
        let attempt = mark.map(|mark| mark.attempt);
        let recovered = self.recovered;
        let is_any = attempt.is_some() || recovered.is_some();
        is_any.then_some(Note::Settled { attempt, recovered })
    }

    /// A record that can be renewed by us. It goes nowhere but where it came from.
    fn found(&self, record: &Credential, stands: Option<Digest>) -> Result<Found, Error> {
        let provider = self.client.provider();
        let is_ours = record.provider == provider.id
            && record.origin == provider.origin()
            && record.client_id == self.client.client_id();
        if !is_ours {
            return Err(Error::ForeignCredential);
        }
        let exchange = provider.then.clone().filter(|_| record.subject_token.is_some());
        let token = match exchange {
            Some(_) => record.subject_token.clone(),
            None => record.refresh_token.clone(),
        };
        let token = token.ok_or(Error::NotRenewable)?;
        let digest = token.digest();
        let marks = [&self.seen.ledger.mark, &self.unwritten.mark].into_iter().flatten();
        let prior = marks.filter(|mark| mark.digest == digest).max_by_key(|mark| mark.presented);
        Ok(Found {
            record: Box::new(record.clone()),
            is_borrowed: false,
            stands: stands.unwrap_or(digest),
            token,
            digest,
            exchange,
            logins: self.seen.ledger.logins,
            prior: prior.cloned(),
            mark: None,
        })
    }

    /// Whether this token was presented before.
    fn look_at_mark(&self, found: Box<Found>) -> State {
        if found.exchange.is_some() {
            return State::Confirming(found, Spend::now(self.clock));
        }
        let is_spent = self.seen.ledger.is_spent(found.digest);
        match &found.prior {
            Some(mark @ Mark { ended: Some(Ended::Refused), .. }) => {
                let why = mark.why_refused();
                self.instead(found.record, why)
            }
            _ if is_spent && self.seen.ledger.signed_out => State::end(Err(Error::SignedOut)),
            _ if is_spent => self.instead(found.record, Error::Superseded),
            None => State::Probing(found),
            Some(mark) if self.may_be_at_it(mark) => State::AskingForOwner(found),
            Some(mark) if self.may_be_presented(mark, &found.record) => State::Probing(found),
            Some(mark) => {
                let why = mark.interruption(mark.presented >= MOST_PRESENTED);
                self.instead(found.record, why)
            }
        }
    }

    /// Whether the renewal that wrote the mark may still be under way, in another process.
    fn may_be_at_it(&self, mark: &Mark) -> bool {
        let age = self.clock.wall.abs_diff(mark.at);
        let is_gone = mark.who == self.ask.who || self.gone.as_ref() == Some(&mark.who);
        mark.ended.is_none() && !is_gone && age <= LONGEST_RENEWAL_MS
    }

    /// The token was presented, and what came of it is not known: whether it goes out again.
    fn may_be_presented(&self, mark: &Mark, record: &Credential) -> bool {
        let age = self.clock.wall.abs_diff(mark.at);
        match self.client.provider().token.reuse {
            Reuse::Freely => true,
            Reuse::Never | Reuse::Within(_) if mark.presented >= MOST_PRESENTED => false,
            Reuse::Within(seconds) if age < u64::from(seconds) * 1000 => true,
            // While the access token is good there is no need to find out.
            Reuse::Never | Reuse::Within(_) => !self.still_lasts(record),
        }
    }

    /// Whoever wrote the mark may be about to save.
    pub(super) fn await_owner(&mut self, found: &Found) -> State {
        let until = *self.owner_until.get_or_insert(self.clock.plus(self.ask.patience));
        if self.cancelled || self.clock.mono >= until {
            return self.instead(found.record.clone(), Error::Busy);
        }
        State::WaitingForOwner(self.clock.plus(LOOK_EVERY))
    }

    /// A refused token is dead, unless another tool replaces it just now.
    pub(super) fn look_again(&mut self, times: u8, refused: Box<Refused>) -> State {
        let Some(ms) = LOOK_AGAIN_MS.get(usize::from(times)) else {
            return self.instead(refused.record, refused.why);
        };
        let at = self.clock.plus(Duration::from_millis(*ms));
        State::LookingAgain(refused, times + 1, at)
    }

    pub(super) fn look(&mut self, times: u8, refused: Box<Refused>, loaded: Loaded) -> State {
        let Some(record) = loaded.record else { return State::end(Err(Error::SignedOut)) };
        if record.renewed_by().map(Secret::digest) == Some(refused.digest) {
            return self.look_again(times, refused);
        }
        self.adopt(&record)
            .unwrap_or_else(|| Closing::then(self.begin_again_or(record, refused.why)).into())
    }
}

impl Mark {
    /// Who was interrupted, and when.
    pub(super) fn interruption(&self, is_last: bool) -> Error {
        Error::Interrupted { at: self.at, by: self.who.clone(), is_last }
    }

    /// After an interruption the token was probably spent by ourselves, and not by somebody else.
    fn why_refused(&self) -> Error {
        if self.presented < MOST_PRESENTED { Error::InvalidGrant } else { self.interruption(true) }
    }
}
