//! What the native adapter does with this machine: its listener, its browser, its choice of route.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod browser;
mod environment;
mod keeper;
mod keychain;
mod login;
mod loopback;
mod middleware;
mod races;
mod renewal;
mod resolve;
mod shapes;
mod store;
mod transport;
