//! Requests to an API: who gets the token, and what becomes of a 401.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use grantflow::core::{Digest, Endpoint};
use grantflow::middleware::{NotReplaced, Signing};
use grantflow::store::Expected;
use grantflow::{CredentialStore as _, Error, KeyOptions, Logins, MemoryStore, Resolved, Secret};
use grantflow_test_server::{Dialect, Endpoint as At, Fault};
use grantflow_tests::covers;
use grantflow_tests::in_process::InProcess;
use grantflow_tests::local;
use http::Extensions;
use http_body_util::Full;
use reqwest::{Body, Client, Request, Response, StatusCode};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next, Result};

use crate::login::Scene;

const API: &str = "https://api.test/v1";

/// An API that lets in whoever shows none of the rejected tokens, and remembers what it saw.
#[derive(Clone, Default)]
struct Api {
    seen: Arc<Mutex<Vec<Seen>>>,
    rejected: Arc<Mutex<Vec<Secret>>>,
    rejects_all: bool,
}

struct Seen {
    authorization: Option<(String, bool)>,
    headers: http::HeaderMap,
    body: Option<Vec<u8>>,
}

impl Api {
    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn tokens(&self) -> Vec<Option<String>> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| seen.authorization.clone().map(|(value, _)| value)).collect()
    }
}

#[async_trait]
impl Middleware for Api {
    async fn handle(
        &self,
        request: Request,
        _extensions: &mut Extensions,
        _next: Next<'_>,
    ) -> Result<Response> {
        let header = request.headers().get("authorization");
        let authorization =
            header.map(|value| (value.to_str().unwrap().to_owned(), value.is_sensitive()));
        let is_rejected = self.rejects_all
            || self.rejected.lock().unwrap().iter().any(|token| {
                let bearer = format!("Bearer {}", token.expose());
                authorization.as_ref().is_some_and(|(value, _)| *value == bearer)
            });
        self.seen.lock().unwrap().push(Seen {
            authorization,
            headers: request.headers().clone(),
            body: request.body().and_then(Body::as_bytes).map(<[u8]>::to_vec),
        });
        let status = if is_rejected { 401 } else { 200 };
        Ok(http::Response::builder().status(status).body("").unwrap().into())
    }
}

/// A login of the test server's, in memory, and an API that is only here.
struct Signed {
    desk: InProcess,
    first: Secret,
    resolved: Resolved,
    api: Api,
}

impl Signed {
    async fn new(api: Api) -> Self {
        let desk = InProcess::of(Dialect::Standard, |_| {});
        let mut provider = local::provider(Dialect::Standard, local::ISSUER);
        provider.api.base = Some(Endpoint::parse(API).unwrap());
        provider.api.headers = [("x-beta".to_owned(), "ours".to_owned())].into();
        let caller = local::configuration(Dialect::Standard);
        let client = grantflow::Client::new(provider, caller).unwrap();
        let credential = desk.signed_in(&client);
        let first = credential.access_token.clone();
        let store = MemoryStore::new();
        store.save(&"standard".into(), Expected::Anything, &credential).await.unwrap();
        let logins = Logins::over(store, Arc::new(desk.clone())).with_client(client);
        let resolved = logins.resolve("standard", &KeyOptions::default()).await.unwrap();
        Self { desk, first, resolved, api }
    }

    fn client(&self) -> ClientWithMiddleware {
        client(Signing::of(self.resolved.clone()), &self.api)
    }

    fn reject(&self, token: &Secret) {
        self.api.rejected.lock().unwrap().push(token.clone());
    }
}

fn client(signing: Signing, api: &Api) -> ClientWithMiddleware {
    // Nothing gets as far as this, so it needs no certificates.
    let client = Client::builder().tls_certs_only([]).build().unwrap();
    ClientBuilder::new(client).with(signing).with(api.clone()).build()
}

#[tokio::test]
async fn a_request_to_the_api_is_signed_and_its_headers_are_marked_as_secrets() {
    covers(&["B-TR-40"]);
    let signed = Signed::new(Api::default()).await;
    let request = signed.client().get(format!("{API}/models"));
    let reply = request.header("authorization", "Bearer the caller's").send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    let seen = signed.api.seen.lock().unwrap();
    let bearer = format!("Bearer {}", signed.first.expose());
    assert_eq!(seen[0].authorization, Some((bearer, true)), "ours, and only ours");
    assert_eq!(seen[0].headers["x-beta"], "ours");
    assert!(!format!("{:?}", seen[0].headers).contains(signed.first.expose()));
}

#[tokio::test]
async fn a_callers_own_header_beside_the_token_stays() {
    let signed = Signed::new(Api::default()).await;
    signed.client().get(API).header("x-beta", "theirs").send().await.unwrap();
    assert_eq!(signed.api.seen.lock().unwrap()[0].headers["x-beta"], "theirs");
}

#[tokio::test]
async fn a_request_to_anywhere_else_is_left_alone() {
    covers(&["C-25"]);
    let signed = Signed::new(Api::default()).await;
    for elsewhere in [
        "http://api.test/v1",
        "https://api.test:444/v1",
        "https://api.test.evil.example/v1",
        "https://xapi.test/v1",
        "https://evil.example/?https://api.test/v1",
        "https://api.test@evil.example/v1",
        "http://127.0.0.1/v1",
    ] {
        signed.client().get(elsewhere).send().await.unwrap();
    }
    let has_token = |shown: &String| shown.contains(signed.first.expose());
    assert!(!signed.api.tokens().iter().flatten().any(has_token), "{:?}", signed.api.tokens());
    let also = Signing::of(signed.resolved.clone())
        .and_to(&Endpoint::parse("https://other.test").unwrap());
    client(also, &signed.api).get("https://other.test/v9").send().await.unwrap();
    assert!(
        signed.api.tokens().last().unwrap().as_ref().is_some_and(has_token),
        "but the caller may name more"
    );
    assert!(Endpoint::parse("http://other.test").is_err(), "though nothing in the clear");
}

#[tokio::test]
async fn after_a_401_the_token_is_renewed_once_and_the_same_request_goes_out_again() {
    covers(&["R-P-05"]);
    let signed = Signed::new(Api::default()).await;
    signed.reject(&signed.first);
    let client = signed.client();
    let send = || client.post(API).body("the question").send();
    let (one, other) = tokio::join!(send(), send());
    assert_eq!((one.unwrap().status(), other.unwrap().status()), (StatusCode::OK, StatusCode::OK));
    assert_eq!((signed.api.count(), signed.desk.renewals()), (4, 1));
    let seen = signed.api.seen.lock().unwrap();
    assert!(seen.iter().all(|seen| seen.body.as_deref() == Some(b"the question")));
    assert_ne!(seen[0].authorization, seen[3].authorization);
}

#[tokio::test]
async fn a_body_that_cannot_be_sent_again_is_not_and_the_next_request_succeeds() {
    let signed = Signed::new(Api::default()).await;
    signed.reject(&signed.first);
    let once = || Body::wrap(Full::new(&b"once"[..]));
    let reply = signed.client().post(API).body(once()).send().await.unwrap();
    assert_eq!((reply.status(), signed.api.count()), (StatusCode::UNAUTHORIZED, 1));
    let reply = signed.client().post(API).body(once()).send().await.unwrap();
    assert_eq!((reply.status(), signed.desk.renewals()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn an_api_that_rejects_everything_gets_each_request_twice_at_most_and_one_renewal() {
    let signed = Signed::new(Api { rejects_all: true, ..Api::default() }).await;
    for _ in 0..50 {
        let reply = signed.client().get(API).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!((signed.api.count(), signed.desk.renewals()), (51, 1), "only the first goes again");
}

#[tokio::test]
async fn a_401_that_no_renewal_mends_is_handed_on_with_the_reason() {
    let signed = Signed::new(Api::default()).await;
    signed.reject(&signed.first);
    signed.desk.server().revoke_all();
    let reply = signed.client().get(API).send().await.unwrap();
    assert_eq!((reply.status(), signed.api.count()), (StatusCode::UNAUTHORIZED, 1));
    let NotReplaced(why) = reply.extensions().get::<NotReplaced>().unwrap();
    assert_eq!(why.remedy(), grantflow::Remedy::SignInAgain);
}

#[tokio::test]
async fn a_login_that_yields_no_token_stops_the_request() {
    let signed = Signed::new(Api::default()).await;
    let keeper_of_nobody = {
        let store = MemoryStore::new();
        let logins = Logins::over(store.clone(), Arc::new(signed.desk.clone()));
        let mut lapsed = local::credential("lapsed");
        lapsed.expires_at = Some(1);
        store.save(&"standard".into(), Expected::Anything, &lapsed).await.unwrap();
        let provider = local::provider(Dialect::Standard, local::ISSUER);
        let caller = local::configuration(Dialect::Standard);
        let client = grantflow::Client::new(provider, caller).unwrap();
        logins.with_client(client).keeper("standard").await.unwrap()
    };
    let api = Endpoint::parse(API).unwrap();
    let client = client(Signing::of(keeper_of_nobody).and_to(&api), &signed.api);
    let stopped = client.get(API).send().await.unwrap_err();
    let reqwest_middleware::Error::Middleware(why) = stopped else { panic!("{stopped:?}") };
    assert!(why.downcast_ref::<Error>().is_some());
    assert_eq!(signed.api.count(), 0);
}

#[tokio::test]
async fn over_http_it_does_the_same_and_follows_no_redirect() {
    covers(&["C-26"]);
    let scene = Scene::of(Dialect::Standard).await;
    let mut credential = scene.signed_in().await;
    let good = credential.access_token.digest();
    credential.access_token = Secret::from("revoked-meanwhile");
    scene.store().save(&credential).unwrap();
    let keeper = scene.logins.keeper("standard").await.unwrap();
    let issuer = Endpoint::parse(scene.server.issuer()).unwrap();
    let client = Signing::of(keeper.clone()).and_to(&issuer).client().unwrap();
    let api = format!("{}/api", scene.server.issuer());

    let reply = client.get(&api).send().await.unwrap();
    assert_eq!((reply.status(), scene.asked(At::Api)), (StatusCode::OK, 2));
    let shown: Digest = keeper.access(std::time::Duration::ZERO).await.unwrap().secret().digest();
    assert_ne!(shown, good, "renewed");

    scene.server.server().inject(Fault::Redirect307.once().at(At::Api));
    let reply = client.get(&api).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(scene.findings(), []);
}
