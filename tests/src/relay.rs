//! The way to a server, on which answers take their time, or one is held up.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A relay on this machine. Dropping it ends it.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    gate: watch::Sender<Gate>,
    traffic: Traffic,
    task: JoinHandle<()>,
}

/// The bytes of each connection, one way and the other.
type Traffic = Arc<Mutex<Vec<(Vec<u8>, Vec<u8>)>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// The next answer will be held up; others pass.
    Waiting,
    Holding,
}

impl Relay {
    /// A relay to this server.
    ///
    /// # Errors
    /// No port is free.
    pub async fn to(server: SocketAddr) -> io::Result<Self> {
        Self::slow(server, Duration::ZERO).await
    }

    /// A relay whose answers take this long.
    ///
    /// # Errors
    /// No port is free.
    pub async fn slow(server: SocketAddr, latency: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let gate = watch::Sender::new(Gate::Open);
        let gates = gate.clone();
        let traffic = Traffic::default();
        let heard = Arc::clone(&traffic);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let ((requests, client), (answers, server)) =
                    (client.into_split(), server.into_split());
                let number = push(&heard);
                tokio::spawn(take(requests, server, Arc::clone(&heard), number));
                tokio::spawn(bring(
                    answers,
                    client,
                    latency,
                    gates.clone(),
                    (Arc::clone(&heard), number),
                ));
            }
        });
        Ok(Self { address, gate, traffic, task })
    }

    /// What went over it so far: the requests and the answers of each connection.
    pub fn traffic(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Keeps the next answer back. Those after it pass.
    pub fn hold_next_answer(&self) {
        self.gate.send_replace(Gate::Waiting);
    }

    /// Until that answer is there.
    pub async fn holds(&self) {
        // Fails only without a sender, and this relay is one.
        let _ = self.gate.subscribe().wait_for(|gate| *gate == Gate::Holding).await;
    }

    /// Lets it pass.
    pub fn let_go(&self) {
        self.gate.send_replace(Gate::Open);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn push(traffic: &Traffic) -> usize {
    let mut traffic = traffic.lock().unwrap_or_else(PoisonError::into_inner);
    traffic.push((Vec::new(), Vec::new()));
    traffic.len() - 1
}

/// The requests of one connection. Either side may leave when it likes.
async fn take(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: Traffic, number: usize) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard[number].0.extend_from_slice(&bytes[..length]);
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

/// The answers of one connection.
async fn bring(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    latency: Duration,
    gate: watch::Sender<Gate>,
    (heard, number): (Traffic, usize),
) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard[number].1.extend_from_slice(&bytes[..length]);
        }
        tokio::time::sleep(latency).await;
        let is_held = gate.send_if_modified(|gate| {
            let is_next = *gate == Gate::Waiting;
            if is_next {
                *gate = Gate::Holding;
            }
            is_next
        });
        if is_held && gate.subscribe().wait_for(|gate| *gate == Gate::Open).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
