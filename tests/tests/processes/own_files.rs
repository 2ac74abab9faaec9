//! pi, Claude Code and Codex renew in their own files, in their own shapes, and so do we: through the
//! shipped profiles and presets, with the vendor's addresses leading to a server of ours.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use grantflow::environment::{Environment, Surroundings};
use grantflow::store::{Key, Shape, Tool};
use grantflow::transport::{Http, HttpOptions};
use grantflow::{Client, Credential, Error, LoginOptions, Logins, MemoryStore, Route, providers};
use grantflow_test_server::http::{Handle, serve};
use grantflow_test_server::{Config, Dialect, Person as Answer, Rotation, Server};
use grantflow_tests::{Detour, covers, local};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::scene::{Person, is_long, until, within};
use crate::verdict::Verdict;

/// What the token lives, in seconds.
const LIFE_S: u64 = 2;

/// Between another login and settings, as pi keeps it.
const PI: &str = r#"{
  "openrouter": { "type": "api_key", "key": "sk-or-another", "added": 90071992547409 },
  "anthropic": {},
  "mistral": { "type": "api_key", "key": "another", "models": [ 1, 2 ] }
}
"#;

/// With what Claude Code keeps beside the login.
const CLAUDE_CODE: &str = r#"{"claudeAiOauth":null,"mcpOAuth":{"linear|1":{"serverName":"linear","accessToken":""}},"organizationUuid":"3f1c"}"#;

const CODEX: &str = r#"{
  "OPENAI_API_KEY": null,
  "tokens": {},
  "last_refresh": "2026-01-01T00:00:00.000000Z"
}"#;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn in_the_file_of_pi_both_renew_under_its_lock() {
    covers(&["R-T-04", "R-TOOL-03", "R-INV-06"]);
    let scene = Scene::of(Tool::Pi, PI).await;
    scene.both_take_turns().await;
    scene.verdict().assert_spotless();
    let file = scene.file();
    assert_eq!(file["openrouter"], serde_json::from_str::<Value>(PI).unwrap()["openrouter"]);
    assert_eq!(file["mistral"], serde_json::from_str::<Value>(PI).unwrap()["mistral"]);
    assert_eq!(scene.renewed_by_us().await, "renewed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn in_the_file_of_claude_code_both_renew_under_its_two_locks() {
    covers(&["R-T-04", "R-TOOL-02", "R-INV-06"]);
    let scene = Scene::of(Tool::ClaudeCode, CLAUDE_CODE).await;
    let mut before = scene.file();
    before["claudeAiOauth"]["rateLimitTier"] = "default_claude_max_20x".into();
    before["claudeAiOauth"]["subscriptionType"] = "max".into();
    std::fs::write(scene.path(), before.to_string()).unwrap();
    scene.both_take_turns().await;
    scene.verdict().assert_spotless();
    let file = scene.file();
    assert_eq!(file["mcpOAuth"], before["mcpOAuth"]);
    assert_eq!(file["organizationUuid"], before["organizationUuid"]);
    for kept in ["rateLimitTier", "subscriptionType", "scopes"] {
        assert_eq!(file["claudeAiOauth"][kept], before["claudeAiOauth"][kept], "{kept}");
    }
    assert_eq!(scene.renewed_by_us().await, "renewed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the peers: ./test installs them"]
async fn in_the_file_of_codex_we_reuse_nothing_and_the_log_says_who_does() {
    covers(&["R-T-04", "R-TOOL-01", "R-INV-14"]);
    let scene = Scene::of(Tool::Codex, CODEX).await;
    let account = scene.file()["tokens"]["account_id"].clone();
    scene.both_take_turns().await;
    let verdict = scene.verdict();
    assert_eq!(verdict.most_presentations("grantflow"), 1, "among us, nothing twice");
    for again in verdict.reused() {
        let by: Vec<_> = verdict.times(again.token).iter().map(|one| one.by.clone()).collect();
        assert!(by.iter().any(|program| program == "codex"), "{by:?}");
    }
    assert!(account.is_string() && scene.file()["tokens"]["account_id"] == account);
    assert_eq!(scene.renewed_by_us().await, "renewed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_moved_elsewhere_is_not_handed_what_such_a_file_holds() {
    covers(&["R-P-19"]);
    let scene = Scene::of(Tool::ClaudeCode, CLAUDE_CODE).await;
    let provider = local::provider(Dialect::Anthropic, &scene.server.issuer());
    let moved = Client::new(provider, local::configuration(Dialect::Anthropic)).unwrap();
    let store = MemoryStore::new();
    let found = scene.login();
    grantflow::CredentialStore::save(
        &store,
        &scene.key(),
        grantflow::store::Expected::Anything,
        &found,
    )
    .await
    .unwrap();
    let http = Http::new(&HttpOptions::default()).unwrap();
    let logins = Logins::over(store, Arc::new(http)).with_client(moved);
    let refused = within(logins.refresh(scene.key())).await.unwrap_err();
    let is_foreign =
        matches!(refused.root(), Error::Ended(grantflow::core::Error::ForeignCredential));
    assert!(is_foreign, "{refused:?}");
    assert_eq!(scene.verdict().presented.len(), 0);
}

/// A server in the vendor's manner, and the tool's file with a login of it.
struct Scene {
    tool: Tool,
    server: Handle,
    folder: TempDir,
}

impl Scene {
    async fn of(tool: Tool, text: &str) -> Self {
        let is_codex = tool == Tool::Codex;
        let dialect = if is_codex { Dialect::Codex } else { Dialect::Anthropic };
        let mut config = Config::new(dialect, "");
        (config.person, config.access_token_life_s) = (Answer::Approve, LIFE_S);
        if is_codex {
            config.rotation = Rotation::Grace { ms: 60_000 };
        }
        let server = serve(Server::new(config), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let scene = Self { tool, server, folder: TempDir::new().unwrap() };
        let login = scene.sign_in(dialect).await;
        let text = Shape::Of(tool).with(Some(text), &scene.key(), &login).unwrap();
        std::fs::write(scene.path(), text.as_str()).unwrap();
        scene
    }

    /// By a client that was moved to the server; what it issued then counts as the vendor's.
    async fn sign_in(&self, dialect: Dialect) -> Credential {
        let provider = local::provider(dialect, &self.server.issuer());
        let client = Client::new(provider, local::configuration(dialect)).unwrap();
        let http = Http::new(&HttpOptions::default()).unwrap();
        let logins = Logins::over(MemoryStore::new(), Arc::new(http)).with_client(client.clone());
        let options = LoginOptions {
            route: Some(Route::Paste),
            open_browser: false,
            accept_terms: true,
            environment: Environment::of(&Surroundings::default()),
            ..LoginOptions::default()
        };
        let mut person = Person::at(&self.server);
        let login = within(logins.login(&client, &options, &mut person)).await.unwrap();
        let vendor = providers::find(&login.provider).unwrap();
        Credential { origin: vendor.origin(), ..login }
    }

    fn key(&self) -> Key {
        Key::of(if self.tool == Tool::Codex { "openai-codex" } else { "anthropic" })
    }

    fn path(&self) -> PathBuf {
        let is_claude = self.tool == Tool::ClaudeCode;
        self.folder.path().join(if is_claude { ".credentials.json" } else { "auth.json" })
    }

    fn file(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path()).unwrap()).unwrap()
    }

    fn login(&self) -> Credential {
        let text = std::fs::read_to_string(self.path()).unwrap();
        let entry = Shape::Of(self.tool).entry(&text, &self.key()).unwrap();
        entry.and_then(grantflow::store::Entry::into_login).unwrap()
    }

    fn verdict(&self) -> Verdict {
        Verdict::of(self.server.server().log())
    }

    /// Two of theirs and two of ours, until each side has renewed often enough.
    async fn both_take_turns(&self) {
        let theirs = [self.their_program(), self.their_program()];
        let ours = [self.renewer(&["every=400"]), self.renewer(&["every=400"])];
        let (name, times) = (self.tool.id(), if is_long() { 100 } else { 5 });
        until(|| {
            let verdict = self.verdict();
            (verdict.count_by(name).min(verdict.count_by("grantflow")) >= times).then_some(())
        })
        .await;
        for program in theirs.into_iter().chain(ours) {
            let output = within(program.wait_with_output()).await.unwrap();
            assert!(output.status.success(), "{output:?}");
            let told = String::from_utf8(output.stdout).unwrap();
            assert!(!told.contains("ECOMPROMISED"), "its lock was taken: {told}");
        }
    }

    async fn renewed_by_us(&self) -> String {
        let output = within(self.renewer(&[]).wait_with_output()).await.unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn renewer(&self, told: &[&str]) -> Child {
        let variables = [
            ("pi", "PI_CODING_AGENT_DIR"),
            ("claude-code", "CLAUDE_CONFIG_DIR"),
            ("codex", "CODEX_HOME"),
        ];
        let variable = variables.iter().find(|(tool, _)| *tool == self.tool.id()).unwrap().1;
        let mut renewer = Command::new(env!("CARGO_BIN_EXE_renewer"));
        renewer
            .arg(format!("tool={}", self.tool.id()))
            .arg(format!("detour={}", self.server.issuer()))
            .args(told)
            .env(variable, self.folder.path());
        start(&mut renewer)
    }

    fn their_program(&self) -> Child {
        let peers = std::env::var_os("GRANTFLOW_PEERS").expect("GRANTFLOW_PEERS names the peers");
        let endpoint = Detour::<()>::leads(&self.vendor_endpoint(), &self.server.issuer());
        let mut node = Command::new("node");
        node.arg(PathBuf::from(peers).join("renewing.mjs"))
            .args([self.tool.id().as_ref(), self.path().as_os_str()])
            .args([endpoint.as_str(), "own"]);
        start(&mut node)
    }

    fn vendor_endpoint(&self) -> String {
        providers::find(&self.key().provider).unwrap().token_endpoint.as_str().to_owned()
    }
}

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}
