//! No secret in anything that is printed, and none in a URL beyond what the RFCs put there.

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use grantflow_core::{
    Ask, Client, CodeVerifier, Configuration, Due, Entropy, Flow, Machine, Prompt, ProviderFile,
    Redirect, Renewal, Request, Secret, Step, UnverifiedClaims, key_header,
};
use grantflow_test_server::{Decision, Dialect, Fault, Hesitation, Person};
use grantflow_tests::canaries::{Canaries, Leak};
use grantflow_tests::covers;
use grantflow_tests::local::{browser_login, client, device_login, port, server};
use grantflow_tests::renewing::Renewing;
use grantflow_tests::world::{DAWN, World, entropy};

/// Everything secret that was seen, and everything that was printed.
#[derive(Default)]
struct Watch {
    secrets: Vec<String>,
    printed: String,
}

impl Watch {
    fn print(&mut self, value: &impl Debug) {
        writeln!(self.printed, "{value:?}\n{value:#?}").expect("a string");
    }

    fn secret(&mut self, text: &str) {
        // A value of a form is seen as it is and as it is encoded.
        for part in text.split(['&', '=', '"', ',', '{', '}', ':', '#', ' ']) {
            if part.len() >= 16 && !part.contains("//") && !part.contains("urn") {
                self.secrets.push(part.to_owned());
            }
        }
    }

    fn request(&mut self, request: &Request) {
        self.secret(request.body.expose());
        self.print(request);
        self.printed.push_str(&request.url);
        for header in &request.headers {
            let name = header.name.as_str();
            if name == "authorization" {
                self.secret(header.value.expose());
            }
            self.print(header);
        }
    }

    fn leak(&self) -> Option<Leak> {
        let mut canaries = Canaries::default();
        for secret in &self.secrets {
            canaries.mark("what was sent or answered", secret);
        }
        canaries.hear("what was printed", &self.printed);
        canaries.leaks().pop()
    }
}

/// Public by nature: they stand in URLs and requests alike.
fn is_public(watch: &mut Watch, client: &Client) {
    let id = client.client_id().to_owned();
    let words = ["application", "authorization_code", "refresh_token", "code_verifier"];
    watch.secrets.retain(|secret| {
        !id.contains(secret.as_str())
            && !words.contains(&secret.as_str())
            && !secret.contains("%3A%2F%2F")
    });
}

fn drive(watch: &mut Watch, world: &mut World, machine: &mut (impl Machine + Debug)) {
    loop {
        watch.print(machine);
        let step = machine.poll(world.now);
        watch.print(&step);
        match step {
            Step::Send(request) => {
                watch.request(&request);
                let result = world.perform(&request);
                watch.print(&result);
                if let Ok(response) = &result {
                    watch.secret(&String::from_utf8_lossy(&response.body));
                }
                let handled = machine.handle_response(world.now, request.id, &result);
                watch.print(&handled);
            }
            Step::Wait(wait) => world.wait(wait.expect("a time")),
            Step::Done(Ok(credential)) => {
                watch.secret(credential.access_token.expose());
                watch.print(&credential);
                watch.print(&credential.refresh_token);
                return;
            }
            Step::Done(Err(error)) => {
                watch.print(&error);
                watch.printed.push_str(&error.to_string());
                return;
            }
        }
    }
}

/// With a fault that strikes once the person is through.
fn sign_in(watch: &mut Watch, world: &mut World, flow: &mut Flow, fault: Option<Fault>) {
    let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!("a prompt") };
    watch.print(&flow.prompt());
    watch.print(&sign_ins);
    let back = world.visit(flow, 0, Decision::Approve);
    let (_, code) = back.split_once("code=").expect("a code");
    watch.secret(code.split('&').next().expect("a code"));
    if let Some(fault) = fault {
        world.server.inject(fault.always());
    }
    let redirect = Redirect::Callback(&back);
    watch.print(&redirect);
    assert_eq!(flow.handle_redirect(world.now, redirect), Ok(()));
    drive(watch, world, flow);
}

#[test]
fn nothing_printed_on_the_way_holds_a_secret() {
    covers(&["C-38", "N-6750-01", "S-02"]);
    covers(&["N-7636-06", "B-BO-11", "N-8628-12", "N-6749-22", "N-MCP-10"]);
    for fault in [None, Some(Fault::ErrorEcho), Some(Fault::Html200), Some(Fault::TruncatedJson)] {
        for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Codex, Dialect::Google] {
            let client = client(dialect);
            let mut world = World::new(server(dialect, |_| {}));
            let mut watch = Watch::default();
            let mut flow = browser_login(&client, port(dialect), 1);
            watch.secret(flow.save().expect("unfinished").expose());
            sign_in(&mut watch, &mut world, &mut flow, fault);
            without_what_urls_carry(&mut watch, &client);
            assert_eq!(watch.leak(), None, "{dialect:?} {fault:?}");
        }
    }
}

/// `state` and the challenge stand in the authorization URL by RFC; only that URL may carry them.
fn without_what_urls_carry(watch: &mut Watch, client: &Client) {
    is_public(watch, client);
    let endpoint = client.provider().authorization_endpoint.as_ref().expect("a browser login");
    assert!(
        !watch.printed.contains(&format!("{endpoint}?")),
        "the authorization URL is printed only where a person is to see it"
    );
}

#[test]
fn device_logins_and_renewals_print_no_secret_either() {
    covers(&["N-8628-12"]);
    for dialect in [Dialect::Standard, Dialect::Codex, Dialect::Github, Dialect::Google] {
        let client = client(dialect);
        let mut world = World::new(server(dialect, |config| {
            config.person = Person::Approve;
            config.hesitation = Hesitation::Polls(1);
        }));
        let mut watch = Watch::default();
        drive(&mut watch, &mut world, &mut device_login(&client, 1));
        is_public(&mut watch, &client);
        // The user code and its page are for the person's eyes.
        watch.secrets.retain(|secret| !secret.starts_with("http") && !secret.contains("/device"));
        assert_eq!(watch.leak(), None, "{dialect:?}");
    }
    let client = client(Dialect::Standard);
    let mut world = World::new(server(Dialect::Standard, |_| {}));
    let mut flow = browser_login(&client, 50_123, 1);
    let credential = world.sign_in(&mut flow, Decision::Approve).unwrap();
    let mut watch = Watch::default();
    let mut renewal = Renewing::new(&client, credential, &entropy(2), world.now);
    drive(&mut watch, &mut world, &mut renewal);
    is_public(&mut watch, &client);
    assert_eq!(watch.leak(), None);
}

#[test]
fn the_code_verifier_is_in_no_url_and_is_not_the_state() {
    covers(&["N-7636-05", "N-7636-06", "B-BO-11"]);
    for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Codex, Dialect::Google] {
        for seed in 0..50 {
            let flow = browser_login(&client(dialect), port(dialect), seed);
            let saved = flow.save().expect("unfinished");
            let saved: serde_json::Value = serde_json::from_str(saved.expose()).expect("JSON");
            let verifier = saved["code_verifier"].as_str().expect("a verifier");
            let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!("a prompt") };
            for sign_in in &sign_ins {
                assert!(!sign_in.url.contains(verifier));
                assert!(!sign_in.url.contains(&verifier[..20]));
            }
            let states = saved["states"].as_array().expect("states");
            assert!(
                states.iter().all(|state| state.as_str().is_some_and(|state| state.len() == 43))
            );
            assert!(states.iter().all(|state| state.as_str() != Some(verifier)));
        }
    }
}

#[test]
fn values_that_hold_a_secret_do_not_print_it() {
    covers(&["S-01"]);
    let canary = "canary-0123456789abcdef-0123456789abcdef-01234";
    let mut watch = Watch { secrets: vec![canary.to_owned()], printed: String::new() };
    watch.print(&Secret::from(canary));
    watch.print(&Configuration { client_secret: Some(canary.into()), ..Configuration::default() });
    watch.print(&CodeVerifier::parse(canary).expect("46 characters"));
    watch.print(&key_header(&grantflow_core::Api::default(), &Secret::from(canary)));
    watch.print(&Entropy::new([b'c'; 128]));
    let file = format!(r#"{{"preset":"google","client_id":"mine","client_secret":"{canary}"}}"#);
    watch.print(&ProviderFile::parse(&file).expect("a provider file"));
    let broken = file.replace("\"client_id\"", "\"unknown_field\"");
    watch.print(&ProviderFile::parse(&broken).expect_err("an unknown field"));
    watch.print(&UnverifiedClaims::read(&Secret::from(format!("a.{canary}.b"))));
    let client = Client::new(
        grantflow_core::providers::google(),
        Configuration {
            client_id: Some("mine".into()),
            client_secret: Some(canary.into()),
            ..Configuration::default()
        },
    );
    watch.print(&client.expect("a client"));
    assert_eq!(watch.leak(), None);
}

#[test]
fn what_holds_secrets_prints_what_it_is_and_where_it_stands() {
    let says = |value: &dyn Debug, text: &str| assert_eq!(format!("{value:?}"), text);
    let client = client(Dialect::Standard);
    let flow = browser_login(&client, port(Dialect::Standard), 1);
    says(&flow, "Flow(AwaitingRedirect)");
    let prompt = flow.prompt().expect("a prompt");
    says(&prompt, "OpenUrl");
    let Prompt::OpenUrl { sign_ins, .. } = prompt else { panic!("{prompt:?}") };
    says(&sign_ins[0], "SignIn(Redirect)");
    says(&Redirect::Callback("/?code=c"), "Callback");
    says(&Redirect::Pasted("c#s"), "Pasted");
    let mut login = device_login(&client, 1);
    assert!(World::new(server(Dialect::Standard, |_| {})).drive_until_prompt(&mut login));
    says(&login.prompt().expect("a prompt"), "EnterCode");
    says(&CodeVerifier::parse("a".repeat(43)).expect("43 characters"), "CodeVerifier");
    says(&UnverifiedClaims::read(&Secret::from("a.e30.b")).expect("no claims"), "UnverifiedClaims");
    let ask = Ask::new(Due::within(Duration::ZERO), "the only process");
    says(&Renewal::sign_out(&client, ask, &entropy(1), DAWN), "Renewal(TakingLock)");
}

#[test]
fn a_secret_matches_its_own_text_and_no_other_of_any_length() {
    covers(&["S-08", "B-CB-09"]);
    let text = "Zl3pN0b1sVQ-0123456789_abcdefghijklmnopqrst";
    let secret = Secret::from(text);
    assert!(secret.matches(text));
    let longer = format!("{text}a");
    for other in ["", &text[..42], &text[1..], &longer, &text.to_lowercase(), "another"] {
        assert!(!secret.matches(other), "{other}");
        assert_ne!(secret.digest(), Secret::from(other).digest(), "{other}");
    }
    assert!(Secret::default().matches(""), "whoever compares states refuses an empty one first");
}

#[test]
fn the_search_for_leaks_finds_a_planted_one() {
    let mut watch = Watch::default();
    watch.secret("refresh_token=0123456789abcdef0123456789abcdef&client_id=x");
    watch.print(&"an error about 0123456789abcdef0123456789abcdef");
    assert!(watch.leak().is_some());
}
