//! Which requirements a test run has covered: tests say so while they run, so that the record is of
//! what ran and not of what was written somewhere.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

const CATALOGUE: &str = include_str!("../../docs/requirements.md");

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

/// What the catalogue and the record in `folder` say together: the number of requirements listed,
/// and those that nothing covered, as `(ID, what holds)`.
///
/// # Errors
/// When the folder cannot be read.
pub fn uncovered(folder: &Path) -> io::Result<(usize, Vec<(&'static str, &'static str)>)> {
    let mut open = listed(CATALOGUE);
    let count = open.len();
    for file in fs::read_dir(folder)? {
        for id in fs::read_to_string(file?.path())?.lines() {
            open.remove(id);
        }
    }
    Ok((count, open.into_iter().collect()))
}

/// One write per call and append mode: threads of one test process share the file.
fn record(folder: &Path, ids: &[&str]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(std::process::id().to_string());
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all((ids.join("\n") + "\n").as_bytes())
}

/// The rows `| ID | what holds |` of the catalogue's tables.
fn listed(catalogue: &str) -> BTreeMap<&str, &str> {
    let mut rows = BTreeMap::new();
    for line in catalogue.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", id, what, ""] = cells[..]
            && id.contains(|c: char| c.is_ascii_digit())
        {
            assert!(rows.insert(id, what).is_none(), "{id} stands twice in the catalogue");
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_was_recorded_is_covered_and_the_rest_is_not() {
        let folder = std::env::temp_dir().join(format!("grantflow-covers-{}", std::process::id()));
        let mut ids = listed(CATALOGUE).into_keys();
        let (first, second) = (ids.next().unwrap(), ids.next().unwrap());
        record(&folder, &[first]).unwrap();
        record(&folder, &[first, second]).unwrap();

        let (count, open) = uncovered(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(open.len(), count - 2);
        assert!(!open.iter().any(|(id, _)| [first, second].contains(id)));
    }
}
