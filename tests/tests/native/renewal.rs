//! Tokens that are kept fresh, and refresh tokens that are spent once.

use std::path::PathBuf;
use std::time::Duration;

use grantflow::core::{Error as Ended, Map, Misconfigured};
use grantflow::{Error, FileStore, Health, Logins, Remedy};
use grantflow_test_server::{Dialect, Endpoint, Fault, Finding, GrantType};
use grantflow_tests::covers;
use tokio::process::Command;

use crate::login::Scene;

#[tokio::test]
async fn a_renewal_rotates_the_refresh_token_and_keeps_the_rest() {
    covers(&["B-TR-06"]);
    for dialect in [Dialect::Standard, Dialect::Codex, Dialect::Google] {
        let scene = Scene::of(dialect).await;
        let first = scene.signed_in().await;
        let id = &first.provider;
        let renewed = scene
            .logins
            .refresh(id)
            .await
            .unwrap_or_else(|why| panic!("{dialect}: {why}"))
            .into_credential();
        assert_ne!(renewed.access_token.digest(), first.access_token.digest());
        assert_eq!(renewed.account, first.account, "{dialect}");
        assert!(renewed.refresh_token.is_some());
        let stored = scene.store().load(id).unwrap().unwrap();
        assert_eq!(stored.save().expose(), renewed.save().expose());
        assert_eq!(scene.findings(), [], "{dialect}");
    }
}

#[tokio::test]
async fn a_second_token_is_renewed_by_the_first_without_a_login() {
    let scene = Scene::of(Dialect::Github).await;
    let first = scene.signed_in().await;
    let renewed = scene.logins.refresh("github-copilot").await.unwrap().into_credential();
    assert_ne!(renewed.access_token.digest(), first.access_token.digest());
    let subject = |credential: &grantflow::Credential| {
        credential.subject_token.as_ref().map(grantflow::Secret::digest)
    };
    assert_eq!(subject(&renewed), subject(&first));
    assert_eq!((scene.asked(Endpoint::SecondToken), scene.findings()), (2, vec![]));
}

#[tokio::test]
async fn a_token_that_is_good_for_long_enough_is_given_without_a_request() {
    let scene = Scene::of(Dialect::Standard).await;
    let first = scene.signed_in().await;
    let before = scene.server.server().log().len();
    let token = scene.logins.access_token("standard", Duration::from_secs(60)).await.unwrap();
    assert_eq!(token.secret().digest(), first.access_token.digest());
    let header = token.header();
    assert_eq!(header.name, "authorization");
    assert!(header.value.matches(&format!("Bearer {}", first.access_token.expose())));
    assert_eq!(scene.server.server().log().len(), before);
}

#[tokio::test]
async fn a_token_that_is_due_is_renewed_first() {
    let scene = Scene::of(Dialect::Standard).await;
    let first = expiring(&scene, Duration::from_secs(100)).await;
    let token = scene.logins.access_token("standard", Duration::ZERO).await.unwrap();
    assert_ne!(token.secret().digest(), first.access_token.digest());
    assert_eq!(renewals(&scene), 1);
}

#[tokio::test]
async fn a_token_that_is_still_good_is_given_when_its_renewal_fails() {
    covers(&["B-TR-30"]);
    let scene = Scene::of(Dialect::Standard).await;
    let first = expiring(&scene, Duration::from_secs(100)).await;
    scene.server.server().inject(Fault::InternalError.always());
    let token = scene.logins.access_token("standard", Duration::from_secs(50)).await.unwrap();
    assert_eq!(token.secret().digest(), first.access_token.digest());
    let too_short = scene.logins.access_token("standard", Duration::from_secs(500)).await;
    let why = too_short.unwrap_err();
    assert!(matches!(why.root(), Error::Ended(Ended::Interrupted { .. })), "{why:?}");
    let stored = scene.store().load("standard").unwrap().unwrap();
    assert_eq!(stored.save().expose(), first.save().expose(), "nothing is blanked");
}

#[tokio::test]
async fn tasks_that_renew_at_once_spend_one_refresh_token_once() {
    covers(&["C-20"]);
    let scene = Scene::of(Dialect::Standard).await;
    expiring(&scene, Duration::from_secs(1)).await;
    let other = Logins::open(scene.store().path()).unwrap();
    let other = other.with_client(scene.client.clone());
    let tokens = tokio::join!(
        scene.logins.access_token("standard", Duration::ZERO),
        scene.logins.access_token("standard", Duration::ZERO),
        other.access_token("standard", Duration::ZERO),
        other.refresh("standard"),
    );
    let renewed = tokens.0.unwrap().secret().digest();
    assert_eq!(tokens.1.unwrap().secret().digest(), renewed);
    assert_eq!(tokens.2.unwrap().secret().digest(), renewed);
    assert_eq!(tokens.3.unwrap().secret().digest(), renewed);
    assert_eq!((renewals(&scene), scene.findings()), (1, vec![]));
}

#[tokio::test]
async fn processes_that_renew_at_once_never_spend_a_refresh_token_twice() {
    let scene = Scene::of(Dialect::Standard).await;
    scene.signed_in().await;
    let provider = serde_json::to_string(scene.client.provider()).unwrap();
    let children = [(); 4].map(|()| {
        Command::new(env!("CARGO_BIN_EXE_act"))
            .arg("refresh")
            .arg(scene.store().path())
            .arg(&provider)
            .spawn()
            .unwrap()
    });
    for mut child in children {
        assert!(child.wait().await.unwrap().success());
    }
    let reused = |finding: &Finding| matches!(finding, Finding::RefreshTokenReused { .. });
    assert!(!scene.findings().iter().any(reused), "{:?}", scene.findings());
    assert!(renewals(&scene) >= 1);
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_lose_the_new_token() {
    let scene = Scene::of(Dialect::Standard).await;
    let first = scene.signed_in().await;
    let before = scene.server.server().log().len();
    tokio::select! {
        outcome = scene.logins.refresh("standard") => panic!("too early: {outcome:?}"),
        _ = scene.server.log_from(before) => {} // the server has rotated, and we leave
    }
    // Whoever comes next waits for that renewal, and takes what it brought.
    let renewed = scene.logins.refresh("standard").await.unwrap().into_credential();
    assert_ne!(renewed.access_token.digest(), first.access_token.digest());
    assert_eq!((renewals(&scene), scene.findings()), (1, vec![]));
}

#[tokio::test]
async fn what_another_tool_wrote_is_used_but_not_renewed() {
    let scene = Scene::of(Dialect::Standard).await;
    let theirs = r#"{"standard":{"type":"oauth","access":"a","refresh":"r","expires":EXPIRES}}"#;
    for (expires, works) in [("9007199254740990", true), ("1", false)] {
        let store = scene.folder.path().join(format!("{works}.json"));
        std::fs::write(&store, theirs.replace("EXPIRES", expires)).unwrap();
        let logins = Logins::open(&store).unwrap().with_client(scene.client.clone());
        let token = logins.access_token("standard", Duration::ZERO).await;
        assert_eq!(token.as_ref().is_ok_and(|token| token.secret().expose() == "a"), works);
        assert_eq!(logins.standings().await.unwrap()[0].health == Health::Valid, works);
        let refused = logins.refresh("standard").await.unwrap_err();
        assert!(matches!(refused.root(), Error::Borrowed { .. }), "{refused:?}");
        assert_eq!(refused.remedy(), Remedy::UseOwnerTool);
    }
    assert_eq!(scene.server.server().log().len(), 0);
}

#[tokio::test]
async fn a_login_of_ours_in_a_shared_file_is_renewed_and_all_else_there_stays() {
    let scene = Scene::of(Dialect::Standard).await;
    let credential = scene.signed_in().await;
    let theirs = r#""xai":{"type":"oauth","access":"a","refresh":"r","expires":1.50e3},"openai":{"type":"api_key"}"#;
    let shared = scene.folder.path().join("shared.json");
    std::fs::write(&shared, format!("{{ {theirs} }}")).unwrap();
    FileStore::at(&shared).save(&credential).unwrap();
    let logins = Logins::open(&shared).unwrap().with_client(scene.client.clone());
    logins.refresh("standard").await.unwrap();
    assert!(std::fs::read_to_string(&shared).unwrap().starts_with(&format!("{{ {theirs}")));
    let refused = logins.refresh("xai").await.unwrap_err();
    assert!(matches!(refused.root(), Error::Borrowed { .. }), "{refused:?}");
    assert_eq!(renewals(&scene), 1);
}

#[tokio::test]
async fn a_token_goes_only_to_the_endpoint_that_issued_it() {
    covers(&["C-25", "N-6749-20", "N-MCP-11"]);
    let (scene, elsewhere) =
        (Scene::of(Dialect::Standard).await, Scene::of(Dialect::Standard).await);
    scene.signed_in().await;
    let logins = Logins::open(scene.store().path()).unwrap();
    let logins = logins.with_client(elsewhere.client.clone());
    let refused = logins.refresh("standard").await.unwrap_err();
    let foreign = matches!(refused.root(), Error::Ended(Ended::ForeignCredential));
    assert!(foreign, "{refused:?}");
    assert_eq!(elsewhere.server.server().log().len(), 0);
}

#[tokio::test]
async fn whoever_has_not_signed_in_is_told_so() {
    let scene = Scene::of(Dialect::Standard).await;
    let error = scene.logins.access_token("standard", Duration::ZERO).await.unwrap_err();
    assert!(matches!(&error, Error::NotSignedIn(provider) if provider == "standard"));
    assert_eq!(error.remedy(), Remedy::SignInAgain);
    scene.signed_in().await;
    assert!(scene.logins.logout("standard").await.unwrap().was_there);
    assert!(!scene.logins.logout("standard").await.unwrap().was_there);
    assert_eq!(scene.logins.working().await.unwrap().len(), 0);
}

#[test]
fn the_default_store_is_grantflows_own() {
    let path: PathBuf = FileStore::default_path().unwrap();
    assert!(path.ends_with("grantflow/auth.json") || std::env::var_os("GRANTFLOW_HOME").is_some());
}

#[tokio::test]
async fn presets_are_there_and_what_they_need_is_named() {
    let logins = Logins::open("unused.json").unwrap();
    assert!(logins.providers().iter().any(|provider| provider.id == "openai-codex"));
    let missing = logins.client("github-copilot").unwrap_err();
    let Error::Misconfigured(Misconfigured::MissingVariables(names)) = missing else { panic!() };
    let given = names.iter().map(|name| (name.clone(), "our-agent/1.0".to_owned()));
    let variables: Map<String> = given.collect();
    assert!(logins.with_variables(variables).client("github-copilot").is_ok());
    let unknown = Logins::open("unused.json").unwrap().client("nobody").unwrap_err();
    assert!(matches!(unknown, Error::UnknownProvider(id) if id == "nobody"));
}

/// Signed in, with a token that lapses in a while.
async fn expiring(scene: &Scene, left: Duration) -> grantflow::Credential {
    let mut credential = scene.signed_in().await;
    let left = u64::try_from(left.as_millis()).unwrap();
    credential.expires_at = Some(scene.server.now_ms() + left);
    credential.obtained_at -= 3_600_000;
    scene.store().save(&credential).unwrap();
    credential
}

fn renewals(scene: &Scene) -> usize {
    let server = scene.server.server();
    server.log().iter().filter(|entry| entry.grant_type == Some(GrantType::RefreshToken)).count()
}
