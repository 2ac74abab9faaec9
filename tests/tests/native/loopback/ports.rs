//! Which port is bound, and what happens when someone else has it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use grantflow::loopback::{Host, Loopback, LoopbackError, LoopbackOptions, Ports};
use grantflow_tests::covers;

use super::wire::{Reply, receive, send};
use super::{get, listen_on};

const IPV4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const IPV6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

#[tokio::test]
async fn localhost_is_answered_in_both_families_on_one_port() {
    covers(&["B-LS-03", "N-8252-04"]);
    let mut loopback = listen_on(Host::Localhost, Ports::Any).await;
    let uri = format!("http://localhost:{}/callback", loopback.port());
    assert_eq!(loopback.redirect_uri(), uri);
    for family in [IPV4, IPV6] {
        assert_eq!(refused_over(family, &mut loopback).await.status, Some(400));
    }
}

#[tokio::test]
async fn an_ipv6_redirect_has_brackets_and_needs_no_ipv4() {
    covers(&["B-LS-17", "N-8252-02"]);
    let squatter = TcpListener::bind((IPV4, 0)).unwrap();
    let port = squatter.local_addr().unwrap().port();
    let mut loopback = listen_on(Host::Ipv6, Ports::List(vec![port])).await;
    assert_eq!(loopback.redirect_uri(), format!("http://[::1]:{port}/callback"));
    assert_eq!(refused_over(IPV6, &mut loopback).await.status, Some(400));
}

#[tokio::test]
async fn a_squatter_in_either_family_gives_the_next_registered_port() {
    covers(&["B-LS-01", "B-LS-03"]);
    for family in [IPV4, IPV6] {
        let squatter = TcpListener::bind((family, 0)).unwrap();
        let taken = squatter.local_addr().unwrap().port();
        let next = free_port();
        let loopback = listen_on(Host::Localhost, Ports::List(vec![taken, next])).await;
        assert_eq!(loopback.port(), next);
        assert_eq!(loopback.addresses().len(), 2);
    }
}

#[tokio::test]
async fn a_preferred_port_that_is_taken_gives_any_other() {
    covers(&["B-LS-01"]);
    let squatter = TcpListener::bind((IPV6, 0)).unwrap();
    let taken = squatter.local_addr().unwrap().port();
    let loopback = listen_on(Host::Localhost, Ports::Preferred(vec![taken])).await;
    assert_ne!(loopback.port(), taken);
    let preferred = loopback.port();
    drop(loopback);
    assert_eq!(listen_on(Host::Ipv4, Ports::Preferred(vec![preferred])).await.port(), preferred);
}

#[tokio::test]
async fn no_registered_port_left_is_an_error_that_names_them() {
    covers(&["B-LS-01", "B-LS-02"]);
    let first = listen_on(Host::Ipv4, Ports::Any).await;
    let second = listen_on(Host::Ipv4, Ports::Any).await;
    let ports = vec![first.port(), second.port()];
    let error = bind(Ports::List(ports.clone()), "/callback").await.unwrap_err();
    assert!(matches!(&error, LoopbackError::PortsTaken { ports: named } if *named == ports));
    let told = error.to_string();
    assert!(ports.iter().all(|port| told.contains(&port.to_string())), "{told}");
    assert!(told.contains("device login"), "{told}");
}

#[tokio::test]
async fn a_list_without_a_usable_port_is_refused() {
    covers(&["B-LS-01"]);
    for ports in [vec![], vec![0], vec![1455, 0]] {
        let error = bind(Ports::List(ports), "/callback").await.unwrap_err();
        assert!(matches!(error, LoopbackError::NoPort));
    }
}

#[tokio::test]
async fn a_path_that_is_no_plain_path_is_refused() {
    covers(&["N-6749-04"]);
    for path in ["", "callback", "/callback#fragment", "/callback?query", "/call back", "/ü"] {
        let error = bind(Ports::Any, path).await.unwrap_err();
        assert!(matches!(error, LoopbackError::UnusablePath), "{path}");
    }
}

async fn bind(ports: Ports, path: &str) -> Result<Loopback, LoopbackError> {
    let options = LoopbackOptions { host: Host::Ipv4, ports, path: path.into(), timeout: None };
    Loopback::bind(&options).await
}

/// One redirect through this family, which the login refuses.
async fn refused_over(family: IpAddr, loopback: &mut Loopback) -> Reply {
    let mut stream = tokio::net::TcpStream::connect((family, loopback.port())).await.unwrap();
    send(&mut stream, get(loopback, super::GOOD).as_bytes()).await;
    super::within(loopback.arrival()).await.unwrap().refused();
    receive(stream).await
}

fn free_port() -> u16 {
    TcpListener::bind((IPV4, 0)).unwrap().local_addr().unwrap().port()
}
