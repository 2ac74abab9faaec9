//! What the pages say, and what they keep to themselves.

use std::collections::BTreeSet;

use base64::Engine;
use grantflow_tests::covers;
use sha2::{Digest, Sha256};

use super::wire::{connect, receive, send, within};
use super::{GOOD, get, listen, takes_the_redirect, turned_away};

#[tokio::test]
async fn the_pages_are_the_same_bytes_whatever_was_sent() {
    covers(&["B-LS-12", "C-06", "N-9700-01"]);
    let targets = [
        GOOD.to_owned(),
        "/callback".to_owned(),
        "/callback?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E".into(),
        "/callback?error=</title>\"onload='x'&error_description=+ADw-script+AD4-%00".into(),
    ];
    let (mut accepted, mut refused, mut done) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for target in &targets {
        let mut loopback = listen().await;
        for (page, replies) in [(400, &mut refused), (200, &mut accepted), (409, &mut done)] {
            let mut stream = connect(loopback.port()).await;
            send(&mut stream, get(&loopback, target).as_bytes()).await;
            match page {
                400 => within(loopback.arrival()).await.unwrap().refused(),
                200 => within(loopback.arrival()).await.unwrap().accepted().await,
                _ => {}
            }
            let reply = receive(stream).await;
            assert_eq!(reply.status, Some(page));
            replies.insert(reply.text);
        }
    }
    assert_eq!((accepted.len(), refused.len(), done.len()), (1, 1, 1));
}

#[tokio::test]
async fn every_answer_forbids_what_a_page_could_leak_or_load() {
    covers(&["B-LS-12", "N-9700-12"]);
    let mut loopback = listen().await;
    let elsewhere = get(&loopback, "/elsewhere");
    let wrong_method = get(&loopback, GOOD).replacen("GET", "PUT", 1);
    let replies = [
        turned_away(&mut loopback, elsewhere).await,
        turned_away(&mut loopback, wrong_method).await,
        takes_the_redirect(&mut loopback).await,
    ];
    for reply in &replies {
        let policy = reply.header("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(reply.header("Referrer-Policy"), Some("no-referrer"));
        assert_eq!(reply.header("Cache-Control"), Some("no-store"));
        assert_eq!(reply.header("Connection"), Some("close"));
    }
}

#[tokio::test]
async fn the_page_clears_the_address_bar_by_the_one_script_its_policy_allows() {
    covers(&["N-6749-05", "B-LS-15"]);
    let reply = takes_the_redirect(&mut listen().await).await;
    let policy = reply.header("Content-Security-Policy").unwrap();
    let script = reply.between("<script>", "</script>");
    assert!(script.contains("history.replaceState"));
    assert!(policy.contains(&format!("script-src {};", hash(script))), "{policy}");
    let style = reply.between("<style>", "</style>");
    assert!(policy.contains(&format!("style-src {};", hash(style))), "{policy}");
    assert!(reply.text.contains("Return to the terminal"));
    assert!(!reply.text.to_lowercase().contains("success"));
}

#[tokio::test]
async fn the_url_of_an_arrival_is_not_in_its_debug_form() {
    covers(&["S-03"]);
    let mut loopback = listen().await;
    let mut stream = connect(loopback.port()).await;
    send(&mut stream, get(&loopback, GOOD).as_bytes()).await;
    let arrival = within(loopback.arrival()).await.unwrap();
    let shown = format!("{arrival:?} {loopback:?} {:?}", loopback.handle());
    assert!(!shown.contains("the-code") && !shown.contains("the-state"), "{shown}");
}

fn hash(source: &str) -> String {
    let digest = Sha256::digest(source.as_bytes());
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest))
}
