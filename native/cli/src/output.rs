//! Where words go: results to standard output, everything for people to standard error. With
//! `--json` standard output has one object a line instead.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use crossterm::terminal;
use serde_json::Value;

use crate::arguments::{Common, When};
use crate::exit::Failure;

/// Longer lines are hard to read, however wide the terminal.
const WIDEST: usize = 88;

/// Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) verbose: bool,
    /// The colours of standard output.
    pub(crate) out: Paint,
    /// The colours of standard error.
    pub(crate) err: Paint,
    /// Standard error is a terminal: lines may be drawn over, links may be clicked.
    pub(crate) live: bool,
    pub(crate) width: usize,
}

impl Output {
    pub(crate) fn new(common: &Common) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let paint = |terminal: bool| match common.color {
            When::Auto => Paint(terminal && !plain),
            When::Always => Paint(true),
            When::Never => Paint(false),
        };
        let live = err && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            json: common.json,
            verbose: common.verbose,
            out: paint(out),
            err: paint(err),
            live,
            width: width(out || err).min(WIDEST),
        }
    }

    /// A line of the result; nothing with `--json`, where [`Output::event`] has it.
    pub(crate) fn result(&self, line: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(io::stdout(), "{line}") }
    }

    /// One object, its name first; nothing without `--json`.
    pub(crate) fn event(&self, name: &str, members: &Value) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let members = members.to_string();
        let rest = members.strip_prefix('{').unwrap_or("}");
        let comma = if rest == "}" { "" } else { "," };
        // On a terminal, which may be in raw mode, with the carriage's return.
        let end = if io::stdout().is_terminal() { "\r\n" } else { "\n" };
        write!(io::stdout(), "{{\"event\":\"{name}\"{comma}{rest}{end}")
    }

    /// A line for whoever watches. Standard error that is gone is no failure.
    ///
    /// A terminal may be in raw mode, where a line feed alone does not return the carriage, and
    /// its last line may be a countdown, which is drawn over.
    pub(crate) fn say(&self, line: &str) {
        let start = if self.live { "\r\x1b[K" } else { "" };
        let end = if io::stderr().is_terminal() { "\r\n" } else { "\n" };
        let _ = write!(io::stderr(), "{start}{line}{end}");
    }

    /// A paragraph for whoever watches, broken between words.
    pub(crate) fn explain(&self, text: &str) {
        for line in wrap(text, self.width) {
            self.say(&line);
        }
    }

    /// Something works and is less than well: on standard error, and with `--json` an event.
    pub(crate) fn warn(&self, kind: &str, message: &str) {
        let members = serde_json::json!({ "warning": kind, "message": message });
        // As in `say`.
        let _ = self.event("warning", &members);
        for (index, line) in wrap(&format!("warning: {message}"), self.width).iter().enumerate() {
            match line.strip_prefix("warning:") {
                Some(rest) if index == 0 => {
                    self.say(&format!("{}{rest}", self.err.yellow("warning:")));
                }
                Some(_) | None => self.say(line),
            }
        }
    }

    /// The last line of a terminal, drawn over and over; nothing elsewhere.
    pub(crate) fn redraw(&self, line: &str) {
        if self.live {
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
            let _ = io::stderr().flush();
        }
    }

    /// What happened, and what to do next.
    pub(crate) fn failure(&self, failure: &Failure) {
        let Failure { what, next, .. } = failure;
        // Standard output that is gone leaves the exit code to tell.
        let _ = self.event("error", &members(failure));
        let head = self.err.red("grantflow:");
        let lines = wrap(&format!("grantflow: {what}"), self.width);
        for (index, line) in lines.iter().enumerate() {
            match line.strip_prefix("grantflow:") {
                Some(rest) if index == 0 => self.say(&format!("{head}{rest}")),
                Some(_) | None => self.say(line),
            }
        }
        for line in wrap(&format!("next: {next}"), self.width) {
            self.say(&self.err.dim(&line));
        }
    }
}

/// A mistake in the arguments, for whoever asked for JSON; the words are the parser's to print.
pub(crate) fn mistake(failure: &Failure) {
    let mut object = members(failure);
    object["event"] = "error".into();
    // As above.
    let _ = writeln!(io::stdout(), "{object}");
}

fn members(Failure { exit, what, next }: &Failure) -> Value {
    serde_json::json!({ "exit": exit.code(), "kind": exit.name(), "message": what, "next": next })
}

/// `COLUMNS` wins, so that a pipe can be told how wide its reader is.
fn width(terminal: bool) -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || terminal.then(terminal::size)?.ok().map(|(columns, _)| columns.into());
    told.or_else(seen).filter(|columns| *columns >= 20).unwrap_or(80)
}

/// Colours, or none. Every line is readable without them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    /// Black on white, as paper.
    pub(crate) fn paper(self, text: &str) -> String {
        self.with("30;107", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// An address that a terminal can open by a click (OSC 8), in one piece: never broken into lines,
/// so that it can be copied. It is ASCII by the core's checks; should it not be, it is no link.
pub(crate) fn link(output: &Output, address: &str) -> String {
    if output.live && output.err.0 && address.bytes().all(|byte| byte.is_ascii_graphic()) {
        format!("\x1b]8;;{address}\x1b\\{address}\x1b]8;;\x1b\\")
    } else {
        address.to_owned()
    }
}

/// Lines of at most `width` columns, broken at spaces; a longer word gets a line of its own.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            let space = if line.is_empty() { "" } else { " " };
            let _ = write!(line, "{space}{word}");
        }
    }
    lines
}

/// `9:42`, as a clock that counts down.
pub(crate) fn clock(left: Duration) -> String {
    let seconds = left.as_secs();
    if seconds >= 3600 {
        format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    } else {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }
}

/// `3 h 12 min`, as one says it.
pub(crate) fn span(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60, minutes) {
        (0, 0, 0) => format!("{} s", duration.as_secs()),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}
