//! What an answer means, before anyone looks at what it grants.
//!
//! The one question that matters is whether the server may have acted. An OAuth error counts in a
//! success and in any 4xx (GitHub refuses with 200, others with 403, 404 or 429); a 5xx is never
//! definite, whatever its body says, because a gateway may have lost the real answer.

use alloc::string::String;
use core::time::Duration;

use crate::error::{BadResponse, ErrorCode, Trouble};
use crate::http::{Response, TransportError};
use crate::wire::json::{NotAnObject, Object};
use crate::wire::retry_after;
use crate::{Client, Secret};

/// Why a request did not bring what was asked for.
pub(crate) enum Failure {
    /// No, definitely.
    Refused(Refusal),
    /// The server did not act: the same may be sent again.
    NotProcessed(Trouble, Option<Duration>),
    /// The server may have acted.
    Lost(Trouble),
    /// An answer that is definite and useless.
    Bad(BadResponse),
}

impl From<BadResponse> for Failure {
    fn from(why: BadResponse) -> Self {
        Self::Bad(why)
    }
}

/// RFC 6749 §5.2, RFC 8628 §3.5.
pub(crate) struct Refusal {
    pub(crate) code: Option<ErrorCode>,
    pub(crate) status: u16,
    /// GitHub's `slow_down` carries the new interval.
    pub(crate) interval: Option<Duration>,
    /// It can only lengthen a wait.
    pub(crate) retry_after: Option<Duration>,
}

impl Refusal {
    pub(crate) fn code(&self) -> &str {
        self.code.as_ref().map(ErrorCode::as_str).unwrap_or_default()
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.code.as_ref().is_some_and(ErrorCode::is_registered)
    }
}

/// How to read an answer, beside the answer itself.
pub(crate) struct Reading<'a> {
    pub(crate) client: &'a Client,
    /// The secrets of the request, none of which may come back in an error code; the client's own
    /// is known.
    pub(crate) sent: &'a [Option<&'a Secret>],
    /// For a `Retry-After` that is a date.
    pub(crate) wall_ms: u64,
}

impl Reading<'_> {
    /// The object of an answer that grants what was asked for.
    pub(crate) fn granted<'r>(
        &self,
        result: &'r Result<Response, TransportError>,
    ) -> Result<Object<'r>, Failure> {
        let response = match result {
            Ok(response) => response,
            Err(TransportError::NotSent) => {
                return Err(Failure::NotProcessed(Trouble::NotSent, None));
            }
            Err(TransportError::Lost) => return Err(Failure::Lost(Trouble::Lost)),
        };
        let trouble = Trouble::Status(response.status);
        Err(match response.status {
            200..=299 => return self.success(response),
            // The wrong server, too early, too often (RFC 9110 §15.5.20, 8470 §5.2, 6585 §4). Too
            // late is what gateways also say of a server that took too long.
            408 | 421 | 425 | 429 => match self.refusal(response) {
                refusal if refusal.is_registered() => Failure::Refused(refusal),
                _ if response.status == 408 => Failure::Lost(trouble),
                refusal => Failure::NotProcessed(trouble, refusal.retry_after),
            },
            400..=499 => Failure::Refused(self.refusal(response)),
            503 if response.retry_after.is_some() => {
                Failure::NotProcessed(trouble, self.retry_after(response))
            }
            _ => Failure::Lost(trouble),
        })
    }

    fn success<'r>(&self, response: &'r Response) -> Result<Object<'r>, Failure> {
        let object = Object::read(&response.body).map_err(|why| match why {
            NotAnObject::Unreadable => Failure::Lost(Trouble::Unreadable),
            NotAnObject::Bad(why) => Failure::Bad(why),
        })?;
        let has_tokens = object.raw("access_token").is_some_and(|text| text != "\"\"");
        match object.raw("error") {
            None => Ok(object),
            Some("\"\"") if has_tokens => Ok(object),
            Some(_) => Err(match code(&object) {
                Some(code) if !has_tokens => {
                    Failure::Refused(self.refused(&object, code, response))
                }
                Some(_) | None => Failure::Bad(BadResponse::Error),
            }),
        }
    }

    fn refusal(&self, response: &Response) -> Refusal {
        if let Ok(object) = Object::read(&response.body)
            && let Some(code) = code(&object)
        {
            return self.refused(&object, code, response);
        }
        let (status, retry_after) = (response.status, self.retry_after(response));
        Refusal { code: None, status, interval: None, retry_after }
    }

    fn refused(&self, object: &Object<'_>, code: String, response: &Response) -> Refusal {
        let code = error_code(self.client, code);
        let is_echo = |code: &ErrorCode| {
            code.echoes(self.client.client_secret()) || self.sent.iter().any(|it| code.echoes(*it))
        };
        Refusal {
            code: code.filter(|code| !is_echo(code)),
            status: response.status,
            interval: interval(object),
            retry_after: self.retry_after(response),
        }
    }

    fn retry_after(&self, response: &Response) -> Option<Duration> {
        retry_after::read(response.retry_after.as_deref()?, self.wall_ms)
    }
}

/// What a server's own word stands for, if it is a code. Vendors write it as they like.
pub(crate) fn error_code(client: &Client, word: String) -> Option<ErrorCode> {
    let codes = &client.provider().token.error_codes;
    let meant = codes.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
    ErrorCode::read(meant.map_or(word, |(_, code)| code.clone()))
}

/// `error` as text, `error.code` (OpenAI) or `error.type` (Anthropic), or a bare `code`.
fn code(object: &Object<'_>) -> Option<String> {
    let inside = || {
        let error = object.object("error")?;
        error.string("code").or_else(|| error.string("type"))
    };
    let code = object.string("error").or_else(inside).or_else(|| object.string("code"));
    let mut code = code.filter(|code| !code.is_empty())?;
    code.make_ascii_lowercase();
    Some(code)
}

/// An `interval` in seconds, number or text, rounded up to the millisecond; `None` unless it is
/// positive.
pub(crate) fn interval(object: &Object<'_>) -> Option<Duration> {
    object.number("interval")?.thousandths_or_more().map(Duration::from_millis)
}
