//! What a request looks like to the server, and what the client does not do with an answer.

use grantflow::core::Method;
use grantflow::core::Request;
use grantflow::transport::{HttpOptions, Transport, USER_AGENT};
use grantflow_tests::covers;

use super::peer::{Act, Peer};
use super::{http, perform, request, send};

#[tokio::test]
async fn a_request_goes_out_as_it_stands_under_our_own_name() {
    covers(&["B-HT-08", "B-TR-26"]);
    assert_eq!(USER_AGENT, concat!("grantflow/", env!("CARGO_PKG_VERSION")));
    let peer = Peer::saying("200 OK", "{}").await;
    let reply = send(&peer.url()).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"{}".as_slice()));

    let requests = peer.heard();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /token HTTP/1.1"));
    let mut headers: Vec<&str> = lines.collect();
    headers.sort_unstable();
    let host = format!("host: {}", peer.address());
    assert_eq!(
        headers,
        [
            "accept: */*",
            "authorization: Basic the-secret",
            "content-length: 48",
            "content-type: application/x-www-form-urlencoded",
            &host,
            &format!("user-agent: {USER_AGENT}"),
        ]
    );
    assert_eq!(body, "grant_type=refresh_token&refresh_token=the-token");
}

#[tokio::test]
async fn a_get_has_no_body() {
    let peer = Peer::saying("200 OK", "{}").await;
    let get = Request { method: Method::Get, body: "".into(), ..request(&peer.url()) };
    perform(get).await.unwrap();
    assert!(peer.heard()[0].starts_with("GET /token HTTP/1.1\r\n"));
    assert!(peer.heard()[0].ends_with("\r\n\r\n"));
    assert!(!peer.heard()[0].contains("transfer-encoding"));
}

#[tokio::test]
async fn an_answer_that_may_be_kept_is_asked_for_again() {
    covers(&["N-6749-17", "B-HT-11"]);
    let head = "200 OK\r\ncache-control: max-age=3600\r\netag: \"1\"";
    let peer = Peer::saying(head, "{}").await;
    let transport = http(&HttpOptions::default());
    for heard in [1, 2] {
        let get = Request { method: Method::Get, body: "".into(), ..request(&peer.url()) };
        transport.send(get).await.unwrap();
        assert_eq!(peer.heard().len(), heard);
        assert!(!peer.heard()[heard - 1].contains("if-none-match"));
    }
}

#[tokio::test]
async fn a_caller_has_a_name_of_its_own() {
    covers(&["B-HT-08"]);
    let peer = Peer::saying("200 OK", "{}").await;
    let options = HttpOptions { user_agent: Some("our-agent/2.1".into()), ca_file: None };
    http(&options).send(request(&peer.url())).await.unwrap();
    assert!(peer.heard()[0].contains("user-agent: our-agent/2.1\r\n"));
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_credential_arrives_at_its_target() {
    covers(&["B-HT-03", "N-9700-13", "N-21-04", "C-26", "C-27"]);
    let sink = Peer::saying("200 OK", "{}").await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!("{status} Elsewhere\r\nlocation: {}", sink.url());
        let peer = Peer::saying(&head, "").await;
        assert_eq!(send(&peer.url()).await.unwrap().status, status);
        assert_eq!(peer.heard().len(), 1);
    }
    assert_eq!(sink.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn cookies_are_not_kept() {
    covers(&["B-HT-12", "B-TR-39"]);
    let peer = Peer::saying("200 OK\r\nset-cookie: session=abc; path=/", "{}").await;
    let http = http(&HttpOptions::default());
    for _ in 0..2 {
        http.send(request(&peer.url())).await.unwrap();
    }
    assert_eq!(peer.heard().len(), 2);
    assert!(peer.heard().iter().all(|request| !request.contains("cookie")));
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    covers(&["B-TR-26"]);
    let peer = Peer::saying("200 OK\r\ncontent-encoding: gzip", "\u{1f}packed").await;
    assert_eq!(send(&peer.url()).await.unwrap().body.as_slice(), b"\x1fpacked");
}

#[tokio::test]
async fn every_status_is_an_answer_and_retry_after_comes_along() {
    for status in [400, 401, 403, 404, 408, 421, 425, 429, 500, 502, 503] {
        let peer = Peer::saying(&format!("{status} So\r\nretry-after: 17"), "no").await;
        let reply = send(&peer.url()).await.unwrap();
        assert_eq!((reply.status, reply.retry_after.as_deref()), (status, Some("17")));
        assert_eq!(peer.heard().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn what_a_server_says_before_and_after_its_answer_is_passed_over() {
    covers(&["B-HT-10"]);
    let link = "link: </other>; rel=preload\r\n";
    let before = format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n{link}\r\n");
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nalt-svc: h3=\":443\"\r\n\r\n";
    let chunks = "2\r\n{}\r\n0\r\nretry-after: 99\r\nset-cookie: a=b\r\n\r\n";
    let peer = Peer::that(Act::Say([&before, answer, chunks].concat().into_bytes())).await;
    let transport = http(&HttpOptions::default());
    for heard in [1, 2] {
        let reply = transport.send(request(&peer.url())).await.unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (200, b"{}".as_slice()));
        assert_eq!(reply.retry_after, None, "what comes behind the body is no header");
        assert_eq!(peer.heard().len(), heard, "one request each, and over the same way");
    }
}
