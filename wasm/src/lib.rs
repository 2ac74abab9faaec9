//! The machines of `grantflow-core` for JavaScript.
//!
//! **The contract: poll; save; do what the step says; tell the machine what happened; repeat.**
//!
//! There is one class, [`Machine`], with one door: a call is a JSON text and a reply is a plain
//! object, so that nothing else has to be freed and every export that wasm-bindgen would write glue
//! for is one line of a `match`. The classes `Flow` and `Renewal` and all types are TypeScript, in
//! `wasm/host`; the host performs and decides nothing.
//!
//! | file | holds |
//! |---|---|
//! | `door` | [`Machine`]: which call is which |
//! | `coming` | values on their way from JavaScript |
//! | `out` | values on their way to it |
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod coming;
mod door;
mod out;

pub use door::Machine;
#[cfg(target_arch = "wasm32")]
use lol_alloc::{FreeListAllocator, LockedAllocator};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: LockedAllocator<FreeListAllocator> =
    LockedAllocator::new(FreeListAllocator::new());

/// A panic is a bug. It ends the machine without a word, since the word could hold a secret and
/// the code that writes it is a third of a small module.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
