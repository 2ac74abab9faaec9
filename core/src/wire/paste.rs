//! What a person pastes, and how it differs from what a browser sends.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::Endpoint;
use crate::rejected::{Malformed, Mistake, Rejected};
use crate::text::{cut, holds, is_one_of, parts, stripped};

/// The forms in which a redirect arrives.
pub(crate) enum Shape<'a> {
    /// A URL, or a path, with a query.
    Address { address: &'a str, query: &'a str, fragment: &'a str },
    /// The query alone.
    Query { query: &'a str, fragment: &'a str },
    /// What a page shows for copying.
    CodeAndState { code: &'a str, state: &'a str },
    /// The same from a page that shows no state.
    BareCode(&'a str),
}

/// A redirect as the browser made it.
pub(crate) fn callback(text: &str) -> Result<Shape<'_>, Malformed> {
    if text.starts_with('/') || is_url(text) {
        Ok(address(text))
    } else {
        Err(Malformed::WrongAddress)
    }
}

/// A redirect as a person copied it, or what it is instead.
/// `to_open` is the address of the sign-in page, which is no answer.
pub(crate) fn shape<'a>(text: &'a str, to_open: Option<&Endpoint>) -> Result<Shape<'a>, Malformed> {
    if is_url(text) {
        return match to_open {
            Some(to_open)
                if text.starts_with(to_open.as_str()) && holds(text, "response_type=") =>
            {
                Err(Malformed::Pasted(Mistake::AuthorizationUrl))
            }
            Some(_) | None => Ok(address(text)),
        };
    }
    if text.starts_with('/') && holds(text, "?") {
        return Ok(address(text));
    }
    let query = text.strip_prefix('?').unwrap_or(text);
    if ["code=", "state=", "error=", "iss="].iter().any(|name| {
        query.starts_with(name) || parts(query, b'&').any(|pair| pair.starts_with(name))
    }) {
        let (query, fragment) = cut(query, b'#').unwrap_or((query, ""));
        return Ok(Shape::Query { query, fragment });
    }
    match cut(text, b'#') {
        Some((code, state)) if !code.is_empty() && !state.is_empty() && !holds(state, "#") => {
            Ok(Shape::CodeAndState { code, state })
        }
        Some(_) => Err(Malformed::Pasted(Mistake::Other)),
        None => match mistake(text) {
            Some(mistake) => Err(Malformed::Pasted(mistake)),
            None => Ok(Shape::BareCode(text)),
        },
    }
}

/// Takes off what a chat window, shell or terminal put around the text, and the line breaks that
/// a terminal put into it. White space inside that is no line break was there before.
pub(crate) fn undecorated(text: &str) -> Result<Cow<'_, str>, Rejected> {
    let text = stripped(text, |c| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`'));
    if !has_space(text) {
        return Ok(Cow::Borrowed(text));
    }
    let mut joined = String::new();
    for line in parts(text, b'\n').flat_map(|lines| parts(lines, b'\r')) {
        joined.push_str(stripped(line, |c| matches!(c, ' ' | '\t')));
    }
    if has_space(&joined) {
        let mistake = mistake(&joined).unwrap_or(Mistake::Other);
        return Err(Rejected::Malformed(Malformed::Pasted(mistake)));
    }
    Ok(Cow::Owned(joined))
}

fn has_space(text: &str) -> bool {
    text.chars().any(char::is_whitespace)
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn address(text: &str) -> Shape<'_> {
    let (text, fragment) = cut(text, b'#').unwrap_or((text, ""));
    let (address, query) = cut(text, b'?').unwrap_or((text, ""));
    Shape::Address { address, query, fragment }
}

/// What the text is, if it can be no code.
fn mistake(text: &str) -> Option<Mistake> {
    let is_code = |b: u8| b.is_ascii_alphanumeric() || is_one_of(b, "-._~+/=:%|!*");
    match text {
        "" => Some(Mistake::Nothing),
        _ if ["sk-", "ghp_", "gho_", "ghu_", "eyJ"].iter().any(|key| text.starts_with(key)) => {
            Some(Mistake::Key)
        }
        _ if text.starts_with('{') || text.starts_with('[') => Some(Mistake::Json),
        _ if holds(text, "@") && holds(text, ".") => Some(Mistake::Email),
        _ if text.bytes().all(is_code) => None,
        _ => Some(Mistake::Other),
    }
}
