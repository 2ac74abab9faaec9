//! OAuth logins for agents on tokio: browser, device code, paste and renewal.

pub mod browser;
pub mod environment;
pub mod loopback;
