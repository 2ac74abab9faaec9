//! Who is renewing: how a process calls itself in a ledger.

/// This process.
pub(crate) fn this() -> String {
    format!("process {}", std::process::id())
}

/// Whether the process that called itself this still runs.
pub(crate) fn is_alive(_who: &str) -> bool {
    false
}
