//! The `grantflow` command as a shell sees it: arguments in, lines and an exit code out.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod arguments;
mod command;
mod demo;
mod documents;
mod endings;
mod interrupting;
mod logins;
mod pending;
mod readable;
mod secrets;
mod server;
