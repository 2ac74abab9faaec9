//! A token, ready to be used.

use grantflow_core::{Client, Credential, Error, Header, Kept, NoAccountId, Secret};

/// A token that works, with what is needed to use it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub(crate) credential: Credential,
    pub(crate) client: Client,
    pub(crate) kept: Kept,
    pub(crate) trouble: Option<Error>,
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

    /// Where it is. What is not in the record may end with this process.
    pub fn kept(&self) -> Kept {
        self.kept
    }

    /// Why it could not be renewed, if it was due and is still good.
    pub fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
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
