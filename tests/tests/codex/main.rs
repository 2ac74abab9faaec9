//! The released Codex client logs in to the test server's Codex dialect, and our own Codex login
//! does the same there: so neither the dialect nor our reading of it is our invention.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use grantflow::environment::{Environment, Surroundings};
use grantflow::{Client, LoginOptions, Logins, Prompt, Route};
use grantflow_test_server::http::{Handle, serve};
use grantflow_test_server::{Config, Dialect, Endpoint, GrantType, Hesitation, Person, Server};
use grantflow_tests::{covers, local};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;

const CODES: Endpoint = Endpoint::DeviceAuthorization;
const POLL: Endpoint = Endpoint::DeviceToken;
const REDEMPTION: Endpoint = Endpoint::Token;

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn the_released_client_logs_in_and_the_server_finds_nothing_wrong() {
    covers(&["C-15"]);
    let server = server().await;
    let codex = Codex::new().await;
    let login = codex.log_in(&server).await;
    assert!(login.status.success(), "{login:?}");

    let endpoints: Vec<_> = requests(&server).into_iter().map(|(endpoint, ..)| endpoint).collect();
    assert_eq!(endpoints, [CODES, POLL, POLL, REDEMPTION]);
    let tokens = &codex.stored()["tokens"];
    assert_eq!(tokens["account_id"], account_id(&server));
    for token in ["access_token", "refresh_token", "id_token"] {
        assert!(tokens[token].as_str().is_some_and(|token| !token.is_empty()), "no {token}");
    }
    let status = codex.run(&["login", "status"]).await;
    assert!(status.status.success(), "{status:?}");
    let said = String::from_utf8(status.stderr).unwrap();
    assert!(said.contains("Logged in using ChatGPT"), "{said}");
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn our_login_sends_what_the_released_client_sends_and_names_the_same_account() {
    covers(&["B-DV-02", "B-DV-08", "B-DV-16"]);
    let server = server().await;
    let codex = Codex::new().await;
    assert!(codex.log_in(&server).await.status.success());
    let theirs = requests(&server);

    let folder = TempDir::new().unwrap();
    let logins = Logins::open(folder.path().join("auth.json")).unwrap();
    let provider = local::provider(Dialect::Codex, &server.issuer());
    let client = Client::new(provider, local::configuration(Dialect::Codex)).unwrap();
    let options = LoginOptions {
        route: Some(Route::Device),
        accept_terms: true,
        environment: Environment::of(&Surroundings::default()),
        ..LoginOptions::default()
    };
    let mut nobody_looks = |_: &Prompt, _: Duration| {};
    let credential = logins.login(&client, &options, &mut nobody_looks).await.unwrap();

    assert_eq!(requests(&server)[theirs.len()..], theirs);
    let account = credential.account.id.unwrap();
    assert_eq!(account, account_id(&server));
    assert_eq!(codex.stored()["tokens"]["account_id"], account);
}

/// Whoever logs in is approved, though not at the first poll.
async fn server() -> Handle {
    let config = Config {
        person: Person::Approve,
        hesitation: Hesitation::Polls(1),
        interval_s: 1,
        ..Config::new(Dialect::Codex, "")
    };
    serve(Server::new(config), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap()
}

/// What was asked for, and the names of the secrets that came along; nothing may be wrong with it.
fn requests(server: &Handle) -> Vec<(Endpoint, Option<GrantType>, Vec<&'static str>)> {
    let server = server.server();
    let asked = server.log().iter().map(|entry| {
        assert_eq!(entry.findings, [], "{}", entry.to_json());
        let presented = entry.presented.iter().map(|(name, _)| *name).collect();
        (entry.endpoint, entry.grant_type, presented)
    });
    asked.collect()
}

fn account_id(server: &Handle) -> String {
    server.server().config().account.id.clone()
}

/// The released client, with a home of its own and a proxy that it must not need.
struct Codex {
    home: TempDir,
    elsewhere: TcpListener,
}

impl Codex {
    async fn new() -> Self {
        let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self { home: TempDir::new().unwrap(), elsewhere }
    }

    async fn log_in(&self, server: &Handle) -> Output {
        let issuer = server.issuer();
        self.run(&["login", "--device-auth", "--experimental_issuer", &issuer]).await
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let folder = std::env::var_os("GRANTFLOW_PEERS").expect("GRANTFLOW_PEERS names the peers");
        let proxy = format!("http://{}", self.elsewhere.local_addr().unwrap());
        let running = Command::new(PathBuf::from(folder).join("node_modules/.bin/codex"))
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("CODEX_HOME", self.home.path())
            .envs(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, proxy.as_str())))
            .env("NO_PROXY", "127.0.0.1")
            .kill_on_drop(true)
            .output();
        tokio::select! {
            output = running => output.unwrap(),
            _ = self.elsewhere.accept() => panic!("it went elsewhere than to the server"),
        }
    }

    /// What it keeps of its login.
    fn stored(&self) -> Value {
        let text = std::fs::read_to_string(self.home.path().join("auth.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}
