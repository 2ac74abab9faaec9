//! The way to the vendors, led to a server on this machine.

use grantflow::drive::BoxFuture;
use grantflow::transport::Transport;
use grantflow_core::{Request, Response, TransportError};

use crate::local::moved;

/// A transport on which the vendors' own addresses lead to a test server.
///
/// The files of other tools do not say who issued what is in them: the shipped profiles say so, and
/// a client whose endpoints were moved is refused their tokens. So client, record and origin stay the
/// vendor's, the shipped code decides where a token may go, and only the road there is the test's.
#[derive(Clone, Debug)]
pub struct Detour<T> {
    road: T,
    issuer: String,
}

impl<T> Detour<T> {
    /// To the server at `issuer`, by `road`.
    pub fn to(issuer: impl Into<String>, road: T) -> Self {
        Self { road, issuer: issuer.into() }
    }

    /// Where an address of a vendor's leads.
    pub fn leads(url: &str, issuer: &str) -> String {
        moved(url, issuer)
    }
}

impl<T: Transport> Transport for Detour<T> {
    fn send(&self, mut request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        request.url = Self::leads(&request.url, &self.issuer);
        self.road.send(request)
    }
}
