//! How long new tokens exist and are not safe: from the server's answer to the disk.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use grantflow::drive::BoxFuture;
use grantflow::transport::Transport;
use grantflow::{Event, Logins};
use grantflow_bench::place::Place;
use grantflow_bench::results::{Row, Series, is_quick, write};
use grantflow_core::{Request, Response, TransportError};
use grantflow_tests::in_process::InProcess;

#[tokio::main]
pub(crate) async fn measure() {
    let place = Place::new();
    place.put(&place.first);
    let times = Arc::new(Mutex::new(Times::default()));
    let transport = Timed { desk: place.desk.clone(), times: Arc::clone(&times) };
    let seen = Arc::clone(&times);
    let logins = Logins::over(place.store(), Arc::new(transport)).with_client(place.client.clone());
    let logins = logins.with_watch(move |event| seen.lock().unwrap().see(event));
    for _ in 0..if is_quick() { 20 } else { 500 } {
        logins.refresh("standard").await.unwrap();
    }
    let times = std::mem::take(&mut *times.lock().unwrap());
    let rows = [
        ("in hand", times.answered),
        ("in the stash, durable: a crash loses nothing from here on", times.stashed),
        ("in the record, durable", times.saved),
    ];
    write(
        "safety",
        &rows.map(|(name, ns)| Row::new(name, vec![Series { ns, ..Series::new("grantflow") }])),
    );
}

/// The in-process server, and when it has answered.
struct Timed {
    desk: InProcess,
    times: Arc<Mutex<Times>>,
}

/// In nanoseconds since the answer.
#[derive(Default)]
struct Times {
    rotated: Option<Instant>,
    answered: Vec<f64>,
    stashed: Vec<f64>,
    saved: Vec<f64>,
}

impl Times {
    fn see(&mut self, event: &Event) {
        let Some(since) = self.rotated.map(|rotated| nanos(rotated.elapsed())) else { return };
        if let Event::Answered { .. } = event {
            self.answered.push(since);
        }
        if let Event::Performed { task: "stash", went_well: true } = event {
            self.stashed.push(since);
        }
        if let Event::Performed { task: "save", went_well: true } = event {
            self.saved.push(since);
            self.rotated = None;
        }
    }
}

impl Transport for Timed {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let (sending, times) = (self.desk.send(request), Arc::clone(&self.times));
        Box::pin(async move {
            let answer = sending.await;
            times.lock().unwrap().rotated = Some(Instant::now());
            answer
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds")]
fn nanos(time: Duration) -> f64 {
    time.as_nanos() as f64
}
