//! A person with a browser and a clipboard, who does what the prompt says.

use std::time::Duration;

use grantflow::drive::BoxFuture;
use grantflow::{Event, Host, Note, Prompt, Rejected, Secret, Way};
use grantflow_test_server::Decision;
use grantflow_test_server::http::Handle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// How the answer goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// The browser brings it to the listener.
    Browser,
    /// The person copies what the provider's page shows.
    Page,
    /// The person copies the address that the browser ended at.
    AddressBar,
    /// The person does nothing.
    Nothing,
}

pub(crate) struct Person<'s> {
    server: &'s Handle,
    habit: Habit,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) notes: Vec<String>,
    pub(crate) rejections: Vec<Rejected>,
    pub(crate) events: Vec<Event>,
    to_paste: mpsc::UnboundedSender<Secret>,
    clipboard: mpsc::UnboundedReceiver<Secret>,
    /// Told of each prompt.
    pub(crate) prompted: Option<mpsc::UnboundedSender<Prompt>>,
}

impl<'s> Person<'s> {
    pub(crate) fn of(server: &'s Handle) -> Self {
        Self::with(server, Habit::Browser)
    }

    pub(crate) fn with(server: &'s Handle, habit: Habit) -> Self {
        let (to_paste, clipboard) = mpsc::unbounded_channel();
        Self {
            server,
            habit,
            prompts: Vec::new(),
            notes: Vec::new(),
            rejections: Vec::new(),
            events: Vec::new(),
            to_paste,
            clipboard,
            prompted: None,
        }
    }

    /// What is pasted before anything else.
    pub(crate) fn pastes(&self, text: &str) {
        self.to_paste.send(Secret::new(text)).unwrap();
    }

    /// Signs in at this address, and gives the one that the browser is sent to.
    pub(crate) fn visit(&self, url: &str) -> String {
        let now = self.server.now_ms();
        self.server.server().authorize(now, url, Decision::Approve).expect("signed in")
    }
}

impl Host for Person<'_> {
    fn show(&mut self, prompt: &Prompt, _left: Duration) {
        self.prompts.push(prompt.clone());
        if let Some(prompted) = &self.prompted {
            prompted.send(prompt.clone()).unwrap();
        }
        let Prompt::OpenUrl { sign_ins, .. } = prompt else { return };
        let by = |way| sign_ins.iter().find(|sign_in| sign_in.way == way).expect("that way");
        match self.habit {
            Habit::Browser => {
                let back = self.visit(&by(Way::Redirect).url);
                tokio::spawn(async move { browse(&back).await });
            }
            Habit::Page => self.pastes(&shown_by_page(&self.visit(&by(Way::Page).url))),
            Habit::AddressBar => self.pastes(&self.visit(&by(Way::Redirect).url)),
            Habit::Nothing => {}
        }
    }

    fn note(&mut self, note: &Note) {
        self.notes.push(note.to_string());
    }

    fn paste(&mut self) -> BoxFuture<'_, Secret> {
        Box::pin(async { self.clipboard.recv().await.expect("the sender is here too") })
    }

    fn rejected(&mut self, why: Rejected) {
        self.rejections.push(why);
    }

    fn event(&mut self, event: &Event) {
        self.events.push(event.clone());
    }
}

/// `code#state`, as the page makes it of its query.
fn shown_by_page(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    format!("{}#{}", value("code"), value("state"))
}

/// What a browser does with a redirect to this machine; gives the status it gets.
pub(crate) async fn browse(url: &str) -> u16 {
    let url = url::Url::parse(url).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let target = &url[url::Position::BeforePath..];
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Mode: navigate\r\n\r\n");
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer["HTTP/1.1 ".len()..][..3].parse().unwrap()
}
