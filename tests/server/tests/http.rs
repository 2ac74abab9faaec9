//! The host: what the machine says happens on real sockets.

mod support;

use std::io::ErrorKind;

use grantflow_test_server::{
    Config, Decision, Endpoint, Fault, Finding, Person, Request, Server,
    http::{self, Handle},
};
use support::{query, standard};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn the_issuer_is_the_address_it_listens_on() {
    let handle = start(standard()).await;
    let answer = exchange(&handle, &Request::get(METADATA)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(&format!("\"issuer\":\"{}\"", handle.issuer())), "{answer}");
    assert_eq!(handle.server().log().len(), 1);
    assert_eq!(findings(&handle), []);
}

#[tokio::test]
async fn a_login_over_http_ends_in_tokens() {
    let handle = start(Config { person: Person::Approve, ..standard() }).await;
    let url = url_of(&handle);
    let path = url.strip_prefix(&handle.issuer()).unwrap();
    let answer = exchange(&handle, &Request::get(path)).await.unwrap();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    let request = support::redemption(&query(location, "code"), &[]);
    let answer = exchange(&handle, &request).await.unwrap();
    assert!(answer.contains("\"access_token\":"), "{answer}");
    assert_eq!(findings(&handle), []);
}

#[tokio::test]
async fn the_person_is_played_while_it_runs() {
    let handle = start(standard()).await;
    let url = url_of(&handle);
    let now_ms = handle.now_ms();
    let redirect = handle.server().authorize(now_ms, &url, Decision::Approve).unwrap();
    let request = support::redemption(&query(&redirect, "code"), &[]);
    let answer = exchange(&handle, &request).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    for fault in [Fault::ResetBefore, Fault::ResetAfter] {
        let handle = start(faulty(fault)).await;
        let error = exchange(&handle, &Request::get(METADATA)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let again = exchange(&handle, &Request::get(METADATA)).await.unwrap();
        assert!(again.starts_with("HTTP/1.1 200 OK\r\n"), "{again}");
    }
}

#[tokio::test]
async fn a_truncated_body_ends_before_its_announced_length() {
    let handle = start(faulty(Fault::TruncatedBody)).await;
    let answer = exchange(&handle, &Request::get(METADATA)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let announced: usize = announced.parse().unwrap();
    assert_eq!(body.len(), announced / 2);
}

#[tokio::test]
async fn a_stalled_connection_stays_open_without_an_answer_until_the_server_ends() {
    let handle = start(faulty(Fault::Stall)).await;
    let mut stalled = send(&handle, &Request::get(METADATA)).await;
    handle.log_from(0).await;
    // By the time a later request is answered, an answer or an end would have come.
    exchange(&handle, &Request::get(METADATA)).await.unwrap();
    let mut byte = [0; 1];
    let kind = stalled.try_read(&mut byte).map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::WouldBlock));

    handle.shutdown().await;
    let ended = stalled.read(&mut byte).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

#[tokio::test]
async fn shutting_down_frees_the_port() {
    let handle = start(standard()).await;
    let address = handle.address();
    handle.shutdown().await;
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_log_is_waited_for() {
    let handle = start(standard()).await;
    let request = Request::get("/nowhere");
    let (log, _stream) = tokio::join!(handle.log_from(0), send(&handle, &request));
    assert_eq!(log[0].findings, [Finding::UnknownEndpoint]);
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let handle = start(standard()).await;
    let form = "application/x-www-form-urlencoded";
    let fits = Request::post("/token", form, vec![b'a'; 64 * 1024]);
    let answer = exchange(&handle, &fits).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let exceeds = Request::post("/token", form, vec![b'a'; 64 * 1024 + 1]);
    let answer = exchange(&handle, &exceeds).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn only_loopback_is_served() {
    let server = Server::new(standard());
    let refused = http::serve(server, "0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
}

const METADATA: &str = "/.well-known/oauth-authorization-server";

fn findings(handle: &Handle) -> Vec<Finding> {
    handle.server().log().iter().flat_map(|entry| entry.findings.clone()).collect()
}

fn faulty(fault: Fault) -> Config {
    Config { faults: vec![fault.once().at(Endpoint::Metadata)], ..standard() }
}

async fn start(config: Config) -> Handle {
    let address = "127.0.0.1:0".parse().expect("an address");
    http::serve(Server::new(config), address).await.expect("a free port")
}

fn url_of(handle: &Handle) -> String {
    let config = Config { issuer: handle.issuer(), ..standard() };
    support::World::new(config).authorization_url(&[])
}

/// What a client reads who sends a request and waits for the end of the connection.
async fn exchange(handle: &Handle, request: &Request) -> std::io::Result<String> {
    let mut stream = send(handle, request).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn send(handle: &Handle, request: &Request) -> TcpStream {
    let mut stream = TcpStream::connect(handle.address()).await.expect("a connection");
    let headers: String =
        request.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let head = format!(
        "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        request.method,
        request.path_and_query,
        handle.address(),
        request.body.len(),
    );
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    stream.write_all(&request.body).await.expect("the body is sent");
    stream
}
