//! Choosing by keyboard where a person is, and saying what there is to choose elsewhere.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::thread;

use crossterm::{cursor, execute, terminal};
use inquire::ui::{Attributes, Color, RenderConfig, StyleSheet, Styled};
use inquire::{Confirm, InquireError, Select};
use tokio::sync::oneshot;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// One line of the selector.
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) name: String,
    /// What is known of it: who is signed in.
    pub(crate) note: String,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<20}", self.name)?;
        if self.note.is_empty() { Ok(()) } else { write!(f, " {}", self.note) }
    }
}

/// Whether a person can be asked.
pub(crate) fn person(output: &Output) -> bool {
    output.live && !output.json && io::stdin().is_terminal()
}

/// The id that was chosen with arrows and Enter.
///
/// # Errors
/// Escape and Ctrl-C interrupt; without a person it is a mistake of usage that names the choices.
pub(crate) async fn one(
    output: &Output,
    question: &str,
    choices: Vec<Choice>,
) -> Result<String, Failure> {
    if !person(output) {
        let ids: Vec<_> = choices.iter().map(|choice| choice.id.as_str()).collect();
        let next = format!("name one of {}", ids.join(", "));
        return Err(Failure::usage("nothing was named, and nobody is here to choose", next));
    }
    let (look, question) = (look(output), question.to_owned());
    let select = move || {
        Select::new(&question, choices)
            .with_render_config(look)
            .with_help_message("arrows move, Enter takes, Esc leaves")
            .with_page_size(12)
            .prompt()
    };
    Ok(ask(select).await?.id)
}

/// One question with no as its default.
pub(crate) async fn agree(output: &Output, question: &str) -> Result<bool, Failure> {
    let (look, question) = (look(output), question.to_owned());
    let confirm =
        move || Confirm::new(&question).with_default(false).with_render_config(look).prompt();
    ask(confirm).await
}

/// Asks on a thread of its own, so that a request to end is heard meanwhile.
async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, InquireError> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, answer) = oneshot::channel();
    let mut asking = Asking { answered: false };
    thread::Builder::new().name("question".into()).spawn(move || sender.send(question()))?;
    // The thread answers before it ends.
    let answer = answer.await.unwrap_or(Err(InquireError::OperationInterrupted));
    asking.answered = true;
    answer.map_err(|error| refused(&error))
}

/// Gives the terminal back where a question was left without an answer: its thread waits for a key
/// and cannot be called off.
struct Asking {
    answered: bool,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.answered {
            // Nothing can be done about a terminal that has gone.
            let _ = terminal::disable_raw_mode();
            let _ = execute!(io::stderr(), cursor::Show);
        }
    }
}

fn look(output: &Output) -> RenderConfig<'static> {
    if !output.err.0 {
        return RenderConfig::empty();
    }
    RenderConfig::default_colored()
        .with_prompt_prefix(Styled::new("?").with_fg(Color::DarkCyan))
        .with_highlighted_option_prefix(Styled::new(">").with_fg(Color::DarkCyan))
        .with_selected_option(Some(StyleSheet::new().with_attr(Attributes::BOLD)))
}

fn refused(error: &InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            Failure::interrupted()
        }
        InquireError::NotTTY
        | InquireError::InvalidConfiguration(_)
        | InquireError::IO(_)
        | InquireError::Custom(_) => {
            let next = "say it by arguments: see --help";
            Failure::new(Exit::Failed, format!("the terminal: {error}"), next)
        }
    }
}
