//! Performing requests over HTTP, with `reqwest` and rustls.
//!
//! A request goes out once, exactly as it stands. No redirect is followed (a 307 would carry a
//! code and its verifier elsewhere), nothing is sent again by the HTTP library on its own, no
//! cookie is kept and no compression is asked for. Each request has a connection of its own: a
//! server closing an idle one while we write to it would make a sent request look like an unsent.

mod reach;

use std::error::Error as _;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use grantflow_core::{Header, MAX_BODY, Method, Request, Response, TransportError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, redirect, retry};
use url::{Host, Url};
use zeroize::Zeroizing;

pub use self::reach::{Reached, Unreached};
use crate::drive::BoxFuture;

/// Who we are, unless the caller has a name of its own.
pub const USER_AGENT: &str = concat!("grantflow/", env!("CARGO_PKG_VERSION"));

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What systems trust is a tenth of it.
const LARGEST_CA_FILE: u64 = 4 << 20;

/// Performs requests.
pub trait Transport: Send + Sync {
    /// Sends the request once, within its budget, and answers exactly once. Dropping the future
    /// gives the request up; it may have arrived.
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>>;
}

/// How [`Http`] connects.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// The caller's own `product/version` for the `User-Agent` instead of [`USER_AGENT`]. Servers
    /// trust it to be true: don't give another product's.
    pub user_agent: Option<String>,
    /// Certificate authorities to trust beside the system's, in PEM. Without it, those in the file
    /// that the environment variable `SSL_CERT_FILE` names, if it does.
    pub ca_file: Option<PathBuf>,
}

/// HTTP and HTTPS by the system's certificates and the proxy environment variables (`HTTPS_PROXY`,
/// `ALL_PROXY`, `NO_PROXY`; on macOS and Windows also the system's settings). Loopback is never
/// reached by a proxy.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    loopback: Client,
}

impl Http {
    /// Gets ready; nothing is sent.
    ///
    /// # Errors
    /// [`HttpError`] if the certificates cannot be read or the `User-Agent` is none.
    pub fn new(options: &HttpOptions) -> Result<Self, HttpError> {
        let builder = || builder(options);
        let build = |builder: ClientBuilder| builder.build().map_err(|why| HttpError::setup(&why));
        Ok(Self { client: build(builder()?)?, loopback: build(builder()?.no_proxy())? })
    }
}

impl Http {
    fn client_for(&self, url: &Url) -> &Client {
        if is_loopback(url) { &self.loopback } else { &self.client }
    }
}

impl Transport for Http {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let Ok(url) = Url::parse(&request.url) else {
            return Box::pin(async { Err(TransportError::NotSent) });
        };
        let client = self.client_for(&url).clone();
        Box::pin(async move { exchange(&client, url, request).await })
    }
}

async fn exchange(client: &Client, url: Url, request: Request) -> Result<Response, TransportError> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    };
    let headers = headers(&request.headers).ok_or(TransportError::NotSent)?;
    let sent = client
        .request(method, url)
        .headers(headers)
        .body(request.body.expose().to_owned())
        .timeout(request.budget)
        .send()
        .await;
    let mut reply = sent.map_err(|why| classify(&why))?;
    let retry_after = reply.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let (status, retry_after) = (reply.status().as_u16(), retry_after.map(str::to_owned));
    let body = read(&mut reply).await?;
    Ok(Response { status, retry_after, body })
}

/// Up to one byte more than a reply may have; the core refuses that one.
async fn read(reply: &mut reqwest::Response) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = reply.chunk().await.map_err(|_| TransportError::Lost)? {
        let room = MAX_BODY + 1 - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() > MAX_BODY {
            break;
        }
    }
    Ok(body)
}

/// Only what certainly happened before the request's first byte is "not sent": a name that does
/// not resolve, a connection or TLS handshake that fails, a proxy that refuses.
fn classify(error: &reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent
    } else {
        TransportError::Lost
    }
}

fn headers(headers: &[Header]) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for Header { name, value } in headers {
        let name: HeaderName = name.parse().ok()?;
        let mut value: HeaderValue = value.expose().parse().ok()?;
        value.set_sensitive(true);
        map.append(name, value);
    }
    Some(map)
}

fn builder(options: &HttpOptions) -> Result<ClientBuilder, HttpError> {
    Ok(Client::builder()
        .user_agent(options.user_agent.as_deref().unwrap_or(USER_AGENT))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .tls_certs_merge(certificates(options)?))
}

fn certificates(options: &HttpOptions) -> Result<Vec<Certificate>, HttpError> {
    let named = || std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty());
    let Some(path) = options.ca_file.clone().or_else(|| named().map(PathBuf::from)) else {
        return Ok(Vec::new());
    };
    let mut pem = Vec::new();
    let file = File::open(&path).map(|file| file.take(LARGEST_CA_FILE + 1));
    let read = file.and_then(|mut file| file.read_to_end(&mut pem)).unwrap_or(0);
    let pem = Some(pem).filter(|_| (1..=LARGEST_CA_FILE).contains(&(read as u64)));
    let certificates = pem.and_then(|pem| Certificate::from_pem_bundle(&pem).ok());
    certificates.filter(|list| !list.is_empty()).ok_or(HttpError::CaFile(path))
}

/// On the parsed address, never on how the text begins.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

/// Why [`Http`] cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The file of certificate authorities cannot be read, or has none.
    CaFile(PathBuf),
    /// The system's certificates, or the `User-Agent`.
    Setup(String),
}

impl HttpError {
    /// No request has been named yet, so the words carry no URL.
    fn setup(error: &reqwest::Error) -> Self {
        Self::Setup(error.source().map_or_else(|| error.to_string(), ToString::to_string))
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaFile(path) => {
                write!(f, "no PEM certificates can be read from {}", path.display())
            }
            Self::Setup(why) => write!(f, "HTTPS cannot be set up: {why}"),
        }
    }
}

impl std::error::Error for HttpError {}
