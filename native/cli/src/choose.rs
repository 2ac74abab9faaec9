//! Choosing by keyboard where a person is, and saying what there is to choose elsewhere.

use std::fmt;
use std::io::{self, IsTerminal as _};

use inquire::ui::{Attributes, Color, RenderConfig, StyleSheet, Styled};
use inquire::{Confirm, InquireError, Select};

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
pub(crate) fn provider(
    output: &Output,
    question: &str,
    choices: Vec<Choice>,
) -> Result<String, Failure> {
    if !person(output) {
        let ids: Vec<_> = choices.iter().map(|choice| choice.id.as_str()).collect();
        let next = format!("name one of {}", ids.join(", "));
        return Err(Failure::usage("no provider was named, and nobody is here to choose", next));
    }
    Select::new(question, choices)
        .with_render_config(look(output))
        .with_help_message("arrows move, Enter takes, Escape leaves")
        .with_page_size(12)
        .prompt()
        .map(|choice| choice.id)
        .map_err(|error| refused(&error))
}

/// One question with no as its default.
pub(crate) fn agree(output: &Output, question: &str) -> Result<bool, Failure> {
    Confirm::new(question)
        .with_default(false)
        .with_render_config(look(output))
        .prompt()
        .map_err(|error| refused(&error))
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
            Failure::new(Exit::Failed, format!("the terminal: {error}"), "name the provider")
        }
    }
}
