//! Where a key comes from, and in which order.

mod written;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use grantflow::store::{Expected, StoreError};
use grantflow::{
    CredentialStore as _, Error, FileStore, KeyOptions, KeyOrder, KeyOrigin, KeySource, Logins,
    MemoryStore, Remedy, Resolved, Secret, Variables, WhyUnusable,
};
use grantflow_test_server::{Dialect, Fault};
use grantflow_tests::in_process::{InProcess, wall};
use grantflow_tests::local;
use tempfile::TempDir;

use KeySource::{Environment, Explicit, Store};

/// A folder with a store in it, and an environment.
struct Place {
    folder: TempDir,
    options: KeyOptions,
}

impl Place {
    fn new(text: &str, variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = KeyOptions::default();
        options.variables = environment(variables);
        std::fs::write(folder.path().join("auth.json"), text).unwrap();
        Self { folder, options }
    }

    fn logins(&self) -> Logins {
        let nowhere = InProcess::of(Dialect::Standard, |_| {});
        Logins::over(FileStore::at(self.folder.path().join("auth.json")), Arc::new(nowhere))
    }

    async fn resolve(&self, key: &str) -> Result<Resolved, Error> {
        self.logins().resolve(key, &self.options).await
    }

    /// What is sent, and where it was found.
    async fn shown(&self, key: &str) -> (String, String, KeyOrigin) {
        shown(&self.resolve(key).await.unwrap()).await
    }
}

fn environment(variables: &[(&str, &str)]) -> Variables {
    let secret = |&(name, value): &(&str, &str)| (name.to_owned(), Secret::from(value));
    Variables::only(variables.iter().map(secret).collect())
}

async fn shown(resolved: &Resolved) -> (String, String, KeyOrigin) {
    let signature = resolved.signature().await.unwrap();
    let header = signature.header();
    (header.name.clone(), header.value.expose().to_owned(), resolved.origin().clone())
}

fn variable(name: &str) -> KeyOrigin {
    KeyOrigin::Variable(name.to_owned())
}

const LOGIN: &str = r#"{"anthropic":{"type":"oauth","access":"sk-ant-oat-stored","refresh":"r",
    "expires":9007199254740990}}"#;

#[tokio::test]
async fn the_orders_are_data_and_the_first_place_that_has_something_counts() {
    let mut place = Place::new(LOGIN, &[("ANTHROPIC_API_KEY", "sk-ant-api-set")]);
    let explicit = Some(Secret::from("sk-ant-api-given"));
    let given = ("x-api-key", "sk-ant-api-given", KeyOrigin::Explicit);
    let stored = ("authorization", "Bearer sk-ant-oat-stored", KeyOrigin::Login);
    let set = ("x-api-key", "sk-ant-api-set", variable("ANTHROPIC_API_KEY"));
    let mine = KeyOrder { sources: vec![Environment, Explicit], falls_back: false };
    for (order, explicit, expected) in [
        (KeyOrder::default(), None, &stored),
        (KeyOrder::store_first(), explicit.clone(), &given),
        (KeyOrder::environment_first(), None, &set),
        (KeyOrder::environment_first(), explicit.clone(), &given),
        (KeyOrder::environment_first(), Some(Secret::from(" ")), &set),
        (mine, explicit, &set),
    ] {
        (place.options.order, place.options.explicit) = (order, explicit);
        let (name, value, origin) = place.shown("anthropic").await;
        assert_eq!((name.as_str(), value.as_str(), &origin), (expected.0, expected.1, &expected.2));
    }
}

#[tokio::test]
async fn a_token_in_the_environment_is_a_bearer_and_a_key_goes_into_the_providers_own_header() {
    let mut place = Place::new("{}", &[]);
    for (variables, name, value) in [
        (&[("ANTHROPIC_OAUTH_TOKEN", "any-token")][..], "authorization", "Bearer any-token"),
        (&[("ANTHROPIC_API_KEY", "any-key")], "x-api-key", "any-key"),
        (&[("ANTHROPIC_API_KEY", "sk-ant-oat-1")], "authorization", "Bearer sk-ant-oat-1"),
        (
            &[("ANTHROPIC_API_KEY", "key"), ("ANTHROPIC_OAUTH_TOKEN", "token")],
            "authorization",
            "Bearer token",
        ),
        (&[("ANTHROPIC_API_KEY", "key"), ("ANTHROPIC_OAUTH_TOKEN", " ")], "x-api-key", "key"),
        (&[("ANTHROPIC_API_KEY", "key\n")], "x-api-key", "key"),
    ] {
        place.options.variables = environment(variables);
        let found = place.resolve("anthropic").await.unwrap();
        let (found_name, found_value, _) = shown(&found).await;
        assert_eq!((found_name.as_str(), found_value.as_str()), (name, value), "{variables:?}");
        let signature = found.signature().await.unwrap();
        let has_beta = signature.headers().iter().any(|header| header.name == "anthropic-beta");
        assert_eq!(has_beta, name == "authorization", "what a login's token needs beside it");
    }
}

#[tokio::test]
async fn a_provider_without_a_login_here_has_keys_too() {
    let place =
        Place::new(r#"{"groq":{"type":"api_key","key":"stored"}}"#, &[("OPENAI_API_KEY", "k")]);
    let openai = place.resolve("openai").await.unwrap();
    assert_eq!(shown(&openai).await.1, "Bearer k");
    assert_eq!(openai.base().unwrap().as_str(), "https://api.openai.com/v1");
    let stored = ("authorization".into(), "Bearer stored".into(), KeyOrigin::StoredKey);
    assert_eq!(place.shown("groq").await, stored);
    let unknown = place.resolve("nobody").await.unwrap_err();
    assert!(matches!(unknown, Error::UnknownProvider(_)), "{unknown:?}");
}

#[tokio::test]
async fn a_miss_says_where_was_looked_and_what_would_help() {
    let mut place = Place::new("{}", &[("XAI_API_KEY", "")]);
    for (key, command, remedy, says) in [
        ("anthropic", "grantflow login anthropic", Remedy::SignInAgain, "ANTHROPIC_OAUTH_TOKEN"),
        (
            "anthropic:work",
            "grantflow login anthropic --account work",
            Remedy::SignInAgain,
            "auth.json",
        ),
        ("xai", "grantflow login xai", Remedy::SignInAgain, "XAI_API_KEY is not set"),
        (
            "openai",
            "export OPENAI_API_KEY=…",
            Remedy::FixConfiguration,
            "OPENAI_API_KEY is not set",
        ),
    ] {
        let error = place.resolve(key).await.unwrap_err();
        let Error::NoKey(miss) = &error else { panic!("{key}: {error:?}") };
        assert_eq!((miss.command.as_str(), error.remedy()), (command, remedy), "{key}");
        assert_eq!(miss.sources, [Explicit, Store, Environment]);
        let text = error.to_string();
        assert!(text.contains(says) && text.contains(command), "{text}");
    }
    place.options.order.sources = vec![Environment];
    let Error::NoKey(miss) = place.resolve("xai").await.unwrap_err() else { panic!() };
    assert_eq!((miss.store, miss.command.as_str()), (None, "export XAI_API_KEY=…"));
}

#[tokio::test]
async fn the_environment_belongs_to_no_named_account() {
    let place = Place::new("{}", &[("ANTHROPIC_API_KEY", "anyones")]);
    assert!(place.resolve("anthropic").await.is_ok());
    let error = place.resolve("anthropic:work").await.unwrap_err();
    let Error::NoKey(miss) = &error else { panic!("{error:?}") };
    assert_eq!(miss.variables, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_an_error_in_any_order_that_comes_to_it() {
    let mut place = Place::new("{ torn", &[("ANTHROPIC_API_KEY", "set")]);
    for falls_back in [false, true] {
        place.options.order = KeyOrder { falls_back, ..KeyOrder::store_first() };
        let error = place.resolve("anthropic").await.unwrap_err();
        assert!(matches!(error.root(), Error::Store(StoreError::Corrupt { .. })), "{error:?}");
    }
    place.options.order = KeyOrder::environment_first();
    assert!(place.resolve("anthropic").await.is_ok());
}

#[tokio::test]
async fn a_key_that_no_header_can_hold_is_named_by_where_it_was_found() {
    let place = Place::new("{}", &[("XAI_API_KEY", "two\nlines")]);
    let error = place.resolve("xai").await.unwrap_err();
    let Error::UnusableKey(unusable) = &error else { panic!("{error:?}") };
    assert_eq!(
        (&unusable.origin, &unusable.why),
        (&variable("XAI_API_KEY"), &WhyUnusable::Characters)
    );
    assert!(!error.to_string().contains("two"), "{error}");
}

/// A login at the test server, in memory, that is due.
struct Due {
    desk: InProcess,
    logins: Logins,
    options: KeyOptions,
}

impl Due {
    async fn new() -> Self {
        let desk = InProcess::of(Dialect::Standard, |_| {});
        let mut provider = local::provider(Dialect::Standard, local::ISSUER);
        provider.api.key_variables = vec!["STANDARD_KEY".into()];
        let client = grantflow::Client::new(provider, local::configuration(Dialect::Standard));
        let client = client.unwrap();
        let mut credential = desk.signed_in(&client);
        (credential.obtained_at, credential.expires_at) = (0, Some(wall()));
        let store = MemoryStore::new();
        store.save(&"standard".into(), Expected::Anything, &credential).await.unwrap();
        let logins = Logins::over(store, Arc::new(desk.clone())).with_client(client);
        let mut options = KeyOptions::default();
        options.variables = environment(&[("STANDARD_KEY", "set")]);
        Self { desk, logins, options }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_login_is_renewed_and_stays_fresh_once_it_is_found() {
    let mut due = Due::new().await;
    due.options.min_ttl = Duration::from_secs(60);
    let found = due.logins.resolve("standard", &due.options).await.unwrap();
    assert_eq!((found.origin(), due.desk.renewals()), (&KeyOrigin::Login, 1));
    let first = found.signature().await.unwrap();
    let next = found.instead_of(first.token()).await.unwrap().unwrap();
    assert_ne!(next.token(), first.token());
    assert_eq!(found.signature().await.unwrap().token(), next.token());
    assert_eq!(due.desk.renewals(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stored_login_that_ended_owns_its_provider_unless_the_order_says_otherwise() {
    let mut due = Due::new().await;
    due.desk.server().revoke_all();
    let error = due.logins.resolve("standard", &due.options).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::SignInAgain, "no word of a key that somebody else pays");

    due.options.order.falls_back = true;
    let found = due.logins.resolve("standard", &due.options).await.unwrap();
    assert_eq!(found.origin(), &variable("STANDARD_KEY"));
    assert!(found.instead_of(found.signature().await.unwrap().token()).await.unwrap().is_none());

    due.options.variables = Variables::only(BTreeMap::new());
    let error = due.logins.resolve("standard", &due.options).await.unwrap_err();
    assert!(matches!(error.root(), Error::Ended(_)), "not that nothing was found: {error:?}");
}

#[tokio::test(start_paused = true)]
async fn falling_back_is_for_passing_trouble_too() {
    let mut due = Due::new().await;
    due.options.order.falls_back = true;
    due.desk.server().inject(Fault::ResetBefore.always());
    let found = due.logins.resolve("standard", &due.options).await.unwrap();
    assert_eq!(found.origin(), &variable("STANDARD_KEY"));
}

#[tokio::test]
async fn codex_and_pi_files_have_keys_of_their_own_kind() {
    let folder = TempDir::new().unwrap();
    for (place, text, key, value) in [
        (".codex", r#"{"OPENAI_API_KEY":"of-codex"}"#, "openai", "Bearer of-codex"),
        (".pi/agent", r#"{"anthropic":{"type":"api_key","key":"of-pi"}}"#, "anthropic", "of-pi"),
    ] {
        let folder = folder.path().join(place);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("auth.json"), text).unwrap();
        let nowhere = Arc::new(InProcess::of(Dialect::Standard, |_| {}));
        let logins = Logins::over(FileStore::at(folder.join("auth.json")), nowhere);
        let found = logins.resolve(key, &KeyOptions::default()).await.unwrap();
        let (_, found_value, origin) = shown(&found).await;
        assert_eq!((found_value.as_str(), origin), (value, KeyOrigin::StoredKey));
    }
}
