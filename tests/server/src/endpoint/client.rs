//! Which client it is, and whether it really is (RFC 6749 §2.3).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Client, ClientAuthentication, Finding, Server, exchange::Exchange, parameters::Parameters,
    refusal::Refusal,
};

impl Server {
    /// A client by its id alone.
    pub(crate) fn client(
        &self,
        x: &mut Exchange<'_>,
        client_id: Option<&str>,
    ) -> Result<&Client, Refusal> {
        let known =
            self.config.clients.iter().find(|own| Some(own.client_id.as_str()) == client_id);
        known.ok_or_else(|| {
            x.find(Finding::UnknownClient);
            Refusal::InvalidClient
        })
    }

    /// A client by the authentication it is registered with, and no other; its id.
    pub(crate) fn authenticate(
        &self,
        x: &mut Exchange<'_>,
        parameters: &Parameters,
    ) -> Result<String, Refusal> {
        let authorization = x.request.header("authorization");
        let basic = authorization.and_then(basic_credentials);
        if let Some((_, secret)) = &basic {
            x.present("client_secret", secret);
        }
        let in_body = parameters.value("client_id");
        let in_header = basic.as_ref().map(|(id, _)| id.as_str());
        let posted = parameters.value("client_secret");

        if in_body.is_none() && authorization.is_none() {
            x.find(Finding::ParameterMissing("client_id".into()));
            return Err(Refusal::InvalidClient);
        }
        let client = self.client(x, in_header.or(in_body))?;
        let proven = match &client.authentication {
            ClientAuthentication::None => authorization.is_none() && posted.is_none(),
            ClientAuthentication::SecretPost(secret) => {
                authorization.is_none() && posted == Some(secret)
            }
            ClientAuthentication::SecretBasic(secret) => {
                let named_alike = in_body.is_none_or(|id| Some(id) == in_header);
                let given = basic.as_ref().map(|(_, given)| given);
                given == Some(secret) && posted.is_none() && named_alike
            }
        };
        if proven {
            return Ok(client.client_id.clone());
        }
        x.find(Finding::WrongClientAuthentication);
        Err(Refusal::InvalidClient)
    }
}

/// Id and secret of HTTP Basic, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic_credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let joined = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

/// Decodes only what an encoder can have written: a raw space or `=` was never encoded.
fn form_decoded(encoded: &str) -> Option<String> {
    let can_be_encoded =
        encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*-._~+%".contains(&byte));
    let decoded = form_urlencoded::parse(encoded.as_bytes()).next();
    match (can_be_encoded, decoded) {
        (true, Some((value, _))) => Some(value.into_owned()),
        (true, None) => Some(String::new()),
        (false, _) => None,
    }
}
