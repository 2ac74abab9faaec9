//! A token, ready to be used.

use std::sync::Arc;

use grantflow_core::{Client, Credential, Header, Kept, NoAccountId, Secret};

use crate::error::Error;

/// A token that works, with what is needed to use it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub(crate) credential: Credential,
    pub(crate) client: Client,
    pub(crate) kept: Kept,
    pub(crate) trouble: Option<Arc<Error>>,
}

impl AccessToken {
    /// The token.
    pub fn secret(&self) -> &Secret {
        &self.credential.access_token
    }

    /// The header that shows it to the provider's API.
    pub fn header(&self) -> Header {
        self.credential.header(&self.client)
    }

    /// Every header that the provider's API asks for, the token's own first.
    ///
    /// # Errors
    /// [`NoAccountId`] if one of them names the account and the login did not tell it.
    pub fn headers(&self) -> Result<Vec<Header>, NoAccountId> {
        self.credential.api_headers(&self.client)
    }

    /// Where it is. As soon as new tokens are there they are handed out, and are [`Kept::InMemory`]
    /// until they are saved; [`Keeper::settle`](crate::Keeper::settle) waits for that.
    pub fn kept(&self) -> Kept {
        self.kept
    }

    /// Whether the record lacks what renews this. Where that is so after
    /// [`Keeper::settle`](crate::Keeper::settle), tell the person: the record has a refresh token
    /// that is spent, and with [`Kept::InMemory`] the login ends with this process.
    pub fn is_at_risk(&self) -> bool {
        // What a token is exchanged for can be had again.
        self.kept != Kept::Saved && self.credential.subject_token.is_none()
    }

    /// Why this is still the old token, if it was due and could not be renewed. It is good for as
    /// long as was asked, and what is said here is what will be the error when it no longer is.
    pub fn trouble(&self) -> Option<&Error> {
        self.trouble.as_deref()
    }

    /// The whole credential.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The credential alone.
    pub fn into_credential(self) -> Credential {
        self.credential
    }
}
