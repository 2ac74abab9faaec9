//! Device logins of simulated people under a virtual clock: when each has the token, and with how
//! many polls. The server is the strict one of our tests, which shares no code with any client.

pub mod by_huskarl;
pub mod by_oauth2;
pub mod by_rule;
pub mod by_us;

use std::sync::{Arc, Mutex, MutexGuard};

use grantflow_test_server::{
    Config, Dialect, Endpoint, Fault, FaultRule, Finding, Hesitation, Person, Reply, Request,
    Server, Times,
};
use grantflow_tests::Chance;
use grantflow_tests::local::ISSUER;

/// The client that the server knows.
pub const CLIENT_ID: &str = "test-client";
/// What the server allows.
pub const INTERVAL_S: u64 = 5;

/// What the weather is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// How many percent faster than the server's the client's clocks run.
    pub fast_by: u64,
    /// How many percent of the polls never arrive; the connection breaks after a second.
    pub lost: u64,
    /// The first poll is told to slow down, though it comes in time.
    pub slow_down: bool,
}

/// One login: a server, a person, a network and two clocks. Time is in microseconds.
pub struct World {
    server: Server,
    weather: Weather,
    chance: Chance,
    /// By the server's clock.
    now: u64,
    approved_at: u64,
    polls: u64,
}

/// A world that a client's closures share.
pub type Shared = Arc<Mutex<World>>;

/// How a login went.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// From the approval to the token in hand, in milliseconds; none if it came to nothing.
    pub delay_ms: Option<f64>,
    /// How often it asked.
    pub polls: u64,
    /// How often that was too early by the server's clock.
    pub early: usize,
}

/// The person of this number: the same for every client.
pub fn login(person: u64, weather: Weather, client: &dyn Fn(&Shared) -> bool) -> Outcome {
    let world = Arc::new(Mutex::new(World::new(person, weather)));
    let has_token = client(&world);
    let world = lock(&world);
    let early = |finding: &&Finding| matches!(finding, Finding::EarlyPoll { .. });
    let findings = world.server.log().iter().flat_map(|entry| &entry.findings);
    #[expect(clippy::cast_precision_loss, reason = "minutes")]
    let delay_ms = has_token.then(|| (world.now - world.approved_at) as f64 / 1e3);
    Outcome { delay_ms, polls: world.polls, early: findings.filter(early).count() }
}

/// The world, for a moment.
pub fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap()
}

impl World {
    fn new(person: u64, weather: Weather) -> Self {
        let mut chance = Chance::new(person.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Ten seconds at least, then some sooner and some much later.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes")]
        let hesitation_ms = 10_000 + (-chance.part().ln() * 45_000.0).min(600_000.0) as u64;
        let mut config = Config::new(Dialect::Standard, ISSUER);
        (config.person, config.interval_s) = (Person::Approve, INTERVAL_S);
        config.hesitation = Hesitation::Ms(hesitation_ms);
        if weather.slow_down {
            let endpoint = Some(Endpoint::Token);
            config.faults =
                vec![FaultRule { fault: Fault::SlowDown, times: Times::Count(1), endpoint }];
        }
        let now = 1_780_000_000_000_000;
        let approved_at = hesitation_ms * 1000;
        Self { server: Server::new(config), weather, chance, now, approved_at, polls: 0 }
    }

    /// One request and its answer; none if it was lost on its way.
    pub fn send(&mut self, path: &str, form: &[(&str, &str)]) -> Option<(u16, String)> {
        self.deliver(&Request::post_form(path, form))
    }

    /// The same with a request as it stands.
    pub fn deliver(&mut self, request: &Request) -> Option<(u16, String)> {
        self.travelled(request, 0).0
    }

    /// The same so that it arrives at `earliest` by the server's clock, or as late as the network is
    /// slow; and when it arrived.
    pub fn send_to_arrive(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
        earliest: u64,
    ) -> (Option<(u16, String)>, u64) {
        self.travelled(&Request::post_form(path, form), earliest)
    }

    fn travelled(&mut self, request: &Request, earliest: u64) -> (Option<(u16, String)>, u64) {
        let is_poll = request.path_and_query == "/token";
        self.polls += u64::from(is_poll);
        if is_poll && self.chance.draw() % 100 < self.weather.lost {
            let lost_at = self.now.max(earliest);
            self.now += 1_000_000;
            return (None, lost_at);
        }
        if earliest == 0 {
            self.travel();
        } else {
            self.now = self.now.max(earliest);
        }
        let arrived_at = self.now;
        let begins = request.path_and_query == "/device_authorization";
        if begins {
            self.approved_at += self.now;
        }
        let reply = self.server.handle(self.now / 1000, request);
        self.travel();
        let Reply::Answer(answer) = reply else { return (None, arrived_at) };
        (Some((answer.status, String::from_utf8(answer.body).unwrap())), arrived_at)
    }

    /// 50 to 150 ms one way.
    fn travel(&mut self) {
        self.now += 50_000 + self.chance.draw() % 100_000;
    }

    /// The client waits so many of its own microseconds.
    pub fn sleep(&mut self, micros: u64) {
        self.now += (micros * 100).div_ceil(100 + self.weather.fast_by);
    }

    /// The client's clocks, in microseconds.
    pub fn now(&self) -> u64 {
        self.now / 100 * (100 + self.weather.fast_by)
    }

    /// The server's clock.
    pub fn servers_time(&self) -> u64 {
        self.now
    }
}

/// What a peer's HTTP client was given, as the server takes it.
fn sent<B: AsRef<[u8]>>(request: &http::Request<B>) -> Request {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
    Request {
        method: "POST".into(),
        path_and_query: request.uri().path().into(),
        headers: headers.collect(),
        body: request.body().as_ref().to_vec(),
    }
}
