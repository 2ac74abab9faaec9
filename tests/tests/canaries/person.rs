//! A person who signs in, and everything that they are told.

use std::fmt::Write as _;
use std::time::Duration;

use grantflow::drive::BoxFuture;
use grantflow::{Event, Host, Note, Prompt, Rejected, Secret};
use grantflow_test_server::Decision;
use grantflow_test_server::http::Handle;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// How the answer of a sign-in page goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// The browser brings it to the listener.
    Browser,
    /// The person pastes two wrong things first, and then the address that the browser ended at.
    Pastes,
}

pub(crate) struct Person<'s> {
    server: &'s Handle,
    habit: Habit,
    /// Where the browser was sent: with the code in it.
    pub(crate) sent_to: Vec<String>,
    pub(crate) addresses: Vec<String>,
    pub(crate) told: String,
    to_paste: mpsc::UnboundedSender<Secret>,
    clipboard: mpsc::UnboundedReceiver<Secret>,
    pages: mpsc::UnboundedSender<String>,
    pages_seen: mpsc::UnboundedReceiver<String>,
}

impl<'s> Person<'s> {
    pub(crate) fn of(server: &'s Handle, habit: Habit) -> Self {
        let (to_paste, clipboard) = mpsc::unbounded_channel();
        let (pages, pages_seen) = mpsc::unbounded_channel();
        let (sent_to, addresses, told) = (Vec::new(), Vec::new(), String::new());
        Self { server, habit, sent_to, addresses, told, to_paste, clipboard, pages, pages_seen }
    }

    /// The pages that the listener has shown.
    pub(crate) fn pages(&mut self) -> String {
        std::iter::from_fn(|| self.pages_seen.try_recv().ok()).collect()
    }

    fn tell(&mut self, what: &dyn std::fmt::Debug) {
        writeln!(self.told, "{what:?}\n{what:#?}").unwrap();
    }
}

impl Host for Person<'_> {
    fn show(&mut self, prompt: &Prompt, _left: Duration) {
        self.tell(prompt);
        let Prompt::OpenUrl { sign_ins, .. } = prompt else { return };
        self.addresses.extend(sign_ins.iter().map(|sign_in| sign_in.url.clone()));
        let now = self.server.now_ms();
        let Ok(back) = self.server.server().authorize(now, &sign_ins[0].url, Decision::Approve)
        else {
            panic!("signed in")
        };
        self.sent_to.push(back.clone());
        let (_, query) = back.split_once('?').unwrap();
        match self.habit {
            Habit::Browser => {
                let pages = self.pages.clone();
                tokio::spawn(async move { pages.send(browse(&back).await) });
            }
            Habit::Pastes => {
                let wrong = ["sk-ant-api03-a-key-that-somebody-pasted-by-mistake", query];
                for text in wrong.into_iter().chain([back.as_str()]) {
                    self.to_paste.send(Secret::new(text)).unwrap();
                }
            }
        }
    }

    fn note(&mut self, note: &Note) {
        self.tell(note);
        writeln!(self.told, "{note}").unwrap();
    }

    fn paste(&mut self) -> BoxFuture<'_, Secret> {
        Box::pin(async {
            match self.clipboard.recv().await {
                Some(text) => text,
                None => std::future::pending().await,
            }
        })
    }

    fn rejected(&mut self, why: Rejected) {
        self.tell(&why);
        writeln!(self.told, "{why}").unwrap();
    }

    fn event(&mut self, event: &Event) {
        self.tell(event);
    }
}

/// What a browser does with a redirect to this machine: the page that it gets.
async fn browse(url: &str) -> String {
    let (host, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let port: u16 = host.rsplit(':').next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request =
        format!("GET /{target} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Mode: navigate\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
