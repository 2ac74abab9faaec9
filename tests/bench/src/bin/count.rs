//! `count PART` counts the memory that one of the parts takes. It is a program of its own, because an
//! allocator that counts takes time.

#[path = "../counted/core.rs"]
mod core;
#[path = "../counted/scale.rs"]
mod scale;
#[path = "../counted/token.rs"]
mod token;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("core") => core::count(),
        Some("scale") => scale::count(),
        Some("token") => token::count(),
        _ => panic!("count core|scale|token"),
    }
}
