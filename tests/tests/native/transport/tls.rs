//! Certificates: the system's, the caller's, and nothing else.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use grantflow::core::TransportError;
use grantflow::transport::{Http, HttpError, HttpOptions, Transport};
use grantflow_tests::covers;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::proxy::act;
use super::{http, request, send};

#[tokio::test]
async fn a_certificate_of_the_callers_authority_is_accepted_and_of_no_other() {
    covers(&["B-HT-07", "N-6749-21"]);
    let site = Site::named("127.0.0.1").await;
    assert_eq!(send(&site.url).await.unwrap_err(), TransportError::NotSent);
    let trusting = http(&HttpOptions { ca_file: Some(site.ca_file()), user_agent: None });
    assert_eq!(trusting.send(request(&site.url)).await.unwrap().status, 200);

    let other = Site::named("127.0.0.1").await;
    let outcome = trusting.send(request(&other.url)).await;
    assert_eq!(outcome.unwrap_err(), TransportError::NotSent);
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    covers(&["N-6749-21"]);
    let site = Site::named("other.example").await;
    let trusting = http(&HttpOptions { ca_file: Some(site.ca_file()), user_agent: None });
    let outcome = trusting.send(request(&site.url)).await;
    assert_eq!(outcome.unwrap_err(), TransportError::NotSent);
}

#[tokio::test]
async fn the_file_that_the_environment_names_is_trusted_too() {
    covers(&["B-HT-07"]);
    let site = Site::named("127.0.0.1").await;
    assert_eq!(act(&site.url, &[]).await, "Err(NotSent)\n");
    let ca_file = site.ca_file();
    let environment = [("SSL_CERT_FILE", ca_file.to_str().unwrap())];
    assert_eq!(act(&site.url, &environment).await, "Ok(200)\n");
}

#[test]
fn a_file_without_certificates_is_an_error_that_names_it() {
    covers(&["B-HT-07"]);
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "no certificate").unwrap();
    for file in [empty, folder.path().join("missing.pem")] {
        let options = HttpOptions { ca_file: Some(file.clone()), user_agent: None };
        assert_eq!(Http::new(&options).unwrap_err(), HttpError::CaFile(file));
    }
}

/// A server with a certificate of an authority of its own.
struct Site {
    url: String,
    folder: TempDir,
}

impl Site {
    async fn named(host: &str) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();

        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("ca.pem"), root.pem()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![leaf.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/token", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));
        Self { url, folder }
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// Says yes to everyone who accepts the certificate.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(mut stream) = acceptor.accept(stream).await else { continue };
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        let _ = stream.shutdown().await;
    }
}
