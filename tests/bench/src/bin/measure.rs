//! `measure PART` measures one of the parts. One program, because each links all the peers.

#[path = "../parts/core.rs"]
mod core;
#[path = "../parts/herd.rs"]
mod herd;
#[path = "../parts/polling.rs"]
mod polling;
#[path = "../parts/safety.rs"]
mod safety;
#[path = "../parts/scale.rs"]
mod scale;
#[path = "../parts/token.rs"]
mod token;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let told: Vec<_> = arguments.iter().map(String::as_str).collect();
    match told[..] {
        ["core"] => core::measure(),
        ["token"] => token::measure(),
        ["herd"] => herd::measure(),
        ["safety"] => safety::measure(),
        ["scale"] => scale::measure(),
        ["polling"] => polling::measure(),
        ["member", path, issuer, callers] => {
            grantflow_bench::herd::member(path, issuer, callers.parse().unwrap());
        }
        _ => panic!("measure core|token|herd|safety|scale|polling"),
    }
}
