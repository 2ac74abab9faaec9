//! A login that is finished while another tool holds the lock of the file.

use std::sync::Arc;
use std::time::Duration;

use grantflow::store::{HeldLock, Lock, Locks as _, OwnerLock};
use grantflow::transport::{Http, HttpOptions};
use grantflow::{Credential, Error, FileStore, KeeperOptions, Key, Logins, Remedy, Route, Secret};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;

use super::person::Person;
use super::{Scene, options};

const MOMENT: Duration = Duration::from_millis(100);

impl Scene {
    /// The store as a tool with pi's lock uses it too.
    fn shared(&self) -> FileStore {
        let place = self.store().path().to_owned();
        FileStore::at(&place).locked_by(OwnerLock::pi(&place))
    }

    /// Logins that do not wait for long.
    fn hasty(&self) -> Logins {
        let http = Http::new(&HttpOptions::default()).unwrap();
        let logins = Logins::over(self.shared(), Arc::new(http)).with_client(self.client.clone());
        let mut options = KeeperOptions::default();
        options.patience = MOMENT;
        logins.with_options(options)
    }

    async fn locked_by_the_tool(&self) -> Box<dyn HeldLock> {
        let locked = self.shared();
        locked.acquire(&Key::of("standard"), Lock::Owner, MOMENT).await.unwrap().unwrap()
    }

    /// What a login comes to while the tool has its lock.
    async fn kept_waiting(&self) -> Result<Credential, Error> {
        let _held = self.locked_by_the_tool().await;
        let mut person = Person::of(&self.server);
        self.hasty().login(&self.client, &options(Some(Route::Device)), &mut person).await
    }
}

#[tokio::test]
async fn a_login_that_meets_a_tools_lock_is_told_as_waiting_and_is_there_as_soon_as_it_is_free() {
    covers(&["B-CF-27"]);
    for has_older in [false, true] {
        let scene = Scene::of(Dialect::Standard).await;
        if has_older {
            scene.signed_in().await;
        }
        let older = scene.store().load("standard").unwrap().map(|old| old.access_token.digest());
        let told = scene.kept_waiting().await.unwrap_err();
        assert!(matches!(&told, Error::LoginWaits(key) if key == "standard"), "{told:?}");
        assert_eq!(told.remedy(), Remedy::RetryLater);
        let there = scene.store().load("standard").unwrap();
        assert_eq!(there.map(|there| there.access_token.digest()), older, "not in its place yet");

        let held = scene.locked_by_the_tool().await;
        let busy = scene.hasty().access_token("standard", MOMENT).await.unwrap_err();
        assert!(matches!(busy, Error::LoginWaits(_)), "{busy:?}");
        drop(held);
        let token = scene.hasty().access_token("standard", MOMENT).await.unwrap();
        let there = scene.store().load("standard").unwrap().unwrap();
        assert_eq!(token.secret().digest(), there.access_token.digest());
        assert_ne!(Some(there.access_token.digest()), older);
        assert_eq!(scene.findings(), []);
    }
}

#[tokio::test]
async fn a_login_that_waits_leaves_alone_what_a_tool_has_written_since_and_the_person_is_asked() {
    covers(&["R-INV-04", "R-P-10"]);
    let scene = Scene::of(Dialect::Standard).await;
    scene.signed_in().await;
    let old = scene.store().load("standard").unwrap().unwrap();
    assert!(matches!(scene.kept_waiting().await, Err(Error::LoginWaits(_))));
    let theirs = Credential { refresh_token: Some(Secret::new("the tool's own")), ..old };
    scene.store().save(&theirs).unwrap();

    for _ in 0..2 {
        let told = scene.hasty().access_token("standard", MOMENT).await.unwrap_err();
        assert!(matches!(told.root(), Error::Ended(grantflow::core::Error::Contested)), "{told:?}");
        assert_eq!(told.remedy(), Remedy::SignInAgain);
        let there = scene.store().load("standard").unwrap().unwrap();
        assert_eq!(there.known_by(), theirs.known_by());
    }
    let again = scene.signed_in().await;
    let token = scene.hasty().access_token("standard", MOMENT).await.unwrap();
    assert_eq!(token.secret().digest(), again.access_token.digest());
}

#[tokio::test]
async fn a_logout_takes_a_login_that_waits_with_it() {
    let scene = Scene::of(Dialect::Standard).await;
    assert!(scene.kept_waiting().await.is_err());
    scene.hasty().logout("standard").await.unwrap();
    let gone = scene.hasty().access_token("standard", MOMENT).await.unwrap_err();
    assert!(matches!(gone, Error::NotSignedIn(_)), "{gone:?}");
}
