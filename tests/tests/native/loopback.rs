//! The loopback listener, over raw sockets.

mod closing;
mod crowd;
mod pages;
mod ports;
mod requests;
mod torture;
mod wire;

use grantflow::loopback::{Host, Loopback, LoopbackOptions, Ports};

use self::wire::{Reply, knock, within};

const GOOD: &str = "/callback?code=the-code&state=the-state";

async fn listen() -> Loopback {
    listen_on(Host::Ipv4, Ports::Any).await
}

async fn listen_on(host: Host, ports: Ports) -> Loopback {
    let options = LoopbackOptions { host, ports, path: "/callback".into(), timeout: None };
    Loopback::bind(&options).await.expect("this machine has loopback")
}

/// A request as a browser sends it when the authorization server redirects to us.
fn get(loopback: &Loopback, target: &str) -> String {
    with_headers(loopback, target, "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n")
}

fn with_headers(loopback: &Loopback, target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", authority(loopback))
}

/// What stands between `http://` and the path.
fn authority(loopback: &Loopback) -> &str {
    let uri = loopback.redirect_uri();
    uri.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/callback")).unwrap()
}

/// Sends a request that must not reach the login, and gives the answer to it.
async fn turned_away(loopback: &mut Loopback, request: impl AsRef<[u8]>) -> Reply {
    let port = loopback.port();
    tokio::select! {
        biased;
        arrival = loopback.arrival() => panic!("reached the login: {:?}", arrival.unwrap().url()),
        reply = knock(port, request.as_ref()) => reply,
    }
}

/// Returns when a request that came after all others has its answer: the others have been read.
async fn hear_everyone(loopback: &Loopback) {
    let last = knock(loopback.port(), get(loopback, "/last").as_bytes()).await;
    assert_eq!(last.status, Some(404));
}

/// The login still takes its redirect: whatever came before has neither ended nor blocked it.
async fn takes_the_redirect(loopback: &mut Loopback) -> Reply {
    let (port, request) = (loopback.port(), get(loopback, GOOD));
    let expected = format!("http://{}{GOOD}", authority(loopback));
    let answering = async {
        let arrival = loopback.arrival().await.expect("open");
        assert_eq!(arrival.url(), expected);
        arrival.accepted().await;
    };
    let (reply, ()) =
        within(async { tokio::join!(knock(port, request.as_bytes()), answering) }).await;
    assert_eq!(reply.status, Some(200));
    reply
}
