//! The core: every flow against a server in the same process, under a virtual clock.

mod exhaustive;
mod layers;
mod logins;
mod properties;
mod redaction;
mod snapshots;
