#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| grantflow_invariants::check("renewal", bytes));
