//! New tokens on their way into the record, written down first: whatever happens to the record or
//! to this process between the server's answer and a durable save, the next renewal finds them.

use alloc::boxed::Box;

use super::step::Expected;
use crate::credential::Credential;
use crate::wire::json::{Object, Writer};
use crate::{Digest, Secret};

/// What a stash holds.
#[derive(Clone)]
pub(super) struct Stash {
    pub(super) by: By,
    pub(super) credential: Box<Credential>,
}

/// What has brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A renewal, for the token with this digest.
    Renewal(Digest),
    /// A login that could not be put into the record.
    Login(Over),
}

/// What a login takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Over {
    /// What stood in the record when the login was finished ([`Credential::known_by`]).
    pub(super) record: Option<Digest>,
    /// How many logins there had been.
    pub(super) logins: u64,
}

/// The login in a stash that could not be put into the record when it was finished; none if the
/// stash is a renewal's.
pub fn waiting_login(stash: &Secret) -> Option<Credential> {
    Stash::read(stash).filter(Stash::is_login).map(|stash| *stash.credential)
}

impl By {
    /// What has to stand in the record for it.
    pub(super) fn expects(self) -> Expected {
        match self {
            Self::Renewal(token) => Expected::RenewedBy(token),
            Self::Login(over) => Expected::Unchanged(over.record),
        }
    }
}

impl Stash {
    pub(super) fn write(by: By, credential: &Credential) -> Secret {
        let mut to = Writer::new();
        let digest = match by {
            By::Renewal(digest) => Some(digest),
            By::Login(over) => {
                to.number("logins", over.logins);
                over.record
            }
        };
        to.optional("instead_of", digest.map(Digest::to_text).as_deref());
        to.raw("credential", credential.save().expose());
        to.finish()
    }

    /// A login that waits until it can be put into the record.
    pub(super) fn is_login(&self) -> bool {
        matches!(self.by, By::Login(_))
    }

    /// Whether a renewal brought it for this token.
    pub(super) fn is_for(&self, token: Option<Digest>) -> bool {
        token.is_some_and(|token| self.by == By::Renewal(token))
    }

    /// `None` if it is not a whole one.
    pub(super) fn read(text: &Secret) -> Option<Self> {
        let object = Object::parse(text.expose()).ok()?;
        let digest = match object.raw("instead_of") {
            Some(_) => Some(Digest::parse(&object.string("instead_of")?)?),
            None => None,
        };
        let by = match object.integer("logins") {
            Some(logins) => By::Login(Over { record: digest, logins }),
            None => By::Renewal(digest?),
        };
        let credential = Credential::restore(&Secret::from(object.raw("credential")?)).ok()?;
        Some(Self { by, credential: Box::new(credential) })
    }
}
