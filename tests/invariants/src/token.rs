//! Replies of a token endpoint to a code.

use std::fmt::Debug;

use grantflow_core::{
    Client, Credential, Error, Flow, Machine as _, Prompt, Redirect, Redirects, Response, Scope,
    Secret, Step, TransportError,
};
use url::Url;

use crate::clients::{DAWN, Dialect, client, entropy};
use crate::formats::{is_object, raw_in, text_in};

/// What becomes of a login whose code met this answer; none while it goes on.
pub type Redeem = fn(&Client, u16, &[u8]) -> Option<Result<Credential, Error>>;

const TEN_YEARS_MS: u64 = 3_652_500 * 86_400;

/// The first byte chooses the dialect, the second the status, the rest is the body.
///
/// # Panics
/// When an invariant does not hold.
pub fn token_reply(bytes: &[u8], redeem: Redeem) {
    let [dialect, status, body @ ..] = bytes else { return };
    let dialect = if dialect & 1 == 0 { Dialect::Standard } else { Dialect::Anthropic };
    let status = status_of(*status);
    let client = client(dialect);
    match redeem(&client, status, body) {
        Some(Ok(credential)) => {
            is_in_the_reply(status, body, &credential);
            is_usable(&client, &credential);
        }
        Some(Err(error)) => is_fit_to_be_shown(&error, body),
        None => {}
    }
}

/// One of those that make a difference.
pub(crate) fn status_of(byte: u8) -> u16 {
    const ALL: [u16; 14] = [200, 200, 201, 204, 302, 400, 400, 401, 403, 404, 418, 429, 500, 503];
    ALL[usize::from(byte) % ALL.len()]
}

/// The shipped machine, from the redirect on.
///
/// # Panics
/// When it does not take its own redirect.
pub fn redeem(client: &Client, status: u16, body: &[u8]) -> Option<Result<Credential, Error>> {
    let redirects = Redirects::loopback(50_123);
    let mut flow =
        Flow::authorization_code(client, Scope::default(), &redirects, &entropy(3), DAWN)
            .expect("a browser login");
    let back = callback(client, &flow, "the-code");
    flow.handle_redirect(DAWN, Redirect::Callback(&back)).expect("its own redirect");
    let Step::Send(request) = flow.poll(DAWN) else { panic!("a code is redeemed at once") };
    flow.handle_response(DAWN, request.id, &Ok(Response::new(status, body))).expect("it is out");
    match flow.poll(DAWN) {
        Step::Done(outcome) => Some(outcome),
        Step::Wait(_) => None,
        Step::Send(request) => {
            let lost = Err(TransportError::Lost);
            flow.handle_response(DAWN, request.id, &lost).expect("it is out");
            None
        }
    }
}

/// Where the sign-in page leads back to.
pub(crate) fn callback(client: &Client, flow: &Flow, code: &str) -> String {
    let Some(Prompt::OpenUrl { sign_ins, .. }) = flow.prompt() else { panic!("no address") };
    let url = Url::parse(&sign_ins[0].url).expect("an address to open");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1;
    let iss = client.provider().issuer.as_deref().unwrap_or_default();
    let path = Url::parse(&sign_ins[0].redirect_uri).expect("a redirect").path().to_owned();
    format!("{path}?code={code}&state={state}&iss={iss}")
}

/// Another reader of JSON finds the same tokens there.
fn is_in_the_reply(status: u16, body: &[u8], credential: &Credential) {
    assert!((200..300).contains(&status), "only a success grants anything, not {status}");
    let theirs = |name| text_in(body, name);
    assert!(is_object(body), "only JSON grants anything");
    let ours = |secret: &Secret| Some(secret.expose().to_owned());
    let access_token = theirs("access_token");
    assert_eq!(ours(&credential.access_token), access_token, "a token is the one that came");
    let refresh_token = theirs("refresh_token").filter(|token| !token.trim().is_empty());
    let kept = credential.refresh_token.as_ref().and_then(ours);
    assert_eq!(kept, refresh_token, "a refresh token is the one that came");
    let error = raw_in(body, "error");
    let has_error = error.as_ref().is_some_and(|error| error != "null" && error != "\"\"");
    assert!(!has_error, "an error grants nothing: {error:?}");
}

fn is_usable(client: &Client, credential: &Credential) {
    let access_token = credential.access_token.expose();
    assert!(!access_token.is_empty(), "a token is not empty");
    let secrets = [Some(&credential.access_token), credential.refresh_token.as_ref()];
    for secret in secrets.into_iter().flatten().map(Secret::expose) {
        let is_plain = secret.bytes().all(|b| b.is_ascii_graphic()) && secret.len() <= 64 << 10;
        assert!(is_plain, "a token can stand in a header: {secret:?}");
        is_not_shown(secret, credential);
    }
    let header = credential.header(client).value;
    http::HeaderValue::from_str(header.expose()).expect("a token can stand in a header");
    let latest = DAWN.wall + TEN_YEARS_MS;
    let ends = credential.expires_at.is_none_or(|at| at <= latest);
    assert!(ends, "no token lives longer than ten years: {:?}", credential.expires_at);
    assert_eq!(credential.origin, client.provider().origin(), "it goes back where it came from");
    let is_shown = |text: &Option<String>| {
        text.as_ref().is_none_or(|text| !text.is_empty() && !text.contains(char::is_control))
    };
    let account = &credential.account;
    let hints = [&account.id, &account.email, &account.plan, &account.organization];
    assert!(hints.into_iter().all(is_shown), "a hint can be shown: {account:?}");
    assert!(credential.scope.iter().count() <= 256, "scopes have a cap");
}

/// A short text could stand there by chance, and so could one with the brackets of `Debug` in it.
pub(crate) fn is_not_shown(secret: &str, what: &impl Debug) {
    let is_long = secret.len() > 12 && !secret.contains(['(', '{', '[', ' ']);
    let is_shown = is_long && format!("{what:?}").contains(secret);
    assert!(!is_shown, "no secret is shown: {secret:?}");
}

/// Whatever stood in the reply.
pub(crate) fn is_fit_to_be_shown(error: &Error, body: &[u8]) {
    let text = format!("{error} {error:?}");
    let is_plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ') && text.len() < 500;
    assert!(is_plain, "an error can be shown: {text:?}");
    let letters = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let words = body.split(|b| !letters(b)).filter(|word| word.len() > 48);
    for word in words.filter_map(|word| std::str::from_utf8(word).ok()) {
        assert!(!text.contains(word), "an error quotes no more than a code: {text:?}");
    }
}

/// By the shipped machine.
pub(crate) fn check(bytes: &[u8]) {
    token_reply(bytes, redeem);
}
