//! The machines of `grantflow-core` for JavaScript.
//!
//! **The contract: poll; save; do what the step says; tell the machine what happened; repeat.**
//!
//! [`Flow`] and [`Renewal`] are the only classes, and nothing else has to be freed: steps, prompts
//! and errors cross as plain objects, whose types stand in `types.d.ts`. The host around them, in
//! TypeScript, is the rest of the npm package `grantflow`; it performs and decides nothing.
//!
//! | file | holds |
//! |---|---|
//! | `flow` | [`Flow`]: a login |
//! | `renewal` | [`Renewal`]: a credential kept fresh |
//! | `questions` | what the core can tell without a machine |
//! | `out` | values on their way to JavaScript |
//! | `coming` | values on their way from it |
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod coming;
mod flow;
mod out;
mod questions;
mod renewal;

pub use flow::Flow;
pub use questions::{api_headers, digest, is_expected, is_wanting, state_digest};
pub use renewal::Renewal;

#[wasm_bindgen::prelude::wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// A panic is a bug. It ends the machine without a word, since the word could hold a secret and
/// the code that writes it is a third of a small module.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
