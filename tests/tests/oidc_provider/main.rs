//! Every flow, and rotation, against npm `oidc-provider`: an authorization server that nobody here
//! wrote. What it is asked and how it is steered stands in `tests/peers/oidc-provider.mjs`.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod browser;
mod confidential;
mod device;
mod peer;
mod renewal;
mod scene;
mod time_lapse;
