//! Browser logins: authorization code with PKCE.

use grantflow::core::{Error, Redirect};
use grantflow::{Rejected, Route, Way};
use grantflow_tests::covers;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use crate::peer::{Asked, Kind, Peer};
use crate::scene::{Scene, sign_in};
use crate::time_lapse::TimeLapse;

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_browser_login_ends_at_the_listener_on_any_port() {
    covers(&[
        "N-6749-06",
        "N-6749-09",
        "N-7636-02",
        "N-7636-03",
        "N-8252-02",
        "N-9700-02",
        "N-9207-01",
    ]);
    let scene = Scene::of(Kind::Public).await;
    let person = async |prompt| {
        let sign_in = sign_in(&prompt);
        assert_eq!(sign_in.way, Way::Redirect);
        assert!(sign_in.redirect_uri.starts_with("http://127.0.0.1:"), "{}", sign_in.redirect_uri);
        let end = scene.peer.approve(&sign_in.url).await;
        assert_eq!(end["status"], 200, "the listener shows its page");
        let location = end["location"].as_str().unwrap();
        assert!(location.starts_with(&sign_in.redirect_uri), "{location}");
        None
    };
    let credential = scene.login(Route::Browser, person).await.unwrap();
    assert_eq!(scene.peer.asked("authorization_code").await, [Asked::granted()]);
    assert_eq!(scene.peer.subject(&scene.client, &credential).await, "ada");
    let stored = scene.store().load("peer").unwrap().unwrap();
    assert_eq!(stored.save().expose(), credential.save().expose());
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn the_redirect_can_be_pasted_instead() {
    covers(&["B-LS-18", "N-6749-09"]);
    let scene = Scene::of(Kind::Public).await;
    for route in [Route::Browser, Route::Paste] {
        let person = async |prompt| Some(redirect(&scene.peer, &sign_in(&prompt).url).await);
        let credential = scene.login(route, person).await.unwrap();
        assert_eq!(scene.peer.subject(&scene.client, &credential).await, "ada", "{route:?}");
    }
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_redirect_whose_iss_was_changed_or_removed_changes_nothing() {
    covers(&["N-9207-01", "N-9207-02", "B-CB-29"]);
    let peer = Peer::start().await;
    let mut time = TimeLapse::around(&peer);
    let mut flow = time.browser_login(&peer.client(Kind::Public));
    let prompt = flow.prompt().unwrap();
    let genuine = redirect(&peer, &sign_in(&prompt).url).await;
    let iss: String = byte_serialize(peer.issuer.as_bytes()).collect();
    let iss = format!("&iss={iss}");
    assert!(genuine.contains(&iss), "{genuine}");
    for forged in [genuine.replace(&iss, &format!("{iss}%2F")), genuine.replace(&iss, "")] {
        let refused = flow.handle_redirect(time.now, Redirect::Callback(&forged));
        assert_eq!(refused, Err(Rejected::IssuerMismatch), "{forged}");
        assert_eq!(flow.prompt().as_ref(), Some(&prompt));
    }
    assert_eq!(flow.handle_redirect(time.now, Redirect::Callback(&genuine)), Ok(()));
    assert!(time.drive(&mut flow).await.is_ok());
    assert_eq!(peer.asked("authorization_code").await, [Asked::granted()]);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_person_who_cancels_ends_the_login_as_denied() {
    covers(&["B-CB-10", "N-6749-11"]);
    let scene = Scene::of(Kind::Public).await;
    let person = async |prompt| {
        let url = &sign_in(&prompt).url;
        let end = scene.peer.person(json!({ "url": url, "decision": "deny" })).await;
        assert_eq!(end["status"], 200, "the listener shows its page");
        None
    };
    let outcome = scene.login(Route::Browser, person).await;
    assert!(matches!(outcome, Err(grantflow::Error::Ended(Error::Denied))), "{outcome:?}");
    assert_eq!(scene.peer.asked("authorization_code").await, []);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_code_that_belongs_to_another_challenge_is_not_redeemed() {
    let peer = Peer::start().await;
    let mut time = TimeLapse::around(&peer);
    let mut flow = time.browser_login(&peer.client(Kind::Public));
    let url = sign_in(&flow.prompt().unwrap()).url.clone();
    let (before, challenge) = url.split_once("code_challenge=").unwrap();
    let others = format!("{before}code_challenge={}{}", "A".repeat(43), &challenge[43..]);
    let back = redirect(&peer, &others).await;
    flow.handle_redirect(time.now, Redirect::Callback(&back)).unwrap();
    assert_eq!(time.drive(&mut flow).await.unwrap_err(), Error::InvalidGrant);
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_code_whose_answer_was_lost_is_presented_once_more_and_the_outcome_is_unknown() {
    covers(&["N-6749-07", "B-CB-26"]);
    let peer = Peer::start().await;
    let mut time = TimeLapse::around(&peer);
    let mut flow = time.browser_login(&peer.client(Kind::Public));
    let back = redirect(&peer, &sign_in(&flow.prompt().unwrap()).url).await;
    assert_eq!(flow.handle_redirect(time.now, Redirect::Callback(&back)), Ok(()));
    let again = flow.handle_redirect(time.now, Redirect::Callback(&back));
    assert_eq!(again, Err(Rejected::NotExpected));
    time.loses_next = true;
    assert_eq!(time.drive(&mut flow).await.unwrap_err(), Error::OutcomeUnknown);
    let asked = peer.asked("authorization_code").await;
    assert_eq!(asked, [Asked::granted(), Asked::refused("invalid_grant")]);
}

/// Where the browser of a person who approves is sent, without going there.
async fn redirect(peer: &Peer, url: &str) -> String {
    let choices = json!({ "url": url, "decision": "approve", "follow": false });
    peer.person(choices).await["location"].as_str().unwrap().to_owned()
}
