//! The way to the server, on which an answer can be held up.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::scene::within;

pub(crate) struct Relay {
    address: SocketAddr,
    gate: watch::Sender<Gate>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// The next answer will be held up; others pass.
    Waiting,
    Holding,
}

impl Relay {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let gate = watch::Sender::new(Gate::Open);
        let gates = gate.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (mut requests, client) = client.into_split();
                let (answers, mut server) = TcpStream::connect(server).await.unwrap().into_split();
                tokio::spawn(async move { copy(&mut requests, &mut server).await });
                tokio::spawn(bring(answers, client, gates.clone()));
            }
        });
        Self { address, gate, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn hold_next_answer(&self) {
        self.gate.send_replace(Gate::Waiting);
    }

    /// Until it is there.
    pub(crate) async fn holds(&self) {
        let mut gate = self.gate.subscribe();
        within(gate.wait_for(|gate| *gate == Gate::Holding)).await.unwrap();
    }

    pub(crate) fn let_go(&self) {
        self.gate.send_replace(Gate::Open);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answers of one connection. Either side may leave when it likes.
async fn bring(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, gate: watch::Sender<Gate>) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
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
