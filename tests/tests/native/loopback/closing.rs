//! The end of a listener: at once, and nothing stays behind.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use grantflow::loopback::{Host, Loopback, LoopbackOptions, Ports};
use grantflow_tests::covers;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::crowd::drained;
use super::wire::{connect, receive, send, within};
use super::{GOOD, get, hear_everyone, listen};

#[tokio::test]
async fn dropping_it_closes_the_port_at_once() {
    covers(&["N-8252-05"]);
    let loopback = listen().await;
    let port = loopback.port();
    drop(loopback);
    let error = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn dropping_it_ends_open_connections_and_every_task() {
    covers(&["N-8252-05"]);
    let mut loopback = listen().await;
    let request = get(&loopback, GOOD);
    let mut waiting = connect(loopback.port()).await;
    send(&mut waiting, request.as_bytes()).await;
    let unanswered = within(loopback.arrival()).await.unwrap();
    let mut slow = connect(loopback.port()).await;
    send(&mut slow, &request.as_bytes()[..20]).await;

    // From here on time passes only when everyone waits, and none must wait for a deadline.
    tokio::time::pause();
    let closed = Instant::now();
    drop(loopback);
    assert_eq!(receive(waiting).await.text, "");
    assert_eq!(receive(slow).await.text, "");
    within(unanswered.accepted()).await;
    drained(0).await;
    assert_eq!(closed.elapsed().as_secs(), 0);
}

#[tokio::test]
async fn a_page_given_just_before_the_drop_still_arrives() {
    covers(&["B-LS-15"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, get(&loopback, GOOD).as_bytes()).await;
    let arrival = within(loopback.arrival()).await.unwrap();
    arrival.already_done();
    drop(loopback);
    assert_eq!(receive(stream).await.status, Some(409));
    drained(0).await;
}

/// A program may end as soon as it has accepted: the page is then in the system's hands. Nothing but
/// the system runs while the blocking read waits here.
#[tokio::test]
async fn the_accepted_page_has_left_when_accepting_returns() {
    covers(&["B-LS-15"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, get(&loopback, GOOD).as_bytes()).await;
    within(loopback.arrival()).await.unwrap().accepted().await;

    let mut stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.ends_with("</html>\n"), "{page}");
}

#[tokio::test]
async fn a_handle_ends_the_wait_and_closes_the_port() {
    covers(&["N-8252-05"]);
    let mut loopback = listen().await;
    let (handle, port) = (loopback.handle(), loopback.port());
    let waiting = tokio::spawn(async move { loopback.arrival().await.is_none() });
    tokio::task::yield_now().await;
    handle.close();
    assert!(within(waiting).await.unwrap());
    let error = within(TcpStream::connect(("127.0.0.1", port))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    drained(0).await;
}

#[tokio::test]
async fn a_closed_listener_gives_out_nothing_that_still_waited() {
    covers(&["N-8252-05"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, get(&loopback, GOOD).as_bytes()).await;
    hear_everyone(&loopback).await;
    loopback.handle().close();
    assert!(within(loopback.arrival()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn its_own_timeout_ends_the_wait_and_closes_the_port() {
    covers(&["N-8252-05"]);
    let timeout = Some(Duration::from_secs(42));
    let options =
        LoopbackOptions { host: Host::Ipv4, ports: Ports::Any, path: "/callback".into(), timeout };
    let mut loopback = Loopback::bind(&options).await.unwrap();
    let begun = Instant::now();
    assert!(loopback.arrival().await.is_none());
    assert_eq!(begun.elapsed(), Duration::from_secs(42));
    let error = std::net::TcpStream::connect(("127.0.0.1", loopback.port())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
