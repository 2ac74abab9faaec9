//! Signs requests to a provider's API: a layer for `reqwest-middleware` (feature `middleware`).
//!
//! A request to where the credential belongs gets its headers; a request to anywhere else is passed
//! on as it is. After a 401 the token is renewed once, and the request goes out once more if its body
//! can be sent a second time.
//!
//! ```no_run
//! # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! let logins = grantflow::Logins::open_default()?;
//! let key = logins.resolve("xai", &grantflow::KeyOptions::default()).await?;
//! let client = grantflow::middleware::Signing::of(key).client()?;
//! let models = client.get("https://api.x.ai/v1/models").send().await?;
//! # drop(models);
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use async_trait::async_trait;
use grantflow_core::{Endpoint, Header};
use http::Extensions;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Request, Response, StatusCode, redirect};
use reqwest_middleware::{
    ClientBuilder, ClientWithMiddleware, Error as Stopped, Middleware, Next, Result,
};
use url::{Origin, Url};

use crate::error::Error;
use crate::resolve::{Resolved, Signature};

/// The layer. Put it last, so that what other layers repeat is signed anew.
///
/// A client that follows redirects takes headers along to wherever it is sent: reqwest itself drops
/// only some of them on the way to another host. [`Signing::client`] follows none.
#[derive(Clone, Debug)]
pub struct Signing {
    resolved: Resolved,
    origins: Vec<Origin>,
}

/// Why a token that was rejected could not be replaced: stands in the [`Response::extensions`] of the
/// 401 that is handed on.
#[derive(Clone, Debug)]
pub struct NotReplaced(pub Arc<Error>);

impl Signing {
    /// Signs requests to the API that the key is for ([`Resolved::base`]).
    pub fn of(resolved: impl Into<Resolved>) -> Self {
        let resolved = resolved.into();
        let origins = resolved.base().and_then(origin).into_iter().collect();
        Self { resolved, origins }
    }

    /// Signs requests to this place too: to its scheme, host and port, whatever the path.
    #[must_use]
    pub fn and_to(mut self, endpoint: &Endpoint) -> Self {
        self.origins.extend(origin(endpoint));
        self
    }

    /// A client with this layer that follows no redirects.
    ///
    /// # Errors
    /// [`reqwest::Error`] if no HTTPS connection can be set up.
    pub fn client(self) -> std::result::Result<ClientWithMiddleware, reqwest::Error> {
        let client = Client::builder()
            .user_agent(crate::transport::USER_AGENT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(ClientBuilder::new(client).with(self).build())
    }

    /// An [`Endpoint`] is https or on this machine, so nothing goes out in the clear.
    fn is_for(&self, url: &Url) -> bool {
        self.origins.contains(&url.origin())
    }
}

#[async_trait]
impl Middleware for Signing {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        if !self.is_for(request.url()) {
            return next.run(request, extensions).await;
        }
        let again = request.try_clone();
        let signature = self.resolved.signature().await.map_err(Stopped::middleware)?;
        sign(&mut request, &signature)?;
        let mut response = next.clone().run(request, extensions).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        // Also where this request cannot be repeated: the next one will not fail.
        match (self.resolved.instead_of(signature.token()).await, again) {
            (Ok(Some(signature)), Some(mut again)) => {
                sign(&mut again, &signature)?;
                next.run(again, extensions).await
            }
            (Ok(_), _) => Ok(response),
            (Err(why), _) => {
                response.extensions_mut().insert(NotReplaced(Arc::new(why)));
                Ok(response)
            }
        }
    }
}

/// The header that lets it in is ours to set. Of the others the caller may have set their own.
fn sign(request: &mut Request, signature: &Signature) -> Result<()> {
    for (index, header) in signature.headers().iter().enumerate() {
        let (name, value) = line(header).map_err(Stopped::middleware)?;
        if index == 0 || !request.headers().contains_key(&name) {
            request.headers_mut().insert(name, value);
        }
    }
    Ok(())
}

fn line(header: &Header) -> std::result::Result<(HeaderName, HeaderValue), http::Error> {
    let mut value = HeaderValue::from_str(header.value.expose())?;
    value.set_sensitive(true);
    Ok((header.name.parse()?, value))
}

fn origin(endpoint: &Endpoint) -> Option<Origin> {
    Url::parse(endpoint.as_str()).ok().map(|url| url.origin())
}
