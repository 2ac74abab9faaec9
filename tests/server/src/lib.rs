//! An OAuth authorization server for tests.
//!
//! It is one pure machine: [`Server::handle`] takes the time and a request and gives a reply. It
//! has no clock, no entropy and no I/O, so a test drives it under a virtual clock, a browser page
//! runs it as wasm, and the feature `http` puts it on a loopback port. The same seed and the same
//! requests give the same codes and tokens.
//!
//! It is strict about its clients. Whatever they do wrong is written down in [`Server::log`] as a
//! typed [`Finding`], also where a lenient server would let it pass: a poll that comes early, a
//! code presented twice, a parameter too many. And it misbehaves on demand: see [`Fault`].
//!
//! ```
//! use grantflow_test_server::{Config, Dialect, Person, Request, Server};
//!
//! let config = Config::new(Dialect::Standard, "http://127.0.0.1:1234");
//! let mut server = Server::new(Config { person: Person::Approve, ..config });
//!
//! let request = Request::post_form("/device_authorization", &[("client_id", "test-client")]);
//! let reply = server.handle(0, &request).answer().unwrap();
//! assert_eq!(reply.status, 200);
//! assert!(server.log()[0].findings.is_empty());
//! ```
//!
//! The person at the browser is part of the model: [`Config::person`] says what they do by
//! default, and [`Server::pending`], [`Server::approve`], [`Server::deny`] and [`Server::ignore`]
//! play them. [`Server::authorize`] plays the whole user agent.
//!
//! The crate shares no code with any OAuth client, so that a misreading of an RFC cannot agree
//! with itself.

mod clock;
mod config;
mod dialect;
mod endpoint;
mod exchange;
mod fault;
mod grants;
#[cfg(feature = "http")]
pub mod http;
mod log;
mod login;
mod message;
mod mint;
mod page;
mod parameters;
mod person;
mod refusal;
mod rule;
mod server;
mod strike;

pub use config::{
    Account, Client, ClientAuthentication, Config, Hesitation, Person, RedirectUri, Rotation,
};
pub use dialect::{Dialect, Endpoint, UnknownName};
pub use fault::{Fault, FaultRule, MalformedRule, Times};
pub use log::{Digest, Finding, GrantType, LogEntry, Outcome};
pub use message::{Reply, Request, Response};
pub use person::{Decision, NoRedirect, NotWaiting, Pending};
pub use server::Server;
pub use strike::RETRY_AFTER_S;
