//! Accepting connections and answering one request on each.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

use super::gate::{Gate, Verdict};
use super::page::Page;
use super::{Arrival, Hints};

/// Connections open at once. One more pushes the oldest out.
const MAX_CONNECTIONS: usize = 32;

/// From accept to close, whatever the peer does.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(5);

/// Request line and headers together.
const MAX_HEAD: usize = 16 * 1024;

/// After a failed accept (no file descriptors left, say), so that the loop does not spin.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// What the listener, its tasks and its handles have in common.
pub(super) struct Shared {
    gate: Gate,
    /// Here and not in the accepting task, so that whoever closes closes them at once.
    listeners: Mutex<Vec<TcpListener>>,
    closed: watch::Sender<bool>,
    answered: AtomicBool,
    tls: AtomicU32,
    refused: AtomicU32,
}

/// The page for a connection; `sent` is dropped when it has left or can't.
pub(super) struct Answer {
    pub(super) page: Page,
    pub(super) sent: Option<oneshot::Sender<()>>,
}

/// The accepting task; ends when the listener is closed.
pub(super) async fn receive(shared: Arc<Shared>, arrivals: mpsc::Sender<Arrival>) {
    let mut connections = VecDeque::with_capacity(MAX_CONNECTIONS);
    while let Some(accepted) = shared.accept().await {
        let Ok(stream) = accepted else {
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        };
        make_room(&mut connections);
        let serving = tokio::spawn(serve(stream, Arc::clone(&shared), arrivals.clone()));
        connections.push_back(serving.abort_handle());
    }
}

/// A redirect is served within milliseconds, so the oldest connection is an idle or a slow one.
fn make_room(connections: &mut VecDeque<AbortHandle>) {
    connections.retain(|connection| !connection.is_finished());
    if connections.len() == MAX_CONNECTIONS
        && let Some(oldest) = connections.pop_front()
    {
        oldest.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>, arrivals: mpsc::Sender<Arrival>) {
    let exchange = async {
        let answer = tokio::select! {
            // An answer given just before closing is still sent.
            biased;
            answer = hear(&mut stream, &shared, &arrivals) => answer,
            () = shared.closed() => None,
        };
        if let Some(answer) = answer {
            say(&mut stream, answer).await;
        }
    };
    // The deadline needs no word: the peer is gone or was not a browser.
    let _ = tokio::time::timeout(CONNECTION_DEADLINE, exchange).await;
}

/// Reads one request and finds its answer; `None` where nothing is to be said.
async fn hear(
    stream: &mut TcpStream,
    shared: &Arc<Shared>,
    arrivals: &mpsc::Sender<Arrival>,
) -> Option<Answer> {
    match read_head(stream, &shared.gate).await? {
        Verdict::More => Some(Page::HeadTooLarge.into()),
        Verdict::Refuse(page) => Some(page.into()),
        Verdict::Tls => {
            shared.tls.fetch_add(1, Ordering::Relaxed);
            None
        }
        Verdict::Admit(_) if shared.is_answered() => Some(Page::AlreadyDone.into()),
        Verdict::Admit(url) => {
            let (reply, answer) = oneshot::channel();
            let arrival = Arrival { url, reply, shared: Arc::clone(shared) };
            arrivals.send(arrival).await.ok()?;
            let answer = answer.await.unwrap_or(Page::Refused.into());
            if answer.page == Page::Refused {
                shared.refused.fetch_add(1, Ordering::Relaxed);
            }
            Some(answer)
        }
    }
}

/// The verdict on the head; `More` only if it is too long, `None` if the peer left.
async fn read_head(stream: &mut TcpStream, gate: &Gate) -> Option<Verdict> {
    // Allocated once, so that no growth leaves a copy of the code behind.
    let mut buffer = Zeroizing::new(vec![0; MAX_HEAD]);
    let mut filled = 0;
    while filled < MAX_HEAD {
        let length = stream.read(&mut buffer[filled..]).await.ok().filter(|length| *length > 0)?;
        let news = filled..filled + length;
        filled = news.end;
        // Only a new line can complete a head: a byte at a time costs no parse each.
        if news.start > 0 && !buffer[news].contains(&b'\n') {
            continue;
        }
        match gate.judge(&buffer[..filled]) {
            Verdict::More => {}
            verdict @ (Verdict::Tls | Verdict::Refuse(_) | Verdict::Admit(_)) => {
                return Some(verdict);
            }
        }
    }
    Some(Verdict::More)
}

async fn say(stream: &mut TcpStream, answer: Answer) {
    // A browser may close before it has read the page; the redirect counts all the same.
    let _ = stream.write_all(answer.page.response().as_bytes()).await;
    let _ = stream.shutdown().await;
    drop(answer.sent);
    // Closing with unread bytes would reset the connection and take the page back.
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

impl Shared {
    pub(super) fn new(gate: Gate, listeners: Vec<TcpListener>) -> Self {
        Self {
            gate,
            listeners: Mutex::new(listeners),
            closed: watch::Sender::new(false),
            answered: AtomicBool::new(false),
            tls: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        }
    }

    /// The next connection on any of the listeners; `None` when they are closed.
    async fn accept(&self) -> Option<io::Result<TcpStream>> {
        let next = poll_fn(|context| {
            for listener in self.listeners().iter() {
                if let Poll::Ready(accepted) = listener.poll_accept(context) {
                    return Poll::Ready(accepted.map(|(stream, _peer)| stream));
                }
            }
            Poll::Pending
        });
        tokio::select! {
            biased;
            () = self.closed() => None,
            accepted = next => Some(accepted),
        }
    }

    pub(super) fn close(&self) {
        self.listeners().clear();
        self.closed.send_replace(true);
    }

    pub(super) async fn closed(&self) {
        // Cannot fail: the sender is ours.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    pub(super) fn set_answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    pub(super) fn hints(&self) -> Hints {
        Hints {
            tls: self.tls.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<TcpListener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Page> for Answer {
    fn from(page: Page) -> Self {
        Self { page, sent: None }
    }
}
