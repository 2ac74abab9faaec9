//! What a server says about itself (RFC 8414).

use serde_json::json;

use crate::{Endpoint, Response, Server};

impl Server {
    pub(crate) fn metadata(&self) -> Response {
        let config = &self.config;
        let url =
            |endpoint| config.dialect.path(endpoint).map(|path| format!("{}{path}", config.issuer));
        let mut methods: Vec<&str> =
            config.clients.iter().map(|client| client.authentication.name()).collect();
        methods.sort_unstable();
        methods.dedup();
        let metadata = json!({
            "issuer": config.issuer,
            "authorization_endpoint": url(Endpoint::Authorization),
            "token_endpoint": url(Endpoint::Token),
            "device_authorization_endpoint": url(Endpoint::DeviceAuthorization),
            "revocation_endpoint": url(Endpoint::Revocation),
            "response_types_supported": ["code"],
            "grant_types_supported":
                ["authorization_code", "refresh_token", super::token::DEVICE_CODE_GRANT],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": methods,
            "authorization_response_iss_parameter_supported": config.iss,
        });
        Response::json(200, &metadata)
    }
}
