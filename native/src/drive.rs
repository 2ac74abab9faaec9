//! The loop that drives a login.
//!
//! **Poll; save; do what the step says; tell the machine what happened; repeat.** Whatever waits
//! is waited for at once: the time, the answer to a request, a redirect, a paste. Dropping the
//! future is cancelling: what was out is given up, and the machine is told that it is lost.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use grantflow_core::{
    Credential, Error, Flow, Machine, Method, Now, Prompt, Purpose, Redirect, Rejected, Request,
    RequestId, Response, Secret, Step, TransportError,
};

use crate::clock::Clock;
use crate::loopback::Arrival;
use crate::transport::Transport;

/// A future that may be dropped at any time.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Drives `machine` to its end.
///
/// # Errors
/// As the machine ended.
pub async fn drive(
    machine: &mut impl Drivable,
    clock: &Clock,
    transport: &dyn Transport,
    around: &mut dyn Around,
) -> Result<Credential, Error> {
    let mut out = None; // the request that is out
    let mut shown = None;
    let mut driven = Driven { machine, clock, out: None };
    loop {
        let machine = &mut *driven.machine;
        let step = machine.poll(clock.now()); // poll
        let saved = machine.save();
        around.event(&Event::polled(machine, saved.as_ref(), clock.now()));
        around.keep(saved); // save
        show(machine.prompt(), &mut shown, clock, around);
        let wait = match step {
            Step::Send(request) => {
                around.event(&Event::sent(&request));
                driven.out = Some(request.id);
                out = Some((request.id, transport.send(request))); // do what the step says
                None
            }
            Step::Wait(at_most) => at_most.inspect(|_| around.event(&Event::Waiting { at_most })),
            Step::Done(outcome) => {
                let event =
                    Event::Finished { outcome: outcome.as_ref().map(|_| ()).map_err(Clone::clone) };
                around.event(&event);
                return outcome;
            }
        };
        tokio::select! {
            (id, result) = answer(&mut out) => {
                (out, driven.out) = (None, None);
                around.event(&Event::answered(id, &result));
                // Refused only if it is stale, and there is one request and one answer to it.
                let _ = driven.machine.handle_response(clock.now(), id, &result); // tell
            }
            () = after(wait) => {}
            input = around.input() => {
                let verdict = driven.machine.handle_redirect(clock.now(), input.redirect());
                around.event(&Event::redirect(&input, verdict));
                input.tell(verdict).await;
            }
        } // repeat
    }
}

/// Answers what is out when the loop is dropped, so that another can go on with the machine.
struct Driven<'m, M: Machine> {
    machine: &'m mut M,
    clock: &'m Clock,
    out: Option<RequestId>,
}

impl<M: Machine> Drop for Driven<'_, M> {
    fn drop(&mut self) {
        if let Some(id) = self.out {
            // It is out, so it is not stale.
            let _ = self.machine.handle_response(self.clock.now(), id, &Err(TransportError::Lost));
        }
    }
}

/// A machine with what only a login has: something to save, to show and to bring in.
pub trait Drivable: Machine {
    /// [`Flow::save`].
    fn save(&self) -> Option<Secret> {
        None
    }

    /// [`Flow::prompt`].
    fn prompt(&self) -> Option<Prompt> {
        None
    }

    /// The interval in force between two polls of a device login (RFC 8628 §3.5).
    fn interval(&self, _now: Now) -> Option<Duration> {
        None
    }

    /// [`Flow::handle_redirect`].
    ///
    /// # Errors
    /// As there; [`Rejected::NotExpected`] from a machine that takes none.
    fn handle_redirect(&mut self, _now: Now, _redirect: Redirect<'_>) -> Result<(), Rejected> {
        Err(Rejected::NotExpected)
    }
}

impl Drivable for Flow {
    fn save(&self) -> Option<Secret> {
        self.save()
    }

    fn prompt(&self) -> Option<Prompt> {
        self.prompt()
    }

    fn interval(&self, now: Now) -> Option<Duration> {
        self.view(now).pace.map(|(interval, _, _)| Duration::from_millis(interval))
    }

    fn handle_redirect(&mut self, now: Now, redirect: Redirect<'_>) -> Result<(), Rejected> {
        self.handle_redirect(now, redirect)
    }
}

/// What stands around the loop: the person, the snapshot's place, and whoever watches.
pub trait Around: Send {
    /// The snapshot before the next step is done; `None` once it is over.
    fn keep(&mut self, _snapshot: Option<Secret>) {}

    /// A prompt that is new.
    fn show(&mut self, _prompt: &Prompt, _left: Duration) {}

    /// The next redirect or paste. Dropped and asked for again whenever something else happens,
    /// so nothing may be lost with the future.
    fn input(&mut self) -> BoxFuture<'_, Input> {
        Box::pin(pending())
    }

    /// Something happened.
    fn event(&mut self, _event: &Event) {}
}

/// Nobody watches and nobody is asked.
impl Around for () {}

/// What a person's browser or clipboard brings.
#[derive(Debug)]
pub enum Input {
    /// A redirect to our listener.
    Callback(Arrival),
    /// A paste.
    Pasted(Secret),
}

impl Input {
    fn redirect(&self) -> Redirect<'_> {
        match self {
            Self::Callback(arrival) => Redirect::Callback(arrival.url()),
            Self::Pasted(text) => Redirect::Pasted(text.expose()),
        }
    }

    fn by(&self) -> By {
        match self {
            Self::Callback(_) => By::Callback,
            Self::Pasted(_) => By::Paste,
        }
    }

    /// Gives a browser its page.
    async fn tell(self, verdict: Result<(), Rejected>) {
        match (self, verdict) {
            (Self::Callback(arrival), Ok(())) => arrival.accepted().await,
            (Self::Callback(arrival), Err(Rejected::NotExpected)) => arrival.already_done(),
            (Self::Callback(arrival), Err(_)) => arrival.refused(),
            (Self::Pasted(_), _) => {}
        }
    }
}

/// What happens while a machine is driven. It carries no secret and can be printed as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The machine was polled and its snapshot handed over. What the step says comes next.
    Polled {
        /// The state it is in, by its name in the documentation.
        state: &'static str,
        /// The interval in force between two polls of a device login.
        interval: Option<Duration>,
        /// How long the snapshot is, in bytes; none of a machine that has none, or is finished.
        saved: Option<usize>,
    },
    /// A request goes out.
    Sent {
        /// Names it.
        id: RequestId,
        /// What it is for.
        purpose: Purpose,
        /// GET or POST.
        method: Method,
        /// Where to, without a query.
        endpoint: String,
    },
    /// Its answer is there, or will never be.
    Answered {
        /// Of the request.
        id: RequestId,
        /// The status, or why there is none.
        outcome: Result<u16, TransportError>,
    },
    /// Something was done where a credential is kept.
    Performed {
        /// What, by its name in the documentation.
        task: &'static str,
        /// It could be done.
        went_well: bool,
    },
    /// Nothing to do for a while, unless something comes in.
    Waiting {
        /// Poll again after this; without it only an input moves things.
        at_most: Option<Duration>,
    },
    /// What the person is asked has changed.
    Prompted {
        /// What it is now.
        prompt: Asked,
    },
    /// A redirect that belongs to the login.
    RedirectArrived {
        /// The way it came.
        by: By,
    },
    /// A redirect that does not; the login goes on as before.
    RedirectRejected {
        /// The way it came.
        by: By,
        /// Why.
        why: Rejected,
    },
    /// It is over.
    Finished {
        /// With a credential, or how else.
        outcome: Result<(), Error>,
    },
}

/// What a person is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// To sign in in a browser.
    OpenUrl,
    /// To enter a code.
    EnterCode,
    /// Nothing any more.
    Nothing,
}

/// How a redirect came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// To the listener.
    Callback,
    /// By the person.
    Paste,
}

impl Event {
    fn polled(machine: &impl Drivable, saved: Option<&Secret>, now: Now) -> Self {
        let saved = saved.map(|snapshot| snapshot.expose().len());
        Self::Polled { state: machine.state(), interval: machine.interval(now), saved }
    }

    pub(crate) fn sent(request: &Request) -> Self {
        let endpoint = request.url.split(['?', '#']).next().unwrap_or_default().to_owned();
        let Request { id, purpose, method, .. } = *request;
        Self::Sent { id, purpose, method, endpoint }
    }

    pub(crate) fn answered(id: RequestId, result: &Result<Response, TransportError>) -> Self {
        Self::Answered { id, outcome: result.as_ref().map(|reply| reply.status).map_err(|e| *e) }
    }

    fn redirect(input: &Input, verdict: Result<(), Rejected>) -> Self {
        match verdict {
            Ok(()) => Self::RedirectArrived { by: input.by() },
            Err(why) => Self::RedirectRejected { by: input.by(), why },
        }
    }
}

/// Shows a prompt once, and tells when it is gone.
fn show(
    prompt: Option<Prompt>,
    shown: &mut Option<Prompt>,
    clock: &Clock,
    around: &mut dyn Around,
) {
    if prompt == *shown {
        return;
    }
    let asked = match &prompt {
        Some(Prompt::OpenUrl { .. }) => Asked::OpenUrl,
        Some(Prompt::EnterCode { .. }) => Asked::EnterCode,
        None => Asked::Nothing,
    };
    around.event(&Event::Prompted { prompt: asked });
    if let Some(prompt) = &prompt {
        around.show(prompt, prompt.left(clock.now()));
    }
    *shown = prompt;
}

type Out<'t> = Option<(RequestId, BoxFuture<'t, Result<Response, TransportError>>)>;

/// The answer to the request that is out; never, if none is.
async fn answer(out: &mut Out<'_>) -> (RequestId, Result<Response, TransportError>) {
    match out {
        Some((id, sending)) => (*id, sending.await),
        None => pending().await,
    }
}

async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => pending().await,
    }
}
