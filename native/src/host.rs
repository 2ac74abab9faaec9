//! The person's side of a login, for a program with an interface of its own.

use std::fmt;
use std::future::pending;
use std::time::Duration;

use grantflow_core::{Prompt, Rejected, Secret};

use crate::browser::{BrowserError, NotOpenable};
use crate::drive::{BoxFuture, Event};
use crate::environment::Choice;
use crate::loopback::LoopbackError;

/// What shows prompts and takes pastes. Only [`Host::show`] has to be there.
pub trait Host: Send {
    /// Something for the person to do, and how much time is left for it. Show it until another
    /// takes its place.
    fn show(&mut self, prompt: &Prompt, left: Duration);

    /// Something the person may want to know.
    fn note(&mut self, _note: &Note) {}

    /// What the person pastes next, during a browser login. The future is dropped and asked for
    /// again whenever something else happens: keep half-typed text outside of it.
    fn paste(&mut self) -> BoxFuture<'_, Secret> {
        Box::pin(pending())
    }

    /// A paste or redirect was refused; the login goes on waiting.
    fn rejected(&mut self, _why: Rejected) {}

    /// What the machine does, step by step.
    fn event(&mut self, _event: &Event) {}
}

/// A function that shows prompts is a host.
impl<F: FnMut(&Prompt, Duration) + Send> Host for F {
    fn show(&mut self, prompt: &Prompt, left: Duration) {
        self(prompt, left);
    }
}

/// Something the person may want to know during a login.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note {
    /// The route that was chosen, and why.
    Route(Choice),
    /// The browser was asked to open the address.
    BrowserOpened,
    /// It could not be; the address is shown.
    BrowserFailed(BrowserError),
    /// The provider's address is not one to open unseen.
    NotOpened(NotOpenable),
    /// No listener: the answer has to be pasted.
    NoListener(LoopbackError),
    /// The provider offers no device login to us: trying the browser.
    DeviceLoginUnavailable,
    /// The browser came by https, where only http is spoken: open the address with `http://`, or
    /// paste it.
    CameByHttps,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(choice) => choice.fmt(f),
            Self::BrowserOpened => f.write_str("your browser was asked to open the address"),
            Self::BrowserFailed(why) => why.fmt(f),
            Self::NotOpened(why) => why.fmt(f),
            Self::NoListener(why) => write!(f, "the answer has to be pasted: {why}"),
            Self::DeviceLoginUnavailable => {
                f.write_str("the provider offers no device login here: using the browser")
            }
            Self::CameByHttps => f.write_str(
                "the browser came by https: change the address there to http://, or paste it here",
            ),
        }
    }
}
