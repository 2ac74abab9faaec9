//! What stands in front of a server that speaks plain HTTP/1.1: TLS with a certificate of an authority
//! of its own, and HTTP/2 if that is asked for, as vendors' servers have it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What is spoken over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    Http1,
    Http2,
}

/// Where it is, and its authority's certificate. What comes goes on to `server`.
pub(crate) async fn before(server: SocketAddr, speech: Speech) -> (String, String) {
    let (mut config, certificate) = identity();
    if speech == Speech::Http2 {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), server, speech));
        }
    });
    (url, certificate)
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    server: SocketAddr,
    speech: Speech,
) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    match speech {
        Speech::Http1 => {
            copy_bidirectional(&mut stream, &mut TcpStream::connect(server).await?).await?;
        }
        Speech::Http2 => {
            let service = service_fn(move |request| translated(request, server));
            let connection = http2::Builder::new(TokioExecutor::new());
            // A client that has its answer leaves as it likes.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        }
    }
    Ok(())
}

/// The same request in HTTP/1.1, and what comes back.
async fn translated(
    request: hyper::Request<Incoming>,
    server: SocketAddr,
) -> io::Result<hyper::Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut sent =
        format!("{} {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n", head.method);
    for (name, value) in head.headers.iter().filter(|(name, _)| *name != "content-length") {
        let value = value.to_str().map_err(io::Error::other)?;
        sent.push_str(&[name.as_str(), ": ", value, "\r\n"].concat());
    }
    sent.push_str(&["content-length: ", &body.len().to_string(), "\r\n\r\n"].concat());
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(&[sent.as_bytes(), &body].concat()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(502);
    let reply = hyper::Response::builder().status::<u16>(status);
    reply.body(Full::from(body.to_owned())).map_err(io::Error::other)
}

/// A certificate for this machine, and that of who vouches for it.
fn identity() -> (ServerConfig, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let (issuer, key) = (Issuer::new(authority, authority_key), KeyPair::generate().unwrap());
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    (config.with_single_cert(vec![leaf.der().clone()], key).unwrap(), root.pem())
}
