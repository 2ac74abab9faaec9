//! A login to which anything happens, in any order, and somebody who watches it from outside.
//!
//! An exhaustive search of small logins is complete where it goes; this goes where it cannot: any
//! interval, any life, any jump of either clock, any text, any order.

mod event;

use std::collections::BTreeSet;
use std::time::Duration;

pub use event::{Back, Event};
use grantflow_core::{
    Client, Digest, Endpoint, Flow, Machine as _, Now, Provider, Purpose, Redirect, Redirects,
    Rejected, Request, RequestId, Response, Scope, Secret, SnapshotError, Step, TransportError,
};

use crate::choices::Choices;
use crate::clients::{DAWN, Dialect, client, entropy};
use crate::token::callback;

/// What is done with a login, and examined.
#[derive(Clone, Copy, Debug)]
pub struct Doing {
    /// Asking what to do.
    pub poll: fn(&mut Flow, Now) -> Step,
    /// Telling what came.
    pub respond: Respond,
    /// Telling who came back.
    pub redirect: fn(&mut Flow, Now, Redirect<'_>) -> Result<(), Rejected>,
    /// Going on elsewhere.
    pub restore: fn(&Client, &Secret, Now) -> Result<Flow, SnapshotError>,
}

/// Telling what came.
pub type Respond =
    fn(&mut Flow, Now, RequestId, &Result<Response, TransportError>) -> Result<(), Rejected>;

impl Doing {
    /// As it is shipped.
    pub const SHIPPED: Self = Self {
        poll: |flow, now| flow.poll(now),
        respond: |flow, now, id, result| flow.handle_response(now, id, result),
        redirect: Flow::handle_redirect,
        restore: Flow::restore,
    };
}

/// The first byte chooses the login, the rest is what happens to it.
///
/// # Panics
/// When a law does not hold.
pub fn flow(bytes: &[u8], doing: Doing) {
    let mut choices = Choices::new(bytes);
    let mut observer = Observer::open(choices.byte(), doing);
    while !choices.is_used_up() {
        observer.observe(&Event::read(&mut choices));
    }
    observer.ends();
}

/// A login, and what somebody who watches it from outside knows.
#[derive(Debug)]
pub struct Observer {
    /// The login.
    pub flow: Flow,
    /// What its clocks say.
    pub now: Now,
    /// The request that is out.
    pub out: Option<RequestId>,
    /// What it has said, as that prints: without a secret.
    pub steps: Vec<String>,
    doing: Doing,
    client: Client,
    /// Real time, which no step of a clock changes.
    real: u64,
    ids: BTreeSet<u64>,
    answered_at: Option<u64>,
    interval: u64,
    right: Option<String>,
    secrets: Vec<String>,
    presented: Vec<Digest>,
    may_have_acted: u32,
    is_over: bool,
}

/// The browser logins come first.
const LOGINS: [(Dialect, bool); 5] = [
    (Dialect::Standard, true),
    (Dialect::Anthropic, true),
    (Dialect::Standard, false),
    (Dialect::Codex, false),
    (Dialect::Github, false),
];

impl Observer {
    /// At the beginning of one of five logins.
    ///
    /// # Panics
    /// When it does not begin.
    pub fn open(choice: u8, doing: Doing) -> Self {
        let (dialect, is_browser) = LOGINS[usize::from(choice) % LOGINS.len()];
        let client = client(dialect);
        let flow = if is_browser { browser_login(&client) } else { device_login(&client) };
        let right = is_browser.then(|| callback(&client, &flow, "the-code-of-this-login"));
        Self {
            doing,
            client,
            flow,
            now: DAWN,
            real: 0,
            out: None,
            ids: BTreeSet::new(),
            answered_at: None,
            interval: 0,
            right,
            secrets: Vec::new(),
            presented: Vec::new(),
            may_have_acted: 0,
            is_over: false,
            steps: Vec::new(),
        }
    }

    /// Lets this happen.
    ///
    /// # Panics
    /// When a law does not hold.
    pub fn observe(&mut self, event: &Event) {
        let before = self.flow.view(self.now);
        match event {
            Event::Poll => self.poll(),
            Event::Pass(ms) => self.pass(*ms),
            Event::Wait => self.pass(before.due_in.unwrap_or(0)),
            Event::StepWall(ms) => {
                self.now.wall = self.now.wall.saturating_add_signed(*ms);
                assert_eq!(
                    self.flow.view(self.now),
                    before,
                    "law 8: the wall clock changes no wait"
                );
            }
            // Forward is the laptop whose clock runs on while it sleeps: time that really passed.
            Event::StepMono(ms) => {
                self.now.mono = self.now.mono.saturating_add_signed(*ms);
                self.real += u64::try_from(*ms).unwrap_or(0);
            }
            Event::Answer(status, body) => self.answer(&Ok(Response::new(*status, body.as_str()))),
            Event::Fitting { codes, error } => {
                let body = if before.state == "Polling" { error } else { codes };
                self.answer(&Ok(Response::new(200, body.as_str())));
            }
            Event::Transport(error) => self.answer(&Err(*error)),
            Event::Stray(number) => self.stray(RequestId::from_number(*number)),
            Event::Redirect(back) => self.redirect(back),
            Event::Restart => self.restart(),
        }
        self.looks_right();
    }

    fn looks_right(&mut self) {
        let view = self.flow.view(self.now);
        let stays = !self.is_over || view.state == "Finished";
        assert!(stays, "law 3: an ended login stays ended, and this is {}", view.state);
        if let Some((interval, ..)) = view.pace {
            let is_slow = interval >= self.interval && interval >= 1_000;
            assert!(is_slow, "law 2: never faster: {interval} ms after {}", self.interval);
            self.interval = interval;
        }
        let shown = format!("{:?} {:?}", self.flow, self.flow.prompt());
        assert!(self.secrets.iter().all(|secret| !shown.contains(secret)), "law 6: {shown}");
    }

    fn pass(&mut self, ms: u64) {
        self.now.wall = self.now.wall.saturating_add(ms);
        self.now.mono = self.now.mono.saturating_add(ms);
        self.real = self.real.saturating_add(ms);
    }

    fn poll(&mut self) {
        let step = (self.doing.poll)(&mut self.flow, self.now);
        self.steps.push(format!("{step:?}"));
        match step {
            Step::Send(request) => self.sent(&request),
            Step::Wait(_) => {}
            Step::Done(outcome) => {
                assert!(!self.is_over, "law 3: an outcome is handed out once");
                self.is_over = true;
                let shown = format!("{outcome:?}");
                assert!(self.secrets.iter().all(|secret| !shown.contains(secret)), "law 6");
            }
        }
    }

    fn sent(&mut self, request: &Request) {
        assert_eq!(self.out.replace(request.id), None, "law 1: one request out");
        assert!(self.ids.insert(request.id.number()), "law 1: an id is used once");
        assert!(!self.is_over, "law 3: an ended login sends nothing");
        let is_known = is_endpoint(self.client.provider(), &request.url);
        assert!(is_known, "law 7: a request goes to its endpoint, not {}", request.url);
        match request.purpose {
            Purpose::PollDevice => {
                let waited = self.real - self.answered_at.expect("codes came before");
                assert!(waited >= self.interval, "law 2: {waited} ms, not {}", self.interval);
            }
            Purpose::RedeemCode => {
                self.presented.push(self.flow.view(self.now).holds.expect("a code"));
                let is_one = self.presented.iter().all(|code| *code == self.presented[0]);
                assert!(is_one, "law 5: one code for each login");
                let is_rare = self.may_have_acted < 2;
                assert!(is_rare, "law 5: presented twice, and may have been acted on");
                self.may_have_acted += 1;
            }
            Purpose::RequestDeviceCode | Purpose::ExchangeToken => {}
            Purpose::Refresh | Purpose::Revoke => panic!("no part of a login"),
        }
    }

    fn answer(&mut self, result: &Result<Response, TransportError>) {
        let Some(id) = self.out.take() else { return };
        let was_code = self.flow.view(self.now).state == "RedeemingCode";
        let taken = (self.doing.respond)(&mut self.flow, self.now, id, result);
        assert_eq!(taken, Ok(()), "law 1: an answer to what is out is taken");
        let again = (self.doing.respond)(&mut self.flow, self.now, id, result);
        assert!(again.is_err(), "law 1: answered once");
        let tries = self.flow.view(self.now).tries;
        // Sent again without a loss: the server did not act on it.
        if was_code && tries.0 > 0 && u32::from(tries.1) < self.may_have_acted {
            self.may_have_acted = tries.1.into();
        }
        self.answered_at = Some(self.real);
    }

    fn stray(&mut self, id: RequestId) {
        if self.out != Some(id) {
            let before = self.flow.view(self.now);
            let lost = Err(TransportError::Lost);
            let taken = (self.doing.respond)(&mut self.flow, self.now, id, &lost);
            assert!(taken.is_err(), "law 1: an answer to nothing is stale");
            assert_eq!(self.flow.view(self.now), before, "law 3: what is refused changes nothing");
        }
    }

    fn redirect(&mut self, back: &Back) {
        let (before, now) = (self.flow.view(self.now), self.now);
        let is_waiting = before.state == "AwaitingRedirect";
        match (back, self.right.clone()) {
            (Back::Right, Some(right)) if is_waiting => {
                let taken = (self.doing.redirect)(&mut self.flow, now, Redirect::Callback(&right));
                assert_eq!(taken, Ok(()), "{right}");
                self.secrets.push("the-code-of-this-login".into());
            }
            // Nobody guesses a state, but a fuzzer may be shown one.
            (Back::Wrong(text), right) if !shares_state(right.as_deref(), text) => {
                for redirect in [Redirect::Callback(text), Redirect::Pasted(text)] {
                    let taken = (self.doing.redirect)(&mut self.flow, now, redirect);
                    assert!(taken.is_err(), "law 4: a stranger's redirect is refused: {text:?}");
                    assert_eq!(self.flow.view(now), before, "law 4: and changes nothing: {text:?}");
                }
            }
            (Back::Right | Back::Replayed, right) => {
                let text = right.unwrap_or_else(|| "/callback?code=a&state=b".into());
                if !is_waiting {
                    let late =
                        (self.doing.redirect)(&mut self.flow, now, Redirect::Callback(&text));
                    assert!(late.is_err(), "law 3: one redirect for each login");
                    assert_eq!(
                        self.flow.view(now),
                        before,
                        "law 3: what is refused changes nothing"
                    );
                }
            }
            (Back::Wrong(_), _) => {}
        }
    }

    /// Another process, whose monotonic clock began elsewhere, goes on from the snapshot.
    fn restart(&mut self) {
        let Some(saved) = self.flow.save() else { return };
        self.now.mono = 1_000_000 + self.real;
        self.flow = (self.doing.restore)(&self.client, &saved, self.now).expect("what was saved");
        if self.out.take().is_some() {
            self.answered_at = Some(self.real);
        }
    }

    /// Law 3: left alone with a server that never answers, every login ends by itself.
    ///
    /// # Panics
    /// When it does not.
    pub fn ends(mut self) {
        for _ in 0..5_000 {
            if self.is_over {
                return;
            }
            match (self.doing.poll)(&mut self.flow, self.now) {
                Step::Send(request) => self.lose(request.id),
                Step::Wait(Some(wait)) => {
                    self.now.mono = self.now.mono.saturating_add(millis(wait).max(1));
                }
                Step::Wait(None) => match self.out.take() {
                    Some(id) => self.lose(id),
                    None => panic!("law 3: nothing will ever happen in {:?}", self.flow),
                },
                Step::Done(_) => self.is_over = true,
            }
        }
        panic!("law 3: no end of {:?}", self.flow);
    }

    fn lose(&mut self, id: RequestId) {
        let lost = Err(TransportError::Lost);
        (self.doing.respond)(&mut self.flow, self.now, id, &lost).expect("it is out");
    }
}

/// A login that has just begun, by whichever door the provider has.
pub(crate) fn begin(client: &Client) -> Flow {
    if client.provider().authorization_endpoint.is_some() {
        browser_login(client)
    } else {
        device_login(client)
    }
}

fn browser_login(client: &Client) -> Flow {
    let redirects = Redirects::loopback(50_123).or_page();
    Flow::authorization_code(client, Scope::default(), &redirects, &entropy(5), DAWN)
        .expect("a browser login")
}

fn device_login(client: &Client) -> Flow {
    Flow::device(client, Scope::default(), &entropy(5), DAWN).expect("a device login")
}

/// Whether this is one of the addresses that a provider takes requests at.
pub(crate) fn is_endpoint(provider: &Provider, url: &str) -> bool {
    let endpoints = [
        Some(&provider.token_endpoint),
        provider.device_authorization_endpoint.as_ref(),
        provider.revocation_endpoint.as_ref(),
        provider.device.poll_endpoint.as_ref(),
        provider.then.as_ref().map(|exchange| &exchange.endpoint),
    ];
    endpoints.into_iter().flatten().map(Endpoint::as_str).any(|known| known == url)
}

/// Whether the text has the beginning of a state of the right one's login in it.
fn shares_state(right: Option<&str>, text: &str) -> bool {
    let state = right.and_then(|right| right.split_once("state=")?.1.get(..6));
    state.is_some_and(|start| text.contains(start))
}

pub(crate) fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// By the shipped machine.
pub(crate) fn check(bytes: &[u8]) {
    flow(bytes, Doing::SHIPPED);
}
