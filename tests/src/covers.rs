//! Which requirements a test run has covered: tests say so while they run, so that the record is of
//! what ran and not of what was written somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

const CATALOGUE: &str = include_str!("../../docs/requirements.md");
const WAIVERS: &str = include_str!("../../docs/waivers.md");

/// Notes that the running test covers these requirements, by their IDs in `docs/requirements.md`.
///
/// Where the environment variable `GRANTFLOW_COVERED` names a folder, the IDs are appended to a file
/// of this process in it, and the program `requirements` compares them with the catalogue.
///
/// # Panics
/// When an ID does not stand in the catalogue, or the record cannot be written.
#[track_caller]
pub fn covers(ids: &[&str]) {
    let listed = listed(CATALOGUE);
    for id in ids {
        assert!(listed.contains_key(id), "{id} does not stand in docs/requirements.md");
    }
    if let Some(folder) = std::env::var_os("GRANTFLOW_COVERED")
        && let Err(error) = record(Path::new(&folder), ids)
    {
        panic!("cannot note covered requirements in {}: {error}", folder.display());
    }
}

/// What the catalogue, the waivers and the record of a test run say together.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// How many requirements are listed.
    pub required: usize,
    /// How many of them a test covered.
    pub covered: usize,
    /// How many IDs are waived.
    pub waived: usize,
    /// What is wrong, a line each; nothing if all is well.
    pub complaints: Vec<String>,
}

/// The account of the record in `folder`.
///
/// # Errors
/// When the folder cannot be read.
pub fn account(folder: &Path) -> io::Result<Account> {
    let mut ran = BTreeSet::new();
    for file in fs::read_dir(folder)? {
        ran.extend(fs::read_to_string(file?.path())?.lines().map(str::to_owned));
    }
    Ok(compare(CATALOGUE, WAIVERS, &ran))
}

/// A requirement is covered by what ran or it is a complaint; a waiver is neither a requirement nor
/// covered, since what a test shows needs no excuse.
fn compare(catalogue: &str, waivers: &str, ran: &BTreeSet<String>) -> Account {
    let (required, waived) = (listed(catalogue), listed(waivers));
    let open: Vec<_> = required.iter().filter(|(id, _)| !ran.contains(**id)).collect();
    let both = waived.keys().filter(|id| required.contains_key(*id));
    let needless = waived.keys().filter(|id| ran.contains(**id));
    let unknown = ran.iter().map(String::as_str);
    let unknown = unknown.filter(|id| !required.contains_key(id) && !waived.contains_key(id));
    Account {
        required: required.len(),
        covered: required.len() - open.len(),
        waived: waived.len(),
        complaints: (open.iter().map(|(id, what)| format!("no test covers {id}: {what}")))
            .chain(both.map(|id| format!("{id} is both required and waived")))
            .chain(needless.map(|id| format!("{id} is waived, yet a test covers it")))
            .chain(unknown.map(|id| format!("{id} is covered and stands nowhere")))
            .collect(),
    }
}

/// One write per call and append mode: threads of one test process share the file.
fn record(folder: &Path, ids: &[&str]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(std::process::id().to_string());
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all((ids.join("\n") + "\n").as_bytes())
}

/// The rows `| ID | words |` of a page's tables.
fn listed(page: &str) -> BTreeMap<&str, &str> {
    let mut rows = BTreeMap::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", id, what, ""] = cells[..]
            && id.contains(|c: char| c.is_ascii_digit())
        {
            assert!(!what.is_empty(), "{id} stands there without a word");
            assert!(rows.insert(id, what).is_none(), "{id} stands twice on one page");
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: &str =
        "| ID | What holds |\n|---|---|\n| B-CB-06 | Once. |\n| B-CB-07 | So. |\n";
    const WAIVED: &str = "| ID | Why not |\n|---|---|\n| N-MCP-01 | Not built. |\n";

    #[test]
    #[should_panic(expected = "B-XX-99 does not stand in docs/requirements.md")]
    fn an_id_that_is_not_listed_is_a_mistake_in_the_test() {
        covers(&["B-XX-99"]);
    }

    #[test]
    fn only_rows_with_an_id_are_requirements() {
        let catalogue =
            "| ID | What holds |\n|---|---|\n| B-CB-06 | Once. |\ntext | with | bars |\n";
        assert_eq!(listed(catalogue), BTreeMap::from([("B-CB-06", "Once.")]));
    }

    #[test]
    #[should_panic(expected = "B-CB-06 stands twice")]
    fn an_id_listed_twice_is_a_mistake_in_the_catalogue() {
        listed("| B-CB-06 | Once. |\n| B-CB-06 | Twice. |\n");
    }

    #[test]
    #[should_panic(expected = "N-MCP-01 stands there without a word")]
    fn a_waiver_without_a_reason_is_none() {
        listed("| N-MCP-01 |  |\n");
    }

    #[test]
    fn where_everything_required_ran_there_is_nothing_to_complain_of() {
        let account = compare(REQUIRED, WAIVED, &ran(&["B-CB-06", "B-CB-07"]));
        let well = Account { required: 2, covered: 2, waived: 1, complaints: Vec::new() };
        assert_eq!(account, well);
    }

    #[test]
    fn what_nothing_covered_is_a_complaint() {
        let account = compare(REQUIRED, WAIVED, &ran(&["B-CB-06"]));
        assert_eq!(account.complaints, ["no test covers B-CB-07: So."]);
        assert_eq!((account.required, account.covered), (2, 1));
    }

    #[test]
    fn an_id_cannot_be_required_and_waived() {
        let waivers = format!("{WAIVED}| B-CB-07 | Not built. |\n");
        let account = compare(REQUIRED, &waivers, &ran(&["B-CB-06"]));
        assert!(account.complaints.contains(&"B-CB-07 is both required and waived".into()));
    }

    #[test]
    fn what_a_test_shows_is_not_waived() {
        let account = compare(REQUIRED, WAIVED, &ran(&["B-CB-06", "B-CB-07", "N-MCP-01"]));
        assert_eq!(account.complaints, ["N-MCP-01 is waived, yet a test covers it"]);
    }

    #[test]
    fn what_is_covered_stands_somewhere() {
        let account = compare(REQUIRED, WAIVED, &ran(&["B-CB-06", "B-CB-07", "B-XX-99"]));
        assert_eq!(account.complaints, ["B-XX-99 is covered and stands nowhere"]);
    }

    #[test]
    fn what_was_recorded_is_covered_and_the_rest_is_not() {
        let folder = std::env::temp_dir().join(format!("grantflow-covers-{}", std::process::id()));
        let mut ids = listed(CATALOGUE).into_keys();
        let (first, second) = (ids.next().unwrap(), ids.next().unwrap());
        record(&folder, &[first]).unwrap();
        record(&folder, &[first, second]).unwrap();

        let account = account(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(account.covered, 2);
        assert_eq!(account.complaints.len(), account.required - 2, "{:?}", account.complaints);
    }

    fn ran(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }
}
