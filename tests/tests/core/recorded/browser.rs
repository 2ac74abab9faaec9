//! Logins in a browser.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::Move::{self, Callback, Later, Lost, NotSent, Pasted, Reload, Reply, RetryAfter, Stray};
use super::Script;

const BACK: Move =
    Callback("https://app.example/callback?code=c0de&state={0}&iss=https://as.example");

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn scripts() -> Vec<Script> {
    let standard = standard();
    let anthropic = json!({ "preset": "anthropic" });
    let codex = json!({ "preset": "openai-codex" });
    let google = json!({
        "preset": "google", "client_id": "1.apps.googleusercontent.com", "client_secret": "s+e c%",
    });
    let redeemed = |moves: &[Move]| [&[BACK], moves].concat();
    vec![
        Script::browser("a redirect, and tokens", &standard, &redeemed(&[tokens()])),
        Script::browser("nobody comes", &standard, &[Later(599_999), Later(1), Later(1)]),
        Script::browser(
            "another login's state, then ours",
            &standard,
            &[
                Callback(
                    "https://app.example/callback?code=evil&state=AAAA&iss=https://as.example",
                ),
                Callback("https://app.example/callback?code=evil&iss=https://as.example"),
                BACK,
                tokens(),
            ],
        ),
        Script::browser(
            "another issuer, none, then ours",
            &standard,
            &[
                Callback(
                    "https://app.example/callback?code=evil&state={0}&iss=https://evil.example",
                ),
                Callback("https://app.example/callback?code=c0de&state={0}"),
                BACK,
                tokens(),
            ],
        ),
        Script::browser(
            "what cannot be an answer",
            &standard,
            &[
                Callback(""),
                Callback("https://app.example/callback"),
                Callback(
                    "https://app.example/callback?code=a&code=b&state={0}&iss=https://as.example",
                ),
                Callback(
                    "https://app.example/callback?code=a&error=access_denied&state={0}&iss=https://as.example",
                ),
                Callback("https://app.example/callback?code=%00&state={0}&iss=https://as.example"),
                Callback(
                    "https://app.example/callback?error=access_denied&state=wrong&iss=https://as.example",
                ),
                Callback("#access_token=t&state={0}"),
                Pasted("sk-not-a-code"),
                Pasted(
                    "https://elsewhere.example/callback?code=c&state={0}&iss=https://as.example",
                ),
                Later(1000),
            ],
        ),
        Script::browser(
            "denied",
            &standard,
            &[
                Callback(
                    "https://app.example/callback?error=access_denied&state={0}&iss=https://as.example",
                ),
                Later(1),
            ],
        ),
        Script::browser(
            "refused, with words of the server's",
            &standard,
            &[Callback(
                "https://app.example/callback?error=invalid_scope&error_description=%1b[31mno&state={0}&iss=https://as.example",
            )],
        ),
        Script::browser(
            "pasted with its brackets, broken by a terminal",
            &standard,
            &[
                Pasted(
                    "<https://app.example/callback?code=c0\n  de&state={0}&iss=https://as.example>\n",
                ),
                tokens(),
            ],
        ),
        Script::browser("a second redirect", &standard, &redeemed(&[BACK, tokens(), BACK])),
        Script::browser(
            "an answer nobody asked for",
            &standard,
            &redeemed(&[Stray, tokens(), Stray]),
        ),
        Script::browser("a spent code", &standard, &redeemed(&[error(400, "invalid_grant")])),
        Script::browser("an error in a 200", &standard, &redeemed(&[error(200, "invalid_grant")])),
        Script::browser("an unknown client", &standard, &redeemed(&[error(401, "invalid_client")])),
        Script::browser(
            "too many requests, then tokens",
            &standard,
            &redeemed(&[RetryAfter(429, "7"), Later(6_999), Later(1), tokens()]),
        ),
        Script::browser(
            "never sent",
            &standard,
            &redeemed(&[
                NotSent,
                Later(60_000),
                NotSent,
                Later(60_000),
                NotSent,
                Later(60_000),
                NotSent,
            ]),
        ),
        Script::browser(
            "lost once, then tokens",
            &standard,
            &redeemed(&[Lost, Later(60_000), tokens()]),
        ),
        Script::browser(
            "lost twice",
            &standard,
            &redeemed(&[text(500, "<h1>no</h1>"), Later(60_000), Lost, Later(60_000)]),
        ),
        Script::browser(
            "a page that wants a login of its own",
            &standard,
            &redeemed(&[text(200, "<html>"), Later(60_000), text(200, "{\"access_token\":")]),
        ),
        Script::browser(
            "answers to forgive: a byte order mark, a life in words, one without",
            &standard,
            &redeemed(&[text(
                200,
                "\u{feff}{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"3600\"}",
            )]),
        ),
        Script::browser(
            "a life of no time, and no second token",
            &standard,
            &redeemed(&[text(
                200,
                r#"{"access_token":"a","token_type":"Bearer","scope":"openid"}"#,
            )]),
        ),
        Script::browser(
            "tokens of a kind nobody knows",
            &standard,
            &redeemed(&[text(200, r#"{"access_token":"a","token_type":"mac"}"#)]),
        ),
        Script::browser(
            "the page is loaded anew while the person is away, and while the code is redeemed",
            &standard,
            &[Reload(30_000), BACK, Reload(2_000), Later(60_000), tokens()],
        ),
        Script::browser(
            "the same, and the person is gone too long",
            &standard,
            &[Reload(700_000), BACK],
        ),
        Script::browser(
            "code#state from the provider's page",
            &anthropic,
            &[Pasted("c0de"), Pasted("c0de#wrong"), Pasted(" c0de#{1} "), account(), Later(1)],
        ),
        Script::browser(
            "an error that is an object",
            &anthropic,
            &[
                Pasted("c0de#{1}"),
                text(400, r#"{"error":{"type":"invalid_request_error","message":"no"}}"#),
            ],
        ),
        Script::browser(
            "an account in a token's claims",
            &codex,
            &[
                Callback("https://app.example/callback?code=c0de&state={0}"),
                jwt(&json!({ "https://api.openai.com/auth": {
                    "chatgpt_account_id": "acc", "chatgpt_plan_type": "plus" }, "email": "a@b.example" })),
            ],
        ),
        Script::browser(
            "no account, where one is needed",
            &codex,
            &[
                Callback("https://app.example/callback?code=c0de&state={0}"),
                jwt(&json!({ "sub": "x" })),
            ],
        ),
        Script::browser(
            "a client with a secret",
            &google,
            &[Callback("https://app.example/callback?code=4/0c0de%2B&state={0}"), tokens()],
        ),
    ]
}

pub(super) fn standard() -> Value {
    json!({
        "id": "standard",
        "client_id": "test-client",
        "issuer": "https://as.example",
        "authorization_response_iss_parameter_supported": true,
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "device_authorization_endpoint": "https://as.example/device_authorization",
        "scope": "openid offline_access",
    })
}

pub(super) fn text(status: u16, body: &str) -> Move {
    Reply(status, body.to_owned())
}

pub(super) fn error(status: u16, code: &str) -> Move {
    Reply(status, json!({ "error": code }).to_string())
}

pub(super) fn tokens() -> Move {
    let body = json!({
        "access_token": "at-1", "refresh_token": "rt-1", "token_type": "Bearer",
        "expires_in": 3600, "scope": "openid offline_access", "\u{fc}ml\u{e4}ut \u{1f511}": [1, "\u{2028}"],
    });
    Reply(200, body.to_string())
}

fn account() -> Move {
    let body = json!({
        "access_token": "at-1", "refresh_token": "rt-1", "token_type": "Bearer", "expires_in": 28800,
        "account": { "uuid": "u-1", "email_address": "a@b.example" },
        "organization": { "uuid": "o-1", "name": "Org" },
    });
    Reply(200, body.to_string())
}

pub(super) fn jwt(claims: &Value) -> Move {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!("{}.{}.c2ln", part(&json!({ "alg": "none" })), part(claims));
    let body = json!({ "access_token": token, "id_token": token, "refresh_token": "rt-1", "expires_in": 864_000 });
    Reply(200, body.to_string())
}
