//! Credentials that are kept fresh for everyone in a process.
//!
//! Server, store and monotonic clock are the test's: nothing here waits for real time. The wall
//! clock is the machine's, and credentials are dated by it.

mod ahead;
mod clocks;
mod crowd;
mod editors;
mod failing;
mod rejected;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use grantflow::store::{CredentialStore as _, Expected, Key};
use grantflow::{Client, Credential, Keeper, KeeperOptions, Logins, Provider};
use grantflow_test_server::{Dialect, Finding};
use grantflow_tests::covers;
use grantflow_tests::in_process::{InProcess, wall};
use grantflow_tests::local;

use self::watched::Watched;

const NOW: Duration = Duration::ZERO;
const HOUR_MS: u64 = 3_600_000;

/// A server, a login of it, and a store in memory that can be held up or fail.
struct Scene {
    desk: InProcess,
    client: Client,
    store: Watched,
    logins: Logins,
    first: Credential,
}

impl Scene {
    /// The token has an hour to live.
    async fn fresh() -> Self {
        Self::with(Dialect::Standard, |_| {}, |credential| credential).await
    }

    /// The token is due, and good for this long still.
    async fn with_left(left: Duration) -> Self {
        Self::with(Dialect::Standard, |_| {}, |credential| lapsing_in(left, credential)).await
    }

    async fn with(
        dialect: Dialect,
        provider: impl FnOnce(&mut Provider),
        first: impl FnOnce(Credential) -> Credential,
    ) -> Self {
        let desk = InProcess::of(dialect, |_| {});
        let mut data = local::provider(dialect, local::ISSUER);
        provider(&mut data);
        let client = Client::new(data, local::configuration(dialect)).unwrap();
        let store = Watched::default();
        let first = first(desk.signed_in(&client));
        let logins = Logins::over(store.clone(), Arc::new(desk.clone()));
        let scene = Self { logins: logins.with_client(client.clone()), desk, client, store, first };
        scene.put(&scene.first).await;
        scene.store.forget();
        scene
    }

    /// Puts a credential into the record as another process would.
    async fn put(&self, credential: &Credential) {
        let key = Key::of(&credential.provider);
        self.store.within.save(&key, Expected::Anything, credential).await.unwrap();
    }

    async fn record(&self) -> Credential {
        self.store.within.load(&self.key()).await.unwrap().unwrap().credential
    }

    fn key(&self) -> Key {
        Key::of(&self.first.provider)
    }

    async fn keeper(&self) -> Keeper {
        self.logins.keeper(self.key()).await.unwrap()
    }

    fn with_options(&self, change: impl FnOnce(&mut KeeperOptions)) -> Logins {
        let mut options = KeeperOptions::default();
        change(&mut options);
        self.logins.clone().with_options(options)
    }

    /// The same record in a process of its own.
    fn elsewhere(&self) -> Logins {
        let logins = Logins::over(self.store.clone(), Arc::new(self.desk.clone()));
        logins.with_client(self.client.clone())
    }

    fn renewals(&self) -> usize {
        self.desk.renewals()
    }

    fn findings(&self) -> Vec<Finding> {
        let server = self.desk.server();
        server.log().iter().flat_map(|entry| entry.findings.clone()).collect()
    }
}

fn lapsing_in(left: Duration, mut credential: Credential) -> Credential {
    credential.expires_at = Some(wall() + u64::try_from(left.as_millis()).unwrap());
    credential.obtained_at = wall() - HOUR_MS;
    credential
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_is_looked_at_and_no_more() {
    covers(&["R-P-01"]);
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    scene.store.forget();
    let requests = scene.desk.server().log().len();
    for _ in 0..1000 {
        let token = keeper.access(Duration::from_secs(60)).await.unwrap();
        assert!(token.secret().matches(scene.first.access_token.expose()));
    }
    assert_eq!(scene.store.calls(), []);
    assert_eq!(scene.desk.server().log().len(), requests);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_too_short_for_the_caller_is_renewed_for_them_alone() {
    let scene = Scene::fresh().await;
    let mut short = scene.first.clone();
    (short.obtained_at, short.expires_at) = (wall() - HOUR_MS, Some(wall() + HOUR_MS / 2));
    scene.put(&short).await;
    let keeper = scene.keeper().await;
    let given = keeper.access(Duration::from_secs(600)).await.unwrap().secret().digest();
    assert_eq!((given, scene.renewals()), (short.access_token.digest(), 0));
    let longer = keeper.access(Duration::from_secs(2400)).await.unwrap().secret().digest();
    assert_ne!(longer, given);
    assert_eq!(scene.renewals(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_no_token_lives_so_long_each_call_does_not_renew_again() {
    covers(&["B-TR-13"]);
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    for _ in 0..100 {
        keeper.access(Duration::from_secs(7 * 24 * 3600)).await.unwrap();
    }
    assert_eq!(scene.renewals(), 0, "the server gives an hour and no more");
}

#[tokio::test(start_paused = true)]
async fn everybody_who_asks_these_logins_has_the_same_keeper() {
    let scene = Scene::with_left(NOW).await;
    let (one, other) = (scene.keeper().await, scene.logins.clone().keeper("standard").await);
    let other = other.unwrap();
    let tokens = tokio::join!(one.access(NOW), other.access(NOW));
    assert_eq!(tokens.0.unwrap().secret().digest(), tokens.1.unwrap().secret().digest());
    assert_eq!(scene.renewals(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_has_put_into_the_record_is_seen() {
    covers(&["R-INV-11"]);
    let scene = Scene::with_left(NOW).await;
    let keeper = scene.keeper().await;
    let theirs = scene.elsewhere().refresh("standard").await.unwrap().secret().digest();
    assert_eq!(keeper.access(NOW).await.unwrap().secret().digest(), theirs, "adopted");
    let again = scene.elsewhere().refresh("standard").await.unwrap().secret().digest();
    let seen = scene.keeper().await.access(NOW).await.unwrap().secret().digest();
    assert_eq!((seen, scene.renewals()), (again, 2));
}

#[tokio::test(start_paused = true)]
async fn another_accounts_token_is_never_given() {
    covers(&["R-INV-14"]);
    let mut scene = Scene::fresh().await;
    scene.logins = scene.with_options(|options| options.account_id = Some("mine".into()));
    let refused = scene.logins.keeper("standard").await.unwrap_err();
    assert_eq!(ended(&refused), "AccountMismatch", "fresh as it is");

    let of = |id: &str, mut credential: Credential| {
        credential.account.id = Some(id.to_owned());
        credential
    };
    scene.put(&of("mine", scene.first.clone())).await;
    let keeper = scene.keeper().await;
    keeper.access(NOW).await.unwrap();
    let mut other = of("another", scene.first.clone());
    other.access_token = grantflow::Secret::from("the other account's");
    scene.put(&other).await;
    let refused = scene.logins.access_token("standard", NOW).await.unwrap_err();
    assert_eq!(ended(&refused), "AccountMismatch", "it was changed under a keeper");
    let refused = keeper.instead_of(scene.first.access_token.digest()).await.unwrap_err();
    assert_eq!(ended(&refused), "AccountMismatch", "it is not taken over in a renewal either");
    let refused = keeper.access(NOW).await.unwrap_err();
    assert_eq!(ended(&refused), "AccountMismatch");
    assert_eq!(scene.renewals(), 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_logout_a_keeper_gives_nothing_and_after_a_login_the_new_token() {
    let scene = Scene::fresh().await;
    let keeper = scene.keeper().await;
    scene.logins.logout("standard").await.unwrap();
    let refused = keeper.access(NOW).await.unwrap_err();
    assert_eq!(refused.remedy(), grantflow::Remedy::SignInAgain);
    assert!(matches!(refused.root(), grantflow::Error::NotSignedIn(_)), "{refused:?}");

    let again = scene.desk.signed_in(&scene.client);
    scene.put(&again).await;
    tokio::time::advance(Duration::from_secs(2)).await; // past the pause
    let given = keeper.access(NOW).await.unwrap().secret().digest();
    assert_eq!((given, scene.renewals()), (again.access_token.digest(), 0));
}

#[tokio::test(start_paused = true)]
async fn options_of_one_do_not_reach_another() {
    let scene = Scene::fresh().await;
    scene.keeper().await;
    let strict = scene.with_options(|options| options.account_id = Some("mine".into()));
    assert_eq!(ended(&strict.keeper("standard").await.unwrap_err()), "AccountMismatch");
    assert!(scene.logins.keeper("standard").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_second_token_is_exchanged_when_it_is_due() {
    let scene =
        Scene::with(Dialect::Github, |_| {}, |credential| lapsing_in(NOW, credential)).await;
    let keeper = scene.keeper().await;
    let renewed = keeper.access(NOW).await.unwrap().secret().digest();
    assert_ne!(renewed, scene.first.access_token.digest());
    assert!(!keeper.settle().await.is_at_risk());
    assert_eq!(scene.findings(), []);
}

/// How a machine ended, by name.
fn ended(error: &grantflow::Error) -> String {
    let grantflow::Error::Ended(why) = error.root() else {
        panic!("not an end of a machine: {error:?}");
    };
    format!("{why:?}")
}
