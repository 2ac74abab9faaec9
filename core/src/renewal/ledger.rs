//! What processes that share a record tell each other about it: a small text beside the record,
//! without secrets. Refresh tokens stand in it as digests.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::wire::json::{Object, Writer};
use crate::{Digest, Secret};

/// The first format.
const VERSION: u64 = 1;
/// How many spent tokens are remembered.
const MOST_SPENT: usize = 32;

/// The ledger of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ledger {
    /// Grows with every change of the record by this protocol.
    pub generation: u64,
    /// Grows with every login.
    pub logins: u64,
    /// The renewal that is under way or was interrupted.
    pub mark: Option<Mark>,
    /// The tokens that were replaced, refused or signed out, the newest last.
    pub spent: Vec<Digest>,
    /// What was put into the record last by this protocol ([`Credential::known_by`]); anything else
    /// there comes from somebody who does not go by it.
    ///
    /// [`Credential::known_by`]: crate::Credential::known_by
    pub stands: Option<Digest>,
    /// Somebody signed out, and nobody has signed in since.
    pub signed_out: bool,
}

/// Written before a refresh token is presented, and removed when its successor is safe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Of the token that is presented.
    pub digest: Digest,
    /// Names the attempt.
    pub attempt: u64,
    /// How often the token was presented, this time included.
    pub presented: u8,
    /// Who presents it ([`Ask::who`](crate::Ask::who)).
    pub who: String,
    /// When: ms since 1970.
    pub at: u64,
    /// To which host.
    pub host: String,
    /// How it ended, if it ended without new tokens.
    pub ended: Option<Ended>,
}

/// How a renewal ended that brought no new tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// Whether the server acted is not known.
    Unknown,
    /// The server no longer accepts the token.
    Refused,
}

impl Ledger {
    /// Reads what [`Ledger::write`] wrote. A text that is damaged is as good as none.
    ///
    /// # Errors
    /// [`NewerLedger`] if a later version wrote it, which must not be overwritten.
    pub fn read(text: &str) -> Result<Self, NewerLedger> {
        let Ok(object) = Object::parse(text) else { return Ok(Self::default()) };
        if object.integer("version").is_some_and(|version| version > VERSION) {
            return Err(NewerLedger);
        }
        let digests = object.raw("spent").and_then(crate::wire::json::strings).unwrap_or_default();
        let mut spent = Vec::new();
        for text in &digests {
            if let Some(digest) = Digest::parse(text) {
                spent.push(digest);
            }
        }
        Ok(Self {
            generation: object.integer("generation").unwrap_or(0),
            logins: object.integer("logins").unwrap_or(0),
            mark: object.object("mark").and_then(|mark| Mark::read(&mark)),
            spent,
            stands: object.string("stands").and_then(|digest| Digest::parse(&digest)),
            signed_out: object.raw("signed_out") == Some("true"),
        })
    }

    /// As one JSON object.
    pub fn write(&self) -> String {
        let mut to = Writer::new();
        to.number("version", VERSION);
        to.number("generation", self.generation);
        to.number("logins", self.logins);
        if let Some(mark) = &self.mark {
            to.raw("mark", mark.write().expose());
        }
        to.open_list("spent");
        self.spent.iter().for_each(|digest| to.element(&digest.to_text()));
        to.close_list();
        to.optional("stands", self.stands.map(Digest::to_text).as_deref());
        to.raw("signed_out", if self.signed_out { "true" } else { "false" });
        to.finish().expose().to_string()
    }

    /// Whether a token is known to be good for nothing any more.
    pub fn is_spent(&self, token: Digest) -> bool {
        self.spent.contains(&token)
    }

    /// With this mark. One of another token has done its work.
    pub(super) fn marked(&self, mark: &Mark) -> Self {
        let mut ledger = self.clone();
        if self.mark.as_ref().is_some_and(|before| before.digest != mark.digest) {
            ledger.spend_marked();
        }
        ledger.mark = Some(mark.clone());
        ledger
    }

    /// What a file says may be as high as it goes, and stays there.
    pub(super) fn next_generation(&mut self) {
        self.generation = self.generation.saturating_add(1);
    }

    /// Whatever became of the attempt, its token is not to be presented again.
    pub(super) fn spend_marked(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.spend(mark.digest);
        }
    }

    pub(super) fn spend_all(&mut self, tokens: &[Digest]) {
        for token in tokens {
            self.spend(*token);
        }
    }

    pub(super) fn spend(&mut self, token: Digest) {
        if !self.is_spent(token) {
            self.spent.push(token);
        }
        let too_many = self.spent.len().saturating_sub(MOST_SPENT);
        let mut count = 0;
        self.spent.retain(|_| {
            count += 1;
            count > too_many
        });
    }
}

impl Mark {
    fn read(object: &Object<'_>) -> Option<Self> {
        Some(Self {
            digest: Digest::parse(&object.string("digest")?)?,
            attempt: object.integer("attempt")?,
            presented: u8::try_from(object.integer("presented")?).unwrap_or(u8::MAX),
            who: object.string("who")?,
            at: object.integer("at")?,
            host: object.string("host")?,
            ended: object.string("ended").and_then(|ended| match ended.as_str() {
                "unknown" => Some(Ended::Unknown),
                "refused" => Some(Ended::Refused),
                _ => None,
            }),
        })
    }

    fn write(&self) -> Secret {
        let mut to = Writer::new();
        to.string("digest", &self.digest.to_text());
        to.number("attempt", self.attempt);
        to.number("presented", self.presented.into());
        to.string("who", &self.who);
        to.number("at", self.at);
        to.string("host", &self.host);
        to.optional(
            "ended",
            self.ended.map(|ended| match ended {
                Ended::Unknown => "unknown",
                Ended::Refused => "refused",
            }),
        );
        to.finish()
    }
}

/// A later version of grantflow wrote this ledger: update before renewing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewerLedger;
