//! One renewal at a time for everyone in this process: whoever comes while it is under way waits
//! for it, and after one that failed the next one waits.

use std::sync::Arc;
use std::time::Duration;

use grantflow_core as core;
use grantflow_core::{Digest, Due, Renewal, Unwritten};
use tokio::sync::SetOnce;

use super::Shared;
use crate::clock::millis;
use crate::error::Error;

/// After a renewal that failed, the next one waits for this long, then twice as long, and so on.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// An API that rejects a token this soon after it came in place of a rejected one does not mind the
/// token.
const NEW: Duration = Duration::from_secs(30);

/// The renewal that is under way, and what became of the last one.
#[derive(Default)]
pub(super) struct Flight {
    under_way: Option<UnderWay>,
    failures: u32,
    pause: Option<Pause>,
    /// What the last renewal could not write down.
    pub(super) unwritten: Unwritten,
    /// The last token that came in place of a rejected one, and when (monotonic, ms).
    replacement: Option<(Digest, u64)>,
}

/// A renewal that callers can wait for.
#[derive(Clone)]
pub(super) struct UnderWay {
    due: Due,
    stages: Arc<Stages>,
}

/// No renewal before this monotonic moment (ms).
struct Pause {
    until: u64,
    /// What to give instead; nothing where the last renewal did bring a token, which was due as soon
    /// as it came: a clock is wrong, and another token would be no better.
    why: Option<Arc<Error>>,
}

/// How far a renewal has come.
#[derive(Default)]
pub(super) struct Stages {
    /// The new tokens can be used, or there are none. They are not durable yet.
    delivered: SetOnce<()>,
    ended: SetOnce<Result<(), Arc<Error>>>,
}

/// What there is for a caller who wants a renewal.
pub(super) enum Boarding {
    /// One is under way.
    Join(UnderWay),
    /// None, and it is too early for another: the token is what it is.
    Stay,
    /// None: begin one.
    Begin,
}

impl Flight {
    /// What there is, now. The clock is read only after a renewal that failed: of ten thousand callers,
    /// most find one under way.
    pub(super) fn boarding(&self, due: Due, now: impl Fn() -> u64) -> Result<Boarding, Error> {
        if let Some(under_way) = &self.under_way {
            return Ok(Boarding::Join(under_way.clone()));
        }
        match (self.pause.as_ref().filter(|pause| now() < pause.until), due) {
            (Some(Pause { why: Some(why), .. }), _) => Err(Error::Shared(Arc::clone(why))),
            (Some(Pause { why: None, .. }), Due::Within { .. }) => Ok(Boarding::Stay),
            (Some(_), Due::Still(_)) | (None, _) => Ok(Boarding::Begin),
        }
    }

    /// Everyone who comes from now on waits for this one.
    pub(super) fn begin(&mut self, due: Due) -> (UnderWay, Arc<Stages>) {
        let stages = Arc::<Stages>::default();
        let under_way = UnderWay { due, stages: Arc::clone(&stages) };
        self.under_way = Some(under_way.clone());
        (under_way, stages)
    }

    pub(super) fn under_way(&self) -> Option<UnderWay> {
        self.under_way.clone()
    }

    /// It is over: the next one may begin, at once or after a pause.
    pub(super) fn land(&mut self, now: u64, is_due: bool, why: Option<Arc<Error>>) {
        self.under_way = None;
        if why.is_none() && !is_due {
            self.be_patient_no_more();
            return;
        }
        let pause = (PAUSE * 2u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures = (self.failures + 1).min(6);
        self.pause = Some(Pause { until: now + millis(pause), why });
    }

    /// For a person who asks: no pause holds them up, and a renewal that is under way is theirs too
    /// if it is one whatever the clock says.
    pub(super) fn due_in_any_case(&mut self) -> Option<Due> {
        self.be_patient_no_more();
        let due = self.under_way.as_ref().map(|under_way| under_way.due);
        due.filter(|due| matches!(due, Due::Still(_)))
    }

    /// What failed before says nothing now.
    pub(super) fn be_patient_no_more(&mut self) {
        (self.failures, self.pause) = (0, None);
    }

    pub(super) fn replaced_by(&mut self, token: Digest, now: u64) {
        self.replacement = Some((token, now));
    }

    pub(super) fn is_new_replacement(&self, token: Digest, now: u64) -> bool {
        self.replacement.is_some_and(|(own, at)| own == token && now < at + millis(NEW))
    }
}

impl UnderWay {
    /// Whether it brings what this one would: then there is no need for a second.
    pub(super) fn serves(&self, due: Due) -> bool {
        match (self.due, due) {
            (Due::Within { min_ttl, margin }, Due::Within { min_ttl: ttl, margin: wide }) => {
                min_ttl >= ttl && margin >= wide
            }
            (Due::Still(token), Due::Still(other)) => token == other,
            (Due::Still(_), Due::Within { .. }) => true,
            (Due::Within { .. }, Due::Still(_)) => false,
        }
    }

    /// Until the new tokens can be used.
    pub(super) async fn delivered(self) -> Result<(), Error> {
        self.stages.delivered.wait().await;
        match self.stages.ended.get() {
            Some(Err(why)) => Err(Error::Shared(Arc::clone(why))),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Until they are durable too.
    pub(super) async fn ended(self) -> Result<(), Error> {
        self.stages.ended.wait().await.clone().map_err(Error::Shared)
    }
}

impl Stages {
    pub(super) fn deliver(&self) {
        // A renewal that was overtaken may deliver a second time.
        let _ = self.delivered.set(());
    }

    fn end(&self, outcome: Result<(), Arc<Error>>) {
        // Only the end of its task ends a renewal.
        let _ = self.ended.set(outcome);
        self.deliver();
    }
}

/// A renewal in a task of its own. However the task ends, those who wait are told.
pub(super) struct Flying {
    shared: Arc<Shared>,
    stages: Arc<Stages>,
    ended: Option<Result<(), Arc<Error>>>,
}

impl Flying {
    pub(super) fn new(shared: Arc<Shared>, stages: Arc<Stages>) -> Self {
        Self { shared, stages, ended: None }
    }

    pub(super) async fn fly(mut self, mut renewal: Renewal) {
        let ended = self.shared.fly(&mut renewal, &self.stages).await;
        self.ended = Some(ended);
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        let ended = self.ended.take().unwrap_or_else(|| Err(Arc::new(abandoned())));
        self.shared.land(&ended);
        self.stages.end(ended);
    }
}

/// The renewal's task went away with its runtime, or panicked.
fn abandoned() -> Error {
    Error::Ended(core::Error::Cancelled)
}
