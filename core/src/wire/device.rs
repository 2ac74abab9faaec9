//! Device logins (RFC 8628 §3.1 to §3.5) and the deviations from them.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use crate::credential::Credential;
use crate::endpoint::{is_safe_page, origin};
use crate::error::{BadResponse, ErrorCode};
use crate::http::{Purpose, Request, RequestId, Response, TransportError};
use crate::provider::{DeviceDialect, Encoding};
use crate::scope::Scope;
use crate::text::{is_visible, trimmed};
use crate::wire::json::Object;
use crate::wire::pkce::CodeVerifier;
use crate::wire::reply::{Failure, Reading, interval};
use crate::wire::request::{Parameters, post, post_bare};
use crate::wire::token::{self, CodeGrant};
use crate::{Client, Endpoint, Secret};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const MAX_USER_CODE: usize = 64;
/// Nobody carries a code about for longer.
pub(crate) const MAX_LIFE: Duration = Duration::from_secs(3600);

/// RFC 8628 §3.2. The pace is decided elsewhere.
pub(crate) struct DeviceReply {
    pub(crate) codes: DeviceCodes,
    pub(crate) expires_in: Duration,
    pub(crate) interval: Option<Duration>,
}

/// What a device login holds while it polls.
#[derive(Clone)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: Secret,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: Option<String>,
}

/// What a poll brings when it brings an end.
pub(crate) enum Approved {
    Tokens(Box<Credential>),
    Code(CodeGrant),
}

/// RFC 8628 §3.1.
pub(crate) fn request_codes(
    client: &Client,
    endpoint: &Endpoint,
    id: RequestId,
    scope: &Scope,
    code_verifier: Option<&CodeVerifier>,
) -> Request {
    let rules = &client.provider().device;
    let code_challenge = code_verifier.map(CodeVerifier::code_challenge);
    let mut parameters = Parameters::new(&[]);
    let encoding = match &rules.dialect {
        DeviceDialect::Rfc8628 => {
            parameters.push("scope", scope.as_str());
            if let Some(code_challenge) = &code_challenge {
                parameters.push("code_challenge", code_challenge);
                parameters.push("code_challenge_method", "S256");
            }
            Encoding::Form
        }
        DeviceDialect::AuthorizationCode { .. } => Encoding::Json,
    };
    parameters.extend(&rules.parameters);
    let purpose = Purpose::RequestDeviceCode;
    if rules.client_authentication {
        post(client, id, purpose, endpoint, encoding, parameters)
    } else {
        parameters.push("client_id", client.client_id());
        post_bare(id, purpose, endpoint, encoding, &parameters)
    }
}

/// RFC 8628 §3.4.
pub(crate) fn poll(
    client: &Client,
    id: RequestId,
    codes: &DeviceCodes,
    code_verifier: Option<&CodeVerifier>,
) -> Request {
    let provider = client.provider();
    let endpoint = provider.device.poll_endpoint.as_ref().unwrap_or(&provider.token_endpoint);
    let device_code = codes.device_code.expose();
    match &provider.device.dialect {
        DeviceDialect::Rfc8628 => {
            let mut parameters =
                Parameters::new(&[("grant_type", GRANT_TYPE), ("device_code", device_code)]);
            if let Some(code_verifier) = code_verifier {
                parameters.push("code_verifier", code_verifier.secret().expose());
            }
            post(client, id, Purpose::PollDevice, endpoint, Encoding::Form, parameters)
        }
        DeviceDialect::AuthorizationCode { .. } => {
            let parameters = Parameters::new(&[
                ("device_auth_id", device_code),
                ("user_code", &codes.user_code),
            ]);
            post_bare(id, Purpose::PollDevice, endpoint, Encoding::Json, &parameters)
        }
    }
}

impl DeviceReply {
    pub(crate) fn read(client: &Client, object: &Object<'_>) -> Result<Self, BadResponse> {
        let rules = &client.provider().device;
        let (device_code, user_codes, page) = match &rules.dialect {
            DeviceDialect::Rfc8628 => ("device_code", ["user_code", "user_code"], None),
            DeviceDialect::AuthorizationCode { verification_uri, .. } => (
                "device_auth_id",
                ["user_code", "usercode"],
                Some(verification_uri.as_str().to_owned()),
            ),
        };
        // `verification_url` is how drafts of RFC 8628 and Google spell it.
        let verification_uri = page
            .or_else(|| object.string("verification_uri"))
            .or_else(|| object.string("verification_url"))
            .filter(|uri| is_safe_page(uri))
            .ok_or(BadResponse::Member("verification_uri"))?;
        let verification_uri_complete = object
            .string("verification_uri_complete")
            .filter(|uri| is_safe_page(uri) && origin(uri) == origin(&verification_uri));
        let device_code = secret_text(object, device_code)?;
        let user_code = user_codes.iter().find_map(|name| object.string(name));
        let user_code = user_code.filter(|code| is_user_code(code));
        let user_code = user_code.ok_or(BadResponse::Member("user_code"))?;
        let codes =
            DeviceCodes { device_code, user_code, verification_uri, verification_uri_complete };
        let expires_in = expires_in(object, rules.expires_in);
        Ok(Self { codes, expires_in, interval: interval(object) })
    }
}

fn is_user_code(code: &str) -> bool {
    !trimmed(code).is_empty() && code.len() <= MAX_USER_CODE && is_visible(code)
}

/// Reads the answer to a poll. `authorization_pending` comes out as such, whatever it came as.
pub(crate) fn read_poll(
    reading: &Reading<'_>,
    scope: &Scope,
    result: &Result<Response, TransportError>,
) -> Result<Approved, Failure> {
    let rules = &reading.client.provider().device;
    let object = reading.granted(result).map_err(|mut failure| {
        if let Failure::Refused(refusal) = &mut failure
            && rules.pending_statuses.contains(&refusal.status)
            && !refusal.is_registered()
        {
            refusal.code = ErrorCode::read("authorization_pending".to_owned());
        }
        failure
    })?;
    Ok(match &rules.dialect {
        DeviceDialect::Rfc8628 => {
            Approved::Tokens(token::read(reading.client, &object, scope, reading.wall_ms)?)
        }
        DeviceDialect::AuthorizationCode { redirect_uri, .. } => {
            Approved::Code(read_code(&object, redirect_uri.as_str())?)
        }
    })
}

/// The server made the PKCE pair itself; only this dialect takes a verifier from the network.
fn read_code(object: &Object<'_>, redirect_uri: &str) -> Result<CodeGrant, BadResponse> {
    let code_verifier = secret_text(object, "code_verifier")?;
    let code_verifier =
        CodeVerifier::parse(code_verifier).map_err(|_| BadResponse::Member("code_verifier"))?;
    Ok(CodeGrant {
        code: secret_text(object, "authorization_code")?,
        code_verifier: code_verifier.secret().clone(),
        redirect_uri: redirect_uri.to_owned(),
        state: None,
    })
}

/// A code: visible ASCII and spaces (RFC 6749 appendix A.11), not empty.
fn secret_text(object: &Object<'_>, name: &'static str) -> Result<Secret, BadResponse> {
    object
        .string(name)
        .filter(|text| !text.is_empty() && is_visible(text))
        .map(Secret::new)
        .ok_or(BadResponse::Member(name))
}

/// A missing or unreadable life is the provider's default; none is longer than an hour.
fn expires_in(object: &Object<'_>, default_s: u32) -> Duration {
    match object.number("expires_in") {
        Some(seconds) => {
            Duration::from_millis(u64::try_from(seconds.thousandths()).unwrap_or_default())
        }
        None => Duration::from_secs(default_s.into()),
    }
    .min(MAX_LIFE)
}
