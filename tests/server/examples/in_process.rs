//! How a project tests its OAuth client against this server, without a port, a clock or a sleep.
//!
//! `Client` stands for the code under test: it logs a device in (RFC 8628) through whatever sends
//! its requests. Here that is the machine itself, and waiting is adding to a number.
//!
//! ```sh
//! cargo run -p grantflow-test-server --example in_process
//! ```

use grantflow_test_server::{
    Config, Dialect, Fault, Finding, Hesitation, Person, Request, Response, Server,
};
use serde_json::Value;

fn main() {
    // A person who approves after two polls, and a connection that dies once on the way.
    let mut world = World {
        server: Server::new(Config {
            person: Person::Approve,
            hesitation: Hesitation::Polls(2),
            faults: vec![Fault::ResetBefore.once()],
            ..Config::new(Dialect::Standard, "https://issuer.example")
        }),
        now_ms: 0,
    };
    let access_token = log_in(&mut world, 5);
    assert!(access_token.is_some(), "the login survives a connection that dies");
    assert_eq!(findings(&world), [], "and does nothing that it must not");

    // The same client with a bug: it does not wait long enough. The server slows it down, and
    // says what was wrong, and by how much.
    world.server = Server::new(Config::new(Dialect::Standard, "https://issuer.example"));
    log_in(&mut world, 4);
    assert_eq!(findings(&world)[0], Finding::EarlyPoll { early_by_ms: 1000 });

    for entry in world.server.log().iter().take(4) {
        println!("{}", entry.to_json());
    }
}

/// What the code under test sees of the world.
struct World {
    server: Server,
    now_ms: u64,
}

impl World {
    /// `None` when the connection died.
    fn send(&mut self, request: &Request) -> Option<Response> {
        self.server.handle(self.now_ms, request).answer()
    }

    fn sleep(&mut self, seconds: u64) {
        self.now_ms += seconds * 1000;
    }
}

/// The code under test.
fn log_in(world: &mut World, interval_s: u64) -> Option<String> {
    let fields = [("client_id", "test-client")];
    let begin = Request::post_form("/device_authorization", &fields);
    let reply = loop {
        match world.send(&begin) {
            Some(response) => break json(&response),
            None => world.sleep(1),
        }
    };
    let poll = Request::post_form(
        "/token",
        &[
            ("client_id", "test-client"),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", reply["device_code"].as_str()?),
        ],
    );
    for _ in 0..5 {
        world.sleep(interval_s);
        if let Some(response) = world.send(&poll)
            && let Some(token) = json(&response)["access_token"].as_str()
        {
            return Some(token.to_owned());
        }
    }
    None
}

fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

fn findings(world: &World) -> Vec<Finding> {
    world.server.log().iter().flat_map(|entry| entry.findings.clone()).collect()
}
