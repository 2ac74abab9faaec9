//! A host without I/O: the contract's loop over a virtual clock and a server in the same process.

use std::time::Duration;

use grantflow_core::{
    Credential, Entropy, Error, Flow, Machine, Now, Prompt, Redirect, Rejected, Request, Response,
    Step, TransportError,
};
use grantflow_test_server::{self as server, Decision, Reply, Server};

/// The moment at which every virtual day begins.
pub const DAWN: Now = Now { wall: 1_780_000_000_000, mono: 5_000_000 };

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A request went out.
    Sent(grantflow_core::Purpose),
    /// Its answer was handed in: a status, or none.
    Answered(Option<u16>),
    /// Time passed.
    Waited(Duration),
}

/// A server, a clock that jumps and a record.
#[derive(Debug)]
pub struct World {
    /// The other side.
    pub server: Server,
    /// Both clocks.
    pub now: Now,
    /// How long each answer is on its way.
    pub latency: Duration,
    /// What happened so far.
    pub happened: Vec<Happened>,
    /// How many percent more of our time passes than of the server's.
    fast_by: u64,
}

impl World {
    /// A world around `server`, at dawn.
    pub fn new(server: Server) -> Self {
        Self { server, now: DAWN, latency: Duration::ZERO, happened: Vec::new(), fast_by: 0 }
    }

    /// From now on our clocks run so many percent faster than the server's.
    pub fn clock_runs_fast_by(&mut self, percent: u64) {
        self.fast_by = percent;
    }

    fn servers_time(&self) -> u64 {
        if self.fast_by == 0 {
            return self.now.wall;
        }
        DAWN.wall + (self.now.wall - DAWN.wall) * 100 / (100 + self.fast_by)
    }

    /// The contract without a place to save: poll; do what the step says; tell; repeat.
    ///
    /// # Errors
    /// How the machine ended, if not with a credential.
    ///
    /// # Panics
    /// When the machine does not end within ten thousand steps.
    pub fn drive(&mut self, machine: &mut impl Machine) -> Result<Credential, Error> {
        for _ in 0..10_000 {
            match machine.poll(self.now) {
                Step::Send(request) => {
                    self.happened.push(Happened::Sent(request.purpose));
                    let result = self.perform(&request);
                    let status = result.as_ref().ok().map(|response| response.status);
                    self.happened.push(Happened::Answered(status));
                    let accepted = machine.handle_response(self.now, request.id, &result);
                    assert_eq!(accepted, Ok(()), "an answer to what is out is taken");
                }
                Step::Wait(Some(wait)) => self.wait(wait),
                Step::Wait(None) => panic!("only an input could move it, and none will come"),
                Step::Done(outcome) => return outcome,
            }
        }
        panic!("no end in sight: {:?}", self.happened);
    }

    /// Drives a device login until it shows its code; false if it ends before.
    ///
    /// # Panics
    /// When the flow does not take an answer to what is out.
    pub fn drive_until_prompt(&mut self, flow: &mut Flow) -> bool {
        while flow.prompt().is_none() {
            match flow.poll(self.now) {
                Step::Send(request) => {
                    let result = self.perform(&request);
                    assert_eq!(flow.handle_response(self.now, request.id, &result), Ok(()));
                }
                Step::Wait(wait) => self.wait(wait.unwrap_or_default()),
                Step::Done(_) => return false,
            }
        }
        true
    }

    /// [`World::drive`] for a browser login whose person decides at once and comes back by a
    /// redirect.
    ///
    /// # Errors
    /// How the flow ended, if not with a credential.
    ///
    /// # Panics
    /// When there is no redirect, or the flow does not take it.
    pub fn sign_in(&mut self, flow: &mut Flow, decision: Decision) -> Result<Credential, Error> {
        let back = self.visit(flow, 0, decision);
        assert_eq!(flow.handle_redirect(self.now, Redirect::Callback(&back)), Ok(()));
        self.drive(flow)
    }

    /// Opens one of the addresses that the flow offers, decides, and returns where that leads.
    ///
    /// # Panics
    /// When the flow shows none, or the server does not redirect.
    pub fn visit(&mut self, flow: &Flow, index: usize, decision: Decision) -> String {
        let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else {
            panic!("{flow:?} offers no address")
        };
        match self.server.authorize(self.now.wall, &sign_ins[index].url, decision) {
            Ok(back) => back,
            Err(why) => panic!("no redirect: {why:?}; {:?}", self.server.log().last()),
        }
    }

    /// Performs one request: what a transport does.
    ///
    /// # Errors
    /// As the server's fault has it.
    pub fn perform(&mut self, request: &Request) -> Result<Response, TransportError> {
        let reply = self.server.handle(self.servers_time(), &translate(request));
        self.wait(self.latency);
        match reply {
            Reply::Answer(response) => {
                let retry_after = response.header("retry-after").map(str::to_owned);
                let answer = Response::new(response.status, response.body);
                Ok(match retry_after {
                    Some(value) => answer.with_retry_after(value),
                    None => answer,
                })
            }
            Reply::Reset { processed: false } => Err(TransportError::NotSent),
            Reply::Stall | Reply::Reset { processed: true } | Reply::Truncated { .. } => {
                self.wait(request.budget);
                Err(TransportError::Lost)
            }
        }
    }

    /// Lets time pass on both clocks.
    pub fn wait(&mut self, wait: Duration) {
        if !wait.is_zero() {
            self.happened.push(Happened::Waited(wait));
        }
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.now.wall += ms;
        self.now.mono += ms;
    }

    /// Everything the server found wrong with its client.
    pub fn findings(&self) -> Vec<server::Finding> {
        self.server.log().iter().flat_map(|entry| entry.findings.clone()).collect()
    }
}

/// Entropy that tells its draws apart.
pub fn entropy(seed: u8) -> Entropy {
    let mut bytes = [0; 128];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = seed.wrapping_mul(31).wrapping_add(u8::try_from(index).unwrap_or(0));
    }
    Entropy::new(bytes)
}

/// Hands in a redirect as a browser makes it.
///
/// # Errors
/// The flow's own.
pub fn callback(flow: &mut Flow, now: Now, text: &str) -> Result<(), Rejected> {
    flow.handle_redirect(now, Redirect::Callback(text))
}

/// A request as the server reads it.
pub(crate) fn translate(request: &Request) -> server::Request {
    let after_scheme = request.url.find("://").map_or(0, |at| at + 3);
    let path_at =
        request.url[after_scheme..].find('/').map_or(request.url.len(), |at| at + after_scheme);
    server::Request {
        method: request.method.as_str().to_owned(),
        path_and_query: request.url[path_at..].to_owned(),
        headers: request
            .headers
            .iter()
            .map(|header| (header.name.clone(), header.value.expose().to_owned()))
            .collect(),
        body: request.body.expose().as_bytes().to_vec(),
    }
}
