//! Opening the person's browser, behind a gate.
//!
//! Authorization and verification URLs come from servers, and a server may be hostile: a URL that
//! reached a shell or another protocol's handler has run commands in more than one OAuth client. So
//! only an [`Openable`] can be opened. It reaches a fixed program as one argument, never a shell;
//! under WSL the `open` crate runs a fixed script on the Windows side and hands the URL over in an
//! environment variable.

use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use url::{Host, Url};

/// The longest URL a program can be handed: `ShellExecute` takes less than a Unix `exec`.
pub const MAX_URL_BYTES: usize = if cfg!(windows) { 8 * 1024 } else { 32 * 1024 };

/// How long a launcher is watched. Some return only when the browser is closed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the desktop to open the URL.
///
/// `Ok` says that a program took the URL or is still at it, not that a person sees the page: show
/// the URL in any case.
///
/// # Errors
/// When no program could be started or all of them failed.
pub async fn open(url: &Openable) -> Result<(), BrowserError> {
    let (report, outcome) = oneshot::channel();
    let url = url.0.clone();
    // A thread of its own: tokio waits for its blocking threads when it shuts down, and a launcher
    // may hang for ever.
    thread::Builder::new()
        .name("browser".into())
        .spawn(move || report.send(launch(url.as_str())))
        .map_err(|_| BrowserError::Failed)?;
    // Once more around all of them: a slow failure has a successor, and Windows sets no limit.
    match tokio::time::timeout(PATIENCE, outcome).await {
        Ok(Ok(Err(error))) => Err(BrowserError::from(&error)),
        Ok(Err(_thread_gone)) => Err(BrowserError::Failed),
        Ok(Ok(Ok(()))) | Err(_) => Ok(()), // a launcher is still at it
    }
}

/// Detached, with no standard streams; a later launcher is tried where an earlier one fails.
fn launch(url: &str) -> io::Result<()> {
    #[cfg(windows)]
    return open::that_detached(url);
    #[cfg(not(windows))]
    open::that_detached_with_timeout(url, PATIENCE)
}

/// A URL that may be opened: https, or http on this machine; ASCII, and no longer than a program
/// can be handed.
#[derive(Clone, PartialEq, Eq)]
pub struct Openable(Url);

impl Openable {
    /// Lets a URL through the gate, written anew in its normal form.
    ///
    /// # Errors
    /// Says which rule the URL breaks, without quoting it.
    pub fn parse(text: &str) -> Result<Self, NotOpenable> {
        // The URL standard repairs these instead of refusing them.
        if text.chars().any(|char| char.is_control() || char == '\\') || text.trim() != text {
            return Err(NotOpenable::Malformed);
        }
        let url = Url::parse(text).map_err(|_| NotOpenable::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&url) => {}
            "http" => return Err(NotOpenable::Unencrypted),
            _ => return Err(NotOpenable::Scheme),
        }
        if !text[url.scheme().len()..].starts_with("://") {
            return Err(NotOpenable::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotOpenable::UserInfo);
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(NotOpenable::TooLong);
        }
        Ok(Self(url))
    }

    /// The URL as it is opened and as it should be shown: graphic ASCII and nothing else.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// On the parsed address, never on how the text begins; a name, `localhost` too, can be resolved to
/// anywhere.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

/// Names the place and not the query, which carries `state` or a `user_code`.
impl fmt::Debug for Openable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Openable({}?redacted)", &self.0[..url::Position::AfterPath])
    }
}

/// Why a URL is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotOpenable {
    /// Not a URL, or one that browsers would have to repair.
    Malformed,
    /// Neither https nor http.
    Scheme,
    /// http to another machine.
    Unencrypted,
    /// A user name or password before the host.
    UserInfo,
    /// Longer than [`MAX_URL_BYTES`].
    TooLong,
}

impl fmt::Display for NotOpenable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the provider's address is not a well-formed URL: not opened",
            Self::Scheme => "the provider's address is neither https nor http: not opened",
            Self::Unencrypted => "the provider's address is http on another machine: not opened",
            Self::UserInfo => {
                "the provider's address hides its host behind a user name: not opened"
            }
            Self::TooLong => "the address is too long to hand to a browser: copy it there",
        })
    }
}

impl std::error::Error for NotOpenable {}

/// Why no browser was opened. Show the URL instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrowserError {
    /// This machine has no program that opens web pages.
    NoProgram,
    /// Every such program failed.
    Failed,
}

impl From<&io::Error> for BrowserError {
    /// Drops the message: it quotes the command line, and so the URL.
    fn from(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::NoProgram } else { Self::Failed }
    }
}

impl fmt::Display for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoProgram => {
                "no program here opens web pages: open the address in a browser yourself"
            }
            Self::Failed => "the browser did not start: open the address in it yourself",
        })
    }
}

impl std::error::Error for BrowserError {}
