//! Every answer the listener can give: constant bytes, with nothing of the request in them.

/// An answer, one for each class of outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The login has its answer. Whether it works out is told in the terminal.
    Accepted,
    /// Not the answer of the login that is waiting.
    Refused,
    /// A second hit after the answer.
    AlreadyDone,
    BadRequest,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    /// A `Host` or target that names another server (RFC 9110 §15.5.20).
    Misdirected,
    HeadTooLarge,
}

impl Page {
    /// The whole response: status line, headers, body. Only a person's pages have a body.
    pub(super) fn response(self) -> String {
        let (status, message) = match self {
            Self::Accepted => (
                "200 OK",
                Some(
                    "<h1>The answer has arrived</h1>\
                     <p>Return to the terminal: it says how the login went. \
                     You can close this tab.</p>",
                ),
            ),
            Self::Refused => (
                "400 Bad Request",
                Some(
                    "<h1>This is not the login that is waiting</h1>\
                     <p>Return to the terminal and open the address that it shows. \
                     The login there goes on; you can close this tab.</p>",
                ),
            ),
            Self::AlreadyDone => (
                "409 Conflict",
                Some(
                    "<h1>This login already has its answer</h1>\
                     <p>Return to the terminal: it says how the login went. \
                     You can close this tab.</p>",
                ),
            ),
            Self::BadRequest => ("400 Bad Request", None),
            Self::Forbidden => ("403 Forbidden", None),
            Self::NotFound => ("404 Not Found", None),
            Self::MethodNotAllowed => ("405 Method Not Allowed\r\nAllow: GET", None),
            Self::Misdirected => ("421 Misdirected Request", None),
            Self::HeadTooLarge => ("431 Request Header Fields Too Large", None),
        };
        let body = message.map_or_else(String::new, document);
        let length = body.len();
        format!("HTTP/1.1 {status}\r\n{HEADERS}Content-Length: {length}\r\n\r\n{body}")
    }
}

/// The two hashes are those of [`STYLE`] and [`SCRIPT`]; nothing else may load, run or frame.
const HEADERS: &str = "\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Security-Policy: default-src 'none'; style-src 'sha256-ImY1H8k4E80cN+G1aOOTHOWIX61X40hHZ+o6nQRSNHo='; \
    script-src 'sha256-UBodp8UhLR9ASBc1PNRKcs3r2CjAFWxCbrUGPN7u1jo='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cache-Control: no-store\r\n\
    Connection: close\r\n";

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{margin:0;min-height:100vh;display:grid;place-items:center;\
    font:1.0625rem/1.6 system-ui,sans-serif;background:Canvas;color:CanvasText}\
    main{max-width:26rem;margin:1.5rem;padding:2rem 2.5rem;border-radius:.75rem;\
    border:1px solid color-mix(in srgb,CanvasText 18%,Canvas)}\
    h1{margin:0 0 .75rem;font-size:1.375rem;line-height:1.3}\
    p{margin:0}";

/// Takes `code` and `state` out of the address bar and the history (RFC 6749 §3.1.2.5). Only a
/// redirect could do that without a script, and it would have to be served after the port closed.
const SCRIPT: &str = "history.replaceState(null,'',location.pathname)";

fn document(message: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Login</title>\
         <style>{STYLE}</style><script>{SCRIPT}</script><main>{message}</main></html>\n"
    )
}
