//! New tokens on their way into the record, written down first: whatever happens to the record or
//! to this process between the server's answer and a durable save, the next renewal finds them.

use alloc::string::ToString as _;

use crate::credential::Credential;
use crate::wire::json::{Object, Writer};
use crate::{Digest, Secret};

/// What a stash holds.
#[derive(Clone)]
pub(super) struct Stash {
    /// Of the token that was presented for it.
    pub(super) instead_of: Digest,
    pub(super) credential: Credential,
}

impl Stash {
    pub(super) fn write(instead_of: Digest, credential: &Credential) -> Secret {
        let mut to = Writer::new();
        to.string("instead_of", &instead_of.to_string());
        to.raw("credential", credential.save().expose());
        to.finish()
    }

    /// `None` if it is not a whole one.
    pub(super) fn read(text: &Secret) -> Option<Self> {
        let object = Object::parse(text.expose()).ok()?;
        Some(Self {
            instead_of: Digest::parse(&object.string("instead_of")?)?,
            credential: Credential::restore(&Secret::from(object.raw("credential")?)).ok()?,
        })
    }
}
