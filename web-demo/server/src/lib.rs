//! The test server for the web demo: the same pure machine, as wasm, behind a service worker.
//!
//! It adds what happens between a server and a client rather than in either: a redirect that is
//! tampered with, a reply that comes late, a clock that jumps. It shares no code with the core.
//!
//! The same calls in the same order give the same answers, so a service worker that the browser has
//! ended starts anew, repeats what it wrote down, and goes on.

mod answer;
mod mischief;

use std::fmt;

use grantflow_test_server::{
    Config, Dialect, Endpoint, FaultRule, LogEntry, RedirectUri, Request, Server, Times,
};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

pub use answer::Answer;
use mischief::Mischief;

/// Long enough that a login's whole life can be watched, short enough that it lapses meanwhile.
const ACCESS_TOKEN_LIFE_S: u64 = 600;

/// A server in one dialect's manners, with a clock that can be moved.
#[wasm_bindgen]
pub struct DemoServer {
    server: Server,
    mischief: Mischief,
    /// How far the server's clock is ahead of the host's.
    ahead_ms: u32,
    latest_ms: u64,
}

#[wasm_bindgen]
impl DemoServer {
    /// A server that nobody has called yet, whose client may also be sent back to these addresses.
    ///
    /// # Errors
    /// There is no such dialect.
    #[wasm_bindgen(constructor)]
    pub fn new(
        dialect: &str,
        issuer: &str,
        redirect_uris: Vec<String>,
        seed: u32,
    ) -> Result<Self, JsError> {
        let dialect: Dialect = dialect.parse().map_err(error)?;
        let exact: Vec<_> = redirect_uris.into_iter().map(RedirectUri::Exact).collect();
        let mut config = Config::new(dialect, issuer);
        config.seed = seed.into();
        config.access_token_life_s = ACCESS_TOKEN_LIFE_S;
        for client in &mut config.clients {
            client.redirect_uris.extend(exact.iter().cloned());
        }
        let (server, mischief) = (Server::new(config), Mischief::default());
        Ok(Self { server, mischief, ahead_ms: 0, latest_ms: 0 })
    }

    /// Answers a request. `headers` is a JSON object.
    ///
    /// # Errors
    /// The headers are no such object.
    pub fn handle(
        &mut self,
        now_ms: f64,
        method: String,
        path_and_query: String,
        headers: &str,
        body: Vec<u8>,
    ) -> Result<Answer, JsError> {
        let headers: Value = serde_json::from_str(headers).map_err(error)?;
        let members = headers.as_object().into_iter().flatten();
        let headers = members
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        let request = Request { method, path_and_query, headers, body };
        let now_ms = self.now_ms(now_ms);
        let mut reply = self.server.handle(now_ms, &request);
        let endpoint = self.server.log().last().map_or(Endpoint::Unknown, |entry| entry.endpoint);
        let is_late = self.mischief.of(endpoint, &mut reply);
        Ok(Answer::of(reply, is_late))
    }

    /// The requests from an index on, as a JSON array. It holds no secret.
    #[wasm_bindgen(js_name = logFrom)]
    pub fn log_from(&self, index: usize) -> String {
        let entries: Vec<String> =
            self.server.log().iter().skip(index).map(LogEntry::to_json).collect();
        format!("[{}]", entries.join(","))
    }

    /// How many requests there were.
    #[wasm_bindgen(getter, js_name = logLength)]
    pub fn log_length(&self) -> usize {
        self.server.log().len()
    }

    /// Makes one more thing go wrong: a rule as `docs/test-server.md` has it, `wrong-state`, or `late`.
    ///
    /// # Errors
    /// The rule cannot be read.
    pub fn inject(&mut self, rule: &str) -> Result<(), JsError> {
        if !self.mischief.arm(rule) {
            self.server.inject(rule.parse::<FaultRule>().map_err(error)?);
        }
        Ok(())
    }

    /// Makes nothing go wrong from now on.
    #[wasm_bindgen(js_name = clearFaults)]
    pub fn clear_faults(&mut self) {
        self.server.clear_faults();
        self.mischief = Mischief::default();
    }

    /// The names of what can still go wrong, as a JSON array.
    pub fn faults(&self) -> String {
        let rules = self.server.config().faults.iter();
        let left = rules.filter(|rule| rule.times != Times::Count(0));
        let names: Vec<&str> =
            left.map(|rule| rule.fault.name()).chain(self.mischief.armed()).collect();
        json!(names).to_string()
    }

    /// Moves the server's clock ahead.
    #[wasm_bindgen(js_name = stepClock)]
    pub fn step_clock(&mut self, by_ms: u32) {
        self.ahead_ms = self.ahead_ms.saturating_add(by_ms);
    }

    /// How far its clock is ahead, in ms.
    #[wasm_bindgen(getter, js_name = aheadMs)]
    pub fn ahead_ms(&self) -> u32 {
        self.ahead_ms
    }

    /// The person revokes every token in the account's settings.
    #[wasm_bindgen(js_name = revokeAll)]
    pub fn revoke_all(&mut self) {
        self.server.revoke_all();
    }

    /// The machine's time must not go back, whatever the computer's does.
    fn now_ms(&mut self, host_ms: f64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a date, or nonsense that becomes zero"
        )]
        let host_ms = host_ms as u64;
        self.latest_ms = self.latest_ms.max(host_ms.saturating_add(self.ahead_ms.into()));
        self.latest_ms
    }
}

impl fmt::Debug for DemoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

fn error(why: impl fmt::Display) -> JsError {
    JsError::new(&why.to_string())
}
