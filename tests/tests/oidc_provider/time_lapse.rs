//! The contract's loop over real HTTP, in a time lapse: instead of waiting, the server's clock and
//! ours go forward together.

use std::time::Duration;

use grantflow::core::{Error, Flow, Machine, Now, Redirects, Step, TransportError};
use grantflow::transport::{Http, HttpOptions, Transport as _};
use grantflow::{Client, Credential, Scope};
use grantflow_tests::world::{DAWN, entropy};

use crate::peer::Peer;

pub(crate) struct TimeLapse<'p> {
    peer: &'p Peer,
    http: Http,
    pub(crate) now: Now,
    /// Every wait, in order.
    pub(crate) waits: Vec<Duration>,
    /// The next answer does not reach us.
    pub(crate) loses_next: bool,
}

impl<'p> TimeLapse<'p> {
    pub(crate) fn around(peer: &'p Peer) -> Self {
        let http = Http::new(&HttpOptions::default()).unwrap();
        Self { peer, http, now: DAWN, waits: Vec::new(), loses_next: false }
    }

    pub(crate) fn browser_login(&self, client: &Client) -> Flow {
        let (scope, redirects) = (Scope::default(), Redirects::loopback(50_123));
        Flow::authorization_code(client, scope, &redirects, &entropy(1), self.now).unwrap()
    }

    pub(crate) fn device_login(&self, client: &Client) -> Flow {
        Flow::device(client, Scope::default(), &entropy(1), self.now).unwrap()
    }

    /// Goes on until so many more requests have been answered, or lost.
    pub(crate) async fn requests(&mut self, machine: &mut impl Machine, mut count: u32) {
        while count > 0 {
            match machine.poll(self.now) {
                Step::Done(outcome) => panic!("over before its time: {outcome:?}"),
                step @ (Step::Send(_) | Step::Wait(_)) => {
                    count -= u32::from(matches!(step, Step::Send(_)));
                    self.perform(machine, step).await;
                }
            }
        }
    }

    /// Goes on to the end.
    pub(crate) async fn drive(&mut self, machine: &mut impl Machine) -> Result<Credential, Error> {
        loop {
            match machine.poll(self.now) {
                Step::Done(outcome) => return outcome,
                step @ (Step::Send(_) | Step::Wait(_)) => self.perform(machine, step).await,
            }
        }
    }

    async fn perform(&mut self, machine: &mut impl Machine, step: Step) {
        match step {
            Step::Send(request) => {
                let id = request.id;
                let mut result = self.http.send(request).await;
                if std::mem::take(&mut self.loses_next) {
                    result = Err(TransportError::Lost);
                }
                machine.handle_response(self.now, id, &result).unwrap();
            }
            Step::Wait(Some(wait)) => {
                self.waits.push(wait);
                self.pass(wait).await;
            }
            Step::Wait(None) => panic!("only an input could move it, and none will come"),
            Step::Done(_) => {}
        }
    }

    /// Lets time pass, here and at the server.
    pub(crate) async fn pass(&mut self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.now = Now { wall: self.now.wall + ms, mono: self.now.mono + ms };
        self.peer.advance(time).await;
    }
}
