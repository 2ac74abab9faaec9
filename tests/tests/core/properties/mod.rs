//! Arbitrary sequences of replies, losses, restarts, clock steps and redirects, against the laws.
//!
//! The search of the doors (`exhaustive`) is complete for small numbers; this goes where it cannot:
//! any interval, any life, any jump of either clock, any order.

mod events;

use std::collections::BTreeSet;
use std::time::Duration;

use events::{Back, Event, event};
use grantflow_core::{
    Client, Digest, Flow, Machine, Now, Prompt, Purpose, Redirect, Request, RequestId, Response,
    Step, TransportError,
};
use grantflow_test_server::Dialect;
use grantflow_tests::local::{browser_login, client, device_login, port};
use grantflow_tests::{covers, world::DAWN};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn no_order_of_events_breaks_a_law(
        kind in 0_usize..5,
        events in prop::collection::vec(event(), 1..120),
    ) {
        covers(&["B-CB-26", "B-CB-27", "B-CK-01", "B-CK-02", "N-8628-03", "N-8628-10"]);
        let mut observer = Observer::open(kind);
        for event in events {
            observer.observe(event);
        }
        observer.ends();
    }

    /// Law 10: a second machine that is told the same things takes the same steps.
    #[test]
    fn the_same_inputs_give_the_same_steps(
        kind in 0_usize..5,
        events in prop::collection::vec(event(), 1..60),
    ) {
        let (mut one, mut other) = (Observer::open(kind), Observer::open(kind));
        for event in events {
            one.observe(event.clone());
            other.observe(event);
            prop_assert_eq!(one.flow.view(one.now), other.flow.view(other.now));
            prop_assert_eq!(one.out, other.out);
            prop_assert_eq!(&one.steps, &other.steps);
            prop_assert_eq!(one.flow.prompt(), other.flow.prompt());
        }
    }
}

#[test]
fn the_sequences_go_everywhere() {
    let mut runner = TestRunner::deterministic();
    let sequences = (0_usize..5, prop::collection::vec(event(), 1..120));
    let mut seen = BTreeSet::new();
    for _ in 0..400 {
        let (kind, events) = sequences.new_tree(&mut runner).expect("a sequence").current();
        let mut observer = Observer::open(kind);
        for event in events {
            observer.observe(event);
            let view = observer.flow.view(observer.now);
            seen.insert(view.state);
            if view.pace.is_some_and(|(_, _, slow_downs)| slow_downs > 1) {
                seen.insert("slowed down twice");
            }
            if view.state == "RedeemingCode" && view.tries.1 > 0 {
                seen.insert("a code presented twice");
            }
        }
    }
    let everywhere = BTreeSet::from([
        "AwaitingRedirect",
        "ExchangingToken",
        "Finished",
        "Polling",
        "RedeemingCode",
        "RequestingCode",
        "a code presented twice",
        "slowed down twice",
    ]);
    assert_eq!(seen, everywhere);
}

/// 256 sequences in an ordinary run; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

/// A login, and what somebody who watches it from outside knows.
struct Observer {
    client: Client,
    flow: Flow,
    now: Now,
    /// Real time, which no step of a clock changes.
    real: u64,
    out: Option<RequestId>,
    ids: BTreeSet<u64>,
    answered_at: Option<u64>,
    interval: u64,
    right: Option<String>,
    secrets: Vec<String>,
    presented: Vec<Digest>,
    may_have_acted: u32,
    is_over: bool,
    /// As they print: without a secret.
    steps: Vec<String>,
}

impl Observer {
    fn open(kind: usize) -> Self {
        use Dialect::{Anthropic, Codex, Github, Standard};
        let (dialect, is_browser) = [
            (Standard, true),
            (Anthropic, true),
            (Standard, false),
            (Codex, false),
            (Github, false),
        ][kind];
        let client = client(dialect);
        let flow = if is_browser {
            browser_login(&client, port(dialect), 5)
        } else {
            device_login(&client, 5)
        };
        let right = match flow.prompt() {
            Some(Prompt::OpenUrl { sign_ins, .. }) => {
                let url = url::Url::parse(&sign_ins[0].url).expect("a URL");
                let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1;
                let iss = client.provider().issuer.as_deref().unwrap_or_default();
                let path = url::Url::parse(&sign_ins[0].redirect_uri).expect("a URL");
                Some(format!("{}?code=the-code&state={state}&iss={iss}", path.path()))
            }
            Some(Prompt::EnterCode { .. }) | None => None,
        };
        Self {
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

    fn observe(&mut self, event: Event) {
        let before = self.flow.view(self.now);
        match event {
            Event::Poll => self.poll(),
            Event::Pass(ms) => self.pass(ms),
            Event::Wait => self.pass(before.due_in.unwrap_or(0)),
            Event::StepWall(ms) => {
                self.now.wall = self.now.wall.saturating_add_signed(ms);
                assert_eq!(self.flow.view(self.now), before, "law 8");
            }
            // Forward is the laptop whose clock runs on while it sleeps: time that really passed.
            Event::StepMono(ms) => {
                self.now.mono = self.now.mono.saturating_add_signed(ms);
                self.real += u64::try_from(ms).unwrap_or(0);
            }
            Event::Answer(status, body) => self.answer(&Ok(Response::new(status, body))),
            Event::Fitting { codes, error } => {
                let body = if before.state == "Polling" { error } else { codes };
                self.answer(&Ok(Response::new(200, body)));
            }
            Event::Transport(error) => self.answer(&Err(error)),
            Event::Stray(number) => {
                let id = RequestId::from_number(number);
                if self.out != Some(id) {
                    let lost = Err(TransportError::Lost);
                    assert!(self.flow.handle_response(self.now, id, &lost).is_err(), "law 1");
                    assert_eq!(self.flow.view(self.now), before, "law 3");
                }
            }
            Event::Redirect(back) => self.redirect(&back),
            Event::Restart => self.restart(),
        }
        if self.is_over {
            assert_eq!(self.flow.view(self.now).state, "Finished", "law 3");
        }
        if let Some((interval, ..)) = self.flow.view(self.now).pace {
            assert!(interval >= self.interval && interval >= 1_000, "law 2: never faster");
            self.interval = interval;
        }
        let shown = format!("{:?} {:?}", self.flow, self.flow.prompt());
        assert!(self.secrets.iter().all(|secret| !shown.contains(secret)), "law 6: {shown}");
    }

    fn pass(&mut self, ms: u64) {
        self.now.wall += ms;
        self.now.mono += ms;
        self.real += ms;
    }

    fn poll(&mut self) {
        let step = self.flow.poll(self.now);
        self.steps.push(format!("{step:?}"));
        match step {
            Step::Send(request) => self.sent(&request),
            Step::Wait(_) => {}
            Step::Done(outcome) => {
                assert!(!self.is_over, "an outcome is handed out once");
                self.is_over = true;
                let shown = format!("{outcome:?}");
                assert!(self.secrets.iter().all(|secret| !shown.contains(secret)), "law 6");
            }
        }
    }

    fn sent(&mut self, request: &Request) {
        assert_eq!(self.out.replace(request.id), None, "law 1: one request out");
        assert!(self.ids.insert(request.id.number()), "law 1: an id is used once");
        assert!(!self.is_over, "law 3");
        assert!(request.url.starts_with("http://127.0.0.1:4000/"), "law 7: {}", request.url);
        match request.purpose {
            Purpose::PollDevice => {
                let waited = self.real - self.answered_at.expect("codes came before");
                assert!(waited >= self.interval, "law 2: {waited} ms, not {}", self.interval);
            }
            Purpose::RedeemCode => {
                self.presented.push(self.flow.view(self.now).holds.expect("a code"));
                assert!(self.presented.iter().all(|code| *code == self.presented[0]), "law 5");
                assert!(
                    self.may_have_acted < 2,
                    "law 5: presented twice, and may have been acted on"
                );
                self.may_have_acted += 1;
            }
            Purpose::RequestDeviceCode | Purpose::ExchangeToken => {}
            Purpose::Refresh | Purpose::Revoke => panic!("no part of a login"),
        }
    }

    fn answer(&mut self, result: &Result<Response, TransportError>) {
        let Some(id) = self.out.take() else { return };
        let was_code = self.flow.view(self.now).state == "RedeemingCode";
        assert_eq!(self.flow.handle_response(self.now, id, result), Ok(()));
        assert!(self.flow.handle_response(self.now, id, result).is_err(), "law 1: answered once");
        let tries = self.flow.view(self.now).tries;
        // Sent again without a loss: the server did not act on it.
        if was_code && tries.0 > 0 && u32::from(tries.1) < self.may_have_acted {
            self.may_have_acted = tries.1.into();
        }
        self.answered_at = Some(self.real);
    }

    fn redirect(&mut self, back: &Back) {
        let (before, now) = (self.flow.view(self.now), self.now);
        let is_waiting = before.state == "AwaitingRedirect";
        match (back, self.right.clone()) {
            (Back::Right, Some(right)) if is_waiting => {
                let taken = self.flow.handle_redirect(now, Redirect::Callback(&right));
                assert_eq!(taken, Ok(()), "{right}");
                self.secrets.push("the-code".into());
            }
            (Back::Wrong(text), _) => {
                for redirect in [Redirect::Callback(text), Redirect::Pasted(text)] {
                    assert!(self.flow.handle_redirect(now, redirect).is_err(), "law 4: {text}");
                    assert_eq!(self.flow.view(now), before, "law 4: {text}");
                }
            }
            (Back::Right | Back::Replayed, right) => {
                let text = right.unwrap_or_else(|| "/callback?code=a&state=b".into());
                if !is_waiting {
                    let late = self.flow.handle_redirect(now, Redirect::Callback(&text));
                    assert!(late.is_err(), "one redirect per login");
                    assert_eq!(self.flow.view(now), before, "law 3");
                }
            }
        }
    }

    /// Another process, whose monotonic clock began elsewhere, goes on from the snapshot.
    fn restart(&mut self) {
        let Some(saved) = self.flow.save() else { return };
        self.now.mono = 1_000_000 + self.real;
        self.flow = Flow::restore(&self.client, &saved, self.now).expect("what was saved");
        if self.out.take().is_some() {
            self.answered_at = Some(self.real);
        }
    }

    /// Law 3: left alone with a server that never answers, every login ends by itself.
    fn ends(mut self) {
        for _ in 0..5_000 {
            if self.is_over {
                return;
            }
            match self.flow.poll(self.now) {
                Step::Send(request) => {
                    let lost = Err(TransportError::Lost);
                    self.flow.handle_response(self.now, request.id, &lost).expect("it is out");
                }
                Step::Wait(Some(wait)) => self.now.mono += millis(wait).max(1),
                Step::Wait(None) => match self.out.take() {
                    Some(id) => {
                        let lost = Err(TransportError::Lost);
                        self.flow.handle_response(self.now, id, &lost).expect("it is out");
                    }
                    None => panic!("law 3: nothing will ever happen in {:?}", self.flow),
                },
                Step::Done(_) => self.is_over = true,
            }
        }
        panic!("law 3: no end of {:?}", self.flow);
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
