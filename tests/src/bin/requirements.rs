//! `requirements FOLDER`: compares the IDs that a test run noted in FOLDER with the catalogue in
//! `docs/requirements.md` and with `docs/waivers.md`. Fails when one that is listed was not covered,
//! when one stands in both, and when one that is waived was covered after all.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: requirements FOLDER");
        return ExitCode::from(2);
    };
    match grantflow_tests::account(Path::new(&folder)) {
        Ok(account) => {
            let (covered, required) = (account.covered, account.required);
            println!(
                "note: {covered} of {required} requirements covered, {} waived",
                account.waived
            );
            for complaint in &account.complaints {
                println!("{complaint}");
            }
            ExitCode::from(u8::from(!account.complaints.is_empty()))
        }
        Err(error) => {
            eprintln!("cannot read {}: {error}", folder.display());
            ExitCode::from(2)
        }
    }
}
