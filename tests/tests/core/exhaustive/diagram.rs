//! What the web demo draws: `web-demo/machine.json`, written from what the search saw.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use grantflow_core::{Machine as _, Step};
use serde_json::{Value, json};

use super::door::Door;
use super::inputs::Input;
use super::tables::{in_a_word, name, row};
use super::{Node, search};

/// From a row to another, or to an end; nothing where the row stays the same.
pub(super) fn arrow(before: &Node, input: Input, after: &Node) -> Option<(String, Input, String)> {
    // Restoring is an event in the life of the host, and a loss to the machine.
    if before.view().state == "Finished" || input == Input::Restore {
        return None;
    }
    let to = match after.view().outcome.or_else(|| ended_by_time(before, input)) {
        Some(outcome) => end(&in_a_word(outcome)).to_owned(),
        None => row(after),
    };
    let has_moved = to != row(before);
    has_moved.then(|| (row(before), input, to))
}

/// The poll that ends a login hands the outcome over.
fn ended_by_time(before: &Node, input: Input) -> Option<String> {
    match before.fork().flow.poll(before.now) {
        Step::Done(Err(why)) if input == Input::Poll => Some(format!("{why:?}")),
        Step::Done(_) | Step::Send(_) | Step::Wait(_) => None,
    }
}

/// `BadResponse(NotAnObject)` ends as `BadResponse` does.
fn end(outcome: &str) -> &str {
    outcome.split('(').next().unwrap_or(outcome)
}

#[test]
fn the_diagram_of_the_web_demo_is_what_the_machine_does() {
    let doors: Vec<Value> = Door::all().iter().map(drawn).collect();
    let drawing = json!({ "doors": doors });
    let text = serde_json::to_string_pretty(&drawing).expect("values") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo/machine.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).expect("web-demo/machine.json");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "web-demo/machine.json is not what the machine does: run with UPDATE_DOCS=1"
    );
}

/// One door: where it begins, and for each pair of rows the inputs that lead from one to the other.
fn drawn(door: &Door) -> Value {
    let mut inputs: BTreeMap<(String, String), BTreeSet<Input>> = BTreeMap::new();
    for (from, input, to) in search(door).arrows {
        inputs.entry((from, to)).or_default().insert(input);
    }
    let arrows: Vec<Value> = inputs
        .into_iter()
        .map(|((from, to), inputs)| {
            let names: Vec<String> =
                inputs.into_iter().map(|input| name(input).replace('`', "")).collect();
            json!({ "from": from, "to": to, "inputs": names })
        })
        .collect();
    let begins = row(&Node::new(door));
    json!({ "door": door.name, "begins": begins, "arrows": arrows })
}
