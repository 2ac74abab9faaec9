//! A token, ready to be used.

use grantflow_core::{Client, Credential, Header, NoAccountId, Secret};

/// A token that works, with what is needed to use it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub(crate) credential: Credential,
    pub(crate) client: Client,
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

    /// The whole credential.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }
}
