//! What tokens are for: a place that lets them in (RFC 6750 §2.1, §3.1).

use serde_json::json;

use crate::{Finding, Response, Server, exchange::Exchange};

impl Server {
    /// Lets in whoever has an access token that was not revoked. That it may have lapsed is for the
    /// client to know.
    pub(crate) fn api(&mut self, x: &mut Exchange<'_>) -> Response {
        let header = x.request.header("authorization");
        let Some(token) = header.and_then(|header| header.strip_prefix("Bearer ")) else {
            x.find(Finding::WrongHeader("authorization"));
            return Response::json(401, &json!({})).with("www-authenticate", "Bearer");
        };
        x.present("access_token", token);
        if !self.grants.is_live(token) {
            x.error = Some("invalid_token");
            return Response::json(401, &json!({ "error": "invalid_token" }))
                .with("www-authenticate", "Bearer error=\"invalid_token\"");
        }
        Response::json(200, &json!({ "signed_in": true }))
    }
}
