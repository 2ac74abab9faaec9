//! Rules of polling without a library of Rust behind them.

use serde_json::Value;

use super::{CLIENT_ID, INTERVAL_S, Shared, World, lock};

const SECOND: u64 = 1_000_000;

/// What a poll came to.
enum Answer {
    Tokens,
    Pending,
    /// The interval that it names, if it names one.
    SlowDown(Option<u64>),
    Lost,
    Refused,
}

/// `cli/oauth` at 43c05247 (22 Jun 2026), `device/device_flow.go`: it waits 1.2 times the interval,
/// 1.4 times after a `slow_down`, and gives up at the second, or when a request fails.
pub fn cli_oauth(world: &Shared) -> bool {
    let mut world = lock(world);
    let device_code = begin(&mut world);
    let (mut interval, mut tenths, mut slow_downs) = (INTERVAL_S * SECOND, 12, 0);
    loop {
        world.sleep(interval * tenths / 10);
        match poll(&mut world, &device_code) {
            Answer::Tokens => return true,
            Answer::Pending => {}
            Answer::SlowDown(named) => {
                slow_downs += 1;
                if slow_downs > 1 {
                    return false;
                }
                interval = named.map_or(interval + 5 * SECOND, |seconds| seconds * SECOND);
                tenths = 14;
            }
            Answer::Lost | Answer::Refused => return false,
        }
    }
}

/// RFC 8628 §3.5 at its word: one interval from request to request by the client's clock, five
/// seconds more for a `slow_down`, twice as long while answers are lost.
pub fn rfc_minimum(world: &Shared) -> bool {
    let mut world = lock(world);
    let device_code = begin(&mut world);
    let (mut interval, mut backoff, mut sent_at) = (INTERVAL_S * SECOND, 1, world.now());
    loop {
        let wait = (sent_at + interval * backoff).saturating_sub(world.now());
        world.sleep(wait);
        sent_at = world.now();
        match poll(&mut world, &device_code) {
            Answer::Tokens => return true,
            Answer::Pending => backoff = 1,
            Answer::SlowDown(_) => (interval, backoff) = (interval + 5 * SECOND, 1),
            Answer::Lost => backoff = (backoff * 2).min(16),
            Answer::Refused => return false,
        }
    }
}

/// What nobody can do: it reads the server's clock and sends so that each poll arrives in the very
/// moment from which it is allowed. No client that keeps to the interval in force is sooner.
pub fn best_possible(world: &Shared) -> bool {
    let mut world = lock(world);
    let device_code = begin(&mut world);
    let mut interval = INTERVAL_S * SECOND;
    let mut arrived_at = world.servers_time();
    loop {
        match poll_at(&mut world, &device_code, arrived_at + interval) {
            (Answer::Tokens, _) => return true,
            (Answer::Pending | Answer::Lost, at) => arrived_at = at,
            (Answer::SlowDown(_), at) => (interval, arrived_at) = (interval + 5 * SECOND, at),
            (Answer::Refused, _) => return false,
        }
    }
}

fn begin(world: &mut World) -> String {
    let (_, body) = world.send("/device_authorization", &[("client_id", CLIENT_ID)]).unwrap();
    let codes: Value = serde_json::from_str(&body).unwrap();
    codes["device_code"].as_str().unwrap().to_owned()
}

fn poll(world: &mut World, device_code: &str) -> Answer {
    poll_at(world, device_code, 0).0
}

/// A poll that arrives at this time or later, and when the next interval begins.
fn poll_at(world: &mut World, device_code: &str, earliest: u64) -> (Answer, u64) {
    let form = [
        ("client_id", CLIENT_ID),
        ("device_code", device_code),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
    ];
    let (answer, arrived_at) = world.send_to_arrive("/token", &form, earliest);
    let Some((status, body)) = answer else { return (Answer::Lost, arrived_at) };
    let body: Value = serde_json::from_str(&body).unwrap();
    let answer = match body["error"].as_str() {
        None if status == 200 => Answer::Tokens,
        Some("authorization_pending") => Answer::Pending,
        Some("slow_down") => Answer::SlowDown(body["interval"].as_u64()),
        _ => Answer::Refused,
    };
    (answer, arrived_at)
}
