//! The released Codex client logs in to the test server's Codex dialect, and our own Codex login
//! does the same there: so neither the dialect nor our reading of it is our invention.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod parallel;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantflow::core::{Credential, UnverifiedClaims};
use grantflow::environment::{Environment, Surroundings};
use grantflow::store::{Entry, Key, Shape, Tool};
use grantflow::{Client, LoginOptions, Logins, Prompt, Route, Secret};
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

/// Between two looks at what it keeps.
const MOMENT: Duration = Duration::from_millis(100);

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

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn its_file_is_read_as_it_wrote_it_and_it_reads_the_file_as_we_write_it() {
    covers(&["B-CF-28", "B-CK-08"]);
    let server = server().await;
    let codex = Codex::new().await;
    assert!(codex.log_in(&server).await.status.success());
    let (shape, key) = (Shape::Of(Tool::Codex), Key::of("openai-codex"));
    let text = codex.text();
    let found = shape.entry(&text, &key).unwrap().and_then(Entry::into_login).unwrap();
    assert_eq!(found.account.id.as_deref(), Some(account_id(&server).as_str()));
    let stored = codex.stored();
    assert_eq!(stored["tokens"]["access_token"], found.access_token.expose());
    let claims = UnverifiedClaims::read(&found.access_token).unwrap();
    assert_eq!(found.expires_at, claims.seconds("exp").map(|seconds| seconds * 1000));

    // A lapsed token makes it renew, with what it finds in a file that is ours but for its shape.
    let mut held = lapsed(found);
    for before in [Some(text.as_str()), None] {
        codex.holds(&shape.with(before, &key, &held).unwrap());
        let asked = requests(&server).len();
        let renewed = codex.renew(&server, &held).await;
        let sent = &requests(&server)[asked..];
        let refresh = (REDEMPTION, Some(GrantType::RefreshToken), vec!["refresh_token"]);
        assert_eq!(sent, [refresh], "ours was accepted, and is spent");
        let found = shape.entry(&renewed, &key).unwrap().and_then(Entry::into_login).unwrap();
        assert_eq!(found.account.id, held.account.id);
        held.refresh_token = found.refresh_token;
    }
}

/// The same, as it is long after.
fn lapsed(credential: Credential) -> Credential {
    let past = URL_SAFE_NO_PAD.encode(r#"{"exp":1700000000,"iat":1690000000}"#);
    let access_token = Secret::new(["e30", &past, "c2ln"].join("."));
    let (obtained_at, expires_at) = (1_690_000_000_000, Some(1_700_000_000_000));
    Credential { access_token, obtained_at, expires_at, ..credential }
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

    /// Lets it do something for which it needs a token, until it has renewed this one: then it would
    /// go where there is a model, and cannot. What it keeps then.
    async fn renew(&self, server: &Handle, held: &Credential) -> String {
        let spent = held.refresh_token.as_ref().unwrap().expose();
        let running = self.at_work(&server.issuer()).output();
        let renewed = async {
            while self.text().contains(spent) {
                let _ = tokio::time::timeout(MOMENT, self.elsewhere.accept()).await;
            }
        };
        tokio::select! {
            () = renewed => self.text(),
            output = running => panic!("it has ended without: {output:?}"),
            () = tokio::time::sleep(200 * MOMENT) => panic!("it does not renew"),
        }
    }

    /// Something for which it needs a token.
    fn at_work(&self, issuer: &str) -> Command {
        let url = [issuer, "/oauth/token"].concat();
        let mut command = self.command(&["exec", "--skip-git-repo-check", "hello"]);
        command.env("CODEX_REFRESH_TOKEN_URL_OVERRIDE", url);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        tokio::select! {
            output = self.command(arguments).output() => output.unwrap(),
            _ = self.elsewhere.accept() => panic!("it went elsewhere than to the server"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let folder = std::env::var_os("GRANTFLOW_PEERS").expect("GRANTFLOW_PEERS names the peers");
        let proxy = format!("http://{}", self.elsewhere.local_addr().unwrap());
        let mut command = Command::new(PathBuf::from(folder).join("node_modules/.bin/codex"));
        command
            .args(arguments)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("CODEX_HOME", self.home.path())
            .envs(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, proxy.as_str())))
            .env("NO_PROXY", "127.0.0.1")
            .kill_on_drop(true);
        command
    }

    /// What it keeps of its login.
    fn stored(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.home.path().join("auth.json")).unwrap()
    }

    /// Gives it another file.
    fn holds(&self, text: &str) {
        std::fs::write(self.home.path().join("auth.json"), text).unwrap();
    }
}
