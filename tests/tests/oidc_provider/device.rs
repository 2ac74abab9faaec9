//! Device logins (RFC 8628): each of its answers, and the pace between them.

use std::time::Duration;

use grantflow::core::{Error, Flow, Machine as _, Step};
use grantflow::{Client, Credential, Prompt, Route};
use grantflow_tests::covers;
use serde_json::json;

use crate::peer::{Asked, DEVICE_CODE, Kind, Peer};
use crate::scene::Scene;
use crate::time_lapse::TimeLapse;

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_device_login_over_a_real_clock_ends_with_a_token_that_works() {
    covers(&["N-8628-03", "N-8628-13"]);
    let scene = Scene::of(Kind::Public).await;
    let person = async |prompt| {
        let Prompt::EnterCode { verification_uri_complete: Some(address), .. } = prompt else {
            panic!("{prompt:?}")
        };
        scene.peer.approve(&address).await;
        None
    };
    let credential = scene.login(Route::Device, person).await.unwrap();
    assert_eq!(scene.peer.subject(&scene.client, &credential).await, "ada");
    let asked = scene.peer.asked(DEVICE_CODE).await;
    assert_eq!(asked.last(), Some(&Asked::granted()));
    assert!(asked.iter().all(|poll| !poll.early), "{asked:?}");
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn polls_wait_for_the_person_and_get_slower_when_told_to() {
    covers(&["N-8628-03", "N-8628-04", "N-8628-06"]);
    let peer = Peer::start().await;
    let mut login = Login::begin(&peer, &peer.client(Kind::Public)).await;
    login.polls(1).await;
    peer.slow_down(2).await;
    login.polls(3).await;
    login.decide("approve").await;
    assert!(login.end().await.is_ok());

    assert_eq!(login.time.waits, [1, 1, 6, 13, 13].map(Duration::from_secs));
    let pending = || Asked::refused("authorization_pending");
    let slow_down = || Asked::refused("slow_down");
    let asked = peer.asked(DEVICE_CODE).await;
    assert_eq!(asked, [pending(), slow_down(), slow_down(), pending(), Asked::granted()]);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_person_who_denies_ends_the_login_at_the_next_poll() {
    covers(&["N-8628-07"]);
    let peer = Peer::start().await;
    let mut login = Login::begin(&peer, &peer.client(Kind::Public)).await;
    login.decide("deny").await;
    assert_eq!(login.end().await.unwrap_err(), Error::Denied);
    assert_eq!(peer.asked(DEVICE_CODE).await, [Asked::refused("access_denied")]);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_code_that_the_server_let_lapse_ends_the_login_as_expired() {
    covers(&["N-8628-07"]);
    let peer = Peer::start().await;
    let mut login = Login::begin(&peer, &peer.client(Kind::Public)).await;
    peer.expire(&login.user_code).await;
    let outcome = login.end().await;
    assert_eq!(outcome.unwrap_err(), Error::Expired { slow_downs: 0 });
    assert_eq!(peer.asked(DEVICE_CODE).await, [Asked::refused("expired_token")]);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn after_the_codes_life_no_poll_is_sent() {
    covers(&["N-8628-10"]);
    let peer = Peer::start().await;
    let mut login = Login::begin(&peer, &peer.client(Kind::Public)).await;
    login.time.pass(Duration::from_secs(600)).await;
    let step = login.flow.poll(login.time.now);
    assert!(matches!(step, Step::Done(Err(Error::Expired { slow_downs: 0 }))), "{step:?}");
    assert_eq!(peer.asked(DEVICE_CODE).await, []);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_pending_answer_that_is_lost_only_slows_the_polls_down() {
    covers(&["N-8628-09", "B-DV-10"]);
    let peer = Peer::start().await;
    let mut login = Login::begin(&peer, &peer.client(Kind::Public)).await;
    login.time.loses_next = true;
    login.polls(1).await;
    login.decide("approve").await;
    assert!(login.end().await.is_ok());
    assert_eq!(login.time.waits, [1, 2].map(Duration::from_secs));
    let asked = peer.asked(DEVICE_CODE).await;
    assert_eq!(asked, [Asked::refused("authorization_pending"), Asked::granted()]);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_poll_repeated_after_its_success_was_lost_says_that_the_outcome_is_unknown() {
    let peer = Peer::start().await;
    let mut login = Login::begin(&peer, &peer.client(Kind::Public)).await;
    login.decide("approve").await;
    login.time.loses_next = true;
    assert_eq!(login.end().await.unwrap_err(), Error::OutcomeUnknown);
    let asked = peer.asked(DEVICE_CODE).await;
    assert_eq!(asked, [Asked::granted(), Asked::refused("invalid_grant")]);
}

/// A device login that has come to the point where the person is asked.
pub(crate) struct Login<'p> {
    peer: &'p Peer,
    time: TimeLapse<'p>,
    flow: Flow,
    verification_uri: String,
    user_code: String,
}

impl<'p> Login<'p> {
    pub(crate) async fn begin(peer: &'p Peer, client: &Client) -> Self {
        let mut time = TimeLapse::around(peer);
        let mut flow = time.device_login(client);
        time.requests(&mut flow, 1).await;
        match flow.prompt() {
            Some(Prompt::EnterCode { verification_uri, user_code, .. }) => {
                Self { peer, time, flow, verification_uri, user_code }
            }
            other => panic!("{other:?}"),
        }
    }

    /// The person goes to the address, enters the code and decides.
    pub(crate) async fn decide(&self, decision: &str) {
        let (url, user_code) = (&self.verification_uri, &self.user_code);
        let choices = json!({ "url": url, "user_code": user_code, "decision": decision });
        self.peer.person(choices).await;
    }

    async fn polls(&mut self, count: u32) {
        self.time.requests(&mut self.flow, count).await;
    }

    pub(crate) async fn end(&mut self) -> Result<Credential, Error> {
        self.time.drive(&mut self.flow).await
    }
}
