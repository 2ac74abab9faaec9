//! OAuth logins for agents, without I/O: pure machines decide, hosts perform.
//!
//! **The contract: poll; save; do what the step says; tell the machine what happened; repeat.**
//!
//! ```
//! use grantflow_core::*;
//!
//! /// The whole of what a host is: a clock, a transport, a person and a place to save.
//! fn drive(flow: &mut Flow, host: &mut impl Host) -> Result<Credential, Error> {
//!     loop {
//!         let step = flow.poll(host.now()); // poll
//!         host.keep(flow.save()); // save
//!         if let Some(prompt) = flow.prompt() {
//!             host.show(&prompt);
//!         }
//!         match step {
//!             Step::Send(request) => {
//!                 let id = request.id;
//!                 let result = host.perform(request); // do what the step says
//!                 let _ = flow.handle_response(host.now(), id, &result); // tell what happened
//!             }
//!             Step::Wait(at_most) => {
//!                 if let Some(redirect) = host.wait(at_most) {
//!                     let _ = flow.handle_redirect(host.now(), Redirect::Callback(&redirect));
//!                 }
//!             }
//!             Step::Done(outcome) => return outcome,
//!         } // repeat
//!     }
//! }
//!
//! trait Host {
//!     fn now(&self) -> Now;
//!     fn keep(&mut self, snapshot: Option<Secret>);
//!     fn show(&mut self, prompt: &Prompt);
//!     fn perform(&mut self, request: Request) -> Result<Response, TransportError>;
//!     fn wait(&mut self, at_most: Option<core::time::Duration>) -> Option<String>;
//! }
//!
//! /// A device login against a server of three answers: a code, "not yet", and tokens.
//! struct Script(Vec<(u16, &'static str)>, u64);
//!
//! impl Host for Script {
//!     fn now(&self) -> Now {
//!         Now { wall: 1_780_000_000_000 + self.1, mono: self.1 }
//!     }
//!     fn keep(&mut self, _: Option<Secret>) {}
//!     fn show(&mut self, _: &Prompt) {}
//!     fn perform(&mut self, _: Request) -> Result<Response, TransportError> {
//!         let (status, body) = self.0.remove(0);
//!         Ok(Response::new(status, body))
//!     }
//!     fn wait(&mut self, at_most: Option<core::time::Duration>) -> Option<String> {
//!         self.1 += at_most.map_or(0, |wait| wait.as_millis() as u64); // a clock that jumps
//!         None
//!     }
//! }
//!
//! let mut host = Script(
//!     vec![
//!         (200, r#"{"device_code":"d-1","user_code":"WDJB-MJHT","expires_in":900,"interval":5,
//!                   "verification_uri":"https://auth.kimi.com/device"}"#),
//!         (200, r#"{"error":"authorization_pending"}"#), // 200 or 400: both are seen
//!         (200, r#"{"access_token":"a-1","token_type":"bearer","expires_in":"3600"}"#),
//!     ],
//!     0,
//! );
//! let client = Client::new(providers::kimi(), Configuration::default())?;
//! let entropy = Entropy::new([7; 128]); // from the operating system, in earnest
//! let mut flow = Flow::device(&client, Scope::default(), &entropy, host.now())?;
//! let credential = drive(&mut flow, &mut host)?;
//! assert_eq!(credential.access_token.expose(), "a-1");
//! assert_eq!(host.1, 10_000, "two polls, each a whole interval after the answer before it");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is where
//!
//! | file | holds |
//! |---|---|
//! | `flow` | [`Flow`]: the doors, the states and every transition (`flow/state.rs`), the pace of polls, snapshots |
//! | `renewal` | [`Renewal`]: the one place that spends a refresh token, and what stands around it |
//! | `wire` | bytes to meaning and back: redirects, token and device replies, JWT hints; no time, no state |
//! | `machine`, `call` | what a host drives; the life of one request, its retries |
//! | `provider`, `providers`, `provider_file` | how vendors depart from the RFCs, as data; the presets; files |
//! | `client`, `credential`, `endpoint`, `entropy`, `error`, `http`, `rejected`, `scope`, `secret`, `time` | values |
//!
//! # What holds
//!
//! * At most one request is out per machine, and answers carry its id. A refused input changes
//!   nothing; a wrong `state` or `iss` never ends a login and never causes a request.
//! * A code is presented once, and once more only if the outcome was lost. A refresh token is
//!   presented once, under a lock and written down before, and once more only after a crash or a
//!   lost outcome.
//! * New tokens are written down before they replace the old. A logout or a newer login wins over a
//!   late renewal, and nothing is blanked or deleted because something failed.
//! * No two polls are closer than the interval in force, whatever the clocks do; `slow_down` only
//!   ever slows.
//! * No secret is in any `Debug`, `Display`, error or URL (beyond what the RFCs put there).
//! * The same inputs give the same steps: time and entropy are arguments, nothing is ambient.
//! * A panic would be a bug: no input causes one.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod call;
mod client;
mod credential;
mod endpoint;
mod entropy;
mod error;
mod flow;
mod http;
mod machine;
mod map;
mod provider;
mod provider_file;
pub mod providers;
mod rejected;
mod renewal;
mod scope;
mod secret;
mod text;
mod time;
mod wire;

/// A reader and a writer of flat JSON objects, for adapters that cross into another language.
pub mod json {
    pub use crate::wire::json::{NotAnObject, Number, Object, Writer, elements, quote, string};
}

pub use client::{Client, Configuration, Misconfigured};
pub use credential::{
    Account, CLAUDE_CODE_BETA, Credential, NoAccountId, RENEW_BEFORE, key_header,
};
pub use endpoint::{BadEndpoint, Endpoint, hostname};
pub use entropy::Entropy;
pub use error::{BadResponse, Error, ErrorCode, Remedy, Trouble};
pub use flow::{Flow, Prompt, Redirects, SignIn, SnapshotError, View};
pub use http::{Header, MAX_BODY, Method, Purpose, Request, RequestId, Response, TransportError};
pub use machine::{Machine, Step};
pub use map::Map;
pub use provider::{
    AccountRules, Api, AuthorizationRules, ClientAuthentication, DeviceDialect, DeviceRules,
    Encoding, Expiry, LoopbackHost, LoopbackRedirect, PageRedirect, Provider, Reuse, Terms,
    TermsStatus, TokenExchange, TokenRules,
};
pub use provider_file::{BadProviderFile, ProviderFile};
pub use rejected::{Malformed, Mistake, Rejected};
pub use renewal::{
    Answer, Ask, Due, Ended, Expected, InPlaceOf, Kept, Ledger, Loaded, Lock, Mark, NewerLedger,
    Outcome, Renewal, RenewalStep, Revoked, StoreTrouble, Task, Unwritten, waiting_login,
};
pub use scope::Scope;
pub use secret::{Digest, Secret};
pub use time::{Moment, Now};
pub use wire::authorization::{
    Misread, Redirect, Way, authorization_url, read_redirect, state_digest,
};
pub use wire::claims::UnverifiedClaims;
pub use wire::pkce::{BadCodeVerifier, CodeVerifier};

/// What adapters and tests may read and write with. No part of the API.
#[doc(hidden)]
pub mod formats {
    pub use crate::wire::{base64, form, json};
}
