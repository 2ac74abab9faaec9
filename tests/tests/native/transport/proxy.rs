//! Proxies, in a process of its own: they stand in the environment.

use std::process::Stdio;

use grantflow_tests::covers;
use tokio::process::Command;

use super::peer::Peer;

#[tokio::test]
async fn a_remote_host_is_reached_by_the_proxy_and_its_password_is_not_shown() {
    covers(&["B-HT-06"]);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let proxy = Peer::saying("403 Forbidden", "").await;
        let address = format!("http://person:the-password@{}", proxy.address());
        let said = act("https://remote.invalid/token", &[(name, &address)]).await;
        assert_eq!(said, "Err(NotSent)\n", "{name}");
        let heard = proxy.heard();
        assert!(heard[0].starts_with("CONNECT remote.invalid:443 HTTP/1.1\r\n"), "{name}");
        assert!(!heard[0].contains("the-token"), "{name}");
    }
}

#[tokio::test]
async fn a_host_that_is_excepted_goes_past_the_proxy() {
    covers(&["B-HT-06"]);
    let proxy = Peer::saying("403 Forbidden", "").await;
    let address = format!("http://{}", proxy.address());
    let environment = [("HTTPS_PROXY", address.as_str()), ("NO_PROXY", "remote.invalid")];
    assert_eq!(act("https://remote.invalid/token", &environment).await, "Err(NotSent)\n");
    assert_eq!(proxy.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn loopback_goes_past_the_proxy() {
    covers(&["B-HT-06", "B-LS-19"]);
    let proxy = Peer::saying("403 Forbidden", "").await;
    let server = Peer::saying("200 OK", "{}").await;
    let address = format!("http://{}", proxy.address());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"];
    let environment = names.map(|name| (name, address.as_str()));
    assert_eq!(act(&server.url(), &environment).await, "Ok(200)\n");
    assert_eq!(proxy.heard(), Vec::<String>::new());
}

/// Sends one request in a process with this environment, and gives what it printed.
pub(super) async fn act(url: &str, environment: &[(&str, &str)]) -> String {
    let child = Command::new(env!("CARGO_BIN_EXE_act"))
        .args(["send", url])
        .env_clear()
        .envs(environment.iter().copied())
        .stderr(Stdio::inherit())
        .output();
    let output = child.await.unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
