//! What holds of grantflow whatever bytes come, as functions of bytes: the fuzz targets in
//! `tests/fuzz` run them for hours, ordinary tests on the corpora there.
//!
//! Each takes what it examines as an argument, so that a test can hand it one that is wrong and see it
//! complain. It compares with something that shares no code with us (`url`, `serde_json`, `base64`,
//! `form_urlencoded`), or one answer of ours with another. What does not hold is a panic, whose message
//! begins with the invariant.

mod choices;
mod claims;
mod clients;
mod device;
mod endpoint;
mod flow;
mod formats;
mod head;
mod provider_file;
mod redirect;
mod refusal;
mod renewal;
mod snapshot;
mod store;
mod token;

pub use choices::Choices;
pub use claims::{ReadClaims, jwt_claims};
pub use clients::{Dialect, client};
pub use device::{Begin, device_reply};
pub use endpoint::{Address, Gate, is_explained, url_gate};
pub use flow::{Back, Doing, Event, Observer, Respond, flow};
pub use formats::{Formats, formats};
pub use head::{Judge, request_head};
pub use provider_file::{ReadProvider, provider_file};
pub use redirect::{ReadRedirect, pasted_callback};
pub use refusal::{Answer, error_body};
pub use renewal::{Operation, RenewalDoing, RespondToRenewal, renewal};
pub use snapshot::{Restore, snapshot};
pub use store::{Editing, Text, With, Without, store_of_guests, store_of_many, store_of_one};
pub use token::{Redeem, token_reply};

/// What is examined, as it is shipped, for what wraps it.
pub mod shipped {
    pub use grantflow::loopback::judge;

    pub use crate::device::begin;
    pub use crate::refusal::answer;
    pub use crate::token::redeem;
}

/// What a fuzzer can examine: its name, which is that of its corpus, and the function of bytes.
pub const TARGETS: [(&str, Check); 15] = [
    ("device_reply", device::check),
    ("error_body", refusal::check),
    ("flow", flow::check),
    ("formats", formats::check),
    ("jwt_claims", claims::check),
    ("pasted_callback", redirect::check),
    ("provider_file", provider_file::check),
    ("renewal", renewal::check),
    ("request_head", head::check),
    ("snapshot", snapshot::check),
    ("store_of_guests", store::check_guests),
    ("store_of_many", store::check_many),
    ("store_of_one", store::check_one),
    ("token_reply", token::check),
    ("url_gate", endpoint::check),
];

/// A function of bytes that panics where an invariant does not hold.
pub type Check = fn(&[u8]);

/// Runs a target on these bytes.
///
/// # Panics
/// When an invariant does not hold, and when there is no such target.
pub fn check(target: &str, bytes: &[u8]) {
    let found = TARGETS.into_iter().find(|(name, _)| *name == target);
    let (_, check) = found.unwrap_or_else(|| panic!("there is no target {target}"));
    check(bytes);
}
