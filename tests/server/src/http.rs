//! The machine over HTTP on loopback, with `tokio` and `hyper` (feature `http`).
//!
//! Well-formed answers are hyper's. Where the machine wants a connection broken, hyper hands the
//! socket over and it is broken for real: left open, reset, or closed within the body.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{LogEntry, Reply, Request, Response, Server};

/// Serves on a loopback address; port 0 takes a free one. The issuer becomes that address.
///
/// # Errors
/// The address is not loopback, or cannot be bound.
pub async fn serve(mut server: Server, address: SocketAddr) -> io::Result<Handle> {
    if !address.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a loopback address"));
    }
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    server.set_issuer(format!("http://{address}"));
    let shared = Arc::new(Shared {
        log_length: watch::Sender::new(server.log().len()),
        server: Mutex::new(server),
        clock: Clock::start(),
    });
    let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
    Ok(Handle { address, shared, task })
}

/// A server that is running. Dropping it ends the server and every connection.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Handle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The machine: its log, and the person's side. Requests wait while the guard lives.
    pub fn server(&self) -> MutexGuard<'_, Server> {
        self.shared.lock()
    }

    /// The time that the machine is given, for the methods that take one.
    pub fn now_ms(&self) -> u64 {
        self.shared.clock.now_ms()
    }

    /// The log from an index on, as soon as there is something.
    pub async fn log_from(&self, index: usize) -> Vec<LogEntry> {
        let mut log_length = self.shared.log_length.subscribe();
        // Fails only without a sender, and `shared` is one.
        let _ = log_length.wait_for(|length| *length > index).await;
        self.server().log().iter().skip(index).cloned().collect()
    }

    /// Ends the server, and returns when the port is free again.
    pub async fn shutdown(mut self) {
        self.task.abort();
        // The one outcome is that it was cancelled.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct Shared {
    server: Mutex<Server>,
    log_length: watch::Sender<usize>,
    clock: Clock,
}

impl Shared {
    fn handle(&self, request: &Request) -> Reply {
        let mut server = self.lock();
        // Read under the lock: the machine's time must not go back.
        let reply = server.handle(self.clock.now_ms(), request);
        self.log_length.send_replace(server.log().len());
        reply
    }

    fn lock(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since 1970 that never go back.
#[derive(Debug)]
struct Clock {
    begun: Instant,
    begun_at: Duration,
}

impl Clock {
    fn start() -> Self {
        let begun_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { begun: Instant::now(), begun_at }
    }

    fn now_ms(&self) -> u64 {
        let now = self.begun_at + self.begun.elapsed();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Owns the connections: they end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(stream, Arc::clone(&shared)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Nothing that a client sends to an authorization server is longer.
const MAX_BODY: usize = 64 * 1024;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| Box::pin(answer(request, Arc::clone(&shared))));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let served = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    if let Err(error) = served
        && let Some(broken) = error.source().and_then(|source| source.downcast_ref::<Broken>())
    {
        broken.perform(stream).await;
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<hyper::Response<Full<Bytes>>, Broken> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return response(Response::text(413, "Too long."));
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers =
        head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    let request = Request {
        method: head.method.to_string(),
        path_and_query: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: headers.collect(),
        body: body.to_bytes().into(),
    };
    match shared.handle(&request) {
        Reply::Answer(answer) => response(answer),
        Reply::Stall => Err(Broken::Stalled),
        Reply::Reset { .. } => Err(Broken::Reset),
        Reply::Truncated { response, bytes } => Err(Broken::Truncated(beginning(&response, bytes))),
    }
}

fn response(response: Response) -> Result<hyper::Response<Full<Bytes>>, Broken> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in response.headers {
        builder = builder.header(name, value);
    }
    // What no header can carry is not sent.
    builder.body(Full::new(Bytes::from(response.body))).map_err(|_| Broken::Reset)
}

/// The bytes of a response, up to so many of its body.
fn beginning(response: &Response, bytes: usize) -> Vec<u8> {
    let headers: String =
        response.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let (status, length) = (response.status, response.body.len());
    let head = format!("HTTP/1.1 {status} \r\n{headers}content-length: {length}\r\n\r\n");
    let mut sent = head.into_bytes();
    sent.extend(response.body.iter().take(bytes));
    sent
}

/// How a connection ends that gets no answer.
#[derive(Clone, Debug)]
enum Broken {
    Stalled,
    Reset,
    Truncated(Vec<u8>),
}

impl Broken {
    /// A client that has given up is no failure: errors of the socket are let go.
    async fn perform(&self, mut stream: TcpStream) {
        match self {
            Self::Stalled => {
                let mut ignored = [0; 256];
                while stream.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
            }
            // With this, closing sends a RST instead of a FIN.
            Self::Reset => drop(stream.set_zero_linger()),
            Self::Truncated(bytes) => {
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            }
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is to be broken")
    }
}

impl Error for Broken {}
