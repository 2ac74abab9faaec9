//! What `demo` tells is what the server saw.

use std::sync::OnceLock;

use grantflow_test_server::{Dialect, Endpoint};
use serde_json::{Value, json};

use crate::command::{Home, Run};

#[test]
fn the_demo_tells_what_the_server_saw() {
    let run = run();
    assert_eq!(run.code, Some(0), "{}", run.err);
    let events = run.events();
    let scenes: Vec<_> = events.split(|event| event["event"] == "scene").skip(1).collect();
    assert_eq!(scenes.len(), 5);
    for scene in &scenes {
        let log = scene.iter().find(|event| event["event"] == "server_log").unwrap();
        assert_eq!(log["findings"], json!([]));
        assert_eq!(log["requests"], Value::Array(told(scene)));
        assert!(!told(scene).is_empty(), "each scene asks for something");
    }
    assert_stretched(scenes[1]);
    assert_eq!(last_path(scenes[2]), "/oauth/token", "Codex's code is redeemed");
    let second = Dialect::Github.path(Endpoint::SecondToken);
    assert_eq!(Some(last_path(scenes[3]).as_str()), second);
    assert!(scenes[4].iter().any(|event| event["event"] == "renewed"));

    let seconds = run.event("demo_finished")["seconds"].as_f64().unwrap();
    assert!(seconds < 20.0, "{seconds} s are too long to watch");
}

/// One run for all who look at it: its waits are real.
pub(crate) fn run() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| Home::new().run(&["demo", "--json"]))
}

/// The requests by the driver's events, as the server would list them.
fn told(scene: &[Value]) -> Vec<Value> {
    let named = |name: &'static str| scene.iter().filter(move |event| event["event"] == name);
    let requests = named("request").map(|request| {
        let endpoint = request["endpoint"].as_str().unwrap();
        let path = &endpoint[endpoint.match_indices('/').nth(2).unwrap().0..];
        let answer = named("response").find(|response| response["id"] == request["id"]);
        json!({
            "method": request["method"], "path": path,
            "status": answer.map(|answer| &answer["status"]),
        })
    });
    requests.collect()
}

fn last_path(scene: &[Value]) -> String {
    told(scene).last().unwrap()["path"].as_str().unwrap().to_owned()
}

/// `slow_down` adds five seconds to the interval, and to the wait that follows.
#[track_caller]
fn assert_stretched(scene: &[Value]) {
    let intervals: Vec<_> = scene.iter().filter_map(|event| event["interval"].as_f64()).collect();
    assert_eq!((intervals.first(), intervals.last()), (Some(&1.0), Some(&6.0)));
    let last = scene.iter().rfind(|event| event["event"] == "wait").unwrap();
    let last = last["seconds"].as_f64().unwrap();
    assert!(last > 5.0, "{last}");
}
