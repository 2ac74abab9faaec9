//! New tokens on their way into the record, written down first: whatever happens to the record or
//! to this process between the server's answer and a durable save, the next renewal finds them.

use alloc::boxed::Box;

use crate::credential::Credential;
use crate::wire::json::{Object, Writer};
use crate::{Digest, Secret};

/// What a stash holds.
#[derive(Clone)]
pub(super) struct Stash {
    /// Of the token that was presented for it; none for a login, which replaces whatever there is.
    pub(super) instead_of: Option<Digest>,
    pub(super) credential: Box<Credential>,
}

/// The login in a stash that could not be put into the record when it was finished; none if the
/// stash is a renewal's.
pub fn waiting_login(stash: &Secret) -> Option<Credential> {
    Stash::read(stash).filter(Stash::is_login).map(|stash| *stash.credential)
}

impl Stash {
    pub(super) fn write(instead_of: Option<Digest>, credential: &Credential) -> Secret {
        let mut to = Writer::new();
        to.optional("instead_of", instead_of.map(Digest::to_text).as_deref());
        to.raw("credential", credential.save().expose());
        to.finish()
    }

    /// A login that waits until it can be put into the record.
    pub(super) fn is_login(&self) -> bool {
        self.instead_of.is_none()
    }

    /// `None` if it is not a whole one.
    pub(super) fn read(text: &Secret) -> Option<Self> {
        let object = Object::parse(text.expose()).ok()?;
        let instead_of = match object.raw("instead_of") {
            Some(_) => Some(Digest::parse(&object.string("instead_of")?)?),
            None => None,
        };
        let credential = Credential::restore(&Secret::from(object.raw("credential")?)).ok()?;
        Some(Self { instead_of, credential: Box::new(credential) })
    }
}
