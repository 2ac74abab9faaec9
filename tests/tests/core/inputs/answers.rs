//! Answers of the token endpoint as a whole: statuses and bytes, and what becomes of the code or
//! refresh token that was presented.

use std::time::Duration;

use grantflow_core::{
    BadResponse, Error, Flow, MAX_BODY, Machine, Now, Request, Response, Scope, Step, Trouble,
};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{client, device_login};
use grantflow_tests::renewing::{Renewing, interrupted};
use grantflow_tests::world::{DAWN, entropy};

use super::{After, after, approved, later, redeeming, sent, sent_at};
use super::{DEVICE_REPLY, polling, step_after};

use BadResponse::{Error as BadError, NotAnObject, RepeatedMember};

#[test]
fn an_answer_that_settles_nothing_lets_a_code_go_out_once_more_and_a_refresh_token_never() {
    covers(&["B-TR-01", "B-TR-19", "B-TR-21", "B-TR-24", "B-TR-25", "B-TR-28", "B-TR-30"]);
    covers(&["B-TR-22"]);
    covers(&["B-TR-35", "N-9700-13", "N-21-04", "C-19", "C-22", "C-39"]);
    let token = "{\"access_token\":\"a\"}";
    let utf_16: Vec<u8> = token.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin_1 = [b"{\"access_token\":\"a\",\"name\":\"".as_slice(), b"\xe9\"}"].concat();
    let padded = [token, &" ".repeat(MAX_BODY + 1 - token.len())].concat();
    let members = members(256);
    let mut rows = vec![
        ("a web page", Response::new(200, "<html>marker</html>")),
        ("nothing", Response::new(200, "")),
        ("no content", Response::new(204, "")),
        ("white space", Response::new(200, " \n")),
        ("cut off", Response::new(200, "{\"access_token\":\"mark")),
        ("cut off at the end", Response::new(200, "{\"access_token\":\"a\"")),
        ("more behind", Response::new(200, "{\"access_token\":\"a\"}{}")),
        ("a form", Response::new(200, "access_token=marker&token_type=bearer")),
        ("a raw line break", Response::new(200, "{\"access_token\":\"a\n\"}")),
        ("an unknown escape", Response::new(200, "{\"access_token\":\"\\x41\"}")),
        ("a comma too many", Response::new(200, "{\"access_token\":\"a\",}")),
        ("single quotes", Response::new(200, "{'access_token':'a'}")),
        ("no number", Response::new(200, "{\"access_token\":\"a\",\"expires_in\":NaN}")),
        ("bytes that are no UTF-8", Response::new(200, b"{\"access_token\":\"\xff\"}".to_vec())),
        ("ISO 8859-1", Response::new(200, latin_1)),
        ("UTF-16", Response::new(200, utf_16.clone())),
        ("UTF-16 with its mark", Response::new(200, [&[0xff, 0xfe], &*utf_16].concat())),
        ("two byte order marks", Response::new(200, format!("\u{feff}\u{feff}{token}"))),
        ("compressed", Response::new(200, b"\x1f\x8b\x08\0\0\0\0\0".to_vec())),
        ("a byte too long", Response::new(200, padded)),
        ("257 members", Response::new(200, format!("{{\"access_token\":\"a\"{members}}}"))),
        ("a million brackets", Response::new(200, "[".repeat(1_000_000))),
        ("two hundred thousand objects", Response::new(200, "{\"a\":".repeat(200_000))),
        ("an early hint", Response::new(103, token)),
        ("no status at all", Response::new(0, token)),
        ("a status beyond all", Response::new(999, token)),
        ("503 without a date", Response::new(503, "{\"error\":\"temporarily_unavailable\"}")),
    ];
    for status in [300, 301, 302, 303, 304, 307, 308] {
        rows.push(("a redirect, whatever it says", Response::new(status, token)));
    }
    for status in [500, 501, 502, 504, 520, 530] {
        rows.push(("a 5xx with an error", Response::new(status, "{\"error\":\"invalid_grant\"}")));
        rows.push(("a 5xx with tokens", Response::new(status, token)));
    }
    for (name, answer) in rows {
        let name = format!("{name} ({})", answer.status);
        let ended = redemption(&answer);
        assert_eq!((&ended.error, ended.presented), (&Error::OutcomeUnknown, 2), "{name}");
        assert!(!format!("{:?} {}", ended.error, ended.error).contains("mark"), "{name}");
        let ended = renewal(&answer);
        assert_eq!((ended.error, ended.presented), (interrupted(DAWN), 1), "{name}");
    }
}

#[test]
fn a_definite_answer_that_makes_no_sense_ends_a_redemption_and_settles_no_renewal() {
    covers(&["B-TR-02", "B-TR-04", "B-TR-17", "B-TR-18", "B-TR-21", "C-19"]);
    for (name, body, why) in [
        ("a list", "[\"a\",\"Bearer\"]", NotAnObject),
        ("a list of one object", "[{\"access_token\":\"a\"}]", NotAnObject),
        ("a text", "\"access_token\"", NotAnObject),
        ("a number", "5", NotAnObject),
        ("null", "null", NotAnObject),
        ("true", " true ", NotAnObject),
        ("two tokens", "{\"access_token\":\"a\",\"access_token\":\"b\"}", RepeatedMember),
        ("one token twice", "{\"access_token\":\"a\",\"access_token\":\"a\"}", RepeatedMember),
        (
            "its name in escapes",
            "{\"access_token\":\"a\",\"access\\u005ftoken\":\"b\"}",
            RepeatedMember,
        ),
        ("another name twice", "{\"access_token\":\"a\",\"x\":1,\"x\":2}", RepeatedMember),
        ("a token and an error", "{\"access_token\":\"a\",\"error\":\"x\"}", BadError),
        ("a token and an error object", "{\"access_token\":\"a\",\"error\":{}}", BadError),
        ("a token and a number for an error", "{\"access_token\":\"a\",\"error\":1}", BadError),
        ("an empty error", "{\"error\":\"\"}", BadError),
        ("a number for an error", "{\"error\":400}", BadError),
        ("a list for an error", "{\"error\":[\"invalid_grant\"]}", BadError),
        ("true for an error", "{\"error\":true}", BadError),
        ("an empty object for an error", "{\"error\":{}}", BadError),
        ("no error and nothing else", "{\"error\":null}", BadResponse::Member("access_token")),
        ("nothing in it", "{}", BadResponse::Member("access_token")),
        ("another answer", "{\"active\":true}", BadResponse::Member("access_token")),
    ] {
        let ended = redemption(&Response::new(200, body));
        assert_eq!((ended.error, ended.presented), (Error::BadResponse(why), 1), "{name}");
        let ended = renewal(&Response::new(200, body));
        assert_eq!((ended.error, ended.presented), (interrupted(DAWN), 1), "{name}");
    }
}

#[test]
fn a_date_is_right_on_both_sides_of_every_kind_of_february() {
    covers(&["B-TR-30"]);
    for (seconds, date) in [
        (60, "Thu, 01 Jan 1970 00:01:00 GMT"),
        (946_684_799, "Fri, 31 Dec 1999 23:59:59 GMT"),
        (946_684_860, "Sat, 01 Jan 2000 00:01:00 GMT"),
        (951_782_460, "Tue, 29 Feb 2000 00:01:00 GMT"),
        (951_868_860, "Wed, 01 Mar 2000 00:01:00 GMT"),
        (1_735_686_000, "Tue, 31 Dec 2024 23:00:00 GMT"),
        (1_774_915_200, "Tue, 31 Mar 2026 00:00:00 GMT"),
        (4_107_499_200, "Sun, 28 Feb 2100 12:00:00 GMT"),
        (4_107_542_460, "Mon, 01 Mar 2100 00:01:00 GMT"),
    ] {
        let now = Now { wall: (seconds - 60) * 1000, mono: 7 };
        let client = client(Dialect::Standard);
        let mut flow = Flow::device(&client, Scope::default(), &entropy(1), now).unwrap();
        let request = sent_at(&mut flow, now);
        let answer = Response::new(503, "").with_retry_after(date);
        flow.handle_response(now, request.id, &Ok(answer)).unwrap();
        let step = flow.poll(now);
        assert!(matches!(step, Step::Wait(Some(wait)) if wait.as_secs() == 60), "{date}: {step:?}");
    }
}

#[test]
fn a_retry_after_lengthens_the_wait_to_between_a_second_and_an_hour_and_is_else_passed_over() {
    covers(&["B-TR-29", "B-TR-30", "B-CK-05"]);
    let own = (1000, 1250);
    let exactly = |seconds: u64| (seconds * 1000, seconds * 1000);
    for (value, (least, most)) in [
        ("2", exactly(2)),
        (" 7 ", exactly(7)),
        ("3600", exactly(3600)),
        ("3601", exactly(3600)),
        ("1000000000", exactly(3600)),
        ("99999999999999999999999999", exactly(3600)),
        ("Thu, 28 May 2026 20:28:40 GMT", exactly(120)),
        ("Fri, 28 May 2027 20:26:40 GMT", exactly(3600)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", exactly(3600)),
        ("0", own),
        ("1", own),
        ("Thu, 28 May 2026 20:25:40 GMT", own),
        ("Thu, 01 Jan 1970 00:00:00 GMT", own),
        ("-5", own),
        ("1.5", own),
        ("soon", own),
        ("", own),
        ("Thursday, 28-May-26 20:28:40 GMT", own),
        ("Thu, 28 May 2026 20:28:40 +0200", own),
        ("Thu, 99 May 2026 20:28:40 GMT", own),
        ("Thu, 28 Mai 2026 20:28:40 GMT", own),
        ("Thu, 28 May 2026 20:28:60 GMT", exactly(140)),
        ("Thu, 28 May 2026 24:00:00 GMT", own),
        ("Thu, 28 May 2026 20:60:00 GMT", own),
        ("Thu, 28 May 2026 20:28:61 GMT", own),
        ("Thu, 28 May 10000 20:28:40 GMT", own),
        ("Thu, 28 May 99999999999999999999 20:28:40 GMT", own),
    ] {
        for (status, body) in
            [(429, ""), (429, "<html>slow</html>"), (429, "{\"error\":\"x\"}"), (503, "")]
        {
            let answer = || Response::new(status, body).with_retry_after(value);
            let (mut flow, request) = redeeming(&client(Dialect::Standard));
            let mut device = device_login(&client(Dialect::Standard), 1);
            let asked = sent(&mut device);
            for step in [
                step_after(&mut flow, &request, answer()),
                step_after(&mut device, &asked, answer()),
            ] {
                let Step::Wait(Some(wait)) = step else { panic!("{value:?}, {status}: {step:?}") };
                let range = Duration::from_millis(least)..=Duration::from_millis(most);
                assert!(range.contains(&wait), "{value:?}, {status}: {wait:?}");
            }
            let mut renewal = held_renewal();
            let spent = sent(&mut renewal);
            match step_after(&mut renewal, &spent, answer()) {
                Step::Wait(Some(wait)) => assert!(wait <= LONGEST_PAUSE && least <= 3000),
                Step::Done(Err(Error::Unreachable(_))) => assert!(most > 3000, "{value:?}"),
                step @ (Step::Done(_) | Step::Wait(None) | Step::Send(_)) => panic!("{step:?}"),
            }
        }
    }
}

#[test]
fn what_the_server_did_not_process_is_sent_again_at_growing_distances_while_others_need_not_wait() {
    covers(&["B-TR-29", "N-6749-12"]);
    let limited = Response::new(429, "");
    let unavailable = Response::new(503, "").with_retry_after("1");
    for (answer, status) in [(limited, 429), (unavailable, 503)] {
        // Others wait for the lock of a renewal.
        for (ended, times) in [(redemption(&answer), 4), (renewal(&answer), 3)] {
            assert_eq!(ended.error, Error::Unreachable(Trouble::Status(status)));
            assert_eq!(ended.presented, times, "{status}");
            for (wait, least) in ended.waits.iter().zip([1000, 2000, 4000]) {
                let most = least + least / 4;
                assert!((least..=most).contains(&wait.as_millis()), "{status}: {wait:?}");
            }
        }
    }
    let definite = Response::new(429, "{\"error\":\"invalid_grant\"}").with_retry_after("5");
    assert_eq!(redemption(&definite).error, Error::InvalidGrant, "an OAuth error counts in a 429");
}

#[test]
fn a_reply_at_the_cap_with_a_mark_in_front_or_deep_in_brackets_is_read() {
    covers(&["B-TR-19", "B-TR-23", "N-6749-08", "N-6749-16"]);
    let token = "{\"access_token\":\"a\"}";
    let nested = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    let members = members(255);
    for (name, answer) in [
        ("as long as allowed", [token, &" ".repeat(MAX_BODY - token.len())].concat()),
        ("a byte order mark", format!("\u{feff}{token}")),
        ("white space around", format!("\r\n\t {token} \n")),
        ("a million brackets", format!("{{\"x\":{nested},\"access_token\":\"a\"}}")),
        ("256 members", format!("{{\"access_token\":\"a\"{members}}}")),
    ] {
        for status in [200, 201, 299] {
            let (mut flow, request) = redeeming(&client(Dialect::Standard));
            let answer = Response::new(status, &*answer);
            assert_eq!(after(&mut flow, &request, answer), After::Granted, "{name}");
        }
    }
}

#[test]
fn every_request_asks_for_json() {
    covers(&["B-TR-25"]);
    let standard = client(Dialect::Standard);
    let mut github = approved(&client(Dialect::Github), "{\"access_token\":\"gho_1\"}");
    for request in [
        redeeming(&standard).1,
        sent(&mut held_renewal()),
        sent(&mut device_login(&standard, 1)),
        sent_at(&mut polling(&standard, DEVICE_REPLY), later(DAWN, 5_000)),
        sent(&mut github),
    ] {
        let accepts = request.headers.iter().filter(|header| header.name == "accept");
        let values: Vec<_> = accepts.map(|header| header.value.expose()).collect();
        assert_eq!(values, ["application/json"], "{:?}", request.purpose);
        assert!(!request.headers.iter().any(|header| header.name == "accept-encoding"));
    }
}

/// How it ends when every presentation gets the same answer.
pub(super) struct Ended {
    pub(super) error: Error,
    pub(super) presented: usize,
    waits: Vec<Duration>,
}

pub(super) fn redemption(answer: &Response) -> Ended {
    let (flow, request) = redeeming(&client(Dialect::Standard));
    insisting(flow, request, answer)
}

pub(super) fn renewal(answer: &Response) -> Ended {
    let mut renewal = held_renewal();
    let request = sent(&mut renewal);
    insisting(renewal, request, answer)
}

fn insisting(mut machine: impl Machine, mut request: Request, answer: &Response) -> Ended {
    let (mut now, mut presented, mut waits) = (DAWN, 1, Vec::new());
    let taken = machine.handle_response(now, request.id, &Ok(answer.clone()));
    assert_eq!(taken, Ok(()));
    loop {
        match machine.poll(now) {
            Step::Done(Err(error)) => return Ended { error, presented, waits },
            Step::Wait(Some(wait)) => {
                waits.push(wait);
                now = later(now, u64::try_from(wait.as_millis()).expect("a wait"));
            }
            Step::Send(again) => {
                assert_eq!(again.body.expose(), request.body.expose(), "the same again");
                assert_ne!(again.id, request.id, "under another id");
                request = again;
                presented += 1;
                let taken = machine.handle_response(now, request.id, &Ok(answer.clone()));
                assert_eq!(taken, Ok(()));
            }
            step @ (Step::Wait(None) | Step::Done(Ok(_))) => panic!("{step:?}"),
        }
    }
}

/// What a renewal waits at most between two sends, under its lock.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// A renewal that holds the refresh token `r_1_refresh_token`.
fn held_renewal() -> Renewing {
    let client = client(Dialect::Standard);
    let (mut flow, request) = redeeming(&client);
    let reply = "{\"access_token\":\"a-1\",\"refresh_token\":\"r_1_refresh_token\"}";
    match step_after(&mut flow, &request, Response::new(200, reply)) {
        Step::Done(Ok(held)) => Renewing::new(&client, held, &entropy(2), DAWN),
        step @ (Step::Done(Err(_)) | Step::Send(_) | Step::Wait(_)) => panic!("{step:?}"),
    }
}

/// As many members as that, each behind a comma.
fn members(count: usize) -> String {
    (0..count).map(|at| [",\"m", &at.to_string(), "\":0"].concat()).collect()
}
