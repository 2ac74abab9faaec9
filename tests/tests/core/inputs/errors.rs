//! Errors that a server names (RFC 6749 §5.2), each in its own way.

use grantflow_core::{Client, Error, ErrorCode, Machine, Purpose, Response, Step, TransportError};
use grantflow_test_server::Dialect;
use grantflow_tests::covers;
use grantflow_tests::local::{ISSUER, browser_login, client, configuration, provider};
use grantflow_tests::world::{DAWN, callback};

use super::answers::{redemption, renewal};
use super::{After, after, approved, field, later, redeeming, redeeming_code, sent, sent_at};
use super::{DEVICE_REPLY, polling, way_back};

use Dialect::{Anthropic, Codex, Github, Google, Standard};

#[test]
fn every_error_of_the_token_endpoint_is_told_apart_in_a_200_and_in_any_4xx() {
    covers(&["B-TR-02", "N-6749-12", "C-19"]);
    for status in [200, 400, 401, 403, 404, 422] {
        for code in [
            "invalid_request",
            "invalid_client",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_scope",
            "server_error",
            "temporarily_unavailable",
            "no_such_error_2",
        ] {
            let body = format!("{{\"error\":\"{code}\",\"error_description\":\"\\u001b[2J\"}}");
            for (ended, purpose) in [
                (redemption(&Response::new(status, &*body)), Purpose::RedeemCode),
                (renewal(&Response::new(status, &*body)), Purpose::Refresh),
            ] {
                let expected = (Some(purpose), Some(code), Some(status));
                assert_eq!(refusal(&ended.error), expected, "{code}, {status}");
                assert_eq!(ended.presented, 1, "{code}, {status}");
                assert!(!ended.error.to_string().contains('\u{1b}'), "{code}, {status}");
            }
        }
        let body = "{\"error\":\"invalid_grant\"}";
        assert_eq!(redemption(&Response::new(status, body)).error, Error::InvalidGrant);
        assert_eq!(renewal(&Response::new(status, body)).error, Error::InvalidGrant);
        let body = "{\"error\":\"access_denied\"}";
        assert_eq!(redemption(&Response::new(status, body)).error, Error::Denied);
    }
}

#[test]
fn an_empty_error_beside_a_token_is_none_and_alone_makes_no_sense() {
    for error in ["\"\"", "null"] {
        let body = format!("{{\"access_token\":\"a\",\"error\":{error}}}");
        let (mut flow, request) = redeeming(&client(Standard));
        assert_eq!(after(&mut flow, &request, Response::new(200, body)), After::Granted, "{error}");
        let ended = redemption(&Response::new(200, format!("{{\"error\":{error}}}")));
        assert!(matches!(ended.error, Error::BadResponse(_)), "{error}: {:?}", ended.error);
    }
}

#[test]
fn a_code_that_is_refused_after_a_lost_answer_may_have_been_spent_by_ourselves() {
    covers(&["C-19"]);
    for (code, is_lost, is_unknown) in [
        ("invalid_grant", true, true),
        ("invalid_grant", false, false),
        ("invalid_client", true, false),
    ] {
        let (mut flow, mut request) = redeeming(&client(Standard));
        let mut now = DAWN;
        if is_lost {
            flow.handle_response(now, request.id, &Err(TransportError::Lost)).unwrap();
            now = later(now, 5_000);
            request = sent_at(&mut flow, now);
        }
        let answer = Response::new(400, format!("{{\"error\":\"{code}\"}}"));
        flow.handle_response(now, request.id, &Ok(answer)).unwrap();
        let Step::Done(Err(why)) = flow.poll(now) else { panic!("{code}") };
        assert_eq!(why == Error::OutcomeUnknown, is_unknown, "{code}, {is_lost}: {why:?}");
    }
}

#[test]
fn errors_in_the_vendors_own_form_are_understood() {
    covers(&["B-TR-03", "B-TR-32"]);
    for (name, dialect, body, known) in [
        (
            "an object",
            Standard,
            r#"{"error":{"code":"invalid_grant","message":"m"}}"#,
            "invalid_grant",
        ),
        (
            "a type",
            Standard,
            r#"{"type":"error","error":{"type":"invalid_grant"}}"#,
            "invalid_grant",
        ),
        (
            "code before type",
            Standard,
            r#"{"error":{"type":"x","code":"invalid_grant"}}"#,
            "invalid_grant",
        ),
        ("a bare code", Standard, r#"{"code":"invalid_grant"}"#, "invalid_grant"),
        ("in capitals", Standard, r#"{"error":"INVALID_GRANT"}"#, "invalid_grant"),
        ("Anthropic's", Anthropic, r#"{"error":{"type":"authentication_error"}}"#, "invalid_grant"),
        (
            "Anthropic's other",
            Anthropic,
            r#"{"error":{"type":"invalid_request_error"}}"#,
            "invalid_request",
        ),
        ("reused", Codex, r#"{"code":"refresh_token_reused"}"#, "invalid_grant"),
        ("expired", Codex, r#"{"error":"refresh_token_expired"}"#, "invalid_grant"),
        ("revoked", Codex, r#"{"error":{"code":"refresh_token_invalidated"}}"#, "invalid_grant"),
        ("GitHub's", Github, r#"{"error":"bad_verification_code"}"#, "invalid_grant"),
        ("GitHub's other", Github, r#"{"error":"incorrect_client_credentials"}"#, "invalid_client"),
    ] {
        for status in [400, 401] {
            let error = match dialect {
                Github => after_poll(&client(dialect), &Response::new(status, body)),
                Standard | Anthropic | Codex | Google => {
                    let (mut flow, request) = redeeming(&client(dialect));
                    failed(after(&mut flow, &request, Response::new(status, body)))
                }
            };
            if known == "invalid_grant" {
                assert_eq!(error, Error::InvalidGrant, "{name}, {status}");
            } else {
                let (_, code, found) = refusal(&error);
                assert_eq!((code, found), (Some(known), Some(status)), "{name}, {status}");
            }
        }
    }
}

#[test]
fn a_4xx_without_an_oauth_error_claims_no_more_than_its_status() {
    covers(&["B-TR-01", "B-TR-03", "B-TR-04", "B-TR-33", "B-TR-34", "N-6749-10", "C-39"]);
    let long = format!("{{\"error\":\"{}\"}}", "e".repeat(49));
    for status in [400, 401, 403, 404, 418, 499] {
        for (name, body) in [
            ("nothing", ""),
            ("a web page", "<html>Just a moment: marker</html>"),
            ("a detail", "{\"detail\":\"marker\"}"),
            ("a message", "{\"message\":\"marker\"}"),
            ("a number for an error", "{\"error\":5}"),
            ("null for an error", "{\"error\":null}"),
            ("a list for an error", "{\"error\":[\"invalid_grant\"]}"),
            ("an empty error", "{\"error\":\"\"}"),
            ("two errors", "{\"error\":\"invalid_grant\",\"error\":\"invalid_grant\"}"),
            ("cut off", "{\"error\":\"invalid_grant\""),
            ("a list", "[\"invalid_grant\"]"),
            ("words", "{\"error\":\"Marker is not valid\"}"),
            ("an escape sequence", "{\"error\":\"\\u001b[2Jmarker\"}"),
            ("markup", "{\"error\":\"<b>marker</b>\"}"),
            ("a token", "{\"error\":\"sk-ant-ort01-Marker\"}"),
            ("a long one", &long),
        ] {
            let ended = redemption(&Response::new(status, body));
            let expected = (Some(Purpose::RedeemCode), None, Some(status));
            assert_eq!(refusal(&ended.error), expected, "{name}, {status}");
            assert_eq!(ended.presented, 1, "{name}, {status}");
            let shown = format!("{:?} {}", ended.error, ended.error).to_ascii_lowercase();
            assert!(!shown.contains("marker"), "{name}, {status}: {shown}");
            let expected = (Some(Purpose::Refresh), None, Some(status));
            assert_eq!(refusal(&renewal(&Response::new(status, body)).error), expected, "{name}");
        }
    }
}

#[test]
fn an_error_code_means_what_the_provider_says_it_means() {
    for (meant, code) in
        [("invalid_grant", None), ("other", Some("other")), ("", None), ("?", None)]
    {
        let mut provider = provider(Standard, ISSUER);
        provider.token.error_codes.insert("odd", meant.to_owned());
        let client = Client::new(provider, configuration(Standard)).unwrap();
        let (mut flow, request) = redeeming(&client);
        let odd = Response::new(400, "{\"error\":\"ODD\"}");
        let error = failed(after(&mut flow, &request, odd));
        if meant == "invalid_grant" {
            assert_eq!(error, Error::InvalidGrant);
        } else {
            assert_eq!(refusal(&error).1, code, "{meant:?}");
        }
    }
}

#[test]
fn the_servers_own_word_is_known_in_any_case_from_either_endpoint() {
    for (known, word) in [("odd", "Odd"), ("ODD", "odd"), ("ODD", "ODD")] {
        let mut provider = provider(Standard, ISSUER);
        provider.token.error_codes.insert(known, "access_denied".to_owned());
        let client = Client::new(provider, configuration(Standard)).unwrap();
        let (mut flow, request) = redeeming(&client);
        let answer = Response::new(400, format!("{{\"error\":\"{word}\"}}"));
        assert_eq!(failed(after(&mut flow, &request, answer)), Error::Denied, "{known}, {word}");

        let mut flow = browser_login(&client, 50_123, 1);
        let back = way_back(&flow, 0).with(&format!("error={word}"));
        callback(&mut flow, DAWN, &back).unwrap();
        let Step::Done(Err(why)) = flow.poll(DAWN) else { panic!("{flow:?}") };
        assert_eq!(why, Error::Denied, "{known}, {word}");
    }
}

#[test]
fn a_request_that_the_server_has_not_dealt_with_goes_out_again() {
    covers(&["B-TR-04"]);
    for status in [408, 421, 425, 429] {
        let (mut flow, request) = redeeming(&client(Standard));
        let page = Response::new(status, "<html>");
        assert_eq!(after(&mut flow, &request, page), After::Again, "{status}");
        let (mut flow, request) = redeeming(&client(Standard));
        let answer = Response::new(status, "{\"error\":\"invalid_grant\"}");
        assert_eq!(failed(after(&mut flow, &request, answer)), Error::InvalidGrant, "{status}");

        let mut flow = polling(&client(Standard), DEVICE_REPLY);
        let request = sent_at(&mut flow, later(DAWN, 5_000));
        let page = Response::new(status, "<html>");
        assert_eq!(after(&mut flow, &request, page), After::Again, "{status}");
    }
}

#[test]
fn a_server_that_took_too_long_may_have_acted_all_the_same() {
    covers(&["B-TR-04"]);
    for (status, presented) in [(408, 1), (421, 3), (425, 3)] {
        let ended = renewal(&Response::new(status, "<html>"));
        assert_eq!(ended.presented, presented, "{status}: {:?}", ended.error);
        let is_unknown = matches!(ended.error, Error::Interrupted { .. });
        assert_eq!(is_unknown, status == 408, "{:?}", ended.error);
    }
}

#[test]
fn an_error_code_that_repeats_a_secret_of_the_request_is_not_kept() {
    covers(&["S-14", "N-6749-22", "S-04"]);
    let standard = client(Standard);
    let code = "echo_of_the_code_0123456789";
    let (_, request) = redeeming_code(&standard, code);
    let verifier = field(request.body.expose(), "code_verifier").expect("a code_verifier");
    let verifier = verifier.replace('-', "_");
    for echo in [code, &code.to_uppercase(), &format!("bad_{code}"), &code[3..], &verifier] {
        for body in [
            format!("{{\"error\":\"{echo}\"}}"),
            format!("{{\"error\":{{\"code\":\"{echo}\"}}}}"),
            format!("{{\"code\":\"{echo}\",\"error\":{{\"type\":\"{echo}\"}}}}"),
        ] {
            for status in [200, 400] {
                let (mut flow, request) = redeeming_code(&standard, code);
                let error = failed(after(&mut flow, &request, Response::new(status, &*body)));
                assert_unnamed(&error, echo, &body);
            }
        }
    }
    let (mut flow, request) = redeeming_code(&standard, code);
    let short = Response::new(400, format!("{{\"error\":\"{}\"}}", &code[..16]));
    let error = failed(after(&mut flow, &request, short));
    assert_eq!(refusal(&error).1, Some("echo_of_the_code"), "too short a piece to tell anything");
    let echo = Response::new(400, "{\"error\":\"r_1_refresh_token\"}");
    assert_unnamed(&renewal(&echo).error, "r_1_refresh_token", "the refresh token");
    let echo = Response::new(400, "{\"error\":\"device_code_1\"}");
    let reply = DEVICE_REPLY.replace("d-1", "device_code_1");
    let mut flow = polling(&standard, &reply);
    let request = sent_at(&mut flow, later(DAWN, 5_000));
    assert_unnamed(&failed(after(&mut flow, &request, echo)), "device_code_1", "the device code");
    let echo = Response::new(400, "{\"error\":\"gho_first_token\"}");
    let mut flow = approved(&client(Github), "{\"access_token\":\"gho_first_token\"}");
    let request = sent(&mut flow);
    assert_unnamed(&failed(after(&mut flow, &request, echo)), "gho_first_token", "the first token");
}

#[test]
fn neither_the_state_nor_the_clients_own_secret_comes_back_as_an_error_code() {
    covers(&["S-14"]);
    let anthropic = client(Anthropic);
    let (_, request) = redeeming_code(&anthropic, "a-code");
    let body: serde_json::Value = serde_json::from_str(request.body.expose()).expect("JSON");
    let state = body["state"].as_str().expect("a state");
    let part = state.split('-').max_by_key(|part| part.len()).expect("a part");
    assert!(part.len() > 16, "another seed would do better: {part}");
    let (mut flow, request) = redeeming_code(&anthropic, "a-code");
    let echo = Response::new(400, format!("{{\"error\":\"{part}\"}}"));
    assert_unnamed(&failed(after(&mut flow, &request, echo)), part, "the state");

    let secret = "a_secret_of_the_client";
    let configuration = grantflow_core::Configuration {
        client_secret: Some(secret.into()),
        ..configuration(Google)
    };
    let google = Client::new(client(Google).provider().clone(), configuration).expect("a client");
    let (mut flow, request) = redeeming_code(&google, "a-code");
    let echo = Response::new(401, format!("{{\"error\":\"{secret}\"}}"));
    assert_unnamed(&failed(after(&mut flow, &request, echo)), secret, "the client_secret");
}

/// How a device login ends whose first poll gets this answer.
fn after_poll(client: &Client, answer: &Response) -> Error {
    let mut flow = polling(client, DEVICE_REPLY);
    let request = sent_at(&mut flow, later(DAWN, 5_000));
    failed(after(&mut flow, &request, answer.clone()))
}

fn failed(after: After) -> Error {
    match after {
        After::Failed(error) => error,
        After::Granted | After::Again => panic!("{after:?}"),
    }
}

fn refusal(error: &Error) -> (Option<Purpose>, Option<&str>, Option<u16>) {
    let Error::Refused { purpose, code, status } = error else { panic!("{error:?}") };
    (*purpose, code.as_ref().map(ErrorCode::as_str), *status)
}

fn assert_unnamed(error: &Error, secret: &str, name: &str) {
    assert!(refusal(error).1.is_none(), "{name}: {error:?}");
    let shown = format!("{error:?} {error}").to_ascii_lowercase();
    assert!(!shown.contains(&secret.to_ascii_lowercase()), "{name}: {shown}");
}
