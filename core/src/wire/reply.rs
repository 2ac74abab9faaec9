//! What an answer means, before anyone looks at what it grants.
//!
//! The one question that matters is whether the server may have acted. An OAuth error counts in a
//! success and in any 4xx (GitHub refuses with 200, others with 403, 404 or 429); a 5xx is never
//! definite, whatever its body says, because a gateway may have lost the real answer.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::error::{BadResponse, ErrorCode, Trouble};
use crate::http::{Response, TransportError};
use crate::provider::TokenRules;
use crate::wire::json::{NotAnObject, Object};
use crate::wire::retry_after;
use crate::{Client, Secret};

/// What came back for a request.
pub(crate) enum Answer<T> {
    /// What was asked for.
    Granted(T),
    /// No, definitely.
    Refused(Refusal),
    /// The server did not act: the same may be sent again.
    NotProcessed(Trouble, Option<Duration>),
    /// The server may have acted.
    Lost(Trouble),
    /// An answer that is definite and useless.
    Bad(BadResponse),
}

impl<T> Answer<T> {
    /// The same, with what `make` makes of what was granted.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Granted(granted) => Answer::Granted(make(granted)),
            Self::Refused(refusal) => Answer::Refused(refusal),
            Self::NotProcessed(trouble, after) => Answer::NotProcessed(trouble, after),
            Self::Lost(trouble) => Answer::Lost(trouble),
            Self::Bad(why) => Answer::Bad(why),
        }
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
    pub(crate) sent: &'a [&'a Secret],
    /// For a `Retry-After` that is a date.
    pub(crate) wall_ms: u64,
}

impl Reading<'_> {
    pub(crate) fn rules(&self) -> &TokenRules {
        &self.client.provider().token
    }

    pub(crate) fn answer<T>(
        &self,
        result: &Result<Response, TransportError>,
        granted: impl FnOnce(&Object<'_>) -> Result<T, BadResponse>,
    ) -> Answer<T> {
        let response = match result {
            Ok(response) => response,
            Err(TransportError::NotSent) => return Answer::NotProcessed(Trouble::NotSent, None),
            Err(TransportError::Lost) => return Answer::Lost(Trouble::Lost),
        };
        let trouble = Trouble::Status(response.status);
        let retry_after = || self.retry_after(response);
        match response.status {
            200..=299 => self.success(response, granted),
            429 => match self.refusal(response) {
                refusal if refusal.is_registered() => Answer::Refused(refusal),
                _ => Answer::NotProcessed(trouble, retry_after()),
            },
            400..=499 => Answer::Refused(self.refusal(response)),
            503 if response.retry_after.is_some() => Answer::NotProcessed(trouble, retry_after()),
            _ => Answer::Lost(trouble),
        }
    }

    fn success<T>(
        &self,
        response: &Response,
        granted: impl FnOnce(&Object<'_>) -> Result<T, BadResponse>,
    ) -> Answer<T> {
        let object = match Object::read(&response.body) {
            Ok(object) => object,
            Err(NotAnObject::Unreadable) => return Answer::Lost(Trouble::Unreadable),
            Err(NotAnObject::Bad(why)) => return Answer::Bad(why),
        };
        let has_tokens = object.raw("access_token").is_some_and(|text| text != "\"\"");
        match object.raw("error") {
            None => {}
            Some("\"\"") if has_tokens => {}
            Some(_) if has_tokens => return Answer::Bad(BadResponse::Error),
            Some(_) => {
                return match Self::code(&object) {
                    Some(code) => Answer::Refused(self.refused(&object, &code, response)),
                    None => Answer::Bad(BadResponse::Error),
                };
            }
        }
        granted(&object).map_or_else(Answer::Bad, Answer::Granted)
    }

    fn refusal(&self, response: &Response) -> Refusal {
        if let Ok(object) = Object::read(&response.body)
            && let Some(code) = Self::code(&object)
        {
            return self.refused(&object, &code, response);
        }
        let (status, retry_after) = (response.status, self.retry_after(response));
        Refusal { code: None, status, interval: None, retry_after }
    }

    fn refused(&self, object: &Object<'_>, code: &str, response: &Response) -> Refusal {
        let code = self.rules().error_codes.get(code).map_or(code, String::as_str);
        let sent: Vec<&Secret> =
            self.sent.iter().copied().chain(self.client.client_secret()).collect();
        Refusal {
            code: ErrorCode::read(code, &sent),
            status: response.status,
            interval: interval(object),
            retry_after: self.retry_after(response),
        }
    }

    fn retry_after(&self, response: &Response) -> Option<Duration> {
        retry_after::read(response.retry_after.as_deref()?, self.wall_ms)
    }

    /// `error` as text, `error.code` (OpenAI) or `error.type` (Anthropic), or a bare `code`.
    fn code(object: &Object<'_>) -> Option<String> {
        let error = object.object("error");
        let code = object
            .string("error")
            .or_else(|| error.as_ref()?.string("code"))
            .or_else(|| error.as_ref()?.string("type"))
            .or_else(|| object.string("code"));
        code.filter(|code| !code.is_empty()).map(|code| code.to_ascii_lowercase())
    }
}

/// An `interval` in seconds, number or text, rounded up to the millisecond; `None` unless it is
/// positive.
pub(crate) fn interval(object: &Object<'_>) -> Option<Duration> {
    object.number("interval")?.thousandths_or_more().map(Duration::from_millis)
}
