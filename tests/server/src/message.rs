//! HTTP messages as plain values.

use std::fmt;

use serde_json::Value;

/// A request as a host received it, or as a test wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method in capitals.
    pub method: String,
    /// The path and, after a `?`, the query.
    pub path_and_query: String,
    /// Header names, in any case, and values.
    pub headers: Vec<(String, String)>,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET without headers.
    pub fn get(path_and_query: &str) -> Self {
        Self {
            method: "GET".into(),
            path_and_query: path_and_query.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A POST of `application/x-www-form-urlencoded` parameters.
    pub fn post_form(path: &str, parameters: &[(&str, &str)]) -> Self {
        let body =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        Self::post(path, "application/x-www-form-urlencoded", body.into_bytes())
    }

    /// A POST of a flat JSON object of strings.
    pub fn post_json(path: &str, members: &[(&str, &str)]) -> Self {
        let object: Value = members.iter().map(|&(name, value)| (name, value)).collect();
        Self::post(path, "application/json", object.to_string().into_bytes())
    }

    /// A POST of any body.
    pub fn post(path: &str, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            method: "POST".into(),
            path_and_query: path.into(),
            headers: vec![("content-type".into(), content_type.into())],
            body,
        }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn path(&self) -> &str {
        self.path_and_query.split_once('?').map_or(&self.path_and_query, |(path, _)| path)
    }

    pub(crate) fn query(&self) -> &str {
        self.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }
}

/// A response, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, and values. `content-length` is left to the host.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            body: body.into(),
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }.with("location", location)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What a host does with a request: send an answer, or break the connection in a given way.
///
/// In-process hosts have no connection to break: there [`Reset`](Reply::Reset) before processing
/// is a request that was not processed, and everything else but an answer is a lost one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Send this.
    Answer(Response),
    /// Send nothing and keep the connection open. The request was not processed.
    Stall,
    /// Reset the connection without an answer.
    Reset {
        /// Whether the request took effect before the connection died.
        processed: bool,
    },
    /// Announce the whole response, send the head and so many bytes of the body, then close.
    Truncated {
        /// The response as it would have been.
        response: Response,
        /// How many bytes of the body to send.
        bytes: usize,
    },
}

impl Reply {
    /// The response, if the connection carries one to its end.
    pub fn answer(self) -> Option<Response> {
        match self {
            Self::Answer(response) => Some(response),
            Self::Stall | Self::Reset { .. } | Self::Truncated { .. } => None,
        }
    }
}

// Queries, headers and bodies carry secrets: Debug shows none of them.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {}, {} bytes)", self.method, self.path(), self.body.len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
