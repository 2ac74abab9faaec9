//! The `grantflow` command as a shell sees it: arguments in, lines and an exit code out.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod accounts;
mod arguments;
mod canaries;
mod caps;
mod command;
mod demo;
mod demo_page;
mod doctor;
mod documents;
mod endings;
mod exec;
mod importing;
mod interrupting;
mod leaving;
mod logins;
mod pending;
mod promises;
mod readable;
mod renewing;
mod secrets;
mod server;
mod status;
