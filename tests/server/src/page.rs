//! The pages that a person sees.
//!
//! They load nothing, run no script, and are framed by nobody. What they show of a request is
//! escaped.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{Response, grants::Grant, parameters::Parameters};

/// Asks whether a client may have what it asks for.
pub(crate) fn consent(request_id: &str, grant: &Grant) -> Response {
    let scope = if grant.scope.is_empty() { "nothing in particular" } else { &grant.scope };
    let body = format!(
        "<p><b>{}</b> asks for access to your account.</p>\
         <p class=quiet>It wants: {}</p>\
         {FORM}<input type=hidden name=request_id value=\"{}\">{BUTTONS}</form>",
        escape(&grant.client_id),
        escape(scope),
        escape(request_id),
    );
    document(200, "Sign in", &body)
}

/// The `request_id` of a consent page.
pub(crate) fn request_id(page: &Response) -> Option<String> {
    let body = std::str::from_utf8(&page.body).ok()?;
    let (_, rest) = body.split_once("name=request_id value=\"")?;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

/// Asks for a `user_code`, unless the link brought it (RFC 8628 §3.3.1: shown all the same, to be
/// compared).
pub(crate) fn verification(user_code: &str) -> Response {
    let body = format!(
        "<p>Enter the code that your device shows. If nothing of yours shows this code, somebody \
         else wants to sign in as you: deny it.</p>\
         {FORM}<input name=user_code value=\"{}\" placeholder=\"XXXX-XXXX\" \
         aria-label=Code autocomplete=off autofocus required>{BUTTONS}</form>",
        escape(user_code),
    );
    document(200, "Connect a device", &body)
}

/// Shows `code#state`, to be pasted into a terminal.
pub(crate) fn copy_code(query: &Parameters) -> Response {
    let (Some(code), Some(state)) = (query.value("code"), query.value("state")) else {
        return message(400, "No code", "The sign-in did not give a code.");
    };
    let body = format!(
        "<p>Paste this into your terminal:</p><output>{}#{}</output>",
        escape(code),
        escape(state),
    );
    document(200, "Your code", &body)
}

/// Says something and asks nothing.
pub(crate) fn message(status: u16, title: &str, text: &str) -> Response {
    document(status, title, &format!("<p>{text}</p>"))
}

/// It goes to this page's address without its query: what stands there is not said again.
const FORM: &str = "<form method=post action=\"?\">";

const BUTTONS: &str = "<p class=buttons><button name=decision value=approve>Approve</button>\
    <button name=decision value=deny class=deny formnovalidate>Deny</button></p>";

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif;\
--ink:#1d2330;--paper:#f3f4f7;--card:#fff;--line:#d9dde5;--quiet:#5b6475;--accent:#2457d6}\
@media(prefers-color-scheme:dark){:root{\
--ink:#e8ebf2;--paper:#12151c;--card:#1b2029;--line:#333b49;--quiet:#9aa4b5;--accent:#7aa2ff}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;\
background:var(--paper);color:var(--ink)}\
main{width:min(26rem,100%);padding:2rem;background:var(--card);border:1px solid var(--line);\
border-radius:14px;box-shadow:0 12px 40px #0002}\
h1{font-size:1.4rem;margin:0 0 .75rem}p{margin:.75rem 0;overflow-wrap:anywhere}\
.quiet,footer{color:var(--quiet);font-size:.875rem}footer{margin-top:1.5rem}\
input:not([type=hidden]){width:100%;padding:.6rem;font:600 1.5rem/1.2 ui-monospace,monospace;\
letter-spacing:.15em;text-align:center;text-transform:uppercase;color:inherit;\
background:var(--paper);border:1px solid var(--line);border-radius:9px}\
output{display:block;padding:.75rem;font:.9rem/1.4 ui-monospace,monospace;overflow-wrap:anywhere;\
user-select:all;background:var(--paper);border:1px solid var(--line);border-radius:9px}\
.buttons{display:flex;gap:.75rem;margin-top:1.25rem}\
button{flex:1;padding:.65rem;font:inherit;font-weight:600;cursor:pointer;color:var(--card);\
background:var(--accent);border:1px solid var(--accent);border-radius:9px}\
button.deny{color:inherit;background:none;border-color:var(--line)}\
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}";

fn document(status: u16, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}\
         <footer>A server for tests. No account is real here.</footer></main></body></html>",
    );
    // No `form-action`: browsers apply it to the redirect that follows too, and that leads to the
    // client.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE)),
    );
    Response::new(status, "text/html; charset=utf-8", html)
        .with("content-security-policy", &policy)
        .with("cache-control", "no-store")
        .with("referrer-policy", "no-referrer")
        .with("x-content-type-options", "nosniff")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
