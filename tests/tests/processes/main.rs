//! Many processes and one record that all of them renew: some are killed, some stand still, some are
//! other tools. A server that is strict about refresh tokens keeps the log that decides.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do
#![cfg(unix)] // signals are how these processes die

mod commands;
mod crash_table;
mod crew;
mod killing;
mod network;
mod overlap;
mod own_files;
mod scene;
mod theft;
mod tools;
mod verdict;
