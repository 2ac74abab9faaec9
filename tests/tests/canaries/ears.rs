//! What is logged and what panics in this process, from its beginning to its end. Tests run at the
//! same time, so each looks for its own secrets in what all of them have caused.

use std::fmt::{Debug, Write as _};
use std::sync::{Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

static LOG: Mutex<String> = Mutex::new(String::new());
static PANICS: Mutex<String> = Mutex::new(String::new());

/// Opens the ears; whoever comes later finds them open.
pub(crate) fn open() {
    static OPENED: Once = Once::new();
    OPENED.call_once(|| {
        log::set_logger(&Lines).expect("nobody else listens");
        log::set_max_level(log::LevelFilter::Trace);
        tracing::subscriber::set_global_default(Events).expect("nobody else listens");
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let trace = std::backtrace::Backtrace::force_capture();
            write(&PANICS, &format!("{panic}\n{trace}"));
            quiet(panic);
        }));
    });
}

/// Everything that was logged, a line each.
pub(crate) fn logged() -> String {
    open();
    LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Every panic, with the calls that led to it.
pub(crate) fn panicked() -> String {
    open();
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn write(to: &Mutex<String>, line: &str) {
    let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
    to.push_str(line);
    to.push('\n');
}

/// The crate `log`.
struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        write(&LOG, &format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// The crate `tracing`: every event and every span, with all its fields.
struct Events;

impl Subscriber for Events {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut line = Line::of(span.metadata());
        span.record(&mut line);
        write(&LOG, &line.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        write(&LOG, &line.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::of(event.metadata());
        event.record(&mut line);
        write(&LOG, &line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Line {
    fn of(metadata: &Metadata<'_>) -> Self {
        Self(format!("{} {}", metadata.target(), metadata.name()))
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").expect("a string");
    }
}
