//! Bad input, row by row: what each leads to is asserted by its kind. What is said of each kind has
//! a file of its own.

mod answers;
mod claims;
mod clients;
mod devices;
mod endpoints;
mod errors;
mod formats;
mod issuers;
mod pastes;
mod polls;
mod presets;
mod redirects;
mod strangers;
mod tokens;
mod verifiers;
mod words;

use grantflow_core::{Client, Error, Flow, Machine, Now, Prompt, Request, Response, Step};
use grantflow_tests::local::{browser_login, device_login};
use grantflow_tests::world::{DAWN, callback};

/// Where one answer leads.
#[derive(Debug, PartialEq)]
enum After {
    Granted,
    Failed(Error),
    /// The same request goes out again, after a wait.
    Again,
}

/// Hands in the answer to `request` and looks what comes of it.
fn after(machine: &mut impl Machine, request: &Request, response: Response) -> After {
    match step_after(machine, request, response) {
        Step::Done(Ok(_)) => After::Granted,
        Step::Done(Err(why)) => After::Failed(why),
        Step::Wait(Some(_)) => After::Again,
        step @ (Step::Wait(None) | Step::Send(_)) => panic!("an answer led to {step:?}"),
    }
}

fn step_after(machine: &mut impl Machine, request: &Request, response: Response) -> Step {
    let taken = machine.handle_response(DAWN, request.id, &Ok(response));
    assert_eq!(taken, Ok(()), "an answer to what is out is taken");
    machine.poll(DAWN)
}

/// A browser login that has sent its code to the token endpoint, and what it sent.
fn redeeming(client: &Client) -> (Flow, Request) {
    redeeming_code(client, "the-code")
}

fn redeeming_code(client: &Client, code: &str) -> (Flow, Request) {
    let mut flow = browser_login(client, 50_123, 1);
    let back = way_back(&flow, 0).with(&format!("code={code}"));
    assert_eq!(callback(&mut flow, DAWN, &back), Ok(()));
    let request = sent(&mut flow);
    (flow, request)
}

/// The request that goes out at dawn.
fn sent(machine: &mut impl Machine) -> Request {
    sent_at(machine, DAWN)
}

fn sent_at(machine: &mut impl Machine, now: Now) -> Request {
    match machine.poll(now) {
        Step::Send(request) => request,
        step @ (Step::Wait(_) | Step::Done(_)) => panic!("nothing is sent: {step:?}"),
    }
}

/// One way back from the sign-in page, as a browser would learn it.
#[derive(Debug)]
struct WayBack {
    redirect_uri: String,
    state: String,
    iss: String,
}

fn way_back(flow: &Flow, index: usize) -> WayBack {
    let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else {
        panic!("{flow:?} offers no address")
    };
    let opened = &sign_ins[index];
    let state = parameter(&opened.url, "state").expect("a state in what is opened");
    let iss = grantflow_tests::local::ISSUER.to_owned();
    WayBack { redirect_uri: opened.redirect_uri.clone(), state, iss }
}

impl WayBack {
    /// The redirect that brings `parameters` with the right `state` and `iss`.
    fn with(&self, parameters: &str) -> String {
        self.fill(&format!("{{uri}}?{parameters}&state={{state}}&iss={{iss}}"))
    }

    /// `template` with this way's parts for `{uri}`, `{state}` and `{iss}`.
    fn fill(&self, template: &str) -> String {
        template
            .replace("{uri}", &self.redirect_uri)
            .replace("{state}", &self.state)
            .replace("{iss}", &self.iss)
    }
}

/// A parameter of a URL's query, decoded.
fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    field(query, name)
}

/// A field of a form, decoded.
fn field(form: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A device login whose request for codes was answered with `reply`.
fn polling(client: &Client, reply: &str) -> Flow {
    let mut flow = device_login(client, 1);
    let request = sent(&mut flow);
    let taken = flow.handle_response(DAWN, request.id, &Ok(Response::new(200, reply)));
    assert_eq!(taken, Ok(()));
    flow
}

/// A device login whose first poll was answered with `reply`.
fn approved(client: &Client, reply: &str) -> Flow {
    let mut flow = polling(client, DEVICE_REPLY);
    let request = sent_at(&mut flow, later(DAWN, 5_000));
    let taken = flow.handle_response(DAWN, request.id, &Ok(Response::new(200, reply)));
    assert_eq!(taken, Ok(()));
    flow
}

/// By the book (RFC 8628 §3.2).
const DEVICE_REPLY: &str = r#"{"device_code":"d-1","user_code":"WDJB-MJHT","expires_in":900,
    "interval":5,"verification_uri":"https://issuer.example/device"}"#;

fn later(now: Now, ms: u64) -> Now {
    Now { wall: now.wall + ms, mono: now.mono + ms }
}
