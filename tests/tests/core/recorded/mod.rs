//! The same inputs, the same steps on every target (law 10): what the native machine does in each of
//! these scripts is written down, and the npm package's tests replay it in wasm.
//!
//! `UPDATE_FIXTURES=1` writes `tests/fixtures/steps.json` anew.

mod browser;
mod device;
mod shapes;

use std::path::PathBuf;

use grantflow_core::{
    Client, Configuration, Digest, Flow, Machine as _, Now, Prompt, ProviderFile, Redirect,
    Redirects, RequestId, Response, Scope, Step, TransportError,
};
use grantflow_tests::world::{DAWN, entropy};
use serde_json::{Value, json};

#[test]
fn each_script_takes_the_native_machine_through_the_steps_that_are_written_down() {
    let recorded: Vec<Value> = scripts().into_iter().map(Script::record).collect();
    assert!(recorded.len() >= 30, "{} scripts", recorded.len());
    let text = serde_json::to_string_pretty(&recorded).unwrap() + "\n";
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(fixture(), &text).unwrap();
    }
    let written: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(fixture()).unwrap()).unwrap();
    for (now, then) in recorded.iter().zip(&written) {
        assert_eq!(now, then, "{}: the machine takes other steps than were written", now["name"]);
    }
    assert_eq!(recorded.len(), written.len());
}

#[test]
fn the_scripts_reach_every_state_every_refusal_and_both_ends() {
    let text =
        serde_json::to_string(&scripts().into_iter().map(Script::record).collect::<Vec<_>>())
            .unwrap();
    for seen in [
        "AwaitingRedirect",
        "RedeemingCode",
        "RequestingCode",
        "Polling",
        "ExchangingToken",
        "Finished",
        "stale",
        "not_expected",
        "state_mismatch",
        "issuer_mismatch",
        "malformed",
        "open_url",
        "enter_code",
        "done",
        "denied",
        "expired",
        "invalid_grant",
        "refused",
        "device_login_unavailable",
        "bad_response",
        "unreachable",
        "outcome_unknown",
        "no_account_id",
    ] {
        assert!(text.contains(&format!(r#""{seen}""#)), "{seen}");
    }
}

fn scripts() -> Vec<Script> {
    [browser::scripts(), device::scripts()].concat()
}

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/steps.json")
}

/// One login, from its beginning to where the script leaves it.
#[derive(Clone)]
pub(super) struct Script {
    name: &'static str,
    /// As a provider file has it.
    provider: Value,
    is_device: bool,
    moves: Vec<Move>,
}

/// What happens to the login between two looks at it.
#[derive(Clone)]
pub(super) enum Move {
    /// Both clocks go on by so many ms.
    Later(u64),
    /// The wall clock alone is set forward or back.
    WallStep(i64),
    /// A redirect; `{0}` and `{1}` stand for the states of the addresses that are shown.
    Callback(&'static str),
    Pasted(&'static str),
    /// The answer to what is out.
    Reply(u16, String),
    RetryAfter(u16, &'static str),
    NotSent,
    Lost,
    /// An answer to what was never asked.
    Stray,
    /// A page load: saved, and restored so many ms later with a monotonic clock that began anew.
    Reload(u64),
}

impl Script {
    pub(super) fn browser(name: &'static str, provider: &Value, moves: &[Move]) -> Self {
        Self { name, provider: provider.clone(), is_device: false, moves: moves.to_vec() }
    }

    pub(super) fn device(name: &'static str, provider: &Value, moves: &[Move]) -> Self {
        Self { is_device: true, ..Self::browser(name, provider, moves) }
    }

    fn record(self) -> Value {
        let file = ProviderFile::parse(&self.provider.to_string()).unwrap();
        let written = in_full(&self.provider, &file);
        let configuration = Configuration { patience: None, ..file.configuration };
        let client = Client::new(file.provider, configuration).unwrap();
        let begun = if self.is_device {
            Flow::device(&client, Scope::default(), &entropy(7), DAWN)
        } else {
            let redirects = Redirects::address("https://app.example/callback").unwrap().or_page();
            Flow::authorization_code(&client, Scope::default(), &redirects, &entropy(7), DAWN)
        };
        let snapshot = begun.unwrap().save().unwrap();
        let flow = Flow::restore(&client, &snapshot, DAWN).unwrap();
        let name = self.name;
        let mut run = Run { name, client, flow, now: DAWN, out: None, steps: Vec::new() };
        run.look(&Value::Null, Ok(()));
        self.moves.into_iter().for_each(|next| run.take(next));
        json!({
            "name": self.name,
            "client": { "provider": written },
            "snapshot": snapshot.expose(),
            "restored_at": { "wall": DAWN.wall, "mono": DAWN.mono },
            "steps": run.steps,
        })
    }
}

/// Without its preset, which the npm package does not know.
fn in_full(provider: &Value, file: &ProviderFile) -> Value {
    let mut written = serde_json::to_value(&file.provider).unwrap();
    for name in ["client_secret", "variables"] {
        if let Some(value) = provider.get(name) {
            written[name] = value.clone();
        }
    }
    written
}

/// A script while it is played.
struct Run {
    name: &'static str,
    client: Client,
    flow: Flow,
    now: Now,
    out: Option<RequestId>,
    steps: Vec<Value>,
}

impl Run {
    fn take(&mut self, next: Move) {
        let now = self.now;
        match next {
            Move::Later(ms) => {
                self.now = Now { wall: now.wall + ms, mono: now.mono + ms };
                self.look(&Value::Null, Ok(()));
            }
            Move::WallStep(ms) => {
                self.now.wall = now.wall.saturating_add_signed(ms);
                self.look(&Value::Null, Ok(()));
            }
            Move::Callback(text) => {
                let text = self.with_states(text);
                let took = self.flow.handle_redirect(now, Redirect::Callback(&text));
                self.look(&json!({ "type": "callback", "text": text }), took);
            }
            Move::Pasted(text) => {
                let text = self.with_states(text);
                let took = self.flow.handle_redirect(now, Redirect::Pasted(&text));
                self.look(&json!({ "type": "pasted", "text": text }), took);
            }
            Move::Reply(status, body) => self.reply(&Ok(Response::new(status, body))),
            Move::RetryAfter(status, value) => {
                self.reply(&Ok(Response::new(status, "").with_retry_after(value)));
            }
            Move::NotSent => self.reply(&Err(TransportError::NotSent)),
            Move::Lost => self.reply(&Err(TransportError::Lost)),
            Move::Stray => self.answer(RequestId::from_number(1), &Ok(Response::new(200, "{}"))),
            Move::Reload(ms) => {
                let snapshot = self.flow.save().unwrap();
                self.now = Now { wall: now.wall + ms, mono: 1000 };
                self.flow = Flow::restore(&self.client, &snapshot, self.now).unwrap();
                self.look(&json!({ "type": "reload" }), Ok(()));
            }
        }
    }

    fn reply(&mut self, result: &Result<Response, TransportError>) {
        let Some(id) = self.out else { panic!("{}: nothing was asked yet", self.name) };
        self.answer(id, result);
    }

    fn answer(&mut self, id: RequestId, result: &Result<Response, TransportError>) {
        let took = self.flow.handle_response(self.now, id, result);
        let result = match result {
            Ok(response) => json!({
                "type": "response",
                "status": response.status,
                "retry_after": response.retry_after,
                "body": String::from_utf8(response.body.to_vec()).unwrap(),
            }),
            Err(TransportError::NotSent) => json!({ "type": "not_sent" }),
            Err(TransportError::Lost) => json!({ "type": "lost" }),
        };
        self.look(&json!({ "type": "response", "id": id.number(), "result": result }), took);
    }

    /// Polls, and writes down all that the outside can see.
    fn look(&mut self, input: &Value, took: Result<(), grantflow_core::Rejected>) {
        let step = self.flow.poll(self.now);
        if let Step::Send(request) = &step {
            self.out = Some(request.id);
        }
        let saved = self.flow.save().map(|saved| Digest::of(saved.expose()).to_string());
        self.steps.push(json!({
            "now": { "wall": self.now.wall, "mono": self.now.mono },
            "input": input,
            "rejected": shapes::rejected(took),
            "step": shapes::step(&step),
            "state": self.flow.state(),
            "prompt": self.flow.prompt().as_ref().map(shapes::prompt),
            "names": self.flow.names().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "saved": saved,
        }));
    }

    fn with_states(&self, text: &str) -> String {
        let Some(Prompt::OpenUrl { sign_ins, .. }) = self.flow.prompt() else {
            return text.to_owned();
        };
        sign_ins.iter().enumerate().fold(text.to_owned(), |text, (index, sign_in)| {
            let url = url::Url::parse(&sign_in.url).unwrap();
            let (_, state) = url.query_pairs().find(|(name, _)| name == "state").unwrap();
            text.replace(&format!("{{{index}}}"), &state)
        })
    }
}
