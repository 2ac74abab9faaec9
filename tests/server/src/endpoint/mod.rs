//! What each endpoint does with a request.

mod api;
mod authorization;
mod client;
mod device;
mod metadata;
mod revocation;
mod second_token;
mod token;
