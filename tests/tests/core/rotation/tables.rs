//! The part of `docs/states.md` that is about renewals, printed from what the search saw.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::of_everything;

/// For each state and task, where each answer led.
pub(crate) fn table() -> String {
    let mut rows: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
    for moved in of_everything().moved {
        let answers = rows.entry((moved.from, moved.asked)).or_default();
        answers.entry(moved.answer).or_default().insert(moved.to);
    }
    let mut page = String::from(
        "\n## renewal, sign-in and sign-out\n\nPrinted from the search in `tests/tests/core/rotation`: \
         two processes, each kind of server, and one thing that goes wrong anywhere. A state is left \
         by the answer to what it asks for; several next states depend on what was read, on locks \
         and on what is left to do.\n\n| state | asks for | answer → next state |\n|---|---|---|\n",
    );
    for ((state, asked), answers) in rows {
        let mut cells = Vec::new();
        for (answer, next) in answers {
            let next: Vec<_> = next.into_iter().collect();
            cells.push(format!("{answer} → {}", next.join(", ")));
        }
        writeln!(page, "| {state} | {asked} | {} |", cells.join("<br>")).expect("a string");
    }
    page
}
