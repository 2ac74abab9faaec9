//! The person at the terminal: shows prompts, counts down, takes pastes.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use grantflow::drive::BoxFuture;
use grantflow::{Event, Host, Note, Prompt, Rejected, Secret};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::exit::{Exit, Failure};
use crate::here::Here;
use crate::instructions::{self, Login};
use crate::output::{Output, clock};
use crate::paste::{Input, Pastes};
use crate::progress::Progress;
use crate::trace::{self, Trace};

const SECOND: Duration = Duration::from_secs(1);

/// Shows a login's prompts on standard error, and with `--json` also on standard output.
pub(crate) struct Person {
    output: Output,
    trace: Trace,
    login: Login,
    /// Where pastes come from while a browser login waits.
    pastes: Option<Pastes>,
    /// No other way than a paste can end this login.
    reads_all: bool,
    only_paste: bool,
    countdown: Option<Countdown>,
    progress: Progress,
    gone: Arc<Gone>,
}

/// Why the login cannot go on with this person.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    interrupted: Notify,
    nothing_to_read: Notify,
}

impl Gone {
    /// Returns when Ctrl-C was pressed in raw mode, or standard input ended without the paste
    /// that alone could have ended the login.
    pub(crate) async fn wait(&self, next: String) -> Failure {
        tokio::select! {
            () = self.interrupted.notified() => Failure::interrupted(),
            () = self.nothing_to_read.notified() => Failure::new(
                Exit::NeedsPerson,
                "standard input ended before the answer to the login came",
                next,
            ),
        }
    }
}

impl Person {
    pub(crate) fn new(here: &Here, login: Login, only_paste: bool) -> Self {
        let (output, progress) = (here.output, here.progress.clone());
        let trace = Trace::new(output.err, output.width);
        let (pastes, countdown, gone) = (None, None, Arc::default());
        let reads_all = false;
        Self { output, trace, login, pastes, reads_all, only_paste, countdown, progress, gone }
    }

    /// All of standard input is one answer, where it is no terminal.
    pub(crate) fn reading_all(self) -> Self {
        Self { reads_all: true, ..self }
    }

    pub(crate) fn gone(&self) -> Arc<Gone> {
        Arc::clone(&self.gone)
    }

    fn tell(&self, name: &str, members: &serde_json::Value) {
        // Standard output that is gone does not stop a login; the exit code tells how it went.
        let _ = self.output.event(name, members);
    }

    fn open_pastes(&mut self) {
        match Pastes::open(self.reads_all) {
            Ok(pastes) => self.pastes = Some(pastes),
            Err(why) => self.output.explain(&format!("nothing can be pasted here: {why}")),
        }
    }

    /// Nothing is asked any more: the terminal goes back to what it was.
    fn rest(&mut self) {
        self.countdown = None;
        self.pastes = None;
    }
}

impl Host for Person {
    fn show(&mut self, prompt: &Prompt, left: Duration) {
        self.countdown = None;
        self.tell("prompt", &instructions::object(prompt, left));
        for line in instructions::lines(&self.output, self.output.err, &self.login, prompt, left) {
            self.output.say(&line);
        }
        let typed = match prompt {
            Prompt::OpenUrl { .. } => {
                if self.pastes.is_none() {
                    self.open_pastes();
                }
                self.pastes.as_ref().is_some_and(Pastes::is_typed)
            }
            Prompt::EnterCode { .. } => false,
        };
        self.countdown = Countdown::start(self.output, left, typed);
    }

    fn note(&mut self, note: &Note) {
        self.tell("note", &json!({ "note": note_name(note), "message": note.to_string() }));
        self.output.explain(&note.to_string());
    }

    fn paste(&mut self) -> BoxFuture<'_, Secret> {
        Box::pin(async move {
            loop {
                let Some(pastes) = &mut self.pastes else { return pending().await };
                match pastes.next().await {
                    Some(Input::Line(text)) => {
                        self.countdown.iter_mut().for_each(|countdown| countdown.typing(0));
                        return text;
                    }
                    Some(Input::Typing(count)) => {
                        self.countdown.iter_mut().for_each(|countdown| countdown.typing(count));
                    }
                    Some(Input::Interrupt) => self.gone.interrupted.notify_one(),
                    None => {
                        self.pastes = None;
                        if self.only_paste {
                            self.gone.nothing_to_read.notify_one();
                        }
                    }
                }
            }
        })
    }

    fn rejected(&mut self, why: Rejected) {
        self.output.explain(&format!("not taken: {why}. Still waiting."));
    }

    fn event(&mut self, event: &Event) {
        if let Event::Prompted { prompt: grantflow::Asked::Nothing } = event {
            self.rest();
        }
        self.progress.see_login(event);
        watch(&self.output, &mut self.trace, event);
    }
}

/// One event: on standard output with `--json`, on standard error with `-v`.
pub(crate) fn watch(output: &Output, trace: &mut Trace, event: &Event) {
    if let Some((name, members)) = trace::object(event) {
        let _ = output.event(name, &members);
    }
    if output.verbose {
        trace.lines(event).iter().for_each(|line| output.say(line));
    }
}

/// Stable, and in docs/cli.md.
fn note_name(note: &Note) -> &'static str {
    match note {
        Note::Route(_) => "route",
        Note::BrowserOpened => "browser_opened",
        Note::BrowserFailed(_) => "browser_failed",
        Note::NotOpened(_) => "not_opened",
        Note::NoListener(_) => "no_listener",
        Note::DeviceLoginUnavailable => "device_login_unavailable",
        Note::CameByHttps => "came_by_https",
        _ => "other",
    }
}

/// The last line of the terminal, drawn anew each second until it is dropped.
struct Countdown {
    output: Output,
    until: Instant,
    /// How many characters wait for Enter, where pastes are read key by key.
    typed: Option<usize>,
    ticking: JoinHandle<()>,
    count: tokio::sync::watch::Sender<usize>,
}

impl Countdown {
    /// Only where there is a terminal to draw on.
    fn start(output: Output, left: Duration, typed: bool) -> Option<Self> {
        if !output.live {
            return None;
        }
        let until = Instant::now() + left;
        let (count, mut counted) = tokio::sync::watch::channel(0);
        let ticking = tokio::spawn(async move {
            loop {
                let count = *counted.borrow_and_update();
                draw(&output, until, typed.then_some(count));
                tokio::select! {
                    () = tokio::time::sleep(SECOND) => {}
                    changed = counted.changed() => if changed.is_err() { return },
                }
            }
        });
        Some(Self { output, until, typed: typed.then_some(0), ticking, count })
    }

    fn typing(&mut self, count: usize) {
        self.typed = self.typed.map(|_| count);
        self.count.send_replace(count);
        draw(&self.output, self.until, self.typed);
    }
}

impl Drop for Countdown {
    fn drop(&mut self) {
        self.ticking.abort();
        self.output.redraw("");
    }
}

fn draw(output: &Output, until: Instant, typed: Option<usize>) {
    let left = clock(until.saturating_duration_since(Instant::now()));
    let dots = |count: usize| "\u{2022}".repeat(count.min(8));
    let (said, rest) = match typed {
        None => (String::new(), format!("waiting, {left} left")),
        Some(0) => ("paste here: ".to_owned(), format!("({left} left)")),
        Some(count) => (format!("paste here: {} ", dots(count)), format!("{count}, then Enter")),
    };
    output.redraw(&format!("{said}{}", output.err.dim(&rest)));
}
