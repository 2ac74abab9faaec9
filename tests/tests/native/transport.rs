//! Performing requests, against sockets that do what no well-behaved server does.

mod failures;
mod manners;
mod peer;
mod proxy;
mod tls;

use std::time::Duration;

use grantflow::Secret;
use grantflow::core::{Header, Method, Purpose, Request, RequestId, Response, TransportError};
use grantflow::transport::{Http, HttpOptions, Transport};

/// Sends a request with secrets in it, with time enough.
async fn send(url: &str) -> Result<Response, TransportError> {
    perform(request(url)).await
}

async fn perform(request: Request) -> Result<Response, TransportError> {
    http(&HttpOptions::default()).send(request).await
}

fn http(options: &HttpOptions) -> Http {
    Http::new(options).expect("this machine can speak HTTP")
}

fn request(url: &str) -> Request {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    Request {
        id: RequestId::from_number(1),
        purpose: Purpose::Refresh,
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![
            header("content-type", "application/x-www-form-urlencoded"),
            header("authorization", "Basic the-secret"),
        ],
        body: Secret::new("grant_type=refresh_token&refresh_token=the-token"),
        budget: Duration::from_secs(20),
    }
}
