//! What a test needs another process for: another environment, another umask, a kill.
//!
//! `act send URL` sends one request and prints the outcome; `act refresh STORE PROVIDER_FILE` renews
//! a credential. `act save STORE` saves one and prints the store's warnings, `act save-on STORE`
//! does so until it is killed, `act check STORE` prints whether it could. `act die CALL STORE
//! [mounted]` ends at one of the system calls of a save. `act hold STORE` holds the lock of a record
//! until its input ends; `act overlap STORE LOG` takes it several times, and says so in the log.
//! `act guest STORE` renews Anthropic's login there and prints whose it is. `act owner` says which process it is, until its input ends.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a program for tests fails as tests do

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use grantflow::core::{Method, Purpose, Request, RequestId};
use grantflow::owner::Owner;
use grantflow::store::{HeldLock, Lock, Locks as _};
use grantflow::transport::{Http, HttpOptions, Transport};
use grantflow::{
    Client, Configuration, Error, FileStore, Key, Logins, ProviderFile, Secret, providers,
};
use grantflow_tests::faults::{Trouble, What};
use grantflow_tests::local;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["send", url] => println!("{}", send(url).await),
        ["save", store] => save(&FileStore::at(store)),
        ["save-on", store] => save_on(&FileStore::at(store)),
        ["check", store] => println!("{:?}", FileStore::at(store).check_writable()),
        ["die", call, store] => die(call, store, false),
        ["die", call, store, "mounted"] => die(call, store, true),
        ["hold", store] => hold(&FileStore::at(store)).await,
        ["overlap", store, log] => overlap(&FileStore::at(store), log).await,
        ["guest", store] => guest(store).await,
        ["owner"] => {
            println!("{}", Owner::this());
            await_end();
        }
        ["refresh", store, provider] => refresh(store, provider).await,
        _ => panic!("not one of the acts"),
    }
}

async fn send(url: &str) -> String {
    let http = match Http::new(&HttpOptions::default()) {
        Ok(http) => http,
        Err(why) => return why.to_string(),
    };
    let request = Request {
        id: RequestId::from_number(1),
        purpose: Purpose::Refresh,
        method: Method::Post,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Secret::new("refresh_token=the-token"),
        budget: Duration::from_secs(20),
    };
    format!("{:?}", http.send(request).await.map(|reply| reply.status))
}

fn save(store: &FileStore) {
    store.save(&local::credential("new")).expect("saved");
    println!("{:?}", store.warnings().expect("looked at"));
}

fn save_on(store: &FileStore) {
    for number in 0.. {
        store.save(&local::credential(&number.to_string().repeat(2000))).expect("saved");
        if number == 0 {
            println!("on");
        }
    }
}

/// Prints what came of the save where it has fewer calls.
fn die(call: &str, path: &str, mounted: bool) {
    let trouble = Trouble::at(call.parse().expect("a number"), What::Die);
    let trouble = trouble.with_mount(mounted.then(|| path.into()));
    let store = FileStore::at(path).with_faults(Arc::new(trouble));
    println!("{:?}", store.save(&local::credential(&"new".repeat(3000))));
}

async fn hold(store: &FileStore) {
    let _held = locked(store).await;
    println!("held");
    await_end();
}

/// Anyone who comes in between writes there too.
async fn overlap(store: &FileStore, log: &str) {
    let mut log = OpenOptions::new().append(true).open(log).expect("a log");
    let pid = std::process::id();
    for _ in 0..8 {
        let held = locked(store).await;
        log.write_all(format!("<{pid}").as_bytes()).expect("written");
        assert!(held.is_held());
        tokio::task::yield_now().await;
        log.write_all(format!("{pid}>\n").as_bytes()).expect("written");
    }
}

async fn locked(store: &FileStore) -> Box<dyn HeldLock> {
    let key = Key::of("standard");
    let held = store.acquire(&key, Lock::Ours, Duration::from_secs(60)).await;
    held.expect("locks").expect("our turn")
}

fn await_end() {
    std::io::stdin().read_to_end(&mut Vec::new()).expect("an end");
}

async fn guest(store: &str) {
    let client = Client::new(providers::anthropic(), Configuration::default()).expect("a client");
    let logins = Logins::open(store).expect("HTTP").with_client(client);
    let refused = logins.refresh("anthropic").await.expect_err("no renewal");
    if let Error::Borrowed { from, .. } = refused.root() {
        println!("borrowed from {from}");
    } else {
        println!("{refused:?}");
    }
}

async fn refresh(store: &str, provider: &str) {
    let provider = ProviderFile::parse(provider).expect("a provider file").provider;
    let client = Client::new(provider, Configuration::default()).expect("a client");
    let id = client.provider().id.clone();
    let logins = Logins::open(store).expect("HTTP").with_client(client);
    logins.refresh(&id).await.expect("renewed");
}
