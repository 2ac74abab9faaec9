//! Replies that begin a device login.

use std::time::Duration;

use grantflow_core::{Client, Flow, Machine as _, Prompt, Response, Scope, Step};
use url::{Host, Url};

use crate::clients::{DAWN, Dialect, client, entropy};
use crate::formats::text_in;
use crate::token::{is_fit_to_be_shown, is_not_shown};

/// A device login whose first request met this answer.
pub type Begin = fn(&Client, &[u8]) -> Flow;

/// The first byte chooses the dialect, the rest is the body of a success.
///
/// # Panics
/// When an invariant does not hold.
pub fn device_reply(bytes: &[u8], begin: Begin) {
    let Some((choice, body)) = bytes.split_first() else { return };
    let dialects = [Dialect::Standard, Dialect::Codex, Dialect::Github, Dialect::Google];
    let dialect = dialects[usize::from(*choice) % dialects.len()];
    let client = client(dialect);
    let mut flow = begin(&client, body);
    let view = flow.view(DAWN);
    match flow.prompt() {
        Some(Prompt::EnterCode {
            user_code,
            verification_uri,
            verification_uri_complete,
            deadline,
        }) => {
            assert_eq!(view.state, "Polling", "a code is shown while it can be entered");
            can_be_shown(&user_code);
            let page = safe_page(&verification_uri);
            let complete = verification_uri_complete.as_deref().map(safe_page);
            let is_there = complete.is_none_or(|url| url.origin() == page.origin());
            assert!(is_there, "the complete address is at the same place: {bytes:?}");
            stands_in_the_reply(dialect, body, &user_code, &flow);
            let left = deadline.saturating_sub(DAWN.mono);
            assert!(left <= 3_600_000, "no code lives longer than an hour: {left}");
        }
        Some(prompt) => panic!("a device login shows a code, not {prompt:?}"),
        None => assert_ne!(view.state, "Polling", "a code that is polled for is shown"),
    }
    if let Some((interval, delay, slow_downs)) = view.pace {
        assert!(interval >= 1000, "polls are a second apart at least, not {interval} ms");
        assert!(delay >= interval && slow_downs == 0, "the first poll waits for its turn");
    }
    match flow.poll(DAWN) {
        Step::Send(request) => panic!("the first poll waits for its turn: {request:?}"),
        Step::Wait(wait) => assert!(wait.is_some_and(|wait| wait > Duration::ZERO), "it waits"),
        Step::Done(Err(error)) => is_fit_to_be_shown(&error, body),
        Step::Done(Ok(credential)) => panic!("a code is no token: {credential:?}"),
    }
}

fn can_be_shown(user_code: &str) {
    let is_visible = user_code.bytes().all(|b| (b' '..=b'~').contains(&b));
    let is_fit = is_visible && !user_code.trim().is_empty() && user_code.len() <= 64;
    assert!(is_fit, "a user code can be shown: {user_code:?}");
}

/// As a browser reads it.
fn safe_page(url: &str) -> Url {
    let is_plain = url.bytes().all(|b| b.is_ascii_graphic());
    assert!(is_plain, "an address can be shown: {url:?}");
    // A name that the browser refuses leads nowhere.
    let Ok(parsed) = Url::parse(url) else { return nowhere(url) };
    let is_loopback = match parsed.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    let is_safe = parsed.scheme() == "https" || parsed.scheme() == "http" && is_loopback;
    assert!(is_safe, "an address to open is safe: {url:?}");
    assert!(
        parsed.username().is_empty() && parsed.password().is_none(),
        "nobody is named: {url:?}"
    );
    parsed
}

fn nowhere(url: &str) -> Url {
    assert!(
        url.contains("xn--"),
        "only a name that is no punycode is refused by browsers: {url:?}"
    );
    Url::parse("https://nowhere.invalid/").expect("an address")
}

/// Another reader of JSON finds the same there.
fn stands_in_the_reply(dialect: Dialect, body: &[u8], user_code: &str, flow: &Flow) {
    let names = ["user_code", "usercode"];
    let is_there = names.iter().any(|name| text_in(body, name).as_deref() == Some(user_code));
    assert!(is_there, "the user code is the one that came: {user_code:?}");
    let name = if dialect == Dialect::Codex { "device_auth_id" } else { "device_code" };
    let device_code = text_in(body, name).expect("a device code");
    assert!(!device_code.is_empty(), "a device code is not empty");
    is_not_shown(&device_code, flow);
    is_not_shown(&device_code, &flow.prompt());
}

/// The shipped machine, up to its first answer.
///
/// # Panics
/// When it does not ask for codes.
pub fn begin(client: &Client, body: &[u8]) -> Flow {
    let mut flow =
        Flow::device(client, Scope::default(), &entropy(4), DAWN).expect("a device login");
    let Step::Send(request) = flow.poll(DAWN) else { panic!("codes are asked for at once") };
    flow.handle_response(DAWN, request.id, &Ok(Response::new(200, body))).expect("it is out");
    flow
}

/// By the shipped machine.
pub(crate) fn check(bytes: &[u8]) {
    device_reply(bytes, begin);
}
