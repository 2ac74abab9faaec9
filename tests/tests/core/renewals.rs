//! Renewals of one credential by one process: what is presented, what comes of it, and where it may
//! go. What many make of one record is `rotation`.

use grantflow_core::{
    Client, Configuration, Credential, Error, Expected, Machine, Prompt, Remedy, Response, Secret,
    Step, StoreTrouble,
};
use grantflow_test_server::{Decision, Dialect, Fault, Finding, Person};
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, browser_login, client, device_login, port, provider, server};
use grantflow_tests::renewing::{Renewing, interrupted};
use grantflow_tests::world::{World, callback, entropy};

#[test]
fn a_renewal_rotates_the_refresh_token_and_keeps_what_the_reply_leaves_out() {
    covers(&["N-6749-18", "N-6749-19", "N-6749-20", "B-TR-06"]);
    for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Codex, Dialect::Google] {
        let client = client(dialect);
        let mut world = World::new(server(dialect, |_| {}));
        let mut flow = browser_login(&client, port(dialect), 1);
        let first = world.sign_in(&mut flow, Decision::Approve).unwrap();
        let old = first.refresh_token.as_ref().unwrap().digest();
        let account = first.account.clone();
        let mut renewal = Renewing::new(&client, first, &entropy(2), world.now);
        let second = world.drive(&mut renewal).unwrap();
        let new = second.refresh_token.as_ref().unwrap().digest();
        assert_eq!(new == old, dialect == Dialect::Google, "{dialect:?}: Google does not rotate");
        assert_eq!(second.account, account, "{dialect:?}");
        assert_eq!(world.findings(), [], "{dialect:?}");
    }
}

#[test]
fn a_resource_that_the_providers_data_names_is_named_in_each_request() {
    covers(&["N-8707-02", "C-16"]);
    let mut provider = provider(Dialect::Standard, ISSUER);
    for parameters in [&mut provider.authorization.parameters, &mut provider.token.parameters] {
        parameters.insert("resource", "https://api.example/mcp".into());
    }
    let client = Client::new(provider, Configuration::default()).unwrap();
    let mut world = World::new(server(Dialect::Standard, |config| {
        config.extra_parameters.push("resource".into());
    }));
    let mut flow = browser_login(&client, 50_123, 1);
    let back = world.visit(&flow, 0, Decision::Approve);
    let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!("an address") };
    assert!(names_resource(&sign_ins[0].url));
    assert_eq!(callback(&mut flow, world.now, &back), Ok(()));
    let first = naming_the_resource(&mut world, &mut flow);
    let mut renewal = Renewing::new(&client, first, &entropy(2), world.now);
    naming_the_resource(&mut world, &mut renewal);
    assert_eq!(world.findings(), []);
}

fn naming_the_resource(world: &mut World, machine: &mut impl Machine) -> Credential {
    loop {
        match machine.poll(world.now) {
            Step::Send(request) => {
                assert!(names_resource(request.body.expose()), "{request:?}");
                let result = world.perform(&request);
                assert_eq!(machine.handle_response(world.now, request.id, &result), Ok(()));
            }
            Step::Wait(wait) => world.wait(wait.unwrap()),
            Step::Done(outcome) => return outcome.unwrap(),
        }
    }
}

fn names_resource(text: &str) -> bool {
    text.matches("resource=https%3A%2F%2Fapi.example%2Fmcp").count() == 1
}

#[test]
fn a_refresh_token_presented_again_is_an_invalid_grant() {
    covers(&["B-TR-32"]);
    for dialect in [Dialect::Standard, Dialect::Codex] {
        let client = client(dialect);
        let mut world = World::new(server(dialect, |_| {}));
        let mut flow = browser_login(&client, port(dialect), 1);
        let first = world.sign_in(&mut flow, Decision::Approve).unwrap();
        let mut renewal = Renewing::new(&client, first.clone(), &entropy(2), world.now);
        world.drive(&mut renewal).unwrap();
        let mut again = Renewing::new(&client, first, &entropy(3), world.now);
        assert_eq!(world.drive(&mut again).unwrap_err(), Error::InvalidGrant);
        let reused = Finding::RefreshTokenReused { forgiven: false };
        assert!(world.findings().contains(&reused), "{dialect:?}");
    }
}

#[test]
fn a_refresh_token_whose_answer_was_lost_is_not_presented_again() {
    covers(&["B-TR-30", "B-TR-35", "B-TR-28"]);
    for fault in [
        Fault::Stall,
        Fault::ResetAfter,
        Fault::TruncatedBody,
        Fault::Redirect307,
        Fault::InternalError,
        Fault::BadGateway,
        Fault::Html200,
        Fault::TruncatedJson,
        Fault::EmptyBody,
    ] {
        let client = client(Dialect::Standard);
        let mut world = World::new(server(Dialect::Standard, |_| {}));
        let mut flow = browser_login(&client, 50_123, 1);
        let first = world.sign_in(&mut flow, Decision::Approve).unwrap();
        let before = world.server.log().len();
        world.server.inject(fault.once());
        let mut renewal = Renewing::new(&client, first, &entropy(2), world.now);
        let begun = world.now;
        let unknown = world.drive(&mut renewal).unwrap_err();
        assert_eq!(unknown, interrupted(begun), "{fault:?}");
        assert_eq!(unknown.remedy(), Remedy::RetryLater, "once more, before a person is asked");
        assert_eq!(world.server.log().len() - before, 1, "{fault:?}: presented once");
    }
}

#[test]
fn a_credential_is_renewed_only_where_it_was_issued() {
    covers(&["N-6749-20"]);
    let elsewhere = grantflow_core::Endpoint::parse("https://elsewhere.example/token").unwrap();
    for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Codex, Dialect::Google] {
        let ours = client(dialect);
        let mut world = World::new(server(dialect, |_| {}));
        let mut flow = browser_login(&ours, port(dialect), 1);
        let credential = world.sign_in(&mut flow, Decision::Approve).unwrap();
        let mut moved = ours.provider().clone();
        moved.token_endpoint = elsewhere.clone();
        let configuration = grantflow_tests::local::configuration(dialect);
        let moved = Client::new(moved, configuration.clone()).unwrap();
        let stranger = Configuration { client_id: Some("other".into()), ..configuration };
        let stranger = Client::new(ours.provider().clone(), stranger).unwrap();
        for foreign in [moved, stranger, client(Dialect::Github)] {
            let renewal = Renewing::new(&foreign, credential.clone(), &entropy(2), world.now);
            assert_eq!(renewal.refused(world.now), Some(Error::ForeignCredential), "{dialect:?}");
        }
    }
    let copilot = client(Dialect::Github);
    let mut world = World::new(server(Dialect::Github, |config| config.person = Person::Approve));
    let credential = world.drive(&mut device_login(&copilot, 1)).unwrap();
    let mut moved = copilot.provider().clone();
    moved.then.as_mut().unwrap().endpoint = elsewhere;
    let configuration = grantflow_tests::local::configuration(Dialect::Github);
    let moved = Client::new(moved, configuration).unwrap();
    let renewal = Renewing::new(&moved, credential.clone(), &entropy(2), world.now);
    assert_eq!(renewal.refused(world.now), Some(Error::ForeignCredential), "the second token's");
    let mut renewal = Renewing::new(&copilot, credential, &entropy(2), world.now);
    assert!(world.drive(&mut renewal).is_ok());
}

#[test]
fn a_credential_without_a_refresh_token_cannot_be_renewed() {
    let ours = client(Dialect::Anthropic);
    let mut world = World::new(server(Dialect::Anthropic, |_| {}));
    let mut flow = browser_login(&ours, 50_123, 1);
    let credential = world.sign_in(&mut flow, Decision::Approve).unwrap();
    let without = Credential { refresh_token: None, ..credential };
    let renewal = Renewing::new(&ours, without, &entropy(2), world.now);
    assert_eq!(renewal.refused(world.now), Some(Error::NotRenewable));
}

#[test]
fn an_exchange_that_is_answered_with_nonsense_has_spent_nothing() {
    let copilot = client(Dialect::Github);
    let mut world = World::new(server(Dialect::Github, |config| config.person = Person::Approve));
    let credential = world.drive(&mut device_login(&copilot, 1)).unwrap();
    let lapsed = Credential { expires_at: Some(world.now.wall), ..credential };
    let mut renewal = Renewing::new(&copilot, lapsed, &entropy(2), world.now);
    let Step::Send(request) = renewal.poll(world.now) else { panic!("{renewal:?}") };
    renewal.handle_response(world.now, request.id, &Ok(Response::new(200, "{}"))).unwrap();
    let Step::Done(Err(why)) = renewal.poll(world.now) else { panic!("{renewal:?}") };
    assert!(matches!(why, Error::BadResponse(_)), "{why:?}");
}

#[test]
fn what_another_tool_renews_is_not_renewed_and_its_first_token_is_exchanged_in_memory() {
    covers(&["R-P-19"]);
    let ours = client(Dialect::Standard);
    let mut world = World::new(server(Dialect::Standard, |_| {}));
    let credential = world.sign_in(&mut browser_login(&ours, 50_123, 1), Decision::Approve);
    let before = world.server.log().len();
    let renewal = Renewing::borrowed(&ours, credential.unwrap(), &entropy(2), world.now);
    assert_eq!(renewal.refused(world.now), Some(Error::Borrowed));
    assert_eq!(world.server.log().len(), before);

    let copilot = client(Dialect::Github);
    let mut world = World::new(server(Dialect::Github, |config| config.person = Person::Approve));
    let first = world.drive(&mut device_login(&copilot, 1)).unwrap();
    let mut renewal = Renewing::borrowed(&copilot, first.clone(), &entropy(2), world.now);
    let second = world.drive(&mut renewal).unwrap();
    assert_ne!(second.access_token.digest(), first.access_token.digest());
    assert_eq!(world.findings(), []);
}

#[test]
fn what_a_store_could_not_do_is_told_in_words() {
    for (trouble, says) in [
        (StoreTrouble::Unreadable, "read"),
        (StoreTrouble::NotWritable, "written"),
        (StoreTrouble::NoLock, "locks"),
        (StoreTrouble::Newer, "newer version"),
    ] {
        let (alone, told) = (trouble.to_string(), Error::Store(trouble).to_string());
        assert!(alone.contains(says) && told.contains(&alone), "{told}");
    }
}

#[test]
fn what_is_saved_is_a_login_unless_it_takes_the_place_of_what_it_renews() {
    let digest = Secret::new("a token").digest();
    let logins = [Expected::Anything, Expected::Unchanged(None), Expected::Unchanged(Some(digest))];
    assert!(logins.into_iter().all(Expected::is_login));
    assert!(!Expected::RenewedBy(digest).is_login());
}
