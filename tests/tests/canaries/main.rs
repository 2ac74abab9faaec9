//! Logins, renewals, logouts and failures with everything listened to: what the libraries log at
//! their loudest, what every public value prints, panics, requests and files. No secret is in it.
#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod ears;
mod front;
mod person;
mod scene;
mod traits;

use std::sync::Arc;

use grantflow::core::{Request, Response, TransportError};
use grantflow::drive::BoxFuture;
use grantflow::transport::Transport;
use grantflow::{Logins, Route};
use grantflow_test_server::{Config, Dialect, Endpoint, Fault, Hesitation};
use grantflow_tests::canaries::Canaries;
use grantflow_tests::covers;
use tokio::task::JoinSet;

use front::Speech;
use person::Habit;
use scene::{Road, Scene};

#[tokio::test]
async fn a_login_a_renewal_and_a_logout_leak_nothing() {
    covers(&["S-T-01", "S-05", "S-11", "N-6750-01", "C-38"]);
    let mut scenarios = JoinSet::new();
    for (dialect, route, habit) in [
        (Dialect::Standard, Route::Browser, Habit::Browser),
        (Dialect::Standard, Route::Device, Habit::Browser),
        (Dialect::Standard, Route::Paste, Habit::Pastes),
        (Dialect::Anthropic, Route::Browser, Habit::Browser),
        (Dialect::Anthropic, Route::Paste, Habit::Pastes),
        (Dialect::Codex, Route::Browser, Habit::Browser),
        (Dialect::Codex, Route::Device, Habit::Browser),
        (Dialect::Github, Route::Device, Habit::Browser),
        (Dialect::Google, Route::Browser, Habit::Browser),
        (Dialect::Google, Route::Device, Habit::Browser),
    ] {
        scenarios.spawn(from_login_to_logout(dialect, route, habit));
    }
    assert_eq!(scenarios.join_all().await.len(), 10);
}

async fn from_login_to_logout(dialect: Dialect, route: Route, habit: Habit) {
    let slow = |config: &mut Config| config.hesitation = Hesitation::Polls(1);
    let mut scene = Scene::with(dialect, Road::Plain, slow).await;
    assert!(scene.login(route, habit).await, "{dialect} {route:?}");
    scene.use_and_renew().await;
    scene.look_into_files(&["auth.json", "bak"]);
    scene.logout().await;
    scene.look_into_files(&[]);
    scene.ends_without_a_leak(&format!("{dialect} {route:?}"));
}

#[tokio::test]
async fn over_tls_and_http_2_the_libraries_log_no_secret_either() {
    covers(&["S-T-01", "S-05"]);
    for (speech, libraries) in [
        (Speech::Http1, &["rustls", "reqwest", "hyper_util"][..]),
        (Speech::Http2, &["rustls", "reqwest", "hyper_util", "h2"]),
    ] {
        let mut scene = Scene::with(Dialect::Standard, Road::Tls(speech), |_| {}).await;
        assert!(scene.login(Route::Browser, Habit::Browser).await, "{speech:?}");
        scene.use_and_renew().await;
        scene.logout().await;
        let log = ears::logged();
        let said_by = |library: &str| log.lines().any(|line| line.starts_with(library));
        for library in libraries {
            assert!(said_by(library), "{library} was listened to");
        }
        assert_eq!(said_by("hyper::"), cfg!(hyper_unstable_tracing), "hyper itself");
        scene.ends_without_a_leak(&format!("over TLS, {speech:?}"));
    }
}

#[tokio::test]
async fn failures_leak_nothing() {
    covers(&["S-T-01", "S-14", "C-39", "B-CB-13", "B-CB-24"]);
    let mut scenarios = JoinSet::new();
    for fault in [
        Fault::ErrorEcho,
        Fault::Html200,
        Fault::TruncatedJson,
        Fault::TruncatedBody,
        Fault::InternalError,
        Fault::Redirect307,
        Fault::Expiry,
        Fault::EmptyBody,
    ] {
        for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Google] {
            scenarios.spawn(a_login_that_meets(fault, dialect));
            scenarios.spawn(a_renewal_that_meets(fault, dialect));
        }
    }
    assert_eq!(scenarios.join_all().await.len(), 48);
}

async fn a_login_that_meets(fault: Fault, dialect: Dialect) {
    let mut scene = Scene::with(dialect, Road::Plain, |_| {}).await;
    scene.server.server().inject(fault.always().at(Endpoint::Token));
    assert!(!scene.login(Route::Browser, Habit::Browser).await, "{fault:?}");
    scene.look_into_files(&[]);
    scene.ends_without_a_leak(&format!("a login, {dialect} {fault:?}"));
}

async fn a_renewal_that_meets(fault: Fault, dialect: Dialect) {
    let mut scene = Scene::with(dialect, Road::Plain, |_| {}).await;
    assert!(scene.login(Route::Browser, Habit::Browser).await);
    scene.server.server().inject(fault.always().at(Endpoint::Token));
    scene.renew().await;
    scene.look_into_files(&["auth.json", "bak"]);
    scene.logout().await;
    scene.look_into_files(&[]);
    scene.ends_without_a_leak(&format!("a renewal, {dialect} {fault:?}"));
}

#[tokio::test]
async fn a_crash_tells_nothing() {
    covers(&["S-06", "S-T-01"]);
    let scene = Scene::with(Dialect::Standard, Road::Plain, |_| {}).await;
    let (mut canaries, client) = (Canaries::default(), scene.client.clone());
    let logins = Logins::over(grantflow::MemoryStore::default(), Arc::new(Crashing));
    let options = scene::options(Route::Device);
    let crash = tokio::spawn(async move {
        let mut host = |_: &grantflow::Prompt, _| {};
        logins.login(&client, &options, &mut host).await.map(drop)
    });
    let crash = crash.await.unwrap_err();
    canaries.print(&crash);
    canaries.hear("an error", crash.to_string());
    canaries.hear("panics", ears::panicked());
    assert!(ears::panicked().contains("the transport crashes"), "{}", ears::panicked());
    canaries.mark("the client's secret", scene::CLIENT_SECRET);
    assert_eq!(canaries.leaks(), []);
}

/// A leak is planted into each way out, and found.
#[tokio::test]
async fn each_way_out_is_listened_to() {
    const SECRET: &str = "planted-0123456789abcdefghijklmnopqrstuvwxyz";
    ears::open();
    tracing::trace!(target: "hyper_util::planted", token = SECRET, "an event");
    tracing::trace_span!("a span", "{SECRET}").in_scope(|| ());
    let panic = std::panic::catch_unwind(|| panic!("a panic over {SECRET}"));
    assert!(panic.is_err());
    log::trace!("a line about {SECRET}");
    for (channel, text) in [("the log", ears::logged()), ("panics", ears::panicked())] {
        let mut canaries = Canaries::default();
        canaries.mark("planted", SECRET);
        canaries.hear(channel, &text);
        assert_eq!(canaries.leaks().len(), 1, "{channel}");
    }
    let log = ears::logged();
    for kind in ["an event", "a span", "a line"] {
        let said = log.lines().any(|line| line.contains(kind) && line.contains(SECRET));
        assert!(said, "{kind}");
    }

    let mut scene = Scene::with(Dialect::Standard, Road::Plain, |_| {}).await;
    assert!(scene.login(Route::Device, Habit::Browser).await);
    scene.look_into_files(&[]);
    let found = scene.leaks();
    let is_in = |channel: &str| found.iter().any(|leak| leak.channel.contains(channel));
    assert!(is_in("auth.json"), "the store is no place without secrets: {found:?}");
    assert!(!is_in("Debug"));

    let secret = scene.canaries.named("access_token").next().unwrap().to_owned();
    scene.canaries.print(&secret);
    scene.canaries.hear("requests", format!("GET /?access_token={secret}"));
    let found = scene.leaks();
    for channel in ["Debug", "requests"] {
        assert!(found.iter().any(|leak| leak.channel == channel), "{channel}");
    }
}

/// With a request in hand, at the worst moment.
struct Crashing;

impl Transport for Crashing {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        Box::pin(async move { panic!("the transport crashes over {request:?}") })
    }
}
