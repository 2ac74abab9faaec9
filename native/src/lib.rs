//! OAuth logins for agents on tokio: browser, device code, paste and renewal.
#![forbid(unsafe_code)]

pub mod browser;
mod clock;
pub mod drive;
pub mod environment;
mod error;
mod host;
mod login;
mod logins;
pub mod loopback;
mod pending;
pub mod store;
pub mod transport;

pub use grantflow_core as core;
pub use grantflow_core::{
    Account, Client, Configuration, Credential, Prompt, Provider, ProviderFile, Rejected, Remedy,
    Scope, Secret, SignIn, Terms, TermsStatus, Way, providers,
};

pub use crate::clock::Clock;
pub use crate::drive::{Asked, By, Event};
pub use crate::environment::Route;
pub use crate::error::{Error, NotOurs};
pub use crate::host::{Host, Note};
pub use crate::login::LoginOptions;
pub use crate::logins::{AccessToken, Health, Logins, Standing};
pub use crate::pending::{Pending, PendingError};
pub use crate::store::{FileStore, StoreError};
