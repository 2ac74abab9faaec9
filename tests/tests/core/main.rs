//! The core: every flow against a server in the same process, under a virtual clock.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod exhaustive;
mod inputs;
mod layers;
mod logins;
mod properties;
mod recorded;
mod redaction;
mod renewals;
mod rotation;
mod snapshots;
