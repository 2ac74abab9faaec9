//! One request at a time: who gets in, who is turned away and how.

use grantflow::loopback::{Hints, Host, Ports};
use grantflow_tests::covers;
use proptest::prelude::*;

use super::wire::{Reply, connect, knock, receive, send, within};
use super::{
    GOOD, authority, get, hear_everyone, listen, listen_on, takes_the_redirect, turned_away,
    with_headers,
};

#[tokio::test]
async fn a_navigation_to_the_path_arrives_with_its_whole_url() {
    covers(&["N-8252-02", "N-8252-03", "B-LS-21"]);
    for host in [Host::Ipv4, Host::Localhost] {
        let mut loopback = listen_on(host, Ports::Any).await;
        takes_the_redirect(&mut loopback).await;
        assert!(loopback.addresses().iter().all(|address| address.ip().is_loopback()));
    }
}

#[tokio::test]
async fn a_browser_that_says_nothing_of_the_fetch_gets_in() {
    covers(&["B-LS-08"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, with_headers(&loopback, GOOD, "").as_bytes()).await;
    let arrival = within(loopback.arrival()).await.unwrap();
    assert!(arrival.url().ends_with(GOOD));
}

#[tokio::test]
async fn the_absolute_form_gets_in_only_under_our_name() {
    covers(&["B-LS-11"]);
    let mut loopback = listen().await;
    let foreign = get(&loopback, &format!("http://evil.example{GOOD}"));
    assert_eq!(turned_away(&mut loopback, foreign).await.status, Some(421));
    let close = format!("http://{}.evil.example{GOOD}", authority(&loopback));
    let close = get(&loopback, &close);
    assert_eq!(turned_away(&mut loopback, close).await.status, Some(421));

    let ours = get(&loopback, &format!("http://{}{GOOD}", authority(&loopback)));
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, ours.as_bytes()).await;
    let arrival = within(loopback.arrival()).await.unwrap();
    assert_eq!(arrival.url(), format!("http://{}{GOOD}", authority(&loopback)));
}

#[tokio::test]
async fn another_path_is_not_found() {
    covers(&["B-LS-04", "C-09"]);
    let mut loopback = listen().await;
    for path in [
        "/favicon.ico",
        "/",
        "/robots.txt",
        "/callback/",
        "/Callback",
        "//callback",
        "/callback/../callback",
        "/callback%2f",
        "/%63allback",
        "/callback;x",
        "/cancel",
    ] {
        let request = get(&loopback, &format!("{path}?code=the-code&state=the-state"));
        assert_eq!(turned_away(&mut loopback, request).await.status, Some(404), "{path}");
    }
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    covers(&["B-LS-05", "C-04"]);
    let mut loopback = listen().await;
    for method in ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "PATCH", "BREW", "get"] {
        let request = get(&loopback, GOOD).replacen("GET", method, 1);
        let reply = turned_away(&mut loopback, request).await;
        assert_eq!((reply.status, reply.header("Allow")), (Some(405), Some("GET")), "{method}");
    }
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn a_form_post_is_not_allowed_and_its_body_not_waited_for() {
    covers(&["B-LS-05", "B-CB-32"]);
    let mut loopback = listen().await;
    let request = with_headers(&loopback, "/callback", "Content-Length: 1000000\r\n");
    let request = request.replacen("GET", "POST", 1) + "code=the-code\n";
    assert_eq!(turned_away(&mut loopback, request).await.status, Some(405));
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn another_host_is_misdirected() {
    covers(&["B-LS-07", "C-08"]);
    let mut loopback = listen().await;
    let port = loopback.port();
    for host in [
        format!("attacker.example:{port}"),
        format!("localhost.attacker:{port}"),
        format!("localhost:{port}"), // registered is 127.0.0.1
        format!("127.0.0.1.nip.io:{port}"),
        format!("127.0.0.1:{}", port ^ 1),
        "127.0.0.1".into(),
        format!("user@127.0.0.1:{port}"),
        String::new(),
    ] {
        let request = format!("GET {GOOD} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(turned_away(&mut loopback, request).await.status, Some(421), "{host}");
    }
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn no_host_or_two_is_a_bad_request() {
    covers(&["B-LS-07"]);
    let mut loopback = listen().await;
    let absent = format!("GET {GOOD} HTTP/1.1\r\n\r\n");
    assert_eq!(turned_away(&mut loopback, absent).await.status, Some(400));
    let ours = format!("Host: {}\r\n", authority(&loopback));
    let same_twice = with_headers(&loopback, GOOD, &ours);
    assert_eq!(turned_away(&mut loopback, same_twice).await.status, Some(400));
    let and_another = with_headers(&loopback, GOOD, "host: evil.example\r\n");
    assert_eq!(turned_away(&mut loopback, and_another).await.status, Some(400));
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn what_is_not_a_person_arriving_is_forbidden() {
    covers(&["B-LS-06", "B-LS-08", "W-33"]);
    let mut loopback = listen().await;
    for headers in [
        "Origin: https://evil.example",
        "Origin: null",
        "origin: http://127.0.0.1",
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Mode: no-cors",
        "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Mode: cors",
        "Sec-Fetch-Dest: image",
        "Sec-Fetch-Dest: iframe",
        "Sec-Fetch-Dest: script",
        "Sec-Purpose: prefetch",
        "Sec-Purpose: prefetch;prerender",
        "Purpose: prefetch",
        "X-Moz: Prefetch",
    ] {
        let request = with_headers(&loopback, GOOD, &format!("{headers}\r\n"));
        assert_eq!(turned_away(&mut loopback, request).await.status, Some(403), "{headers}");
    }
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn a_malformed_request_is_refused() {
    covers(&["B-LS-10"]);
    let mut loopback = listen().await;
    let host = format!("Host: {}", authority(&loopback));
    for request in [
        format!("GET {GOOD} HTTP/1.1\n{host}\n\n"),
        format!("GET {GOOD} HTTP/1.1\r\n{host}\nSec-Fetch-Mode: navigate\r\n\r\n"),
        format!("GET {GOOD} HTTP/1.1\r\n{host}\r\nAccept: a\r\n  folded\r\n\r\n"),
        format!("GET {GOOD} HTTP/1.1\r\n{host}\r\nAccept: a\0b\r\n\r\n"),
        format!("GET {GOOD} HTTP/1.1\r\n{host}\r\nAccept: a\rb\r\n\r\n"),
        format!("GET {GOOD}\0 HTTP/1.1\r\n{host}\r\n\r\n"),
        format!("GET {GOOD}é HTTP/1.1\r\n{host}\r\n\r\n"),
        format!("GET {GOOD}#fragment HTTP/1.1\r\n{host}\r\n\r\n"),
        format!("GET {GOOD} HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("GET {GOOD} HTTP/1.1\r\n{host}\r\nContent-Length: 4\r\n\r\nbody"),
        format!(
            "GET {GOOD} HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
        ),
        format!("GET {GOOD}\r\n"),
        format!("GET  {GOOD} HTTP/1.1\r\n{host}\r\n\r\n"),
        format!("\r\nGET {GOOD} HTTP/1.1\r\n{host}\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        "\x01\x02\x03\x04".into(),
    ] {
        assert_eq!(turned_away(&mut loopback, &request).await.status, Some(400), "{request:?}");
    }
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn a_head_beyond_its_bounds_is_refused() {
    covers(&["B-LS-10"]);
    let mut loopback = listen().await;
    let long_line = get(&loopback, &format!("{GOOD}&filler={}", "x".repeat(100 * 1024)));
    assert_eq!(turned_away(&mut loopback, long_line).await.status, Some(431));
    let many = with_headers(&loopback, GOOD, &"A: b\r\n".repeat(10_000));
    assert_eq!(turned_away(&mut loopback, many).await.status, Some(431));
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn a_head_at_its_bounds_arrives_and_one_beyond_does_not() {
    covers(&["B-LS-10"]);
    let mut loopback = listen().await;
    let filled_to = |length: usize| {
        let empty = with_headers(&loopback, GOOD, "Cookie: \r\n");
        empty.replacen("Cookie: ", &format!("Cookie: {}", "x".repeat(length - empty.len())), 1)
    };
    let headers = |count: usize| with_headers(&loopback, GOOD, &"A: b\r\n".repeat(count - 1));
    for (at, beyond) in
        [(filled_to(16 * 1024), filled_to(16 * 1024 + 1)), (headers(100), headers(101))]
    {
        let mut stream = connect(loopback.port()).await;
        send(&mut stream, at.as_bytes()).await;
        within(loopback.arrival()).await.unwrap().refused();
        assert_eq!(receive(stream).await.status, Some(400));
        assert_eq!(turned_away(&mut loopback, beyond).await.status, Some(431));
    }
}

#[tokio::test]
async fn tls_is_closed_without_a_word_and_told_as_a_hint() {
    covers(&["B-LS-10", "B-LS-20"]);
    let mut loopback = listen().await;
    let client_hello = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03";
    assert_eq!(turned_away(&mut loopback, client_hello).await.text, "");
    assert_eq!(loopback.hints(), Hints { tls: 1, refused: 0 });
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn a_refused_arrival_leaves_the_listener_waiting() {
    covers(&["B-LS-13", "B-LS-23"]);
    let mut loopback = listen().await;
    for _ in 0..40 {
        let mut stream = connect(loopback.port()).await;
        send(&mut stream, get(&loopback, "/callback?code=x&state=forged").as_bytes()).await;
        within(loopback.arrival()).await.unwrap().refused();
        assert_eq!(receive(stream).await.status, Some(400));
    }
    assert_eq!(loopback.hints(), Hints { tls: 0, refused: 40 });
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn an_arrival_that_no_one_answers_is_refused() {
    covers(&["B-LS-13"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, get(&loopback, GOOD).as_bytes()).await;
    drop(within(loopback.arrival()).await.unwrap());
    assert_eq!(receive(stream).await.status, Some(400));
    takes_the_redirect(&mut loopback).await;
}

#[tokio::test]
async fn a_second_hit_is_told_that_it_is_done() {
    covers(&["B-LS-06"]);
    let mut loopback = listen().await;
    takes_the_redirect(&mut loopback).await;
    let (again, port) = (get(&loopback, GOOD), loopback.port());
    assert_eq!(knock(port, again.as_bytes()).await.status, Some(409));
    assert_eq!(turned_away(&mut loopback, again).await.status, Some(409));
}

#[tokio::test]
async fn of_two_hits_at_once_one_is_asked_about_and_the_other_is_done() {
    covers(&["B-LS-06"]);
    let mut loopback = listen().await;
    let request = get(&loopback, GOOD);
    let (mut first, mut second) = (connect(loopback.port()).await, connect(loopback.port()).await);
    send(&mut first, request.as_bytes()).await;
    let arrival = within(loopback.arrival()).await.unwrap();
    send(&mut second, request.as_bytes()).await;
    hear_everyone(&loopback).await;
    arrival.accepted().await;
    let second = tokio::select! {
        biased;
        _ = loopback.arrival() => panic!("a second redirect reached the login"),
        reply = receive(second) => reply,
    };
    assert_eq!((receive(first).await.status, second.status), (Some(200), Some(409)));
}

#[tokio::test]
async fn a_browser_that_leaves_before_the_page_has_delivered_its_redirect() {
    covers(&["B-LS-14"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, get(&loopback, GOOD).as_bytes()).await;
    drop(stream);
    let arrival = within(loopback.arrival()).await.unwrap();
    assert!(arrival.url().ends_with(GOOD));
    within(arrival.accepted()).await;
}

proptest! {
    /// Arbitrary damage to a good request: it arrives as ours or is turned away, and the listener
    /// goes on.
    #[test]
    fn a_damaged_request_never_breaks_the_listener(
        cut in 0_usize..200,
        junk in proptest::collection::vec(any::<u8>(), 0..24),
        kept in 0_usize..200,
    ) {
        covers(&["B-LS-10"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut loopback = listen().await;
            let good = get(&loopback, GOOD).into_bytes();
            let (cut, kept) = (cut.min(good.len()), kept.min(good.len()));
            let damaged = [&good[..cut], &junk, &good[kept..]].concat();
            let prefix = format!("{}?", loopback.redirect_uri());
            let port = loopback.port();
            tokio::select! {
                reply = half_closed(port, &damaged) => {
                    let known = [None, Some(400), Some(403), Some(404), Some(405), Some(421)];
                    assert!(known.contains(&reply.status), "{reply:?}");
                }
                arrival = loopback.arrival() => {
                    let arrival = arrival.unwrap();
                    assert!(arrival.url().starts_with(prefix.trim_end_matches('?')));
                    arrival.refused();
                }
            }
            takes_the_redirect(&mut loopback).await;
        });
    }
}

/// Like [`knock`], and says that nothing more will come, so that half a head is not waited for.
async fn half_closed(port: u16, request: &[u8]) -> Reply {
    let mut stream = connect(port).await;
    send(&mut stream, request).await;
    let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
    receive(stream).await
}
