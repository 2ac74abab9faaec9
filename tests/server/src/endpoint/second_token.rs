//! One token for another: what GitHub Copilot does after the login.

use serde_json::{Value, json};

use crate::{Fault, Finding, Response, Server, exchange::Exchange};

/// The headers by which the editor names itself.
const EDITOR_HEADERS: [&str; 3] =
    ["editor-version", "editor-plugin-version", "copilot-integration-id"];

impl Server {
    pub(crate) fn second_token(&mut self, x: &mut Exchange<'_>) -> Response {
        let first_token = x.request.header("authorization").and_then(bearer);
        if let Some(token) = first_token {
            x.present("access_token", token);
        } else {
            x.find(Finding::WrongHeader("authorization"));
        }
        let live = first_token.is_some_and(|token| self.grants.is_live(token));
        if x.strikes(Fault::SecondToken401) || !live {
            return refused(x, 401, "bad_credentials", &json!({ "message": "Bad credentials" }));
        }
        if x.strikes(Fault::SecondToken403) {
            let details = json!({
                "message": "No access to GitHub Copilot found. You are signed in as person.",
                "notification_id": "no_copilot_access",
            });
            return refused(x, 403, "no_copilot_access", &json!({ "error_details": details }));
        }
        if x.strikes(Fault::SecondToken404) {
            return refused(x, 404, "not_found", &json!({ "message": "Not Found" }));
        }
        let mut named = true;
        for name in EDITOR_HEADERS {
            if x.request.header(name).is_none_or(str::is_empty) {
                x.find(Finding::WrongHeader(name));
                named = false;
            }
        }
        if !named {
            return refused(x, 400, "bad_request", &json!({ "message": "Bad request" }));
        }
        self.copilot_token(x)
    }

    fn copilot_token(&mut self, x: &mut Exchange<'_>) -> Response {
        let life_s = self.config.access_token_life_s;
        let expires_at = (x.wall_ms() / 1000).saturating_add(life_s);
        let (id, signature) = (self.mint.hex(), self.mint.hex());
        let token = format!(
            "tid={id};exp={expires_at};sku=monthly_subscriber;\
             proxy-ep=proxy.individual.githubcopilot.com;8kp=1:{signature}"
        );
        let body = json!({
            "token": token, "expires_at": expires_at, "refresh_in": life_s.saturating_sub(300),
            "sku": "monthly_subscriber", "chat_enabled": true,
            "endpoints": {
                "api": "https://api.individual.githubcopilot.com",
                "proxy": "https://proxy.individual.githubcopilot.com",
                "origin-tracker": "https://origin-tracker.individual.githubcopilot.com",
                "telemetry": "https://telemetry.individual.githubcopilot.com",
            },
        });
        Response::json(200, &body).with("cache-control", "no-store")
    }
}

fn refused(x: &mut Exchange<'_>, status: u16, error: &'static str, body: &Value) -> Response {
    x.error = Some(error);
    Response::json(status, body)
}

/// GitHub takes both words.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    ["bearer", "token"].iter().any(|own| scheme.eq_ignore_ascii_case(own)).then_some(token)
}
