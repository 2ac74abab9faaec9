//! The state tables of `docs/states.md`, printed from what the search saw.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::door::Door;
use super::inputs::{Answer, Effect, Input, Way};
use super::{Node, search};

/// The row that a node belongs to: its state, and whether its request is due or out.
pub(super) fn row(node: &Node) -> String {
    let view = node.view();
    match (view.due_in, view.is_out) {
        (Some(_), _) => format!("{}/Due", view.state),
        (None, true) => format!("{}/Sent", view.state),
        (None, false) => view.state.to_owned(),
    }
}

/// What an input led to, in a word.
pub(super) fn entry(before: &Node, effect: &Effect, after: &Node) -> String {
    match effect {
        Effect::Sent(..) => "Send".into(),
        Effect::Waits => "Wait".into(),
        Effect::Ended => "Done".into(),
        Effect::Rejected(why) => format!("· {why:?}"),
        Effect::Taken => match after.view().outcome {
            Some(outcome) => in_a_word(outcome),
            None if row(before) == row(after) => "the same".into(),
            None => row(after),
        },
    }
}

/// An outcome without what the server chose to say.
pub(super) fn in_a_word(outcome: String) -> String {
    let vague = ["Refused", "Expired"].into_iter().find(|word| outcome.starts_with(word));
    vague.map_or(outcome, Into::into)
}

#[test]
fn the_state_tables_in_the_docs_are_what_the_machine_does() {
    let mut page = String::from(
        "# State tables\n\nPrinted from the running machine by an exhaustive search \
         (`tests/tests/core/exhaustive`), which also checks them; `UPDATE_DOCS=1` writes them anew. \
         A row is a state, and for a network state whether its request is due or out; `·` means \
         refused, nothing changes. An entry with several outcomes depends on time or on earlier \
         tries.\n",
    );
    for door in Door::all() {
        let cells = search(&door).cells;
        let rows: BTreeSet<&String> = cells.keys().map(|(row, _)| row).collect();
        for row in &rows {
            for input in Input::ALL {
                let key = ((*row).clone(), input);
                assert!(cells.contains_key(&key), "{}: {row} never met {input:?}", door.name);
            }
        }
        write!(page, "\n## {}\n\n| input |", door.name).expect("a string");
        for row in &rows {
            write!(page, " {row} |").expect("a string");
        }
        write!(page, "\n|---|{}\n", "---|".repeat(rows.len())).expect("a string");
        for input in door.inputs() {
            let name = if door.takes_redirects() { name(input) } else { name_of_all(input) };
            write!(page, "| {name} |").expect("a string");
            for row in &rows {
                let outcomes: Vec<&str> =
                    cells[&((*row).clone(), input)].iter().map(String::as_str).collect();
                write!(page, " {} |", outcomes.join(", ")).expect("a string");
            }
            page.push('\n');
        }
    }
    page.push_str(&crate::rotation::table());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/states.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("docs/states.md");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/states.md is not what the machine does: run with UPDATE_DOCS=1");
}

/// Where every redirect fares alike, one row stands for all.
fn name_of_all(input: Input) -> &'static str {
    if matches!(input, Input::Redirect(_)) { "any redirect" } else { name(input) }
}

pub(super) fn name(input: Input) -> &'static str {
    match input {
        Input::Poll => "poll",
        Input::StaleAnswer => "an answer to an earlier request",
        Input::Restore => "save and restore",
        Input::Answer(answer) => match answer {
            Answer::Tokens => "tokens",
            Answer::SecondToken => "second token",
            Answer::DeviceCodes => "device codes",
            Answer::CodeAndVerifier => "code and verifier",
            Answer::Pending => "`authorization_pending`",
            Answer::SlowDown => "`slow_down`",
            Answer::AccessDenied => "`access_denied`",
            Answer::ExpiredToken => "`expired_token`",
            Answer::InvalidGrant => "`invalid_grant`",
            Answer::OtherError => "another OAuth error",
            Answer::NotSent => "not sent",
            Answer::TooManyRequests => "429 without an OAuth error",
            Answer::Lost => "lost",
            Answer::BadGateway => "502, whatever it says",
            Answer::Unreadable => "200 that cannot be read",
            Answer::NotAnObject => "200 that is no object",
        },
        Input::Redirect(way) => match way {
            Way::Callback => "redirect with a code",
            Way::PastedFromPage => "`code#state` from the page",
            Way::Denied => "redirect with `access_denied`",
            Way::Refused => "redirect with another error",
            Way::WrongState => "redirect with a wrong `state`",
            Way::NoState => "redirect without `state`",
            Way::WrongIssuer => "redirect with a wrong `iss`",
            Way::NoCode => "redirect without a code",
        },
    }
}
