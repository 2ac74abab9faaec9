//! `doctor`: what keeps logins from working, each with one thing to do about it. Nothing is spent.

mod logins;
mod network;
mod store;

use serde_json::json;

use crate::arguments::Which;
use crate::exit::{Exit, Failure};
use crate::here::Here;
use crate::output::{Output, wrap};
use crate::provider;
use crate::record;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
struct Finding {
    check: &'static str,
    level: Level,
    what: String,
    /// What to do, if anything.
    next: Option<String>,
}

/// Looks at everything, whatever was found before; a failure is told by the exit code.
pub(crate) async fn doctor(here: &Here, which: &Which) -> Result<Exit, Failure> {
    let only = record::key(which)?;
    let named = provider::named(which)?;
    let mut report = Report { output: here.output, worst: Level::Ok };
    let store = here.store()?;
    for finding in store::look(&store).await {
        report.tell(&finding)?;
    }
    for finding in logins::look(here, &store, only.as_ref(), which).await {
        report.tell(&finding)?;
    }
    let stored = logins::providers(&store).await;
    let providers = named.map_or(stored, |found| vec![found.provider]);
    for finding in network::look(&providers).await {
        report.tell(&finding)?;
    }
    Ok(if report.worst == Level::Fail { Exit::Failed } else { Exit::Ok })
}

struct Report {
    output: Output,
    worst: Level,
}

impl Report {
    fn tell(&mut self, finding: &Finding) -> Result<(), Failure> {
        let Finding { check, level, what, next } = finding;
        self.worst = self.worst.max(*level);
        let name = match level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        self.output.event(
            "finding",
            &json!({ "check": check, "level": name, "message": what, "next": next }),
        )?;
        let paint = self.output.out;
        let mark = format!("{name:<5}");
        let mark = match level {
            Level::Ok => paint.green(&mark),
            Level::Warn => paint.yellow(&mark),
            Level::Fail => paint.red(&mark),
        };
        let width = self.output.width.saturating_sub(5);
        for (index, line) in wrap(&format!("{check}: {what}"), width).iter().enumerate() {
            let margin = if index == 0 { mark.as_str() } else { "     " };
            self.output.result(&format!("{margin}{line}"))?;
        }
        for line in next.iter().flat_map(|next| wrap(&format!("next: {next}"), width)) {
            self.output.result(&format!("     {}", paint.dim(&line)))?;
        }
        Ok(())
    }
}

impl Finding {
    fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, what: what.into(), next: None }
    }

    fn warn(check: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { check, level: Level::Warn, what: what.into(), next: Some(next.into()) }
    }

    fn fail(check: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { check, level: Level::Fail, what: what.into(), next: Some(next.into()) }
    }

    /// Something to do although nothing is wrong.
    fn with_next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }
}
