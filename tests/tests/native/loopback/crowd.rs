//! Many connections, and slow ones.

use std::time::Duration;

use grantflow_tests::covers;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::wire::{connect, receive, send, within};
use super::{get, listen, takes_the_redirect};

#[tokio::test]
async fn a_hundred_idle_connections_do_not_keep_the_redirect_out() {
    covers(&["B-LS-06", "B-LS-09"]);
    let mut loopback = listen().await;
    let request = get(&loopback, super::GOOD);
    let (start, rest) = request.split_at(20);
    let mut idle = Vec::new();
    for _ in 0..100 {
        let mut stream = connect(loopback.port()).await;
        send(&mut stream, start.as_bytes()).await;
        idle.push(stream);
    }
    // Sooner than the deadline of the idle ones could help.
    let soon = Duration::from_secs(4);
    tokio::time::timeout(soon, takes_the_redirect(&mut loopback)).await.expect("kept out");

    // The oldest made room; the newest is still heard.
    let living = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(living <= 33, "{living} tasks, where 32 connections and their accepting task may be");
    let mut newest = idle.pop().unwrap();
    send(&mut newest, rest.as_bytes()).await;
    assert_eq!(receive(newest).await.status, Some(409));
}

#[tokio::test]
async fn a_redirect_that_comes_a_byte_at_a_time_arrives() {
    covers(&["B-LS-09"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    stream.set_nodelay(true).unwrap();
    for byte in get(&loopback, super::GOOD).as_bytes() {
        send(&mut stream, &[*byte]).await;
        tokio::task::yield_now().await;
    }
    within(loopback.arrival()).await.unwrap().accepted().await;
    assert_eq!(receive(stream).await.status, Some(200));
}

/// Under a paused clock time passes only when everyone waits: here, for the half head.
#[tokio::test(start_paused = true)]
async fn a_connection_that_never_finishes_its_head_is_closed_after_five_seconds() {
    covers(&["B-LS-09"]);
    let loopback = listen().await;
    let started = Instant::now();
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, b"GET /callback?code=").await;
    assert_eq!(receive(stream).await.text, "");
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_or_closes_is_let_go_after_five_seconds() {
    covers(&["B-LS-09"]);
    let loopback = listen().await;
    let started = Instant::now();
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, get(&loopback, "/elsewhere").as_bytes()).await;
    read_to_the_answers_end(&mut stream).await;
    drained(1).await;
    assert_eq!(started.elapsed().as_secs(), 5);
    drop(stream);
}

/// The answer has come and its sender has said that nothing follows; our side stays open.
async fn read_to_the_answers_end(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 404"));
}

/// Waits until no more than this many tasks live. The virtual clock moves only when all are idle.
pub(super) async fn drained(tasks: usize) {
    let metrics = tokio::runtime::Handle::current().metrics();
    within(async {
        while metrics.num_alive_tasks() > tasks {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}
