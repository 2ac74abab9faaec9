//! `requirements FOLDER`: compares the IDs that a test run noted in FOLDER with the catalogue in
//! `docs/requirements.md`, and fails when one that is listed was not covered.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: requirements FOLDER");
        return ExitCode::from(2);
    };
    match grantflow_tests::uncovered(Path::new(&folder)) {
        Ok((count, open)) => {
            println!("note: {} of {count} requirements covered", count - open.len());
            for (id, what) in &open {
                println!("no test covers {id}: {what}");
            }
            ExitCode::from(u8::from(!open.is_empty()))
        }
        Err(error) => {
            eprintln!("cannot read {}: {error}", folder.display());
            ExitCode::from(2)
        }
    }
}
