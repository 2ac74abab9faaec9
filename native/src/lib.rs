//! OAuth logins for agents on tokio: browser, device code, paste and renewal.
//!
//! A login in three lines:
//!
//! ```no_run
//! # use grantflow::{LoginOptions, Logins, Prompt};
//! # async fn sign_in() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut show = |prompt: &Prompt, _left| match prompt {
//! #     Prompt::OpenUrl { sign_ins, .. } => sign_ins.iter().for_each(|way| eprintln!("{}", way.url)),
//! #     Prompt::EnterCode { user_code, verification_uri, .. } => {
//! #         eprintln!("enter {user_code} at {verification_uri}");
//! #     }
//! # };
//! let logins = Logins::open_default()?;
//! logins.login(&logins.client("openai-codex")?, &LoginOptions::default(), &mut show).await?;
//! let headers = logins.access_token("openai-codex", std::time::Duration::ZERO).await?.headers()?;
//! # drop(headers);
//! # Ok(())
//! # }
//! ```
//!
//! `show` is the person's side: a function, or a [`Host`] that also takes pastes and listens to
//! what happens.
//!
//! # What is where
//!
//! | file | holds |
//! |---|---|
//! | [`logins`](Logins) | the functions an agent needs: sign in, sign out, a token that works, who is signed in |
//! | [`drive`] | the only loop: it performs what a machine of [`core`] decides, and tells [`Event`]s |
//! | `login` | which route to take; the listener, the browser and the paste around one login |
//! | `host` | [`Host`] and [`Note`]: the person's side, for an interface of your own |
//! | `pending` | logins that one process begins ([`Logins::begin`]) and another ends ([`Logins::resume`]) |
//! | [`keeper`](Keeper) | one credential kept fresh for everyone in this process |
//! | [`resolve`](Logins::resolve) | where a key comes from: the caller, the store, the environment |
//! | `middleware` | requests to an API, signed: a layer for `reqwest-middleware` (feature `middleware`) |
//! | [`transport`] | HTTP: one request at a time, no redirect, no silent retry |
//! | [`store`] | where credentials are kept: our file, another tool's, memory; with locks and notes for renewals |
//! | [`owner`] | which process is renewing, and whether it still runs |
//! | [`loopback`], [`browser`], [`environment`] | the parts, each usable alone |
//!
//! # When it goes wrong
//!
//! Every [`Error`] has a [`remedy`](Error::remedy), so that a caller needs to know six things:
//!
//! | remedy | errors | what to do |
//! |---|---|---|
//! | [`SignInAgain`](Remedy::SignInAgain) | denied, expired, `invalid_grant`, outcome unknown; not signed in, no key | begin a new login with the person |
//! | [`RetryLater`](Remedy::RetryLater) | unreachable, an answer that makes no sense | the same again, later |
//! | [`FixConfiguration`](Remedy::FixConfiguration) | refused, misconfigured, terms not accepted, a store or CA file that cannot be read, a key that cannot be used | change what the error names |
//! | [`AskAdministrator`](Remedy::AskAdministrator) | no seat, no account id, an API that rejects new tokens | someone else has to give a permission |
//! | [`UseAnotherFlow`](Remedy::UseAnotherFlow) | no device login here, ports taken, no such route | choose another [`Route`] |
//! | [`UseOwnerTool`](Remedy::UseOwnerTool) | another tool's credential has lapsed | let that tool renew it |
//!
//! # Cancelling
//!
//! Dropping a login's future cancels it: the port is closed, no task is left, and the store is as
//! it was. A renewal is the exception. Once its request is out the old refresh token may be spent,
//! so it runs to its end in a task of its own and saves what it gets: keep the runtime until then.
#![forbid(unsafe_code)]

mod access_token;
pub mod browser;
mod clock;
pub mod drive;
pub mod environment;
mod error;
mod host;
mod keeper;
mod login;
mod logins;
pub mod loopback;
#[cfg(feature = "middleware")]
pub mod middleware;
pub mod owner;
mod pending;
mod place;
mod renew;
mod resolve;
mod standing;
pub mod store;
pub mod transport;

pub use grantflow_core as core;
pub use grantflow_core::{
    Account, Client, Configuration, Credential, Prompt, Provider, ProviderFile, Rejected, Remedy,
    Scope, Secret, SignIn, Terms, TermsStatus, Way, providers,
};

pub use crate::access_token::AccessToken;
pub use crate::clock::Clock;
pub use crate::drive::{Asked, By, Event};
pub use crate::environment::Route;
pub use crate::error::Error;
pub use crate::host::{Host, Note};
pub use crate::keeper::{Access, Keeper, KeeperOptions};
pub use crate::login::LoginOptions;
pub use crate::logins::{Logins, SignedOut};
pub use crate::pending::{Pending, PendingError};
pub use crate::resolve::{
    KeyOptions, KeyOrder, KeyOrigin, KeySource, NoKey, Resolved, Signature, UnusableKey, Variables,
    WhyUnusable,
};
pub use crate::standing::{Health, Interrupted, Standing};
pub use crate::store::{CredentialStore, FileStore, Key, MemoryStore, StoreError};
