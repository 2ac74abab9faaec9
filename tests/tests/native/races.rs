//! What becomes of a login or renewal when something else happens in between.

use std::sync::Arc;
use std::time::Duration;

use grantflow::core::{Entropy, Flow, Request, Response, TransportError};
use grantflow::drive::{BoxFuture, drive};
use grantflow::transport::{Http, HttpOptions, Transport};
use grantflow::{AccessToken, Clock, Credential, Error, Logins, Route, Scope};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

use crate::login::person::{Habit, Person};
use crate::login::{Scene, options};

/// Holds every request back until it is let through.
#[derive(Clone)]
struct Gate {
    http: Http,
    held: Arc<Notify>,
    pass: Arc<Semaphore>,
}

impl Gate {
    fn shut() -> Self {
        let http = Http::new(&HttpOptions::default()).unwrap();
        Self { http, held: Arc::default(), pass: Arc::new(Semaphore::new(0)) }
    }

    /// A renewal whose request is held back.
    async fn renewing(&self, scene: &Scene) -> tokio::task::JoinHandle<Result<Credential, Error>> {
        let store = scene.store();
        let logins = Logins::over(store, Arc::new(self.clone())).with_client(scene.client.clone());
        let renewal = tokio::spawn(async move {
            logins.refresh("standard").await.map(AccessToken::into_credential)
        });
        self.held.notified().await;
        renewal
    }

    fn open(&self) {
        self.pass.add_permits(1);
    }
}

impl Transport for Gate {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let (gate, sending) = (self.clone(), self.http.send(request));
        Box::pin(async move {
            gate.held.notify_one();
            gate.pass.acquire().await.unwrap().forget();
            sending.await
        })
    }
}

#[tokio::test]
async fn a_logout_wins_over_a_renewal_that_comes_late() {
    let scene = Scene::of(Dialect::Standard).await;
    scene.signed_in().await;
    let gate = Gate::shut();
    let renewal = gate.renewing(&scene).await;
    assert!(scene.logins.logout("standard").await.unwrap().was_there);
    gate.open();
    let outcome = renewal.await.unwrap();
    let why = outcome.unwrap_err();
    assert!(matches!(why.root(), Error::NotSignedIn(_)), "{why:?}");
    assert!(scene.store().load("standard").unwrap().is_none());
}

#[tokio::test]
async fn a_newer_login_wins_over_a_renewal_that_comes_late() {
    covers(&["R-BUG-07"]);
    let scene = Scene::of(Dialect::Standard).await;
    scene.signed_in().await;
    let gate = Gate::shut();
    let renewal = gate.renewing(&scene).await;
    let newer = scene.signed_in().await.access_token.digest();
    gate.open();
    assert_eq!(renewal.await.unwrap().unwrap().access_token.digest(), newer);
    let stored = scene.store().load("standard").unwrap().unwrap();
    assert_eq!(stored.access_token.digest(), newer);
}

#[tokio::test]
async fn a_logout_leaves_no_token_in_the_last_good_version() {
    covers(&["C-37"]);
    let scene = Scene::of(Dialect::Standard).await;
    let credential = scene.signed_in().await;
    scene.logins.refresh("standard").await.unwrap().into_credential();
    scene.logins.logout("standard").await.unwrap();
    let mut folders = vec![scene.store().path().parent().unwrap().to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            assert!(!text.contains("refresh") && !text.contains(credential.access_token.expose()));
        }
    }
}

#[tokio::test]
async fn another_loop_goes_on_where_one_was_dropped_with_its_request_out() {
    let scene = Scene::of(Dialect::Standard).await;
    let (clock, gate) = (Clock::start(), Gate::shut());
    let entropy = Entropy::new([7; 128]);
    let mut flow = Flow::device(&scene.client, Scope::default(), &entropy, clock.now()).unwrap();
    let mut nobody = ();
    tokio::select! {
        outcome = drive(&mut flow, &clock, &gate, &mut nobody) => panic!("{outcome:?}"),
        () = gate.held.notified() => {}
    }
    assert!(!flow.view(clock.now()).is_out, "what was out is lost, not out for ever");
    let outcome = drive(&mut flow, &clock, &gate.http, &mut ()).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn a_paste_needs_no_port_of_its_own() {
    let mut scene = Scene::of(Dialect::Standard).await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut provider = scene.client.provider().clone();
    let loopback = provider.authorization.loopback.as_mut().unwrap();
    loopback.ports = vec![taken.local_addr().unwrap().port()];
    loopback.any_port = false;
    let caller = grantflow::Configuration::default();
    scene.client = grantflow::Client::new(provider, caller).unwrap();
    let mut person = Person::with(&scene.server, Habit::AddressBar);
    let paste = options(Some(Route::Paste));
    let login = scene.logins.login(&scene.client, &paste, &mut person);
    let outcome = tokio::time::timeout(Duration::from_secs(20), login).await.unwrap();
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(person.notes.iter().any(|note| note.contains("pasted")), "{:?}", person.notes);
}
