//! Opens the URL it is given, for the tests of the browser: they choose its `PATH`.
//!
//! Exit codes: 0 opened, 2 not let through the gate, 3 no program, 4 the program failed.

use std::process::ExitCode;

use grantflow::browser::{self, BrowserError, Openable};

fn main() -> std::io::Result<ExitCode> {
    let url = std::env::args().nth(1).unwrap_or_default();
    let Ok(url) = Openable::parse(&url) else {
        return Ok(ExitCode::from(2));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    Ok(match runtime.block_on(browser::open(&url)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(if error == BrowserError::NoProgram { 3 } else { 4 })
        }
    })
}
