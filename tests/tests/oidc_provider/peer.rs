//! The server: a child process, its clients, its person and its clock.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use grantflow::{Client, Credential, ProviderFile};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// RFC 8628 §3.4.
pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Ends with this value.
pub(crate) struct Peer {
    pub(crate) issuer: String,
    clients: Value,
    _process: Child,
}

/// How a client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Public,
    Basic,
    Post,
}

/// One line of the server's own log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) status: u64,
    pub(crate) error: Option<String>,
    /// A poll of a device login that came before its time.
    pub(crate) early: bool,
}

impl Asked {
    /// On time, and answered with tokens.
    pub(crate) fn granted() -> Self {
        Self { status: 200, error: None, early: false }
    }

    /// On time, and answered with this error.
    pub(crate) fn refused(error: &str) -> Self {
        Self { status: 400, error: Some(error.to_owned()), early: false }
    }
}

impl Peer {
    pub(crate) async fn start() -> Self {
        let folder = std::env::var_os("GRANTFLOW_PEERS").expect("GRANTFLOW_PEERS names the peers");
        let mut process = Command::new("node")
            .arg(PathBuf::from(folder).join("oidc-provider.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the server says where it is");
        let ready: Value = serde_json::from_str(&line).unwrap();
        let issuer = ready["issuer"].as_str().unwrap().to_owned();
        Self { issuer, clients: ready["clients"].clone(), _process: process }
    }

    /// A client, described by the file that a user would write.
    pub(crate) fn client(&self, kind: Kind) -> Client {
        let issuer = &self.issuer;
        let (registered, method) = match kind {
            Kind::Public => ("public", "none"),
            Kind::Basic => ("basic", "client_secret_basic"),
            Kind::Post => ("post", "client_secret_post"),
        };
        let registered = self.clients[registered].as_object().unwrap().iter();
        let who: Vec<_> = registered.map(|(name, value)| format!("\"{name}\": {value},")).collect();
        let who = who.join("\n");
        let file = ProviderFile::parse(&format!(
            r#"{{
                "id": "peer",
                "name": "Somebody else's server",
                "issuer": "{issuer}",
                "authorization_response_iss_parameter_supported": true,
                "authorization_endpoint": "{issuer}/auth",
                "token_endpoint": "{issuer}/token",
                "device_authorization_endpoint": "{issuer}/device/auth",
                {who}
                "token_endpoint_auth_method": "{method}",
                "scope": "openid api"
            }}"#
        ))
        .unwrap();
        Client::new(file.provider, file.configuration).unwrap()
    }

    /// The person approves in their browser, which follows the redirect to its end.
    pub(crate) async fn approve(&self, url: &str) -> Value {
        self.person(json!({ "url": url, "decision": "approve" })).await
    }

    /// The person, choice by choice: where they go and what they decide there.
    pub(crate) async fn person(&self, choices: Value) -> Value {
        self.control("person", choices).await
    }

    /// The next so many polls that were pending are told to slow down.
    pub(crate) async fn slow_down(&self, times: u32) {
        self.control("slow_down", json!({ "times": times })).await;
    }

    pub(crate) async fn expire(&self, user_code: &str) {
        self.control("expire_device", json!({ "user_code": user_code })).await;
    }

    /// The server's clock goes forward.
    pub(crate) async fn advance(&self, by: Duration) {
        self.control("advance", json!({ "seconds": by.as_secs_f64() })).await;
    }

    /// What the token endpoint was asked for by this grant, in order.
    pub(crate) async fn asked(&self, grant_type: &str) -> Vec<Asked> {
        let log = self.control("requests", json!({})).await;
        let requests = log["requests"].as_array().unwrap();
        let by_grant = requests.iter().filter(|request| request["grant_type"] == grant_type);
        by_grant
            .map(|request| Asked {
                status: request["status"].as_u64().unwrap(),
                error: request["error"].as_str().map(str::to_owned),
                early: request["early"] == true,
            })
            .collect()
    }

    /// Whom the server takes the bearer of this credential for (`OpenID` Connect Core §5.3).
    pub(crate) async fn subject(&self, client: &Client, credential: &Credential) -> String {
        let header = credential.header(client);
        let header = format!("{}: {}\r\n", header.name, header.value.expose());
        let (status, claims) = self.exchange("GET /me", &header, "").await;
        assert_eq!(status, 200, "{claims}");
        claims["sub"].as_str().unwrap().to_owned()
    }

    async fn control(&self, name: &str, choices: Value) -> Value {
        let (status, answer) =
            self.exchange(&format!("POST /control/{name}"), "", &choices.to_string()).await;
        assert_eq!(status, 200, "{name}: {answer}");
        answer
    }

    /// One request by hand. HTTP/1.0 keeps the answer in one piece.
    async fn exchange(&self, what: &str, headers: &str, body: &str) -> (u16, Value) {
        let authority = self.issuer.strip_prefix("http://").unwrap();
        let length = body.len();
        let request = format!(
            "{what} HTTP/1.0\r\nhost: {authority}\r\n{headers}content-length: {length}\r\n\r\n\
             {body}"
        );
        let mut stream = TcpStream::connect(authority).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }
}
