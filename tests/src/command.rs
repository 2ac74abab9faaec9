//! The command as it is built from what stands here now.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the command `grantflow` is. A test run builds it only by the way, so it is built first.
///
/// # Panics
/// When it cannot be built.
pub fn command() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("this test's own path");
        let target = test.ancestors().nth(3).expect("the folder above the profile's");
        let built = Command::new(env!("CARGO"))
            // With the features of a test run, so that nothing is compiled twice.
            .args(["build", "--quiet", "--workspace", "--all-features", "--bin", "grantflow"])
            .arg("--target-dir")
            .arg(target)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        target.join("debug/grantflow")
    })
}
