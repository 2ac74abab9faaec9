//! The fuzz targets on their corpora, and wrong implementations that the corpora find out.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod addresses;
mod corpus;
mod faults;
