//! The login of Copilot's editor plugins: what it is exchanged for stays in memory.

use std::sync::Arc;

use grantflow::Logins;
use grantflow::core::Kept;
use grantflow::store::{FileStore, Tool};
use grantflow_test_server::Endpoint;
use grantflow_tests::Detour;
use tempfile::TempDir;

use super::*;

#[tokio::test]
async fn an_editors_login_is_exchanged_once_for_all_and_nothing_is_written() {
    covers(&["R-P-19"]);
    let desk = InProcess::of(Dialect::Github, |_| {});
    let moved = Client::new(
        local::provider(Dialect::Github, local::ISSUER),
        local::configuration(Dialect::Github),
    );
    let first = desk.signed_in(&moved.unwrap());
    let asked_before = asked(&desk);
    let (folder, key) = (TempDir::new().unwrap(), Key::of("github-copilot"));
    let (apps, ours) = (folder.path().join("apps.json"), folder.path().join("auth.json"));
    let text = format!(
        r#"{{"github.com:Iv1.b507a08c87ecfe98":{{"user":"octocat","oauth_token":"{}","githubAppId":"Iv1.b507a08c87ecfe98"}}}}"#,
        first.subject_token.as_ref().unwrap().expose(),
    );
    std::fs::write(&apps, &text).unwrap();
    let store = FileStore::at(&ours);
    assert!(store.refer(&key, Tool::CopilotEditors, &apps, false).unwrap());
    let reference = std::fs::read_to_string(&ours).unwrap();

    let road = Arc::new(Detour::to(local::ISSUER, desk.clone()));
    let variables = local::configuration(Dialect::Github).variables;
    let logins = Logins::over(store, road).with_variables(variables);
    let keeper = logins.keeper(key.clone()).await.unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let keeper = keeper.clone();
        callers.spawn(async move { keeper.access(NOW).await.unwrap().secret().digest() });
    }
    let given = callers.join_all().await;
    assert!(given.iter().all(|token| *token == given[0]), "everyone has the same token");
    assert_eq!(asked(&desk) - asked_before, 1, "and it cost one request");

    let token = logins.access_token(key.clone(), NOW).await.unwrap();
    assert_eq!((token.kept(), token.is_at_risk()), (Kept::InMemory, false));
    assert_eq!(logins.settle().await, [], "it can be had again");
    assert_eq!(std::fs::read_to_string(&apps).unwrap(), text);
    assert_eq!(std::fs::read_to_string(&ours).unwrap(), reference);
    let findings: Vec<Finding> =
        desk.server().log().iter().flat_map(|entry| entry.findings.clone()).collect();
    assert_eq!(findings, []);
}

fn asked(desk: &InProcess) -> usize {
    let is_exchange =
        |entry: &&grantflow_test_server::LogEntry| entry.endpoint == Endpoint::SecondToken;
    desk.server().log().iter().filter(is_exchange).count()
}
