//! A renewal of one credential over a store that never fails, so that it can be driven like a login.

use grantflow_core::{
    Answer, Ask, Client, Credential, Due, Entropy, Error, Loaded, Machine, Now, Outcome, Rejected,
    Renewal, RenewalStep, RequestId, Response, Secret, Step, Task, TransportError,
};

const WHO: &str = "the only process";

/// [`Renewal`] with a record, a ledger and a stash in memory, and nobody else who wants the locks.
#[derive(Debug)]
pub struct Renewing {
    renewal: Renewal,
    record: Option<Credential>,
    is_borrowed: bool,
    ledger: Option<String>,
    stash: Option<Secret>,
}

impl Renewing {
    /// Renews `credential` now, whether it is due or not.
    pub fn new(client: &Client, credential: Credential, entropy: &Entropy, now: Now) -> Self {
        let ask = Ask::new(Due::Still(credential.access_token.digest()), WHO);
        let renewal = Renewal::renew(client, ask, entropy, now);
        Self { renewal, record: Some(credential), is_borrowed: false, ledger: None, stash: None }
    }

    /// The same with a record that is another tool's: writing it is a mistake of the renewal's.
    pub fn borrowed(client: &Client, credential: Credential, entropy: &Entropy, now: Now) -> Self {
        Self { is_borrowed: true, ..Self::new(client, credential, entropy, now) }
    }

    /// The ledger and the stash as they were left.
    pub fn left(&self) -> (Option<&str>, Option<&Secret>) {
        (self.ledger.as_deref(), self.stash.as_ref())
    }

    /// How it ends before it has sent anything; none if it sends.
    pub fn refused(mut self, now: Now) -> Option<Error> {
        match self.poll(now) {
            Step::Done(outcome) => outcome.err(),
            Step::Send(_) | Step::Wait(_) => None,
        }
    }

    fn perform(&mut self, task: Task) -> Answer {
        let reads = matches!(task, Task::Lock(..) | Task::Load | Task::Confirm | Task::Unlock);
        assert!(reads || !self.is_borrowed, "{task:?} in another tool's store");
        match task {
            Task::Lock(..) | Task::Probe | Task::Confirm | Task::Unlock => Answer::Done,
            Task::Alive(_) => Answer::Alive(false),
            Task::Load => Answer::Loaded(Box::new(Loaded {
                record: self.record.clone().map(Box::new),
                is_borrowed: self.is_borrowed,
                ledger: self.ledger.clone(),
                stash: self.stash.clone(),
            })),
            Task::Note(expected, ledger) => {
                assert!(expected.is_met_by(self.ledger.as_deref()), "nobody else writes here");
                self.ledger = Some(ledger);
                Answer::Done
            }
            Task::Stash(expected, stash) => {
                let there = self.stash.as_ref().map(Secret::expose);
                assert!(expected.is_met_by(there), "nobody else writes here");
                self.stash = stash;
                Answer::Done
            }
            Task::Save(_, credential) => {
                self.record = Some(*credential);
                Answer::Done
            }
            Task::Remove => {
                self.record = None;
                Answer::Done
            }
        }
    }
}

impl Machine for Renewing {
    fn state(&self) -> &'static str {
        self.renewal.state()
    }

    fn poll(&mut self, now: Now) -> Step {
        loop {
            match self.renewal.poll(now) {
                RenewalStep::Do(id, task) => {
                    let answer = self.perform(task);
                    let taken = self.renewal.handle_answer(now, id, answer);
                    assert_eq!(taken, Ok(()), "an answer to what is out is taken");
                }
                RenewalStep::Deliver(_) => {}
                RenewalStep::Send(request) => return Step::Send(request),
                RenewalStep::Wait(wait) => return Step::Wait(wait),
                RenewalStep::Done(outcome) => return Step::Done(outcome.map(credential)),
            }
        }
    }

    fn handle_response(
        &mut self,
        now: Now,
        id: RequestId,
        result: &Result<Response, TransportError>,
    ) -> Result<(), Rejected> {
        self.renewal.handle_response(now, id, result)
    }
}

/// What a renewal that went well brought.
fn credential(outcome: Outcome) -> Credential {
    match outcome {
        Outcome::Adopted(credential)
        | Outcome::Recovered(credential)
        | Outcome::Renewed(credential, _)
        | Outcome::StillGood(credential, _) => *credential,
        Outcome::SignedIn(_) | Outcome::SignedOut { .. } => panic!("no renewal: {outcome:?}"),
    }
}

/// How a renewal ends that [`Renewing`] began now and whose answer was lost.
pub fn interrupted(now: Now) -> Error {
    Error::Interrupted { at: now.wall, by: WHO.to_owned(), is_last: false }
}
