//! Bodies that come with a refusal, where it matters most what they mean: in the answer to a poll.

use grantflow_core::{Client, Flow, Machine as _, Now, RequestId, Response, Step};

use crate::choices::Choices;
use crate::clients::{DAWN, Dialect, client};
use crate::device::begin;
use crate::formats::is_object;
use crate::token::{is_fit_to_be_shown, status_of};

/// What a poll makes of its answer.
pub type Answer = fn(&mut Flow, Now, RequestId, Response);

const CODES: &str = r#"{"device_code":"the_device_code_of_this_login","user_code":"AB-CD",
    "device_auth_id":"the_device_code_of_this_login",
    "verification_uri":"https://issuer.example/d","interval":5,"expires_in":900}"#;

/// The first byte chooses the dialect, the second the status, the third whether there is a
/// `Retry-After`, which is a text; the rest is the body.
///
/// # Panics
/// When an invariant does not hold.
pub fn error_body(bytes: &[u8], answer: Answer) {
    let mut choices = Choices::new(bytes);
    let dialects = [Dialect::Standard, Dialect::Codex, Dialect::Github, Dialect::Google];
    let dialect = *choices.of(&dialects);
    let client = client(dialect);
    let status = status_of(choices.byte());
    let retry_after = (choices.byte() & 1 == 1).then(|| choices.text(40));
    let body = choices.rest();
    let (mut flow, now, id) = polling(&client);
    let response = Response::new(status, body);
    let response = match retry_after {
        Some(text) => response.with_retry_after(text),
        None => response,
    };
    let before = flow.view(now).pace.expect("a pace");
    answer(&mut flow, now, id, response);
    let view = flow.view(now);
    if let Some(pace) = view.pace {
        assert!(pace.0 >= before.0, "an answer never makes polls faster");
        let due = view.due_in.expect("the next poll");
        assert!(due >= pace.0, "the next poll waits for its turn: {due} of {} ms", pace.0);
    }
    let ended = view.state == "Finished";
    assert!(!ended || status < 500, "a {status} is never definite");
    let is_object = is_object(body);
    let is_success = (200..300).contains(&status);
    let is_over = ended || view.state == "ExchangingToken" || view.state == "RedeemingCode";
    assert!(!is_success || !is_over || is_json(body), "what is no JSON ends nothing: {status}");
    if !ended {
        return;
    }
    match flow.poll(now) {
        Step::Done(Ok(_)) => {
            assert!(is_success && is_object, "only a success grants anything, not {status}");
        }
        Step::Done(Err(error)) => {
            is_fit_to_be_shown(&error, body);
            let shown = format!("{error} {error:?}");
            let echoes = shown.contains("the_device_code_of_this_login")
                || dialect == Dialect::Google && shown.contains("our_client_secret_1");
            assert!(!echoes, "no secret comes back: {shown}");
        }
        step @ (Step::Send(_) | Step::Wait(_)) => panic!("it says how it has ended: {step:?}"),
    }
}

fn is_json(body: &[u8]) -> bool {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    std::str::from_utf8(body).is_ok_and(grantflow_core::formats::json::is_json)
}

/// With its first poll out.
fn polling(client: &Client) -> (Flow, Now, RequestId) {
    let mut flow = begin(client, CODES.as_bytes());
    let now = Now { wall: DAWN.wall + 5_000, mono: DAWN.mono + 5_000 };
    let Step::Send(request) = flow.poll(now) else { panic!("a poll is due") };
    (flow, now, request.id)
}

/// The shipped machine.
///
/// # Panics
/// When it does not take an answer to what is out.
pub fn answer(flow: &mut Flow, now: Now, id: RequestId, response: Response) {
    flow.handle_response(now, id, &Ok(response)).expect("it is out");
}

/// By the shipped machine.
pub(crate) fn check(bytes: &[u8]) {
    error_body(bytes, answer);
}
