//! Logins with a code that the person enters elsewhere.

use serde_json::{Value, json};

use super::Move::{self, Later, Lost, NotSent, Reload, Reply, RetryAfter, Stray, WallStep};
use super::Script;
use super::browser::{error, jwt, standard, text, tokens};

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn scripts() -> Vec<Script> {
    let standard = standard();
    let with_pkce = {
        let mut provider = standard.clone();
        provider["device"] = json!({ "code_challenge": true });
        provider
    };
    let editor = "grantflow-tests/0.1";
    let copilot = json!({
        "preset": "github-copilot",
        "variables": { "editor_version": editor, "plugin_version": editor, "integration_id": editor },
    });
    let codex = json!({ "preset": "openai-codex" });
    let polling = |moves: &[Move]| [&[codes(5.into())], moves].concat();
    let copilot_polling = |moves: &[Move]| {
        let first = [
            codes(5.into()),
            Later(5_000),
            text(200, r#"{"access_token":"gho_1","token_type":"bearer","scope":""}"#),
        ];
        [&first, moves].concat()
    };
    vec![
        Script::device(
            "pending, slower, tokens",
            &standard,
            &polling(&[
                Later(4_999),
                Later(1),
                error(400, "authorization_pending"),
                Later(5_000),
                error(400, "slow_down"),
                Later(9_999),
                Later(1),
                tokens(),
                Later(1),
            ]),
        ),
        Script::device("denied", &standard, &polling(&[Later(5_000), error(400, "access_denied")])),
        Script::device(
            "lapsed, says the server",
            &standard,
            &polling(&[Later(5_000), error(400, "expired_token")]),
        ),
        Script::device(
            "lapsed, says the clock",
            &standard,
            &polling(&[Later(5_000), error(400, "slow_down"), Later(595_000)]),
        ),
        Script::device(
            "the wall clock is set",
            &standard,
            &polling(&[WallStep(86_400_000), WallStep(-172_800_000), Later(5_000), tokens()]),
        ),
        Script::device(
            "a poll is lost, and the code with it",
            &standard,
            &polling(&[Later(5_000), Lost, Later(10_000), error(400, "invalid_grant")]),
        ),
        Script::device(
            "polls fail in every way, slower each time",
            &standard,
            &polling(&[
                Later(5_000),
                text(500, "no"),
                Later(10_000),
                RetryAfter(503, "30"),
                Later(30_000),
                text(200, "<html>"),
                Later(60_000),
                NotSent,
                Later(60_000),
                error(400, "authorization_pending"),
                Later(5_000),
                tokens(),
            ]),
        ),
        Script::device("no interval", &standard, &[codes(Value::Null), Later(5_000), tokens()]),
        Script::device(
            "an interval in words",
            &standard,
            &[codes("3".into()), Later(3_000), tokens()],
        ),
        Script::device(
            "an interval of nothing",
            &standard,
            &[codes(0.into()), Later(5_000), tokens()],
        ),
        Script::device(
            "an interval that has no end",
            &standard,
            &[codes(1_000_000.into()), Later(600_000)],
        ),
        Script::device(
            "a hostile address to open",
            &standard,
            &[text(
                200,
                r#"{"device_code":"d","user_code":"u","verification_uri":"javascript:alert(1)","expires_in":600}"#,
            )],
        ),
        Script::device("no device logins here", &standard, &[text(404, "not found")]),
        Script::device("not for this client", &standard, &[error(400, "unauthorized_client")]),
        Script::device(
            "codes that never come",
            &standard,
            &[
                Lost,
                Later(60_000),
                RetryAfter(429, "1"),
                Later(60_000),
                NotSent,
                Later(60_000),
                Lost,
            ],
        ),
        Script::device(
            "the page is loaded anew again and again",
            &standard,
            &[
                Reload(1_000),
                Later(10_000),
                codes(5.into()),
                Reload(2_000),
                Later(5_000),
                Reload(20_000),
                Later(20_000),
                tokens(),
            ],
        ),
        Script::device(
            "an answer nobody asked for",
            &standard,
            &polling(&[Stray, Later(5_000), Stray, tokens()]),
        ),
        Script::device("with a challenge", &with_pkce, &polling(&[Later(5_000), tokens()])),
        Script::device(
            "pending in a 200, then a second token",
            &copilot,
            &[
                codes(5.into()),
                Later(5_000),
                error(200, "authorization_pending"),
                Later(5_000),
                text(200, r#"{"error":"slow_down","interval":12}"#),
                Later(12_000),
                text(200, r#"{"access_token":"gho_1","token_type":"bearer","scope":""}"#),
                text(
                    200,
                    r#"{"token":"tid=1;exp=1","expires_at":1780003600,"refresh_in":1500,"endpoints":{"api":"https://api.individual.githubcopilot.com"}}"#,
                ),
            ],
        ),
        Script::device(
            "the first token was revoked",
            &copilot,
            &copilot_polling(&[text(401, "{}")]),
        ),
        Script::device(
            "no seat",
            &copilot,
            &copilot_polling(&[text(403, r#"{"error_details":{"title":"no"}}"#)]),
        ),
        Script::device(
            "the exchange is lost, loaded anew, and had",
            &copilot,
            &copilot_polling(&[
                Lost,
                Reload(500),
                Later(60_000),
                text(200, r#"{"token":"tid=1","expires_at":1780003600,"refresh_in":1500}"#),
            ]),
        ),
        Script::device(
            "a code for a code",
            &codex,
            &[
                text(
                    200,
                    r#"{"device_auth_id":"d","user_code":"ABCD-1234","interval":"5","expires_at":"2026-05-28T20:41:40Z"}"#,
                ),
                Later(5_000),
                text(403, r#"{"error":{"code":"deviceauth_authorization_pending"}}"#),
                Later(5_000),
                text(
                    200,
                    r#"{"authorization_code":"c0de","code_challenge":"x","code_verifier":"0123456789012345678901234567890123456789012"}"#,
                ),
                jwt(&json!({ "https://api.openai.com/auth": { "chatgpt_account_id": "acc" } })),
            ],
        ),
    ]
}

fn codes(interval: Value) -> Move {
    let mut body = json!({
        "device_code": "d3vice", "user_code": "WDJB-MJHT", "expires_in": 600,
        "verification_uri": "https://as.example/device",
        "verification_uri_complete": "https://as.example/device?user_code=WDJB-MJHT",
    });
    if !interval.is_null() {
        body["interval"] = interval;
    }
    Reply(200, body.to_string())
}
