//! Redirects, as a browser brings them and as a person pastes them.

use std::fmt::Debug;

use grantflow_core::{Client, Digest, Misread, Redirect, Secret, read_redirect, state_digest};

use crate::clients::{Dialect, client};
use crate::token::is_not_shown;

/// The reader of a redirect.
pub type ReadRedirect = fn(&Client, &str, &Secret, Redirect<'_>) -> Result<Secret, Misread>;

const REDIRECT_URI: &str = "http://127.0.0.1:50123/callback";
const STATE: &str = "the-state-of-this-login";

/// The first byte chooses whom was asked, and whether a browser or a person brings the rest.
///
/// # Panics
/// When an invariant does not hold.
pub fn pasted_callback(bytes: &[u8], read: ReadRedirect) {
    let Some((choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let dialect = Dialect::chosen(choice >> 1);
    let client = client(dialect);
    let is_pasted = choice & 1 == 1;
    let as_it_came: fn(&str) -> Redirect<'_> =
        if is_pasted { |text| Redirect::Pasted(text) } else { |text| Redirect::Callback(text) };
    let state = Secret::new(STATE);
    let outcome = read(&client, REDIRECT_URI, &state, as_it_came(text));
    if let Ok(code) = &outcome {
        the_code_stands_in_it(text, code.expose(), &outcome);
    }
    let is_ours = matches!(outcome, Ok(_) | Err(Misread::Refused(_)));
    if !is_ours {
        return;
    }
    the_state_stands_in_it(text);
    for other in ["the-state-of-this-logim", "the-state-of-this-login-", "the-state", "", "T"] {
        let stranger = read(&client, REDIRECT_URI, &Secret::new(other), as_it_came(text));
        let is_refused = matches!(stranger, Err(Misread::Rejected(_)));
        assert!(is_refused, "the state has matched: {other:?} did as well, {stranger:?}");
    }
    assert_eq!(state_digest(as_it_came(text)), Some(Digest::of(STATE)), "a redirect is found");
    if client.provider().authorization_response_iss_parameter_supported {
        assert!(decoded(text).contains("https://issuer.example"), "the issuer is named: {text:?}");
    }
    let is_bare = !text.contains(|c: char| c.is_whitespace() || "<>\"'`".contains(c));
    if !is_pasted && is_bare {
        let pasted = read(&client, REDIRECT_URI, &state, Redirect::Pasted(text));
        assert_eq!(shown(&pasted), shown(&outcome), "what a browser may bring can be pasted");
    }
}

/// Percent-decoded or as it stands; a code may have been wrapped by a terminal.
fn the_code_stands_in_it(text: &str, code: &str, outcome: &impl Debug) {
    assert!(!code.is_empty(), "a code is not empty");
    assert!(code.bytes().all(|b| (b' '..=b'~').contains(&b)), "a code can be sent: {code:?}");
    let (whole, wanted) = (unwrapped(text), unwrapped(code));
    let stands = whole.contains(&wanted) || unwrapped(&decoded(text)).contains(&wanted);
    assert!(stands, "the code is the one that came: {code:?} of {text:?}");
    is_not_shown(code, outcome);
}

fn the_state_stands_in_it(text: &str) {
    let stands = unwrapped(text).contains(STATE) || unwrapped(&decoded(text)).contains(STATE);
    assert!(stands, "the state has matched: it is not in {text:?}");
}

fn unwrapped(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Every name and value as another reader has them, of the whole as a query and of an address's own:
/// as it stands, and without the breaks that a terminal may have put inside of an escape.
fn decoded(text: &str) -> String {
    let whole = unwrapped(text);
    let queries =
        [text, &whole].map(|text| [Some(text), text.split_once('?').map(|(_, query)| query)]);
    let queries = queries.iter().flatten().flatten();
    let pairs = queries.flat_map(|query| form_urlencoded::parse(query.as_bytes()));
    pairs.flat_map(|(name, value)| [name, value]).collect::<Vec<_>>().join("\n")
}

/// With its secret, for a comparison.
fn shown(outcome: &Result<Secret, Misread>) -> String {
    match outcome {
        Ok(code) => code.expose().to_owned(),
        Err(why) => format!("{why:?}"),
    }
}

/// By the shipped reader.
pub(crate) fn check(bytes: &[u8]) {
    pasted_callback(bytes, read_redirect);
}
