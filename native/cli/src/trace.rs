//! What a machine does, told as it happens: for people by the words of the contract (poll, tell,
//! done), for programs as JSON. Everything here comes from the driver's events, which carry no
//! secret.

use std::time::Duration;

use grantflow::core::{Purpose, TransportError};
use grantflow::{Asked, By, Event};
use serde_json::{Value, json};

use crate::output::{Paint, clock};

/// From this width on there is room for asides behind the longest request.
const WIDE: usize = 72;
const WIDE_COLUMN: usize = 56;
const NARROW_COLUMN: usize = 44;

/// The event as one object; its names are stable and stand in docs/cli.md.
pub(crate) fn object(event: &Event) -> Option<(&'static str, Value)> {
    Some(match event {
        Event::Polled { state, interval, saved } => (
            "state",
            json!({ "state": state, "saved_bytes": saved,
               "interval": interval.map(|interval| interval.as_secs_f64()),
            }),
        ),
        Event::Sent { id, purpose, method, endpoint } => (
            "request",
            json!({ "id": id.number(), "purpose": purpose.name(),
               "method": method.as_str(), "endpoint": endpoint,
            }),
        ),
        Event::Answered { id, outcome: Ok(status) } => (
            "response",
            json!({ "id": id.number(), "status": status,
            }),
        ),
        Event::Answered { id, outcome: Err(error) } => (
            "response",
            json!({ "id": id.number(), "error": error.name(),
            }),
        ),
        Event::Performed { task, went_well } => ("task", json!({ "task": task, "ok": went_well })),
        Event::Waiting { at_most } => (
            "wait",
            json!({ "seconds": at_most.map(|wait| wait.as_secs_f64()),
            }),
        ),
        Event::RedirectArrived { by } => (
            "redirect",
            json!({ "by": by_name(*by), "accepted": true,
            }),
        ),
        Event::RedirectRejected { by, why } => (
            "redirect",
            json!({ "by": by_name(*by), "accepted": false, "message": why.to_string(),
            }),
        ),
        Event::Finished { outcome } => (
            "finished",
            json!({ "ok": outcome.is_ok(),
               "message": outcome.as_ref().err().map(ToString::to_string),
            }),
        ),
        // `prompt` tells what to do, and `signed_in` or `error` that there is no more of it.
        Event::Prompted { .. } | _ => return None,
    })
}

/// Turns events into lines. It remembers what a line needs of the one before.
#[derive(Debug)]
pub(crate) struct Trace {
    paint: Paint,
    width: usize,
    state: String,
    interval: Option<Duration>,
    /// An answer whose meaning shows at the next poll.
    answer: Option<String>,
}

impl Trace {
    pub(crate) fn new(paint: Paint, width: usize) -> Self {
        Self { paint, width, state: String::new(), interval: None, answer: None }
    }

    /// The lines that this event adds.
    pub(crate) fn lines(&mut self, event: &Event) -> Vec<String> {
        let paint = self.paint;
        match event {
            Event::Polled { state, interval, saved } => self.polled(state, *interval, *saved),
            Event::Sent { purpose, method, endpoint, .. } => {
                let request = format!("send {} {}", method.as_str(), path(endpoint));
                self.row(&paint.cyan("poll"), &request, purpose_words(*purpose))
            }
            Event::Performed { task, went_well: true } => {
                self.row(&paint.cyan("poll"), &task.replace('_', " "), "")
            }
            Event::Performed { task, went_well: false } => {
                self.row(&paint.red("poll"), &format!("{}: could not", task.replace('_', " ")), "")
            }
            Event::Waiting { at_most: Some(wait) } => {
                let wait = if *wait < Duration::from_secs(60) {
                    format!("wait {:.1} s", wait.as_secs_f64())
                } else {
                    format!("wait for a person, {} left", clock(*wait))
                };
                self.row(&paint.cyan("poll"), &wait, "")
            }
            Event::Answered { outcome, .. } => {
                self.answer = Some(match outcome {
                    Ok(status) => format!("answer {status}"),
                    Err(TransportError::NotSent) => "not sent: no connection".to_owned(),
                    Err(TransportError::Lost) => "answer lost".to_owned(),
                });
                Vec::new()
            }
            Event::Prompted { prompt: Asked::OpenUrl } => {
                self.row(&paint.yellow("show"), "an address to open in a browser", "")
            }
            Event::Prompted { prompt: Asked::EnterCode } => {
                self.row(&paint.yellow("show"), "a code and the address to enter it at", "")
            }
            Event::RedirectArrived { by } => {
                self.row(&paint.green("tell"), by_words(*by), "it belongs to this login")
            }
            Event::RedirectRejected { by, why } => {
                self.row(&paint.red("tell"), by_words(*by), &format!("refused: {why}"))
            }
            Event::Finished { outcome: Ok(()) } => {
                self.row(&paint.cyan("poll"), &paint.bold("done: a credential"), "")
            }
            Event::Finished { outcome: Err(error) } => {
                self.row(&paint.cyan("poll"), &paint.red(&format!("done: {error}")), "")
            }
            Event::Prompted { prompt: Asked::Nothing } | Event::Waiting { at_most: None } | _ => {
                Vec::new()
            }
        }
    }

    fn polled(
        &mut self,
        state: &str,
        interval: Option<Duration>,
        saved: Option<usize>,
    ) -> Vec<String> {
        let same = self.state == state;
        let slower = match (self.interval, interval) {
            (Some(before), Some(now)) if same && now > before => Some((before, now)),
            (_, _) => None,
        };
        let meaning = match slower {
            Some((before, now)) => {
                format!("slow_down: every {} s, not {} s", now.as_secs(), before.as_secs())
            }
            None if same && interval.is_some() => "not yet".to_owned(),
            None => String::new(),
        };
        let mut lines = match self.answer.take() {
            Some(answer) if slower.is_some() => {
                self.row(&self.paint.yellow("tell"), &answer, &meaning)
            }
            Some(answer) => self.row(&self.paint.green("tell"), &answer, &meaning),
            None => Vec::new(),
        };
        if !same {
            let saved = saved.map(|bytes| format!("saved, {bytes} B")).unwrap_or_default();
            lines.extend(self.aligned(&format!("  {}", self.paint.bold(state)), &saved));
            state.clone_into(&mut self.state);
        }
        self.interval = interval;
        lines
    }

    fn row(&self, verb: &str, what: &str, aside: &str) -> Vec<String> {
        self.aligned(&format!("    {verb}  {what}"), aside)
    }

    /// An aside stands in a column of its own; else behind the line; else below it.
    fn aligned(&self, line: &str, aside: &str) -> Vec<String> {
        if aside.is_empty() {
            return vec![line.to_owned()];
        }
        let column = if self.width >= WIDE { WIDE_COLUMN } else { NARROW_COLUMN };
        let (length, aside_length) = (columns(line), columns(aside));
        let gap = column.saturating_sub(length).max(2);
        let gap = if length + gap + aside_length <= self.width { gap } else { 2 };
        let aside = self.paint.dim(aside);
        if length + gap + aside_length <= self.width {
            vec![format!("{line}{}{aside}", " ".repeat(gap))]
        } else {
            vec![line.to_owned(), format!("          {aside}")]
        }
    }
}

/// How wide a text is once its colours are off.
fn columns(text: &str) -> usize {
    let mut escape = false;
    let visible = text.chars().filter(|char| {
        let shown = !escape && *char != '\x1b';
        escape = if *char == '\x1b' { true } else { escape && *char != 'm' };
        shown
    });
    visible.count()
}

pub(crate) fn path(endpoint: &str) -> &str {
    let host = endpoint.find("://").map_or(0, |at| at + 3);
    endpoint[host..].find('/').map_or("/", |at| &endpoint[host + at..])
}

fn purpose_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::RedeemCode => "code for tokens",
        Purpose::RequestDeviceCode => "a code, please",
        Purpose::PollDevice => "approved yet?",
        Purpose::ExchangeToken => "token for token",
        Purpose::Refresh => "new tokens",
        Purpose::Revoke => "forget them",
    }
}

fn by_name(by: By) -> &'static str {
    match by {
        By::Callback => "callback",
        By::Paste => "paste",
    }
}

fn by_words(by: By) -> &'static str {
    match by {
        By::Callback => "a redirect came to the listener",
        By::Paste => "an answer was pasted",
    }
}
