//! Bytes to meaning and back. Nothing here has a clock, waits, or knows what was said before.

pub(crate) mod authorization;
pub mod base64;
pub(crate) mod claims;
mod credential;
pub(crate) mod device;
pub(crate) mod exchange;
pub mod form;
pub mod json;
pub(crate) mod paste;
pub(crate) mod pkce;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod retry_after;
pub(crate) mod token;
