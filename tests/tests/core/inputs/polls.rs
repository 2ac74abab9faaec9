//! How a device login polls (RFC 8628 §3.5): how fast, how long, and what each answer does.

use grantflow_core::{
    BadResponse, Error, Flow, Machine, Now, Purpose, Response, Step, TransportError,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::client;
use grantflow_tests::world::DAWN;

use super::devices::{CODEX_REPLY, replied};
use super::{field, later, polling, sent_at};

use Dialect::{Codex, Github, Google, Standard};

#[test]
fn polls_are_an_interval_apart_whatever_form_it_has() {
    covers(&["N-8628-02", "N-8628-03", "B-DV-01", "B-DV-02", "B-DV-03", "R-EXP-08"]);
    for (value, ms) in [
        ("5", 5_000),
        ("\"5\"", 5_000),
        ("\" 7 \"", 7_000),
        ("2.5", 2_500),
        ("1e1", 10_000),
        ("1", 1_000),
        ("0.2", 1_000),
        ("1e-320", 1_000),
        ("0", 5_000),
        ("-0.0", 5_000),
        ("-1", 5_000),
        ("-1e400", 5_000),
        ("null", 5_000),
        ("\"\"", 5_000),
        ("\"abc\"", 5_000),
        ("\"NaN\"", 5_000),
        ("\"inf\"", 5_000),
        ("\"5s\"", 5_000),
        ("true", 5_000),
        ("[5]", 5_000),
        ("{}", 5_000),
        ("899", 899_000),
        ("3000000", 900_000),
        ("1e400", 900_000),
        ("18446744073709551615", 900_000),
    ] {
        let mut flow = polling(&client(Standard), &replied("interval", value));
        assert_eq!(wait(&mut flow, DAWN), ms, "{value}");
        let due = later(DAWN, ms);
        if ms < 900_000 {
            assert_eq!(wait(&mut flow, later(DAWN, ms - 1)), 1, "{value}: not a moment sooner");
            let request = sent_at(&mut flow, due);
            let taken = flow.handle_response(later(due, 300), request.id, &Ok(pending()));
            assert_eq!(taken, Ok(()));
            let left = 900_000 - ms - 300;
            assert_eq!(wait(&mut flow, later(due, 300)), ms.min(left), "{value}: after the answer");
        } else {
            assert_expired(&mut flow, due, 0);
        }
    }
    let mut flow = polling(&client(Standard), &replied("x", "0").replace("interval", "y"));
    assert_eq!(wait(&mut flow, DAWN), 5_000, "missing");
}

#[test]
fn a_code_lives_as_long_as_it_says_and_nobody_polls_after_that() {
    covers(&["N-8628-10", "B-DV-04"]);
    for (value, seconds) in [
        ("600", 600),
        ("\"600\"", 600),
        ("600.0", 600),
        ("7", 7),
        ("3600", 3600),
        ("3601", 3600),
        ("1e400", 3600),
        ("18446744073709551615", 3600),
        ("null", 900),
        ("\"\"", 900),
        ("\"10m\"", 900),
        ("true", 900),
        ("[600]", 900),
    ] {
        let mut flow = polling(&client(Standard), &replied("expires_in", value));
        let (mut now, end) = (DAWN, later(DAWN, seconds * 1000));
        let mut polls = 0;
        while now.mono < end.mono {
            now = later(now, wait(&mut flow, now));
            assert!(now.mono <= end.mono, "{value}: the last wait is cut short");
            if now.mono < end.mono {
                let request = sent_at(&mut flow, now);
                assert_eq!(flow.handle_response(now, request.id, &Ok(pending())), Ok(()));
                polls += 1;
            }
        }
        assert_eq!(polls, (seconds - 1) / 5, "{value}");
        assert_expired(&mut flow, end, 0);
    }
    for value in ["0", "-1", "\"0\"", "-1e400"] {
        let mut flow = polling(&client(Standard), &replied("expires_in", value));
        assert_expired(&mut flow, DAWN, 0);
    }
}

#[test]
fn pending_is_recognised_in_a_200_in_any_4xx_and_by_the_status_a_preset_names() {
    covers(&["B-DV-08", "N-8628-06"]);
    let said = "{\"error\":\"authorization_pending\"}";
    let own = "{\"error\":{\"code\":\"deviceauth_authorization_pending\"}}";
    for (dialect, status, body) in [
        (Standard, 200, said),
        (Standard, 400, said),
        (Standard, 401, said),
        (Standard, 403, said),
        (Standard, 404, said),
        (Standard, 428, said),
        (Standard, 429, said),
        (Standard, 400, "{\"error\":\"AUTHORIZATION_PENDING\"}"),
        (Github, 200, said),
        (Google, 428, ""),
        (Google, 428, said),
        (Codex, 403, ""),
        (Codex, 404, "<html>"),
        (Codex, 403, own),
        (Codex, 400, own),
    ] {
        let (mut flow, now) = answered(dialect, Response::new(status, body));
        assert_eq!(wait(&mut flow, now), 5_000, "{dialect:?}, {status} {body}");
    }
}

#[test]
fn every_other_answer_to_a_poll_ends_the_login_as_its_kind() {
    covers(&["N-8628-07", "N-8628-08", "B-DV-08"]);
    let refused = |code: Option<&'static str>, status| (code, Some(status));
    for (dialect, status, body, expected) in [
        (Standard, 400, "{\"error\":\"no_such_error\"}", refused(Some("no_such_error"), 400)),
        (Standard, 200, "{\"error\":\"no_such_error\"}", refused(Some("no_such_error"), 200)),
        (Standard, 401, "{\"error\":\"invalid_client\"}", refused(Some("invalid_client"), 401)),
        (Standard, 429, "{\"error\":\"invalid_request\"}", refused(Some("invalid_request"), 429)),
        (Standard, 400, "", refused(None, 400)),
        (Standard, 403, "", refused(None, 403)),
        (Standard, 404, "<html>", refused(None, 404)),
        (Standard, 428, "", refused(None, 428)),
        (Google, 403, "", refused(None, 403)),
        (Codex, 400, "", refused(None, 400)),
        (Codex, 401, "{\"error\":\"x\"}", refused(Some("x"), 401)),
    ] {
        let (mut flow, now) = answered(dialect, Response::new(status, body));
        let Step::Done(Err(Error::Refused { purpose, code, status: found })) = flow.poll(now)
        else {
            panic!("{dialect:?}, {status} {body}: {flow:?}")
        };
        assert_eq!(purpose, Some(Purpose::PollDevice));
        let code = code.as_ref().map(grantflow_core::ErrorCode::as_str);
        assert_eq!((code, found), expected, "{dialect:?}, {status} {body}");
    }
    let expired = Error::Expired { slow_downs: 0 };
    for (dialect, status, code, expected) in [
        (Standard, 400, "access_denied", Error::Denied),
        (Standard, 200, "access_denied", Error::Denied),
        (Standard, 429, "access_denied", Error::Denied),
        (Codex, 403, "access_denied", Error::Denied),
        (Google, 428, "access_denied", Error::Denied),
        (Standard, 400, "expired_token", expired.clone()),
        (Github, 200, "expired_token", expired.clone()),
        (Codex, 404, "expired_token", expired),
        (Standard, 400, "invalid_grant", Error::InvalidGrant),
        (Github, 200, "incorrect_device_code", Error::InvalidGrant),
    ] {
        let answer = Response::new(status, format!("{{\"error\":\"{code}\"}}"));
        let (mut flow, now) = answered(dialect, answer);
        let Step::Done(Err(found)) = flow.poll(now) else { panic!("{flow:?}") };
        assert_eq!(found, expected, "{dialect:?}, {status} {code}");
    }
}

#[test]
fn slow_down_only_ever_slows_whatever_interval_comes_with_it() {
    covers(&["B-DV-09", "N-8628-04", "N-8628-05"]);
    for (interval, slower) in [
        ("", 10_000),
        (",\"interval\":10", 10_000),
        (",\"interval\":30", 30_000),
        (",\"interval\":\"30\"", 30_000),
        (",\"interval\":12.5", 12_500),
        (",\"interval\":1", 10_000),
        (",\"interval\":0", 10_000),
        (",\"interval\":-30", 10_000),
        (",\"interval\":\"abc\"", 10_000),
        (",\"interval\":null", 10_000),
        (",\"interval\":1e400", 895_000),
    ] {
        for status in [200, 400, 403, 429] {
            let body = format!("{{\"error\":\"slow_down\"{interval}}}");
            let (mut flow, now) = answered(Standard, Response::new(status, body));
            assert_eq!(wait(&mut flow, now), slower, "{status}{interval}");
        }
    }
    let mut flow = polling(&client(Standard), &replied("x", "0"));
    let mut now = DAWN;
    // Five more, and from the second on a fifth more than that, until it is ten more each time.
    let waits = [10, 18, 27, 37, 47, 57, 67, 77, 87, 97];
    for slower in waits {
        now = later(now, wait(&mut flow, now));
        let slow_down = Response::new(400, "{\"error\":\"slow_down\",\"interval\":1}");
        let request = sent_at(&mut flow, now);
        assert_eq!(flow.handle_response(now, request.id, &Ok(slow_down)), Ok(()));
        assert_eq!(wait(&mut flow, now), slower * 1_000);
    }
    assert_expired(&mut flow, later(DAWN, 900_000), 10);
}

#[test]
fn a_code_that_the_server_calls_expired_tells_how_often_it_was_polled_too_fast() {
    covers(&["N-8628-07"]);
    let mut flow = polling(&client(Standard), &replied("x", "0"));
    let mut now = DAWN;
    for error in ["slow_down", "expired_token"] {
        now = later(now, wait(&mut flow, now));
        let request = sent_at(&mut flow, now);
        let answer = Response::new(400, format!("{{\"error\":\"{error}\"}}"));
        assert_eq!(flow.handle_response(now, request.id, &Ok(answer)), Ok(()));
    }
    assert_expired(&mut flow, now, 1);
}

#[test]
fn lost_polls_back_off_to_a_minute_and_go_on_until_the_code_expires() {
    covers(&["N-8628-09", "B-DV-10", "B-DV-11", "B-TR-29"]);
    let troubles = [
        ("not sent", Err(TransportError::NotSent)),
        ("lost", Err(TransportError::Lost)),
        ("429", Ok(Response::new(429, "<html>slow</html>"))),
        ("429 with another error", Ok(Response::new(429, "{\"error\":\"rate_limited\"}"))),
        ("500", Ok(Response::new(500, "{\"error\":\"access_denied\"}"))),
        ("502", Ok(Response::new(502, ""))),
        ("503", Ok(Response::new(503, "").with_retry_after("1"))),
        ("a redirect", Ok(Response::new(302, ""))),
        ("a web page", Ok(Response::new(200, "<html>"))),
        ("nothing", Ok(Response::new(200, ""))),
    ];
    for (name, trouble) in troubles {
        let mut flow = polling(&client(Standard), &replied("x", "0"));
        let mut now = DAWN;
        let mut waits = Vec::new();
        for answer in [&trouble, &trouble, &trouble, &trouble, &trouble, &Ok(pending()), &trouble] {
            let ms = wait(&mut flow, now);
            waits.push(ms);
            now = later(now, ms);
            let request = sent_at(&mut flow, now);
            assert_eq!(flow.handle_response(now, request.id, answer), Ok(()), "{name}");
        }
        waits.push(wait(&mut flow, now));
        let expected = [5, 10, 20, 40, 60, 60, 5, 10].map(|seconds| seconds * 1000);
        assert_eq!(waits, expected, "{name}");
        assert_expired(&mut flow, later(DAWN, 900_000), 0);
    }
    let (mut flow, now) = answered(Standard, Response::new(429, "").with_retry_after("120"));
    assert_eq!(wait(&mut flow, now), 120_000, "Retry-After lengthens");
    let (mut flow, now) = answered(Standard, Response::new(429, "").with_retry_after("86400"));
    assert_eq!(wait(&mut flow, now), 895_000, "and the code's life still ends the wait");
}

#[test]
fn an_approval_whose_answer_was_lost_is_told_as_that() {
    let (mut flow, now) = answered(Standard, Response::new(502, ""));
    let now = later(now, wait(&mut flow, now));
    let request = sent_at(&mut flow, now);
    let spent = Response::new(400, "{\"error\":\"invalid_grant\"}");
    assert_eq!(flow.handle_response(now, request.id, &Ok(spent)), Ok(()));
    assert!(matches!(flow.poll(now), Step::Done(Err(Error::OutcomeUnknown))));
}

#[test]
fn tokens_that_were_asked_for_in_time_are_taken_after_it() {
    covers(&["B-DV-12", "N-8628-10"]);
    let mut flow = polling(&client(Standard), &replied("expires_in", "6"));
    let request = sent_at(&mut flow, later(DAWN, 5_000));
    let late = later(DAWN, 20_000);
    assert!(matches!(flow.poll(late), Step::Wait(None)), "the server decides");
    let tokens = Response::new(200, "{\"access_token\":\"a\"}");
    assert_eq!(flow.handle_response(late, request.id, &Ok(tokens)), Ok(()));
    assert!(matches!(flow.poll(late), Step::Done(Ok(_))));
}

#[test]
fn a_code_verifier_from_the_network_counts_only_in_the_dialect_that_makes_it_there() {
    covers(&["B-DV-16", "N-7636-06"]);
    let verifier = "v".repeat(43);
    let granted = |verifier: &str| {
        let body = format!("{{\"authorization_code\":\"c\",\"code_verifier\":{verifier}}}");
        Response::new(200, body)
    };
    let good = format!("\"{verifier}\"");
    let (mut flow, now) = answered(Standard, granted(&good));
    let Step::Done(Err(error)) = flow.poll(now) else { panic!("{flow:?}") };
    assert_eq!(error, Error::BadResponse(BadResponse::Member("access_token")));
    let long = format!("\"{}\"", "v".repeat(129));
    let plus = format!("\"{verifier}+\"");
    for bad in ["null", "\"\"", "5", "\"short\"", &long, &plus] {
        let (mut flow, now) = answered(Codex, granted(bad));
        let Step::Done(Err(error)) = flow.poll(now) else { panic!("{bad}: {flow:?}") };
        assert_eq!(error, Error::BadResponse(BadResponse::Member("code_verifier")), "{bad}");
    }
    let (mut flow, now) = answered(Codex, granted(&good));
    let body = sent_at(&mut flow, now).body;
    assert_eq!(field(body.expose(), "code_verifier"), Some(verifier));
    let (mut flow, now) = answered(Codex, Response::new(200, "{\"access_token\":\"a\"}"));
    assert!(matches!(flow.poll(now), Step::Done(Err(Error::BadResponse(_)))), "tokens at once");
}

fn pending() -> Response {
    Response::new(400, "{\"error\":\"authorization_pending\"}")
}

/// A login whose first poll, after five seconds, got this answer at once.
fn answered(dialect: Dialect, answer: Response) -> (Flow, Now) {
    let reply = if dialect == Codex { CODEX_REPLY.to_owned() } else { replied("x", "0") };
    let mut flow = polling(&client(dialect), &reply);
    let now = later(DAWN, 5_000);
    let request = sent_at(&mut flow, now);
    assert_eq!(flow.handle_response(now, request.id, &Ok(answer)), Ok(()));
    (flow, now)
}

/// How many milliseconds the login wants to wait.
fn wait(flow: &mut Flow, now: Now) -> u64 {
    match flow.poll(now) {
        Step::Wait(Some(wait)) => u64::try_from(wait.as_millis()).expect("a wait"),
        step @ (Step::Wait(None) | Step::Send(_) | Step::Done(_)) => panic!("no wait: {step:?}"),
    }
}

#[track_caller]
fn assert_expired(flow: &mut Flow, now: Now, times: u32) {
    match flow.poll(now) {
        Step::Done(Err(Error::Expired { slow_downs })) => assert_eq!(slow_downs, times),
        step @ (Step::Done(_) | Step::Send(_) | Step::Wait(_)) => panic!("goes on: {step:?}"),
    }
}
