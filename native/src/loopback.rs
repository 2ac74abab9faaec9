//! A listener that takes one browser redirect on this machine (RFC 8252 §7.3), usable alone.
//!
//! A redirect on loopback is one plain GET with a constant answer, while any page in the browser and
//! any process on the machine can knock. So the listener is small and strict instead of being a web
//! server: `httparse` reads the head, one request a connection, and what is not a top-level
//! navigation to the registered path never reaches the login. It neither ends nor blocks one.
//!
//! ```no_run
//! # async fn example() -> Result<(), grantflow::loopback::LoopbackError> {
//! use grantflow::loopback::{Host, Loopback, LoopbackOptions, Ports};
//!
//! let mut loopback = Loopback::bind(&LoopbackOptions {
//!     host: Host::Ipv4,
//!     ports: Ports::Any,
//!     path: "/callback".into(),
//!     timeout: Some(std::time::Duration::from_secs(600)),
//! })
//! .await?;
//! println!("redirect_uri: {}", loopback.redirect_uri());
//! while let Some(arrival) = loopback.arrival().await {
//!     if arrival.url().contains("state=the-one-we-sent") {
//!         arrival.accepted().await;
//!         break;
//!     }
//!     arrival.refused();
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Another process of the same person can connect too, and on a shared machine so can another
//! person's. PKCE makes a stolen code useless to them; nothing here can keep them from knocking.

mod bind;
mod connection;
mod gate;
mod page;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

pub use self::bind::LoopbackError;
use self::connection::{Answer, Shared};
use self::gate::{Gate, Verdict};
use self::page::Page;

/// Arrivals that may wait for the caller; a further one waits in its own connection.
const QUEUED_ARRIVALS: usize = 8;

/// Where to listen: the parts of the `redirect_uri` that the client registered.
#[derive(Clone, Debug)]
pub struct LoopbackOptions {
    /// The host as it is written in the `redirect_uri`.
    pub host: Host,
    /// The ports that may be used.
    pub ports: Ports,
    /// The path, starting with `/`, without query or fragment; compared byte for byte.
    pub path: String,
    /// Close after this long; without it, when dropped or closed by a handle.
    pub timeout: Option<Duration>,
}

/// The host of a loopback `redirect_uri`, as the client registered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `127.0.0.1`, the better choice where it is registered (RFC 8252 §7.3).
    Ipv4,
    /// `[::1]`
    Ipv6,
    /// `localhost`: a browser may resolve it to either family, so both are bound on one port
    /// (RFC 8252 §8.3).
    Localhost,
}

/// The ports that a provider's registration allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Any port: the system picks a free one.
    Any,
    /// The first of these that is free, otherwise any.
    Preferred(Vec<u16>),
    /// The first of these that is free, and no other.
    List(Vec<u16>),
}

/// A bound listener. Dropping it closes its port at once.
pub struct Loopback {
    shared: Arc<Shared>,
    arrivals: mpsc::Receiver<Arrival>,
    addresses: Vec<SocketAddr>,
    port: u16,
    redirect_uri: String,
}

impl Loopback {
    /// Binds loopback addresses, and nothing else, inside the running tokio runtime.
    ///
    /// # Errors
    /// Names the ports and what to do when none of them can be had.
    pub async fn bind(options: &LoopbackOptions) -> Result<Self, LoopbackError> {
        let bound = bind::bind(options).await?;
        let gate = Gate::new(options.host, bound.port, &options.path);
        let redirect_uri = gate.redirect_uri();
        let shared = Arc::new(Shared::new(gate, bound.listeners));
        let (sender, arrivals) = mpsc::channel(QUEUED_ARRIVALS);
        tokio::spawn(listen(Arc::clone(&shared), sender, options.timeout));
        Ok(Self { shared, arrivals, addresses: bound.addresses, port: bound.port, redirect_uri })
    }

    /// The next plausible redirect; `None` once the listener is closed, by a [`LoopbackHandle`] or
    /// by its own timeout.
    ///
    /// After one has been accepted, later ones get the "already done" page without being asked
    /// about. Cancel-safe: nothing is lost when the future is dropped.
    pub async fn arrival(&mut self) -> Option<Arrival> {
        loop {
            let arrival = tokio::select! {
                biased;
                () = self.shared.closed() => return None,
                arrival = self.arrivals.recv() => arrival?,
            };
            if !self.shared.is_answered() {
                return Some(arrival);
            }
            arrival.already_done();
        }
    }

    /// The `redirect_uri` to send, with the port that was bound.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The bound port, the same for every address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What is bound, as the system tells it: loopback addresses only.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What came that may explain why a login does not end.
    pub fn hints(&self) -> Hints {
        self.shared.hints()
    }

    /// A handle that closes the listener from elsewhere.
    pub fn handle(&self) -> LoopbackHandle {
        LoopbackHandle { shared: Arc::clone(&self.shared) }
    }
}

async fn listen(shared: Arc<Shared>, arrivals: mpsc::Sender<Arrival>, timeout: Option<Duration>) {
    let receiving = connection::receive(Arc::clone(&shared), arrivals);
    match timeout {
        // Closed by somebody else, or by its time.
        Some(timeout) => drop(tokio::time::timeout(timeout, receiving).await),
        None => receiving.await,
    }
    shared.close();
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loopback").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

/// Closes a [`Loopback`] that is owned elsewhere, for instance by a task waiting in `arrival`.
#[derive(Clone)]
pub struct LoopbackHandle {
    shared: Arc<Shared>,
}

impl LoopbackHandle {
    /// Closes the port at once and ends [`Loopback::arrival`].
    pub fn close(&self) {
        self.shared.close();
    }
}

impl fmt::Debug for LoopbackHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoopbackHandle")
    }
}

/// Counts of what knocked without being the redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Connections that spoke TLS: an HSTS entry for `localhost` turns the redirect into https.
    /// The person opens the address once more with `http://`, or pastes it.
    pub tls: u32,
    /// Arrivals that were refused. Many of them mean that something else answers on this port.
    pub refused: u32,
}

/// A redirect that came in. Answer it; dropping it says that it was not this login's.
pub struct Arrival {
    url: Zeroizing<String>,
    reply: oneshot::Sender<Answer>,
    shared: Arc<Shared>,
}

impl Arrival {
    /// The whole URL as the browser asked for it: the `redirect_uri` and its query. A secret.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// This is the login's answer: no other will be taken. Returns when the page has left, so that
    /// a program may end right away without leaving the person before a broken page.
    pub async fn accepted(self) {
        self.shared.set_answered();
        let (sent, has_left) = oneshot::channel();
        // A browser that has gone, or did not wait, has still delivered its redirect.
        if self.reply.send(Answer { page: Page::Accepted, sent: Some(sent) }).is_ok() {
            let _ = has_left.await;
        }
    }

    /// Not this login's answer (a wrong or missing `state`); the listener keeps waiting.
    pub fn refused(self) {
        let _ = self.reply.send(Answer::from(Page::Refused));
    }

    /// The login was answered some other way, by paste or by an earlier redirect.
    pub fn already_done(self) {
        let _ = self.reply.send(Answer::from(Page::AlreadyDone));
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrival(redacted)")
    }
}

/// What the listener makes of the beginning of a request. No part of the API: for tests that have
/// no time for a socket.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// There has to be more of it.
    Partly,
    /// Closed without a word.
    Tls,
    /// The whole answer.
    Refused(String),
    /// The whole address.
    Admitted(String),
}

#[doc(hidden)]
pub fn judge(host: Host, port: u16, path: &str, received: &[u8]) -> Judged {
    match Gate::new(host, port, path).judge(received) {
        Verdict::More => Judged::Partly,
        Verdict::Tls => Judged::Tls,
        Verdict::Refuse(page) => Judged::Refused(page.response()),
        Verdict::Admit(url) => Judged::Admitted(url.to_string()),
    }
}
