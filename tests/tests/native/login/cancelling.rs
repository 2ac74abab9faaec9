//! A login that is dropped, refused or left alone.

use std::io::ErrorKind;
use std::time::Duration;

use grantflow::core::{Error as Ended, LoopbackRedirect};
use grantflow::{Client, Configuration, Error, Prompt, Rejected, Route};
use grantflow_test_server::{Dialect, Endpoint, Fault, Person as Decision};
use grantflow_tests::{covers, local};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::person::{Habit, Person, browse};
use super::{Scene, options};

#[tokio::test]
async fn dropping_a_login_closes_its_port_and_leaves_the_store_alone() {
    covers(&["N-8252-05", "N-21-03"]);
    let scene = Scene::of(Dialect::Standard).await;
    let port = {
        let (sender, mut prompted) = mpsc::unbounded_channel();
        let mut person = Person::with(&scene.server, Habit::Nothing);
        person.prompted = Some(sender);
        let open_port = async {
            let port = port(&prompted.recv().await.unwrap());
            TcpStream::connect(("127.0.0.1", port)).await.expect("it listens until then");
            port
        };
        let (client, options) = (at_port(&scene, 28_101, None), options(Some(Route::Browser)));
        tokio::select! {
            outcome = scene.logins.login(&client, &options, &mut person) => panic!("{outcome:?}"),
            port = open_port => port,
        }
    };
    let refused = TcpStream::connect(("127.0.0.1", port)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(scene.server.server().log().len(), 0);
    assert!(!scene.store().path().exists());
}

#[tokio::test]
async fn no_two_logins_share_a_state_or_a_challenge() {
    covers(&["S-15", "N-7636-01", "N-9700-04"]);
    let scene = Scene::of(Dialect::Standard).await;
    let mut drawn = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let mut person = Person::with(&scene.server, Habit::Nothing);
        let browser = options(Some(Route::Browser));
        let begun = scene.logins.begin(&scene.client, &browser, &mut person).await.unwrap();
        let Prompt::OpenUrl { sign_ins, .. } = begun.prompt else { panic!("{begun:?}") };
        for part in sign_ins[0].url.split('&') {
            if part.starts_with("state=") || part.starts_with("code_challenge=") {
                assert!(drawn.insert(part.to_owned()), "{part} came twice");
            }
        }
    }
    assert_eq!(drawn.len(), 16);
}

#[tokio::test]
async fn dropping_a_login_gives_up_the_request_that_is_out() {
    let stalling = |config: &mut grantflow_test_server::Config| {
        config.faults.push(Fault::Stall.always());
    };
    let scene = Scene::with(Dialect::Standard, stalling).await;
    let mut person = Person::of(&scene.server);
    tokio::select! {
        outcome = scene.login(Route::Device, &mut person) => panic!("ended: {outcome:?}"),
        _ = scene.server.log_from(0) => {}
    }
    assert_eq!(scene.asked(Endpoint::DeviceAuthorization), 1);
    assert!(!scene.store().path().exists());
}

#[tokio::test]
async fn a_stranger_at_the_listener_ends_nothing() {
    covers(&["B-LS-13", "C-09", "C-10"]);
    let scene = Scene::of(Dialect::Standard).await;
    let (sender, mut prompted) = mpsc::unbounded_channel();
    let mut person = Person::with(&scene.server, Habit::Nothing);
    person.prompted = Some(sender);
    let browser = async {
        let Some(Prompt::OpenUrl { sign_ins, .. }) = prompted.recv().await else { panic!() };
        let forged = format!("{}?code=forged&state=forged", sign_ins[0].redirect_uri);
        assert_eq!(browse(&forged).await, 400);
        let back = {
            let now = scene.server.now_ms();
            let approve = grantflow_test_server::Decision::Approve;
            scene.server.server().authorize(now, &sign_ins[0].url, approve).unwrap()
        };
        assert_eq!(browse(&back).await, 200);
    };
    let (outcome, ()) = tokio::join!(scene.login(Route::Browser, &mut person), browser);
    outcome.unwrap();
    assert_eq!(person.rejections, [Rejected::StateMismatch]);
    assert_eq!(scene.asked(Endpoint::Token), 1);
}

#[tokio::test]
async fn a_login_that_fails_leaves_the_credential_that_was_there() {
    covers(&["B-CF-27"]);
    for route in [Route::Browser, Route::Device] {
        let denying = |config: &mut grantflow_test_server::Config| config.person = Decision::Deny;
        let scene = Scene::with(Dialect::Standard, denying).await;
        let store = scene.store();
        store.save(&local::credential("the-old-one")).unwrap();
        let outcome = scene.login(route, &mut Person::of(&scene.server)).await;
        assert!(matches!(outcome, Err(Error::Ended(Ended::Denied))), "{outcome:?}");
        let kept = store.load("standard").unwrap().unwrap();
        assert_eq!(kept.access_token.expose(), "the-old-one");
    }
}

#[tokio::test]
async fn a_person_who_never_comes_ends_the_login_in_the_time_that_was_set() {
    covers(&["B-LS-16"]);
    let scene = Scene::of(Dialect::Standard).await;
    let client = at_port(&scene, 28_102, Some(Duration::from_millis(50)));
    let mut person = Person::with(&scene.server, Habit::Nothing);
    let options = options(Some(Route::Browser));
    let outcome = scene.logins.login(&client, &options, &mut person).await;
    assert!(matches!(outcome, Err(Error::Ended(Ended::Expired { .. }))), "{outcome:?}");
    let closed = TcpStream::connect(("127.0.0.1", port(&person.prompts[0]))).await;
    assert_eq!(closed.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_redirect_from_the_token_endpoint_takes_no_credential_along() {
    covers(&["C-26", "B-TR-28"]);
    let redirecting = |config: &mut grantflow_test_server::Config| {
        config.faults.push(Fault::Redirect307.always().at(Endpoint::Token));
    };
    let scene = Scene::with(Dialect::Standard, redirecting).await;
    let outcome = scene.login(Route::Browser, &mut Person::of(&scene.server)).await;
    assert!(matches!(outcome, Err(Error::Ended(Ended::OutcomeUnknown))), "{outcome:?}");
    assert_eq!(scene.asked(Endpoint::Sink), 0);
}

/// A client with a listener at this port and no other: one below those that the system gives to
/// whoever asks next, as other tests do.
fn at_port(scene: &Scene, port: u16, patience: Option<Duration>) -> Client {
    let mut provider = scene.client.provider().clone();
    let (ports, any_port) = (vec![port], false);
    provider.authorization.loopback =
        Some(LoopbackRedirect { ports, any_port, ..LoopbackRedirect::default() });
    Client::new(provider, Configuration { patience, ..Configuration::default() }).unwrap()
}

fn port(prompt: &Prompt) -> u16 {
    let Prompt::OpenUrl { sign_ins, .. } = prompt else { panic!("{prompt:?}") };
    url::Url::parse(&sign_ins[0].redirect_uri).unwrap().port().unwrap()
}
