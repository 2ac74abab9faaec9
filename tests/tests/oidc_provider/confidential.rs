//! Clients with a secret (RFC 6749 §2.3.1), whose id and secret have to be form-encoded.

use grantflow::core::{Error, Remedy};
use grantflow::{Client, Configuration, Secret};
use grantflow_tests::covers;

use crate::device::Login;
use crate::peer::{Asked, DEVICE_CODE, Kind, Peer};
use crate::scene::Scene;
use crate::time_lapse::TimeLapse;

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_client_with_a_secret_signs_in_and_renews_by_either_method() {
    covers(&["N-6749-01", "N-6749-09"]);
    for kind in [Kind::Basic, Kind::Post] {
        let scene = Scene::of(kind).await;
        let credential = scene.sign_in().await;
        assert_eq!(scene.peer.subject(&scene.client, &credential).await, "ada", "{kind:?}");
        let renewed = scene.logins.refresh("peer").await.unwrap().into_credential();
        assert_eq!(scene.peer.subject(&scene.client, &renewed).await, "ada", "{kind:?}");
    }
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_client_with_a_secret_signs_in_by_device_code_by_either_method() {
    covers(&["N-8628-13"]);
    for kind in [Kind::Basic, Kind::Post] {
        let peer = Peer::start().await;
        let mut login = Login::begin(&peer, &peer.client(kind)).await;
        login.decide("approve").await;
        assert!(login.end().await.is_ok(), "{kind:?}");
        assert_eq!(peer.asked(DEVICE_CODE).await, [Asked::granted()], "{kind:?}");
    }
}

#[tokio::test]
#[ignore = "needs the peers: ./test installs them"]
async fn a_wrong_secret_is_refused_as_the_configurations_fault() {
    covers(&["N-6749-12"]);
    for kind in [Kind::Basic, Kind::Post] {
        let peer = Peer::start().await;
        let client = with_secret(&peer.client(kind), "not the secret");
        let mut time = TimeLapse::around(&peer);
        let outcome = time.drive(&mut time.device_login(&client)).await;
        let Err(error @ Error::Refused { code: Some(code), status, .. }) = &outcome else {
            panic!("{kind:?}: {outcome:?}")
        };
        assert_eq!((code.as_str(), *status), ("invalid_client", Some(401)), "{kind:?}");
        assert_eq!(error.remedy(), Remedy::FixConfiguration);
    }
}

fn with_secret(client: &Client, secret: &str) -> Client {
    let client_secret = Some(Secret::new(secret));
    let configuration = Configuration { client_secret, ..Configuration::default() };
    Client::new(client.provider().clone(), configuration).unwrap()
}
