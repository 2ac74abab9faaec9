//! `NotSent` is said only where not a byte can have left; everything else is `Lost`.

use std::time::Duration;

use grantflow::core::{MAX_BODY, Request, TransportError};
use grantflow_tests::covers;
use tokio::net::TcpListener;

use super::peer::{Act, Peer};
use super::{perform, request, send};

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", free.local_addr().unwrap());
    drop(free);
    assert_eq!(send(&url).await.unwrap_err(), TransportError::NotSent);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_not_sent() {
    let outcome = send("https://nowhere.invalid/token").await;
    assert_eq!(outcome.unwrap_err(), TransportError::NotSent);
}

#[tokio::test]
async fn a_tls_handshake_that_fails_is_not_sent() {
    covers(&["N-6749-21"]);
    let peer = Peer::that(Act::Greet(b"220 this is no TLS\r\n".to_vec())).await;
    let url = peer.url().replace("http://", "https://");
    assert_eq!(send(&url).await.unwrap_err(), TransportError::NotSent);
    assert_eq!(peer.heard().len(), 1);
}

#[tokio::test]
async fn wherever_an_established_connection_breaks_the_request_is_lost_and_sent_once() {
    covers(&["B-HT-05"]);
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_".to_vec();
    for act in [
        Act::Hang,
        Act::Close,
        Act::Reset(Vec::new()),
        Act::Say(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        Act::Say(cut.clone()),
        Act::Reset(cut),
        Act::Say(b"this is no HTTP\r\n\r\n".to_vec()),
    ] {
        let peer = Peer::that(act.clone()).await;
        assert_eq!(send(&peer.url()).await.unwrap_err(), TransportError::Lost, "{act:?}");
        assert_eq!(peer.heard().len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn a_budget_that_runs_out_is_lost_at_whatever_point() {
    covers(&["B-HT-04", "B-TR-27"]);
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec();
    for act in [Act::Stall(Vec::new()), Act::Stall(head)] {
        let peer = Peer::that(act.clone()).await;
        let short = Request { budget: Duration::from_millis(300), ..request(&peer.url()) };
        let outcome = tokio::select! {
            biased;
            _ = perform(request(&peer.url())) => panic!("a long budget ended first: {act:?}"),
            outcome = perform(short) => outcome,
        };
        assert_eq!(outcome.unwrap_err(), TransportError::Lost, "{act:?}");
        assert_eq!(peer.heard().len(), 2, "{act:?}");
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_lost() {
    covers(&["B-TR-39", "C-22"]);
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let peer = Peer::that(Act::Drone(head, b"x-more: and more and more\r\n".to_vec())).await;
    assert_eq!(send(&peer.url()).await.unwrap_err(), TransportError::Lost);
}

#[tokio::test]
async fn a_body_that_never_ends_is_handed_over_one_byte_beyond_the_cap() {
    covers(&["B-HT-04", "B-TR-27", "C-22"]);
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
    let peer = Peer::that(Act::Drone(head, chunk)).await;
    assert_eq!(send(&peer.url()).await.unwrap().body.len(), MAX_BODY + 1);
}

#[tokio::test]
async fn a_body_as_long_as_the_cap_is_whole() {
    covers(&["B-HT-04"]);
    let body = "x".repeat(MAX_BODY);
    let peer = Peer::saying("200 OK", &body).await;
    assert_eq!(send(&peer.url()).await.unwrap().body.as_slice(), body.as_bytes());
}
