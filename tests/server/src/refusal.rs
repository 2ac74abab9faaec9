//! Errors, and how each dialect tells them.

use serde_json::{Value, json};

use crate::{Dialect, Response, exchange::Exchange};

/// Why a request of a program is refused (RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    InvalidRequest,
    InvalidClient,
    InvalidGrant(BadGrant),
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    AuthorizationPending,
    SlowDown { interval_s: u64 },
    AccessDenied,
    ExpiredToken,
    DeviceDisabled,
    RateLimited,
}

/// What of a grant is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadGrant {
    Code,
    RedirectUri,
    CodeVerifier,
    DeviceCode,
    RefreshTokenInvalid,
    RefreshTokenReused,
    RefreshTokenExpired,
}

impl Refusal {
    /// The error code of the RFCs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown { .. } => "slow_down",
            Self::AccessDenied => "access_denied",
            Self::ExpiredToken => "expired_token",
            Self::DeviceDisabled => "unauthorized_client",
            Self::RateLimited => "rate_limit_error",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest => "Invalid request format",
            Self::InvalidClient => "Client authentication failed.",
            Self::InvalidGrant(BadGrant::Code) => "Invalid 'code' in request.",
            Self::InvalidGrant(BadGrant::RedirectUri) => "Invalid 'redirect_uri' in request.",
            Self::InvalidGrant(BadGrant::CodeVerifier) => "Invalid 'code_verifier' in request.",
            Self::InvalidGrant(BadGrant::DeviceCode) => "Invalid 'device_code' in request.",
            Self::InvalidGrant(BadGrant::RefreshTokenInvalid) => "The refresh token is not valid.",
            Self::InvalidGrant(BadGrant::RefreshTokenReused) => {
                "The refresh token has already been used."
            }
            Self::InvalidGrant(BadGrant::RefreshTokenExpired) => "The refresh token has expired.",
            Self::UnsupportedGrantType => "This grant_type is not supported.",
            Self::UnsupportedResponseType => "This response_type is not supported.",
            Self::InvalidScope => "The scope goes beyond what was granted.",
            Self::AuthorizationPending => "The person has not decided yet.",
            Self::SlowDown { .. } => "Too many requests in too short a time.",
            Self::AccessDenied => "The person said no.",
            Self::ExpiredToken => "The device code has expired.",
            Self::DeviceDisabled => "Device logins are not enabled.",
            Self::RateLimited => "Rate limited. Please try again later.",
        }
    }

    /// The response by which a dialect tells it.
    pub(crate) fn response(self, dialect: Dialect, x: &mut Exchange<'_>) -> Response {
        let (status, error, body) = match dialect {
            Dialect::Standard => (self.standard_status(), self.code(), self.flat(self.code())),
            Dialect::Google => (self.google_status(), self.code(), self.flat(self.code())),
            Dialect::Anthropic => self.anthropic(),
            Dialect::Codex => self.codex(),
            Dialect::Github => self.github(),
        };
        x.error = Some(error);
        let response = match dialect {
            Dialect::Github => github_reply(x, status, &body),
            Dialect::Standard | Dialect::Anthropic | Dialect::Codex | Dialect::Google => {
                Response::json(status, &body)
            }
        };
        let response = response.with("cache-control", "no-store");
        let tried_basic = x.request.header("authorization").is_some();
        if self == Self::InvalidClient && tried_basic {
            response.with("www-authenticate", "Basic realm=\"test server\"")
        } else {
            response
        }
    }

    fn standard_status(self) -> u16 {
        if self == Self::InvalidClient { 401 } else { 400 }
    }

    fn google_status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::AuthorizationPending => 428,
            Self::SlowDown { .. } | Self::AccessDenied => 403,
            Self::InvalidRequest
            | Self::InvalidGrant(_)
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::InvalidScope
            | Self::ExpiredToken
            | Self::DeviceDisabled
            | Self::RateLimited => 400,
        }
    }

    fn flat(self, error: &str) -> Value {
        json!({ "error": error, "error_description": self.description() })
    }

    /// Malformed requests and limits in the shape of the API's errors, the rest by the book.
    fn anthropic(self) -> (u16, &'static str, Value) {
        let (status, kind) = match self {
            Self::InvalidRequest => (400, "invalid_request_error"),
            Self::RateLimited => (429, "rate_limit_error"),
            Self::InvalidClient
            | Self::InvalidGrant(_)
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::InvalidScope
            | Self::AuthorizationPending
            | Self::SlowDown { .. }
            | Self::AccessDenied
            | Self::ExpiredToken
            | Self::DeviceDisabled => {
                return (self.standard_status(), self.code(), self.flat(self.code()));
            }
        };
        let error = json!({ "type": kind, "message": self.description() });
        (status, kind, json!({ "type": "error", "error": error, "request_id": "req_test" }))
    }

    /// Nested errors, with codes of OpenAI's own.
    fn codex(self) -> (u16, &'static str, Value) {
        let (status, code) = match self {
            Self::AuthorizationPending => (403, "deviceauth_authorization_pending"),
            Self::SlowDown { .. } => (403, "slow_down"),
            Self::DeviceDisabled => (404, "not_found"),
            Self::InvalidClient => (401, "invalid_client"),
            Self::InvalidGrant(BadGrant::RefreshTokenInvalid) => (401, "refresh_token_invalidated"),
            Self::InvalidGrant(BadGrant::RefreshTokenReused) => (401, "refresh_token_reused"),
            Self::InvalidGrant(BadGrant::RefreshTokenExpired) => (401, "refresh_token_expired"),
            Self::InvalidRequest
            | Self::InvalidGrant(
                BadGrant::Code
                | BadGrant::RedirectUri
                | BadGrant::CodeVerifier
                | BadGrant::DeviceCode,
            )
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::InvalidScope
            | Self::AccessDenied
            | Self::ExpiredToken
            | Self::RateLimited => (400, self.code()),
        };
        let error = json!({
            "message": self.description(), "type": "invalid_request_error", "param": null,
            "code": code,
        });
        (status, code, json!({ "error": error }))
    }

    /// Status 200, whatever is wrong.
    fn github(self) -> (u16, &'static str, Value) {
        let error = match self {
            Self::InvalidClient => "incorrect_client_credentials",
            Self::InvalidGrant(_) => "incorrect_device_code",
            Self::DeviceDisabled => "device_flow_disabled",
            Self::InvalidRequest
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::InvalidScope
            | Self::AuthorizationPending
            | Self::SlowDown { .. }
            | Self::AccessDenied
            | Self::ExpiredToken
            | Self::RateLimited => self.code(),
        };
        let mut body = self.flat(error);
        body["error_uri"] = "https://docs.github.com/developers/apps/authorizing-oauth-apps".into();
        if let Self::SlowDown { interval_s } = self {
            body["interval"] = interval_s.into();
        }
        (200, error, body)
    }
}

/// GitHub answers in JSON only to those who ask for it.
pub(crate) fn github_reply(x: &Exchange<'_>, status: u16, body: &Value) -> Response {
    let accept = x.request.header("accept").unwrap_or_default();
    let members = body.as_object().filter(|_| !accept.contains("application/json"));
    let Some(members) = members else { return Response::json(status, body) };
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        form.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    Response::new(status, "application/x-www-form-urlencoded; charset=utf-8", form.finish())
}
