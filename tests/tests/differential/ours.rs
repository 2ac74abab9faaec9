//! What grantflow makes of a reply.

use std::time::Duration;

use grantflow_core::{
    Client, Configuration, Credential, Error, Flow, Machine, Now, Prompt, Redirect, Request,
    Response, Scope, Secret, Step,
};
use grantflow_test_server::Dialect;
use grantflow_tests::local::{self, ISSUER, browser_login, device_login, provider};
use grantflow_tests::renewing::Renewing;
use grantflow_tests::world::{DAWN, entropy};

use crate::{Case, Of, word};

const DEVICE_REPLY: &str = r#"{"device_code":"d1","user_code":"WDJB-MJHT","expires_in":900,
    "interval":5,"verification_uri":"https://i.example/d"}"#;

pub(crate) fn judge(case: &Case) -> String {
    match case.of {
        Of::Token => redeemed(case),
        Of::Refresh => renewed(case),
        Of::Device => began(case),
        Of::Poll => polled(case),
        Of::Redirect => came_back(case),
    }
}

/// As npm `oauth4webapi` is told it: by the book, and without a promise of `iss`.
fn client() -> Client {
    let mut provider = provider(Dialect::Standard, ISSUER);
    provider.authorization_response_iss_parameter_supported = false;
    provider.scope = Scope::parse("openid");
    Client::new(provider, Configuration::default()).unwrap()
}

fn redeemed(case: &Case) -> String {
    let mut flow = browser_login(&client(), 50_123, 1);
    let (uri, state) = way_back(&flow);
    let back = format!("{uri}?code=c1&state={state}");
    assert_eq!(flow.handle_redirect(DAWN, Redirect::Callback(&back)), Ok(()));
    ended(&mut flow, case)
}

fn renewed(case: &Case) -> String {
    let client = client();
    let old = Credential {
        origin: client.provider().origin(),
        refresh_token: Some(Secret::new("r0")),
        scope: Scope::parse("openid"),
        ..local::credential("a0")
    };
    ended(&mut Renewing::new(&client, old, &entropy(1), DAWN), case)
}

/// Until it has ended, or would send something again: then the reply has settled nothing.
fn ended(machine: &mut impl Machine, case: &Case) -> String {
    answer(machine, case);
    let mut now = DAWN;
    loop {
        match machine.poll(now) {
            Step::Done(Ok(credential)) => return tokens(&credential),
            Step::Done(Err(why)) => return failure(&why),
            Step::Wait(wait) => now = later_than(now, wait.unwrap()),
            Step::Send(_) => return "no sense".into(),
        }
    }
}

fn began(case: &Case) -> String {
    let mut flow = device_login(&client(), 1);
    answer(&mut flow, case);
    match flow.poll(DAWN) {
        Step::Done(Err(why)) => failure(&why),
        Step::Wait(_) => codes(&flow).unwrap_or_else(|| "no sense".into()),
        step @ (Step::Send(_) | Step::Done(Ok(_))) => panic!("{step:?}"),
    }
}

fn polled(case: &Case) -> String {
    let mut flow = device_login(&client(), 1);
    let request = sent(&mut flow, 0);
    let codes = Ok(Response::new(200, DEVICE_REPLY));
    assert_eq!(flow.handle_response(DAWN, request.id, &codes), Ok(()));
    let now = later(5_000);
    let request = sent(&mut flow, 5_000);
    let reply = Ok(Response::new(case.status, case.body.clone()));
    assert_eq!(flow.handle_response(now, request.id, &reply), Ok(()));
    match flow.poll(now) {
        Step::Done(Ok(credential)) => tokens(&credential),
        Step::Done(Err(why)) => failure(&why),
        Step::Wait(_) => match flow.view(now).pace.unwrap() {
            (5_000, 5_000, 0) => "pending".into(),
            (_, _, 1) => "slow down".into(),
            (5_000, 10_000, 0) => "asks again".into(),
            pace => panic!("{pace:?}"),
        },
        Step::Send(request) => panic!("{request:?}"),
    }
}

fn came_back(case: &Case) -> String {
    let mut flow = browser_login(&client(), 50_123, 1);
    let (uri, state) = way_back(&flow);
    let back = format!("{uri}?{}", case.query_with(&state, ISSUER));
    if flow.handle_redirect(DAWN, Redirect::Callback(&back)).is_err() {
        return "no sense".into();
    }
    match flow.poll(DAWN) {
        Step::Send(request) => {
            let form = request.body.expose().as_bytes().to_vec();
            let code = url::form_urlencoded::parse(&form).find(|(name, _)| name == "code");
            format!("code {}", word(code.as_ref().map(|(_, code)| code.as_ref())))
        }
        Step::Done(Err(why)) => failure(&why),
        step @ (Step::Wait(_) | Step::Done(Ok(_))) => panic!("{step:?}"),
    }
}

fn way_back(flow: &Flow) -> (String, String) {
    let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!("an address") };
    let url = url::Url::parse(&sign_ins[0].url).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    (sign_ins[0].redirect_uri.clone(), state)
}

fn answer(machine: &mut impl Machine, case: &Case) {
    let request = sent(machine, 0);
    let reply = Ok(Response::new(case.status, case.body.clone()));
    assert_eq!(machine.handle_response(DAWN, request.id, &reply), Ok(()));
}

fn sent(machine: &mut impl Machine, after: u64) -> Request {
    match machine.poll(later(after)) {
        Step::Send(request) => request,
        step @ (Step::Wait(_) | Step::Done(_)) => panic!("{step:?}"),
    }
}

fn later(ms: u64) -> Now {
    later_than(DAWN, Duration::from_millis(ms))
}

fn later_than(now: Now, wait: Duration) -> Now {
    let ms = u64::try_from(wait.as_millis()).unwrap();
    Now { wall: now.wall + ms, mono: now.mono + ms }
}

fn seconds(ms: u64) -> String {
    Duration::from_millis(ms).as_secs_f64().to_string()
}

fn tokens(credential: &Credential) -> String {
    let life = credential.expires_at.map(|at| seconds(at - credential.obtained_at));
    let refresh_token = credential.refresh_token.as_ref().map(Secret::expose);
    let scope = credential.scope.to_string();
    let words =
        [Some(credential.access_token.expose()), refresh_token, life.as_deref(), Some(&scope)];
    format!("tokens {}", words.map(word).join(" "))
}

fn codes(flow: &Flow) -> Option<String> {
    let Prompt::EnterCode { user_code, verification_uri, verification_uri_complete, deadline } =
        flow.prompt()?
    else {
        return None;
    };
    let saved: serde_json::Value = serde_json::from_str(flow.save()?.expose()).ok()?;
    let life = seconds(deadline.max(DAWN.mono) - DAWN.mono);
    let interval = seconds(flow.view(DAWN).pace?.0);
    let complete = verification_uri_complete.as_deref();
    let words = [
        saved["device_code"].as_str(),
        Some(user_code.as_str()),
        Some(verification_uri.as_str()),
        complete,
        Some(&life),
        Some(&interval),
    ];
    Some(format!("codes {}", words.map(word).join(" ")))
}

fn failure(why: &Error) -> String {
    if let Error::Refused { code, .. } = why {
        return format!("refused {}", code.as_ref().map_or("-", |code| code.as_str()));
    }
    if matches!(why, Error::BadResponse(_) | Error::Interrupted { .. }) {
        return "no sense".into();
    }
    let words = [
        (Error::InvalidGrant, "refused invalid_grant"),
        (Error::Denied, "refused access_denied"),
        (Error::Expired { slow_downs: 0 }, "refused expired_token"),
        (Error::DeviceLoginUnavailable, "no device login"),
    ];
    let known = words.iter().find(|(known, _)| known == why);
    known.map_or_else(|| format!("{why:?}"), |(_, word)| (*word).to_owned())
}
