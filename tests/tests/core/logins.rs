//! Every dialect, from the door to the credential, without a single thing for the server to object
//! to.

use std::time::Duration;

use grantflow_core::{
    Client, Configuration, Credential, Error, Flow, Machine, Misconfigured, Purpose, Remedy, Step,
    TransportError,
};
use grantflow_test_server::{Decision, Dialect, Endpoint, Fault, Finding, Hesitation, Person};
use grantflow_tests::covers;
use grantflow_tests::local::{browser_login, client, device_login, port, server};
use grantflow_tests::world::{Happened, World};

#[test]
fn a_browser_login_yields_tokens_in_every_dialect_that_has_one() {
    covers(&["N-6749-06", "N-6749-09", "N-7636-03", "N-9700-02", "N-9700-05", "N-21-01"]);
    covers(&["N-8252-06"]);
    for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Codex, Dialect::Google] {
        let client = client(dialect);
        let mut world = World::new(server(dialect, |_| {}));
        let mut flow = browser_login(&client, port(dialect), 1);
        let credential = world.sign_in(&mut flow, Decision::Approve);
        let credential = credential.unwrap_or_else(|why| panic!("{dialect:?}: {why}"));
        assert_eq!(world.findings(), [], "{dialect:?}");
        assert!(credential.refresh_token.is_some(), "{dialect:?}");
        let life = credential.expires_at.map(|at| at - world.now.wall);
        assert_eq!(life, Some(3_600_000), "{dialect:?}");
    }
}

#[test]
fn a_device_login_yields_tokens_in_every_dialect_that_has_one() {
    covers(&["N-8628-13", "B-DV-05", "B-DV-08"]);
    for dialect in [Dialect::Standard, Dialect::Codex, Dialect::Github, Dialect::Google] {
        let client = client(dialect);
        let mut world = World::new(server(dialect, |config| {
            config.person = Person::Approve;
            config.hesitation = Hesitation::Polls(2);
        }));
        let mut flow = device_login(&client, 1);
        world.drive(&mut flow).unwrap_or_else(|why| panic!("{dialect:?}: {why}"));
        assert_eq!(world.findings(), [], "{dialect:?}");
    }
}

#[test]
fn a_pasted_code_and_state_from_the_providers_page_repeats_that_pages_redirect_uri() {
    covers(&["N-6749-09", "B-CB-01"]);
    let client = client(Dialect::Anthropic);
    let mut world = World::new(server(Dialect::Anthropic, |_| {}));
    let mut flow = browser_login(&client, 50_123, 1);
    let page = world.visit(&flow, 1, Decision::Approve);
    let (_, query) = page.split_once('?').unwrap();
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(own, _)| own == name).unwrap().1.into_owned()
    };
    let pasted = format!("{}#{}\n", value("code"), value("state"));
    let redirect = grantflow_core::Redirect::Pasted(&pasted);
    assert_eq!(flow.handle_redirect(world.now, redirect), Ok(()));
    let credential = world.drive(&mut flow).unwrap();
    assert_eq!(world.findings(), []);
    assert_eq!(credential.account.email.as_deref(), Some("person@example.com"));
}

#[test]
fn the_device_login_sends_pkce_where_the_provider_asks_for_it() {
    let mut provider = grantflow_tests::local::provider(Dialect::Standard, "http://127.0.0.1:4000");
    provider.device.code_challenge = true;
    let client = Client::new(provider, Configuration::default()).unwrap();
    let mut world = World::new(server(Dialect::Standard, |config| {
        config.person = Person::Approve;
        config.device_pkce = true;
    }));
    assert!(world.drive(&mut device_login(&client, 1)).is_ok());
    assert_eq!(world.findings(), []);
}

#[test]
fn codex_makes_the_code_verifier_itself_and_the_code_is_redeemed_with_its_own_redirect_uri() {
    covers(&["B-DV-02", "B-DV-16"]);
    let client = client(Dialect::Codex);
    let mut world = World::new(server(Dialect::Codex, |config| {
        config.person = Person::Approve;
        config.hesitation = Hesitation::Polls(1);
    }));
    let credential = world.drive(&mut device_login(&client, 1)).unwrap();
    let sent: Vec<_> = world
        .happened
        .iter()
        .filter_map(|happened| match happened {
            Happened::Sent(purpose) => Some(*purpose),
            Happened::Answered(_) | Happened::Waited(_) => None,
        })
        .collect();
    let polls = [Purpose::PollDevice; 2];
    assert_eq!(sent, [&[Purpose::RequestDeviceCode][..], &polls, &[Purpose::RedeemCode]].concat());
    assert_eq!(world.findings(), []);
    assert_eq!(credential.account.plan.as_deref(), Some("plus"));
    let id = credential.account.id.as_deref();
    assert_eq!(id, Some("3b1f0c2e-6a57-4d0b-9c1d-0f6f2a7f9e11"));
    let headers = credential.api_headers(&client).unwrap();
    let account = headers.iter().find(|header| header.name == "chatgpt-account-id").unwrap();
    assert_eq!(Some(account.value.expose()), id);
}

#[test]
fn github_pending_with_status_200_does_not_end_the_login() {
    covers(&["B-TR-02", "N-8628-06"]);
    let client = client(Dialect::Github);
    let mut world = World::new(server(Dialect::Github, |config| {
        config.person = Person::Approve;
        config.hesitation = Hesitation::Polls(3);
    }));
    let credential = world.drive(&mut device_login(&client, 1)).unwrap();
    let statuses: Vec<_> = world
        .happened
        .iter()
        .filter_map(|happened| match happened {
            Happened::Answered(status) => *status,
            Happened::Sent(_) | Happened::Waited(_) => None,
        })
        .collect();
    assert_eq!(statuses, [200; 6], "the code, three refusals, the token, the second token");
    assert!(credential.access_token.expose().starts_with("tid="));
    assert!(credential.subject_token.is_some());
    let base = credential.api_base.map(|base| base.as_str().to_owned());
    assert_eq!(base.as_deref(), Some("https://api.individual.githubcopilot.com"));
    assert_eq!(credential.renew_at, Some(world.now.wall + 3_300_000));
}

#[test]
fn slow_down_lengthens_every_later_wait_and_the_server_sees_no_early_poll() {
    covers(&["N-8628-03", "N-8628-04", "N-8628-05", "B-DV-09"]);
    for dialect in [Dialect::Standard, Dialect::Codex, Dialect::Github] {
        let client = client(dialect);
        let mut world = World::new(server(dialect, |config| {
            config.person = Person::Approve;
            config.hesitation = Hesitation::Polls(4);
            config.faults.push(Fault::SlowDown.times(2));
        }));
        world.latency = Duration::from_millis(250);
        world.drive(&mut device_login(&client, 1)).unwrap();
        let waits: Vec<_> = world
            .happened
            .iter()
            .filter_map(|happened| match happened {
                Happened::Waited(wait) if *wait > Duration::from_secs(1) => Some(wait.as_secs()),
                Happened::Waited(_) | Happened::Sent(_) | Happened::Answered(_) => None,
            })
            .collect();
        assert_eq!(waits[..4], [5, 10, 18, 18], "{dialect:?}");
        assert_eq!(world.findings(), [], "{dialect:?}");
    }
}

#[test]
fn a_clock_that_runs_fast_costs_a_few_polls_and_not_the_login() {
    covers(&["B-DV-13", "B-CK-04"]);
    for (percent, most) in [(10, 2), (30, 3), (50, 5)] {
        let (outcome, world) = with_a_fast_clock(percent);
        outcome.unwrap();
        let findings = world.findings();
        assert!(findings.iter().all(|finding| matches!(finding, Finding::EarlyPoll { .. })));
        assert!((1..=most).contains(&findings.len()), "{percent} %: {findings:?}");
    }
}

#[test]
fn a_clock_that_runs_fast_is_named_where_it_costs_the_login() {
    covers(&["B-DV-13", "B-CK-04"]);
    let (outcome, world) = with_a_fast_clock(200);
    let error = outcome.unwrap_err();
    let Error::Expired { slow_downs } = error else { panic!("{error:?}") };
    let waits = world.happened.iter().filter_map(|happened| match happened {
        Happened::Waited(wait) => Some(wait.as_secs()),
        Happened::Sent(_) | Happened::Answered(_) => None,
    });
    let waits: Vec<_> = waits.take(5).collect();
    assert_eq!(waits, [5, 5, 10, 18, 27], "each slow_down is obeyed, and the server wants more");
    assert!(slow_downs > 10 && error.to_string().contains("clock may run fast"), "{error}");
}

fn with_a_fast_clock(percent: u64) -> (Result<Credential, Error>, World) {
    let mut world = World::new(server(Dialect::Standard, |config| {
        config.person = Person::Approve;
        config.hesitation = Hesitation::Polls(1);
    }));
    world.clock_runs_fast_by(percent);
    let outcome = world.drive(&mut device_login(&client(Dialect::Standard), 1));
    (outcome, world)
}

#[test]
fn a_prompt_tells_how_much_time_is_left() {
    let client = client(Dialect::Standard);
    let mut world = World::new(server(Dialect::Standard, |config| config.person = Person::Ask));
    let mut flow = device_login(&client, 1);
    assert!(world.drive_until_prompt(&mut flow));
    let prompt = flow.prompt().unwrap();
    let left = prompt.left(world.now);
    assert!(left > Duration::from_secs(800) && left <= Duration::from_secs(900), "{left:?}");
    world.wait(Duration::from_secs(60));
    assert_eq!(prompt.left(world.now) + Duration::from_secs(60), left);
    world.wait(left);
    assert_eq!(prompt.left(world.now), Duration::ZERO);
}

#[test]
fn denial_and_expiry_end_a_login_as_what_they_are() {
    covers(&["N-8628-07", "B-CB-10"]);
    for dialect in [Dialect::Standard, Dialect::Github, Dialect::Google] {
        let client = client(dialect);
        let mut world = World::new(server(dialect, |config| config.person = Person::Deny));
        assert_eq!(world.drive(&mut device_login(&client, 1)).unwrap_err(), Error::Denied);
        let mut world = World::new(server(dialect, |config| {
            config.person = Person::Ignore;
            config.device_code_life_s = 31;
        }));
        let ended = world.drive(&mut device_login(&client, 1)).unwrap_err();
        assert_eq!(ended, Error::Expired { slow_downs: 0 }, "{dialect:?}");
        let asked = world.server.log().iter().filter(|entry| entry.endpoint == Endpoint::Token);
        assert_eq!(asked.count(), 6, "no poll after the code's life of 31 s");
    }
    for dialect in [Dialect::Standard, Dialect::Anthropic, Dialect::Codex, Dialect::Google] {
        let mut world = World::new(server(dialect, |_| {}));
        let mut flow = browser_login(&client(dialect), port(dialect), 1);
        assert_eq!(world.sign_in(&mut flow, Decision::Deny).unwrap_err(), Error::Denied);
    }
}

#[test]
fn device_logins_that_are_not_offered_name_the_browser_as_the_way_out() {
    covers(&["B-DV-15"]);
    let client = client(Dialect::Codex);
    let rules = vec![Fault::DeviceDisabled.always()];
    let mut world = World::new(server(Dialect::Codex, |config| config.faults = rules));
    let ended = world.drive(&mut device_login(&client, 1)).unwrap_err();
    assert_eq!(ended, Error::DeviceLoginUnavailable);
    assert_eq!(ended.remedy(), Remedy::UseAnotherFlow);
}

#[test]
fn a_second_token_tells_a_revoked_login_from_a_missing_seat() {
    for (fault, remedy) in [
        (Fault::SecondToken401, Remedy::SignInAgain),
        (Fault::SecondToken403, Remedy::AskAdministrator),
        (Fault::SecondToken404, Remedy::AskAdministrator),
    ] {
        let mut world = World::new(server(Dialect::Github, |config| {
            config.person = Person::Approve;
            config.faults.push(fault.always());
        }));
        let ended = world.drive(&mut device_login(&client(Dialect::Github), 1)).unwrap_err();
        assert_eq!(ended.remedy(), remedy, "{fault:?}: {ended}");
    }
}

#[test]
fn copilot_without_the_callers_editor_headers_says_which_are_needed() {
    let provider = grantflow_core::providers::github_copilot();
    let missing = Client::new(provider, Configuration::default()).unwrap_err();
    let needed = ["integration_id", "plugin_version", "editor_version"].map(str::to_owned);
    assert_eq!(missing, Misconfigured::MissingVariables(needed.into()));
}

#[test]
fn an_enterprise_host_serves_copilot_under_its_own_names() {
    let provider =
        grantflow_core::providers::github_copilot_enterprise("https://octo.ghe.com/login");
    let provider = provider.unwrap();
    let endpoint = provider.device_authorization_endpoint.unwrap();
    assert_eq!(endpoint.as_str(), "https://octo.ghe.com/login/device/code");
    let exchange = provider.then.unwrap();
    assert_eq!(exchange.endpoint.as_str(), "https://api.octo.ghe.com/copilot_internal/v2/token");
    assert_eq!(provider.api.base.unwrap().as_str(), "https://copilot-api.octo.ghe.com");
}

#[test]
fn a_code_whose_answer_was_lost_is_presented_once_more_and_no_more() {
    let client = client(Dialect::Standard);
    for (losses, presented) in [(1, 2), (2, 2), (9, 2)] {
        let mut world = World::new(server(Dialect::Standard, |config| {
            config.faults.push(Fault::BadGateway.times(losses).at(Endpoint::Token));
        }));
        let mut flow = browser_login(&client, 50_123, 1);
        let outcome = world.sign_in(&mut flow, Decision::Approve);
        let asked = world.server.log().iter().filter(|entry| entry.endpoint == Endpoint::Token);
        assert_eq!(asked.count(), presented);
        match losses {
            1 => assert!(outcome.is_ok(), "{outcome:?}"),
            _ => assert_eq!(outcome.unwrap_err(), Error::OutcomeUnknown),
        }
    }
}

#[test]
fn a_request_that_never_left_is_sent_again_and_does_not_count_as_a_second_presentation() {
    let client = client(Dialect::Standard);
    let mut world = World::new(server(Dialect::Standard, |config| {
        config.faults.push(Fault::ResetBefore.times(3).at(Endpoint::Token));
    }));
    let mut flow = browser_login(&client, 50_123, 1);
    assert!(world.sign_in(&mut flow, Decision::Approve).is_ok());
    assert_eq!(world.findings(), []);
}

#[test]
fn a_login_nobody_finishes_ends_after_ten_minutes_or_as_long_as_was_set() {
    covers(&["B-CB-31"]);
    let mut configuration = grantflow_tests::local::configuration(Dialect::Standard);
    for (patience, waited) in [(None, 600), (Some(Duration::from_secs(42)), 42)] {
        configuration.patience = patience;
        let provider = grantflow_tests::local::provider(Dialect::Standard, "http://127.0.0.1:4000");
        let client = Client::new(provider, configuration.clone()).unwrap();
        let mut world = World::new(server(Dialect::Standard, |_| {}));
        let mut flow = browser_login(&client, 50_123, 1);
        assert_eq!(world.drive(&mut flow).unwrap_err(), Error::Expired { slow_downs: 0 });
        assert_eq!(world.happened, [Happened::Waited(Duration::from_secs(waited))]);

        let mut world =
            World::new(server(Dialect::Standard, |config| config.person = Person::Ignore));
        let begun = world.now.mono;
        world.drive(&mut device_login(&client, 1)).unwrap_err();
        let life = patience.map_or(900, |patience| patience.as_secs());
        assert_eq!(world.now.mono - begun, life * 1000, "a device login, as long as its code");
    }
}

#[test]
fn an_ended_flow_stays_ended() {
    let client = client(Dialect::Standard);
    let mut world = World::new(server(Dialect::Standard, |config| config.person = Person::Deny));
    let mut flow: Flow = device_login(&client, 1);
    assert!(world.drive(&mut flow).is_err());
    assert!(matches!(flow.poll(world.now), Step::Wait(None)));
    assert!(flow.save().is_none());
    let id = grantflow_core::RequestId::from_number(1);
    let late = flow.handle_response(world.now, id, &Err(TransportError::Lost));
    assert_eq!(late, Err(grantflow_core::Rejected::Stale));
}
