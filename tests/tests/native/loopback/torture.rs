//! Peers that do what no browser does, for as long as they like: none of it reaches the login, and the
//! redirect still arrives within a second.

use std::time::Duration;

use grantflow::loopback::Loopback;
use grantflow_tests::covers;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::crowd::drained;
use super::wire::{Reply, connect, knock, receive, send, within};
use super::{GOOD, get, hear_everyone, listen, takes_the_redirect, turned_away};

#[tokio::test]
async fn of_requests_in_one_connection_the_first_is_answered_and_the_others_are_not_read() {
    covers(&["F-05", "B-LS-10"]);
    let mut loopback = listen().await;
    let (elsewhere, good) = (get(&loopback, "/favicon.ico"), get(&loopback, GOOD));
    let reply = turned_away(&mut loopback, [&*elsewhere, &*good, &*good].concat()).await;
    assert_eq!((reply.status, reply.text.matches("HTTP/1.1").count()), (Some(404), 1));

    let mut stream = connect(loopback.port()).await;
    send(&mut stream, [&*good, "GET /callback?code=another HTTP/1.1\r\n\r\n"].concat().as_bytes())
        .await;
    let arrival = within(loopback.arrival()).await.unwrap();
    assert!(arrival.url().ends_with(GOOD));
    within(arrival.accepted()).await;
    let reply = receive(stream).await;
    assert_eq!((reply.status, reply.text.matches("HTTP/1.1").count()), (Some(200), 1));
}

#[tokio::test]
async fn a_connection_that_is_reset_at_any_byte_ends_nothing() {
    covers(&["F-05", "B-LS-14"]);
    let mut loopback = listen().await;
    let request = get(&loopback, GOOD);
    for length in (0..request.len()).step_by(7) {
        let mut stream = connect(loopback.port()).await;
        send(&mut stream, &request.as_bytes()[..length]).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
    }
    in_a_second(&mut loopback).await;
}

#[tokio::test]
async fn a_peer_that_says_no_more_is_let_go_and_one_that_has_said_enough_is_answered() {
    covers(&["F-05"]);
    let mut loopback = listen().await;
    let request = get(&loopback, GOOD);
    assert_eq!(half_closed(&loopback, &request.as_bytes()[..40]).await.text, "");
    assert_eq!(half_closed(&loopback, b"").await.text, "");
    assert_eq!(half_closed(&loopback, get(&loopback, "/").as_bytes()).await.status, Some(404));

    let mut stream = connect(loopback.port()).await;
    send(&mut stream, request.as_bytes()).await;
    stream.shutdown().await.unwrap();
    within(loopback.arrival()).await.unwrap().accepted().await;
    assert_eq!(receive(stream).await.status, Some(200));
}

#[tokio::test]
async fn a_hundred_peers_that_drip_do_not_keep_the_redirect_waiting() {
    covers(&["F-05", "B-LS-09"]);
    let mut loopback = listen().await;
    let mut peers = Vec::new();
    for _ in 0..100 {
        peers.push(connect(loopback.port()).await);
    }
    let dripping = tokio::spawn(async move {
        loop {
            for peer in &mut peers {
                // Those that had to make room are gone.
                let _ = peer.write_all(b"x").await;
            }
            tokio::task::yield_now().await;
        }
    });
    in_a_second(&mut loopback).await;
    dripping.abort();
}

#[tokio::test]
async fn a_head_that_never_ends_is_answered_while_it_goes_on() {
    covers(&["F-02", "F-05", "B-LS-10"]);
    let mut loopback = listen().await;
    let stream = connect(loopback.port()).await;
    let (reading, mut writing) = stream.into_split();
    let droning = tokio::spawn(async move {
        let _ = writing.write_all(b"GET /callback HTTP/1.1\r\n").await;
        while writing.write_all(b"X-More: and more and more and more\r\n").await.is_ok() {}
    });
    let mut answer = [0; 12];
    let mut reading = reading;
    within(tokio::io::AsyncReadExt::read_exact(&mut reading, &mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
    in_a_second(&mut loopback).await;
    droning.abort();
}

/// What the fuzzer makes of requests, at random: 2,000 in an ordinary run and 100,000 in a long one.
#[tokio::test]
async fn a_great_many_random_requests_reach_nobody_and_leave_nothing_behind() {
    covers(&["F-05", "B-LS-10", "B-LS-23"]);
    let count = if std::env::var_os("GRANTFLOW_LONG").is_some() { 100_000 } else { 2_000 };
    let mut loopback = listen().await;
    let seeds = [get(&loopback, GOOD), get(&loopback, "/").replacen("GET", "OPTIONS", 1)];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..count {
        let request = damaged(seeds[number % 2].as_bytes(), &mut random);
        let mut stream = connect(loopback.port()).await;
        send(&mut stream, &request).await;
        let _ = stream.shutdown().await;
        answer_or_refuse(&mut loopback, stream).await;
    }
    hear_everyone(&loopback).await;
    drained(1).await; // the one that accepts
    in_a_second(&mut loopback).await;
}

/// It may be a whole request still; then it is one that has no login.
async fn answer_or_refuse(loopback: &mut Loopback, stream: TcpStream) {
    let reply = tokio::select! {
        biased;
        arrival = loopback.arrival() => {
            let arrival = arrival.unwrap();
            assert!(arrival.url().starts_with("http://127.0.0.1:"), "{}", arrival.url());
            arrival.refused();
            return;
        }
        reply = receive(stream) => reply,
    };
    let known = [None, Some(400), Some(403), Some(404), Some(405), Some(421), Some(431)];
    assert!(known.contains(&reply.status), "{reply:?}");
}

/// Bytes that mean something, or must not.
const SPECIAL: &[u8] = b"\r\n \t\0:/?#\xff%A0.\x16";

/// With a few bytes changed, added or taken out.
fn damaged(request: &[u8], random: &mut u64) -> Vec<u8> {
    let mut next = |end: usize| {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        usize::try_from(*random >> 16).unwrap_or(0) % end
    };
    let mut damaged = request.to_vec();
    for _ in 0..=next(6) {
        let (at, byte) = (next(damaged.len()), SPECIAL[next(SPECIAL.len())]);
        match next(4) {
            0 => damaged[at] = byte,
            1 => damaged.insert(at, byte),
            2 if damaged.len() > 1 => drop(damaged.remove(at)),
            _ => damaged.truncate(at + 1),
        }
    }
    damaged
}

async fn half_closed(loopback: &Loopback, request: &[u8]) -> Reply {
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, request).await;
    stream.shutdown().await.unwrap();
    receive(stream).await
}

async fn in_a_second(loopback: &mut Loopback) {
    let served = timeout(Duration::from_secs(1), takes_the_redirect(loopback)).await;
    served.expect("the redirect arrives within a second");
    let again = knock(loopback.port(), get(loopback, GOOD).as_bytes()).await;
    assert_eq!(again.status, Some(409));
}
