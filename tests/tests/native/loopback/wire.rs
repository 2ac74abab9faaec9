//! Raw TCP, so that a test can send what no HTTP client would.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back: all of it, and the status if it was HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: Option<u16>,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let (head, _body) = self.text.split_once("\r\n\r\n")?;
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// What stands between the first `open` and the `close` after it.
    pub(super) fn between(&self, open: &str, close: &str) -> &str {
        let (_, rest) = self.text.split_once(open).expect(open);
        rest.split_once(close).expect(close).0
    }
}

/// One connection: sends the bytes, then reads until the listener closes.
pub(super) async fn knock(port: u16, request: &[u8]) -> Reply {
    let mut stream = connect(port).await;
    send(&mut stream, request).await;
    receive(stream).await
}

pub(super) async fn connect(port: u16) -> TcpStream {
    within(TcpStream::connect(("127.0.0.1", port))).await.expect("the listener is open")
}

/// The listener may have heard enough and closed before everything was sent.
pub(super) async fn send(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = within(stream.write_all(bytes)).await;
}

pub(super) async fn receive(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    // A reset after the answer is an end too.
    let _ = within(stream.read_to_end(&mut bytes)).await;
    let text = String::from_utf8(bytes).expect("every answer is UTF-8");
    let status = text.strip_prefix("HTTP/1.1 ").map(|rest| rest[..3].parse().expect("a status"));
    Reply { status, text }
}

/// A safety net, so that a hung test says which one it was; nothing waits for it to pass.
pub(super) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("hung")
}
