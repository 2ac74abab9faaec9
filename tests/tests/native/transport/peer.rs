//! A server that says exactly what it is told to, and remembers what it heard.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with each connection.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Closes it without reading.
    Hang,
    /// Says this without waiting for anything, then reads until the client leaves.
    Greet(Vec<u8>),
    /// Reads the request, and closes.
    Close,
    /// Reads the request, says this, and closes.
    Say(Vec<u8>),
    /// Reads the request, says this, and resets the connection.
    Reset(Vec<u8>),
    /// Reads the request, says this, and nothing any more.
    Stall(Vec<u8>),
    /// Reads the request, says the first, and then the second again and again.
    Drone(Vec<u8>, Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Peer {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Peer {
    pub(super) async fn that(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let task = tokio::spawn(serve(listener, act, Arc::clone(&heard)));
        Self { address, heard, task }
    }

    /// Answers with this head line, headers and body.
    pub(super) async fn saying(head: &str, body: &str) -> Self {
        let length = body.len();
        let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}");
        Self::that(Act::Say(answer.into_bytes())).await
    }

    /// `127.0.0.1:port`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// One text for each connection, in order.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, act: Act, heard: Arc<Mutex<Vec<String>>>) {
    let mut kept = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let index = {
            let mut heard = heard.lock().unwrap();
            heard.push(String::new());
            heard.len() - 1
        };
        if matches!(act, Act::Hang) {
            continue;
        }
        if let Act::Greet(greeting) = &act {
            let _ = stream.write_all(greeting).await;
        }
        let request = read(&mut stream).await;
        heard.lock().unwrap()[index] = request;
        // A client that has heard enough has closed: no failure.
        match &act {
            Act::Hang | Act::Greet(_) | Act::Close => {}
            Act::Say(answer) => drop(stream.write_all(answer).await),
            Act::Reset(answer) => {
                let _ = stream.write_all(answer).await;
                let _ = stream.set_zero_linger();
            }
            Act::Stall(answer) => {
                let _ = stream.write_all(answer).await;
                kept.push(stream);
            }
            Act::Drone(opening, again) => {
                let _ = stream.write_all(opening).await;
                while stream.write_all(again).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

/// The head, and as much of a body as it announces; or what came before the client left.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text.into_owned();
            }
        }
        match stream.read(&mut chunk).await {
            Ok(read @ 1..) => bytes.extend_from_slice(&chunk[..read]),
            Ok(_) | Err(_) => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}
