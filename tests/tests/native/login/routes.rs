//! Which way a login goes, and what it says when it has to go another.

use grantflow::core::Error as Ended;
use grantflow::{Client, Error, LoginOptions, Prompt, Remedy, Route, TermsStatus};
use grantflow_test_server::{Config, Dialect, Endpoint, Fault};
use grantflow_tests::{covers, local};
use tokio::net::TcpListener;

use super::person::{Habit, Person};
use super::{Scene, options};

#[tokio::test]
async fn without_a_browser_the_device_login_is_taken_and_said_so() {
    covers(&["B-BO-07"]);
    let scene = Scene::of(Dialect::Standard).await;
    let mut person = Person::of(&scene.server);
    scene.logins.login(&scene.client, &options(None), &mut person).await.unwrap();
    assert_eq!(person.notes, ["there is no graphical display here: using the device login"]);
    assert!(matches!(person.prompts[..], [Prompt::EnterCode { .. }]));
}

#[tokio::test]
async fn a_server_without_device_logins_gets_a_browser_login_and_says_so() {
    covers(&["B-DV-15"]);
    let scene = Scene::with(Dialect::Standard, no_device_logins).await;
    let mut person = Person::of(&scene.server);
    scene.logins.login(&scene.client, &options(None), &mut person).await.unwrap();
    assert_eq!(person.notes[1], "the provider offers no device login here: using the browser");
    assert!(matches!(person.prompts[..], [Prompt::OpenUrl { .. }]));
}

#[tokio::test]
async fn a_route_that_the_person_chose_is_not_changed() {
    covers(&["B-DV-15"]);
    let scene = Scene::with(Dialect::Standard, no_device_logins).await;
    let outcome = scene.login(Route::Device, &mut Person::of(&scene.server)).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Ended(Ended::DeviceLoginUnavailable)), "{error:?}");
    assert_eq!(error.remedy(), Remedy::UseAnotherFlow);
    assert_eq!(scene.asked(Endpoint::Authorization), 0);
}

#[tokio::test]
async fn a_route_that_the_provider_lacks_is_an_error_and_asks_nobody() {
    for (dialect, route) in [(Dialect::Github, Route::Browser), (Dialect::Anthropic, Route::Device)]
    {
        let scene = Scene::of(dialect).await;
        let outcome = scene.login(route, &mut Person::of(&scene.server)).await;
        assert!(matches!(outcome, Err(Error::NoRoute)), "{outcome:?}");
        assert_eq!(scene.server.server().log().len(), 0);
    }
}

#[tokio::test]
async fn where_no_port_can_be_had_the_page_is_left_and_the_reason_is_said() {
    covers(&["B-LS-01"]);
    let scene = Scene::of(Dialect::Anthropic).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = only_port(&scene, &taken);
    let mut person = Person::with(&scene.server, Habit::Page);
    let route = options(Some(Route::Browser));
    scene.logins.login(&client, &route, &mut person).await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(person.notes[1].contains(&port), "{}", person.notes[1]);
}

#[tokio::test]
async fn where_no_port_can_be_had_and_there_is_no_page_the_error_names_the_port() {
    covers(&["B-LS-01", "B-LS-02"]);
    let scene = Scene::of(Dialect::Codex).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = only_port(&scene, &taken);
    let route = options(Some(Route::Browser));
    let outcome = scene.logins.login(&client, &route, &mut Person::of(&scene.server)).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Listener(_)), "{error:?}");
    assert!(error.to_string().contains(&taken.local_addr().unwrap().port().to_string()));
    assert_eq!(error.remedy(), Remedy::UseAnotherFlow);
}

#[tokio::test]
async fn restricted_terms_are_accepted_first_or_nothing_happens() {
    let scene = Scene::of(Dialect::Anthropic).await;
    assert_eq!(scene.client.provider().terms.status, TermsStatus::Restricted);
    let unread = LoginOptions { accept_terms: false, ..options(Some(Route::Browser)) };
    let mut person = Person::of(&scene.server);
    let outcome = scene.logins.login(&scene.client, &unread, &mut person).await;
    let Err(Error::TermsNotAccepted(terms)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(terms, scene.client.provider().terms);
    assert_eq!((person.prompts.len(), scene.server.server().log().len()), (0, 0));
}

fn no_device_logins(config: &mut Config) {
    config.faults.push(Fault::DeviceDisabled.always());
}

/// A client whose one registered port is held by somebody else.
fn only_port(scene: &Scene, taken: &TcpListener) -> Client {
    let dialect = scene.server.server().config().dialect;
    let mut provider = scene.client.provider().clone();
    let loopback = provider.authorization.loopback.as_mut().unwrap();
    loopback.ports = vec![taken.local_addr().unwrap().port()];
    loopback.any_port = false;
    Client::new(provider, local::configuration(dialect)).unwrap()
}
