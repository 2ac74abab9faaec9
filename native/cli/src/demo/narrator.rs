//! Tells what happens while it happens, and plays the person.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use grantflow::{Event, Host, Note, Prompt};
use grantflow_test_server::{Endpoint, LogEntry, http};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::exit::{Exit, Failure};
use crate::instructions;
use crate::output::{Output, link, wrap};
use crate::trace::{self, Trace, path};

/// Sees every event, in logins as their host and in renewals as the one who watches.
#[derive(Clone)]
pub(crate) struct Narrator {
    output: Output,
    interactive: bool,
    scene: Arc<Mutex<Scene>>,
}

/// What is known of the scene under way.
struct Scene {
    trace: Trace,
    begun: Instant,
    /// By the driver's events.
    requests: Vec<Request>,
    /// Of the server's log, what belongs to earlier scenes.
    seen_before: usize,
    /// The scripted browser.
    browser: Option<AbortHandle>,
}

#[derive(Debug, PartialEq, Eq)]
struct Request {
    method: String,
    path: String,
    status: Option<u16>,
}

impl Narrator {
    pub(crate) fn new(output: Output, interactive: bool) -> Self {
        Self { output, interactive, scene: Arc::new(Mutex::new(Scene::new(output))) }
    }

    pub(crate) fn begin(
        &self,
        number: usize,
        of: usize,
        title: &str,
        about: &str,
    ) -> Result<(), Failure> {
        *self.scene() = Scene::new(self.output);
        self.object("scene", &json!({ "scene": number, "title": title, "about": about }))?;
        let paint = self.output.out;
        self.output.result(&format!(
            "{} {}",
            paint.cyan(&format!("{number}/{of}")),
            paint.bold(title)
        ))?;
        for line in wrap(about, self.output.width.saturating_sub(4)) {
            self.output.result(&format!("    {}", paint.dim(&line)))?;
        }
        Ok(())
    }

    /// Requests that the server got before this scene don't belong to it.
    pub(crate) fn skip(&self, server: &http::Handle) {
        self.scene().seen_before = server.server().log().len();
    }

    pub(crate) fn event(&self, event: &Event) {
        let mut scene = self.scene();
        if let Event::Sent { method, endpoint, .. } = event {
            let (method, path) = (method.as_str().to_owned(), path(endpoint).to_owned());
            scene.requests.push(Request { method, path, status: None });
        }
        if let (Event::Answered { outcome: Ok(status), .. }, Some(sent)) =
            (event, scene.requests.last_mut())
        {
            sent.status = Some(*status);
        }
        // Standard output that is gone is noticed where the scene ends.
        if let Some((name, members)) = trace::object(event) {
            let _ = self.output.event(name, &members);
        }
        for line in scene.trace.lines(event) {
            let _ = self.output.result(&line);
        }
    }

    pub(crate) fn object(&self, name: &str, members: &Value) -> Result<(), Failure> {
        Ok(self.output.event(name, members)?)
    }

    /// What came of it, and whether the server saw the same.
    pub(crate) fn end(&self, server: &http::Handle, held: &[String]) -> Result<(), Failure> {
        let scene = self.scene();
        let log: Vec<LogEntry> =
            server.server().log().iter().skip(scene.seen_before).cloned().collect();
        let log: Vec<_> = log.iter().filter(|entry| is_ours(entry)).collect();
        let findings: Vec<_> = log.iter().flat_map(|entry| &entry.findings).collect();
        let seen: Vec<_> = log.iter().map(|entry| Request::of(entry)).collect();
        let same = seen == scene.requests && findings.is_empty();
        self.object(
            "server_log",
            &json!({ "same": same,
                "requests": seen.iter().map(Request::object).collect::<Vec<_>>(),
                "findings": findings.iter().map(|finding| finding.name()).collect::<Vec<_>>(),
            }),
        )?;
        let paint = self.output.out;
        for line in held {
            self.output.result(&format!("    {}", paint.green(line)))?;
        }
        let count = seen.len();
        let requests = if count == 1 { "request" } else { "requests" };
        let seconds = scene.begun.elapsed().as_secs_f64();
        let told = format!("the server saw the same {count} {requests} and found nothing wrong");
        if !same {
            let what = "the server saw other requests than were told, or found something wrong";
            return Err(Failure::new(
                Exit::Failed,
                what,
                "report this, with grantflow demo --json",
            ));
        }
        for line in wrap(&format!("{told} ({seconds:.1} s)"), self.output.width.saturating_sub(4)) {
            self.output.result(&format!("    {}", paint.dim(&line)))?;
        }
        Ok(self.output.result("")?)
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the address as a browser would, and follows it to where it leads.
    fn visit(&self, url: String) {
        let visit = tokio::spawn(async move {
            // A login whose browser fails says so itself, by its patience.
            if let Ok(browser) = reqwest::Client::builder().no_proxy().build() {
                let _ = browser.get(url).send().await;
            }
        });
        self.scene().browser = Some(visit.abort_handle());
    }
}

impl Host for Narrator {
    fn show(&mut self, prompt: &Prompt, left: Duration) {
        let _ = self.output.event("prompt", &instructions::object(prompt, left));
        let shown = match prompt {
            Prompt::OpenUrl { sign_ins, .. } => {
                let url = sign_ins.first().map(|sign_in| sign_in.url.clone()).unwrap_or_default();
                let shown = if self.interactive {
                    link(&self.output, &url)
                } else {
                    let address = url.split('?').next().unwrap_or_default().to_owned();
                    self.visit(url);
                    format!("{address}?…")
                };
                vec![shown]
            }
            Prompt::EnterCode { user_code, verification_uri, .. } => {
                vec![self.output.out.bold(user_code), verification_uri.clone()]
            }
        };
        for line in shown {
            let _ = self.output.result(&format!("          {line}"));
        }
    }

    fn note(&mut self, note: &Note) {
        if self.interactive && !matches!(note, Note::Route(_)) {
            self.output.explain(&note.to_string());
        }
    }

    fn event(&mut self, event: &Event) {
        Self::event(self, event);
    }
}

impl Scene {
    fn new(output: Output) -> Self {
        Self {
            trace: Trace::new(output.out, output.width),
            begun: Instant::now(),
            requests: Vec::new(),
            seen_before: 0,
            browser: None,
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.browser.iter().for_each(AbortHandle::abort);
    }
}

impl Request {
    fn of(entry: &LogEntry) -> Self {
        Self {
            method: entry.method.clone(),
            path: entry.path.clone(),
            status: entry.outcome.status(),
        }
    }

    fn object(&self) -> Value {
        json!({ "method": self.method, "path": self.path, "status": self.status })
    }
}

/// Whether the machine asked, and not the person's browser.
fn is_ours(entry: &LogEntry) -> bool {
    match entry.endpoint {
        Endpoint::Authorization | Endpoint::Verification | Endpoint::CodePage => false,
        Endpoint::Token
        | Endpoint::DeviceAuthorization
        | Endpoint::DeviceToken
        | Endpoint::Revocation
        | Endpoint::SecondToken
        | Endpoint::Api
        | Endpoint::Metadata
        | Endpoint::Sink
        | Endpoint::Unknown => true,
    }
}
