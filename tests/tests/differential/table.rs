//! The list of differences, as `docs/differential.md` has it: tables under the words that give the
//! reason for their rows.

use std::collections::BTreeMap;

pub(crate) const PAGE: &str = include_str!("../../../docs/differential.md");

/// In a cell: they say what we say.
pub(crate) const SAME: &str = "same";
/// In a cell: they have nothing to say to it.
const NOTHING: &str = "—";

/// Whose column it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    CrateOauth2,
    NpmOauth4webapi,
}

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: BTreeMap<String, Row>,
}

pub(crate) struct Row {
    ours: String,
    /// In the order of [`Peer`].
    pub(crate) theirs: [String; 2],
    pub(crate) reason: String,
}

impl Table {
    pub(crate) fn read() -> Self {
        Self::of(PAGE)
    }

    fn of(page: &str) -> Self {
        let (mut table, mut reason) = (Self::default(), String::new());
        for line in page.lines() {
            let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            match cells[..] {
                ["", name, ours, one, other, ""] if name.contains(": ") => {
                    let theirs = [one.to_owned(), other.to_owned()];
                    let row = Row { ours: ours.to_owned(), theirs, reason: reason.clone() };
                    let is_new = table.rows.insert(name.to_owned(), row).is_none();
                    assert!(is_new, "{name} stands there twice");
                }
                _ if line.starts_with('#') => reason.clear(),
                _ if !line.starts_with('|') => reason.push_str(line),
                _ => {}
            }
        }
        table
    }

    /// What is wrong with the row of this case, or with there being none.
    pub(crate) fn complaint(
        &self,
        name: &str,
        ours: &str,
        theirs: &str,
        peer: Peer,
    ) -> Option<String> {
        let differs = ours != theirs;
        let told = format!("{peer:?} | `{name}` | `{ours}` | `{theirs}`");
        let Some(row) = self.rows.get(name) else {
            return differs.then(|| format!("not listed: {told}"));
        };
        let cell = &row.theirs[peer as usize];
        let is_so = row.ours == ours
            && match cell.as_str() {
                SAME => !differs,
                NOTHING => false,
                listed => differs && listed == theirs,
            };
        (!is_so).then(|| format!("listed otherwise: {told} | not `{}` | `{cell}`", row.ours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Differences\n\n## Half\n\nHalf is half.\n\n\
        | case | ours | one | other |\n|---|---|---|---|\n\
        | `token: half` | `tokens 1` | `no sense` | same |\n\n## Other\n\nElse.\n";

    #[test]
    fn a_difference_that_is_listed_is_none_to_complain_of() {
        let table = Table::of(PAGE);
        assert_eq!(table.rows["token: half"].reason, "Half is half.");
        let half = |theirs, peer| table.complaint("token: half", "tokens 1", theirs, peer);
        assert_eq!(half("no sense", Peer::CrateOauth2), None);
        assert_eq!(half("tokens 1", Peer::NpmOauth4webapi), None);
        assert_eq!(table.complaint("token: whole", "a", "a", Peer::CrateOauth2), None);
    }

    #[test]
    fn every_other_one_is_found() {
        let table = Table::of(PAGE);
        for (name, ours, theirs, peer, complaint) in [
            ("token: whole", "a", "b", Peer::CrateOauth2, "not listed"),
            ("token: half", "tokens 1", "tokens 1", Peer::CrateOauth2, "listed otherwise"),
            ("token: half", "tokens 1", "tokens 2", Peer::CrateOauth2, "listed otherwise"),
            ("token: half", "tokens 2", "no sense", Peer::CrateOauth2, "listed otherwise"),
            ("token: half", "tokens 1", "no sense", Peer::NpmOauth4webapi, "listed otherwise"),
        ] {
            let found = table.complaint(name, ours, theirs, peer).unwrap_or_default();
            assert!(found.starts_with(complaint), "{name} {ours} {theirs}: {found}");
        }
    }
}
