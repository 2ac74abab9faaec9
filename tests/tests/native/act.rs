//! What a test needs another process for: another environment, another umask, a kill.
//!
//! `act send URL` sends one request and prints the outcome; `act save STORE` saves a credential;
//! `act save-on STORE` does so until it is killed; `act refresh STORE PROVIDER_FILE` renews one.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a program for tests fails as tests do

use std::time::Duration;

use grantflow::core::{Method, Purpose, Request, RequestId};
use grantflow::transport::{Http, HttpOptions, Transport};
use grantflow::{Client, Configuration, FileStore, Logins, ProviderFile, Secret};
use grantflow_tests::local;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["send", url] => println!("{}", send(url).await),
        ["save", store] => FileStore::at(store).save(&local::credential("new")).expect("saved"),
        ["save-on", store] => save_on(&FileStore::at(store)),
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

fn save_on(store: &FileStore) {
    for number in 0.. {
        store.save(&local::credential(&number.to_string().repeat(2000))).expect("saved");
        if number == 0 {
            println!("on");
        }
    }
}

async fn refresh(store: &str, provider: &str) {
    let provider = ProviderFile::parse(provider).expect("a provider file").provider;
    let client = Client::new(provider, Configuration::default()).expect("a client");
    let id = client.provider().id.clone();
    let logins = Logins::open(store).expect("HTTP").with_client(client);
    logins.refresh(&id).await.expect("renewed");
}
