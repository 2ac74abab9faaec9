//! The authorization request and its answer (RFC 6749 §4.1.1, §4.1.2; RFC 7636 §4.3; RFC 9207).

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use core::fmt;

use crate::endpoint::check_redirect_uri;
use crate::error::ErrorCode;
use crate::rejected::{Malformed, Mistake, Rejected};
use crate::scope::Scope;
use crate::text::{before, cut, is_visible};
use crate::wire::form;
use crate::wire::paste::{self, Shape};
use crate::wire::pkce::CodeVerifier;
use crate::wire::reply::error_code;
use crate::wire::request::Parameters;
use crate::{Client, Digest, Endpoint, Misconfigured, Secret};

/// Nothing a person pastes or a browser sends is longer.
const MAX_INPUT: usize = 16 << 10;
const MAX_PARAMETERS: usize = 64;

/// One way back from the sign-in page: its address and the `state` that tells it from others.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) redirect_uri: String,
    pub(crate) state: Secret,
    pub(crate) way: Way,
    /// Its page shows no state, so that a bare code is all there is.
    pub(crate) takes_bare_code: bool,
}

/// How the answer to a sign-in arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// The browser brings it; the person can also paste the address it ends at.
    Redirect,
    /// A page shows it, and the person pastes it.
    Page,
}

/// What came back from the sign-in page.
#[derive(Clone, Copy)]
pub enum Redirect<'a> {
    /// By a redirect: a whole URL, or the path and query of one. Taken literally.
    Callback(&'a str),
    /// By a person: a URL, a query or `code#state`, perhaps wrapped by a terminal or put in quotes.
    Pasted(&'a str),
}

impl fmt::Debug for Redirect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Callback(_) => "Callback",
            Self::Pasted(_) => "Pasted",
        })
    }
}

/// A redirect that belongs to this login.
pub(crate) enum Arrived {
    Code { code: Secret, target: usize },
    Refused(Option<ErrorCode>),
}

/// The URL to open, with everything the provider's data adds.
pub(crate) fn url(
    client: &Client,
    authorization_endpoint: &str,
    scope: &Scope,
    target: &Target,
    code_verifier: &CodeVerifier,
) -> String {
    let code_challenge = code_verifier.code_challenge();
    let mut parameters = Parameters::new(&[
        ("response_type", "code"),
        ("client_id", client.client_id()),
        ("redirect_uri", &target.redirect_uri),
        ("scope", scope.as_str()),
        ("code_challenge", &code_challenge),
        ("code_challenge_method", "S256"),
        ("state", target.state.expose()),
    ]);
    parameters.extend(&client.provider().authorization.parameters);
    parameters.behind(authorization_endpoint)
}

/// Reads a redirect. `state` is looked at before anything else is used, so that a stranger's
/// request can neither end a login nor choose what is shown.
pub(crate) fn read(
    client: &Client,
    targets: &[Target],
    redirect: Redirect<'_>,
) -> Result<Arrived, Rejected> {
    let text = text(redirect)?;
    let to_open = client.provider().authorization_endpoint.as_ref();
    match shape(redirect, &text, to_open)? {
        Shape::Address { address, query, fragment } => {
            let answer = Parsed::read(query, fragment)?;
            let (target, way_back) = answer.target(targets)?;
            if !is_address_of(address, &way_back.redirect_uri) {
                return Err(Rejected::Malformed(Malformed::WrongAddress));
            }
            answer.finish(client, target, way_back)
        }
        Shape::Query { query, fragment } => {
            let answer = Parsed::read(query, fragment)?;
            let (target, way_back) = answer.target(targets)?;
            answer.finish(client, target, way_back)
        }
        Shape::CodeAndState { code, state } => {
            let (target, way_back) = find(targets, state)?;
            // The provider's own page has no room for `iss`; anywhere else its absence counts.
            if way_back.way == Way::Redirect {
                check_issuer(client, None)?;
            }
            Ok(Arrived::Code { code: checked(code)?, target })
        }
        Shape::BareCode(code) => {
            let is_page = |target: &Target| target.way == Way::Page;
            let mistake =
                if targets.iter().any(is_page) { Mistake::BareCode } else { Mistake::Other };
            let target = targets.iter().position(|target| target.takes_bare_code);
            let target = target.ok_or(Rejected::Malformed(Malformed::Pasted(mistake)))?;
            Ok(Arrived::Code { code: checked(code)?, target })
        }
    }
}

fn text(redirect: Redirect<'_>) -> Result<Cow<'_, str>, Rejected> {
    match redirect {
        Redirect::Callback(text) | Redirect::Pasted(text) if text.len() > MAX_INPUT => {
            Err(Rejected::Malformed(Malformed::TooLarge))
        }
        Redirect::Callback(text) => Ok(Cow::Borrowed(text)),
        Redirect::Pasted(text) => paste::undecorated(text),
    }
}

fn shape<'a>(
    redirect: Redirect<'_>,
    text: &'a str,
    to_open: Option<&Endpoint>,
) -> Result<Shape<'a>, Rejected> {
    match redirect {
        Redirect::Callback(_) => paste::callback(text),
        Redirect::Pasted(_) => paste::shape(text, to_open),
    }
    .map_err(Rejected::Malformed)
}

/// The parameters that matter; empty ones are as good as missing.
#[derive(Default)]
struct Parsed<'a> {
    code: Option<Cow<'a, str>>,
    state: Option<Cow<'a, str>>,
    iss: Option<Cow<'a, str>>,
    error: Option<Cow<'a, str>>,
}

impl<'a> Parsed<'a> {
    fn read(query: &'a str, fragment: &'a str) -> Result<Self, Rejected> {
        let mut parsed = Self::default();
        let (mut seen, mut count, mut is_behind) = ([false; 4], 0, false);
        for (part, behind) in [(query, false), (fragment, true)] {
            for (name, value) in form::pairs(part) {
                count += 1;
                if count > MAX_PARAMETERS {
                    return Err(Rejected::Malformed(Malformed::TooLarge));
                }
                let (index, field) = match &*name {
                    "code" => (0, &mut parsed.code),
                    "state" => (1, &mut parsed.state),
                    "iss" => (2, &mut parsed.iss),
                    "error" => (3, &mut parsed.error),
                    "access_token" | "id_token" => {
                        return Err(Rejected::Malformed(Malformed::ImplicitGrant));
                    }
                    _ => continue,
                };
                if core::mem::replace(&mut seen[index], true) {
                    return Err(Rejected::Malformed(Malformed::Repeated));
                }
                is_behind |= behind;
                *field = Some(value).filter(|value| !value.is_empty());
            }
        }
        // An authorization code comes in the query (RFC 6749 §4.1.2), never behind a `#`.
        if is_behind { Err(Rejected::Malformed(Malformed::WrongAddress)) } else { Ok(parsed) }
    }

    fn target<'t>(&self, targets: &'t [Target]) -> Result<(usize, &'t Target), Rejected> {
        find(targets, self.state.as_deref().unwrap_or_default())
    }

    fn finish(
        self,
        client: &Client,
        target: usize,
        way_back: &Target,
    ) -> Result<Arrived, Rejected> {
        check_issuer(client, self.iss.as_deref())?;
        match (self.code, self.error) {
            (Some(code), None) => Ok(Arrived::Code { code: checked(&code)?, target }),
            (None, Some(error)) => {
                let code = error_code(client, error.into_owned());
                let sent = Some(&way_back.state);
                Ok(Arrived::Refused(code.filter(|code| !code.echoes(sent))))
            }
            (Some(_), Some(_)) => Err(Rejected::Malformed(Malformed::CodeAndError)),
            (None, None) => Err(Rejected::Malformed(Malformed::NoCode)),
        }
    }
}

/// Which way back has this state. Every one is compared, and an absent state equals none.
fn find<'t>(targets: &'t [Target], state: &str) -> Result<(usize, &'t Target), Rejected> {
    let mut found = Err(Rejected::StateMismatch);
    for (at, target) in targets.iter().enumerate().rev() {
        if target.state.matches(state) & !state.is_empty() {
            found = Ok((at, target));
        }
    }
    found
}

/// RFC 9207 §2.4, in four rows: announced or not, present or not. The comparison is of characters;
/// nothing is normalised.
fn check_issuer(client: &Client, iss: Option<&str>) -> Result<(), Rejected> {
    let provider = client.provider();
    let is_right = match (iss, &provider.issuer) {
        _ if provider.ignore_iss => true,
        (None, _) => !provider.authorization_response_iss_parameter_supported,
        (Some(iss), Some(issuer)) => iss == issuer,
        (Some(_), None) => false,
    };
    if is_right { Ok(()) } else { Err(Rejected::IssuerMismatch) }
}

/// Visible ASCII and spaces (RFC 6749 appendix A.11). A percent-escape that is no UTF-8 decodes to
/// U+FFFD and fails here too.
fn checked(code: &str) -> Result<Secret, Rejected> {
    if is_visible(code) {
        Ok(Secret::new(code))
    } else {
        Err(Rejected::Malformed(Malformed::Characters))
    }
}

/// The same scheme, host, port and path; a path alone where the host has been looked at already.
/// Where there is no path a browser goes to `/`.
fn is_address_of(address: &str, redirect_uri: &str) -> bool {
    let expected = before(before(redirect_uri, b'?'), b'#');
    let behind_scheme = cut(expected, b'/').and_then(|(_, rest)| cut(rest, b'/'));
    let path = behind_scheme.and_then(|(_, rest)| cut(rest, b'/')).map(|(_, path)| path);
    match address.strip_prefix('/') {
        Some(given) => given == path.unwrap_or_default(),
        None if path.is_none() => address.strip_suffix('/').unwrap_or(address) == expected,
        None => address == expected,
    }
}

/// The authorization URL by itself, for a host that brings its own flow (RFC 6749 §4.1.1 with
/// RFC 7636 §4.3).
///
/// # Errors
/// [`Misconfigured::NoAuthorizationEndpoint`], or [`Misconfigured::Redirect`] for a `redirect_uri`
/// that is neither https nor http to this machine, or [`Misconfigured::NoState`] for an empty one.
pub fn authorization_url(
    client: &Client,
    scope: &Scope,
    redirect_uri: &str,
    state: &Secret,
    code_verifier: &CodeVerifier,
) -> Result<String, Misconfigured> {
    let endpoint = client.provider().authorization_endpoint.as_ref();
    let endpoint = endpoint.ok_or(Misconfigured::NoAuthorizationEndpoint)?;
    check_redirect_uri(redirect_uri).map_err(Misconfigured::Redirect)?;
    if state.expose().is_empty() {
        return Err(Misconfigured::NoState);
    }
    Ok(url(client, endpoint.as_str(), scope, &Target::new(redirect_uri, state), code_verifier))
}

/// The parser of redirects by itself: the code in one to `redirect_uri` that carries `state`
/// (RFC 6749 §4.1.2, RFC 9207).
///
/// # Errors
/// [`Misread`] tells a stranger's redirect from the server's refusal.
pub fn read_redirect(
    client: &Client,
    redirect_uri: &str,
    state: &Secret,
    redirect: Redirect<'_>,
) -> Result<Secret, Misread> {
    match read(client, &[Target::new(redirect_uri, state)], redirect) {
        Ok(Arrived::Code { code, .. }) => Ok(code),
        Ok(Arrived::Refused(code)) => Err(Misread::Refused(code)),
        Err(rejected) => Err(Misread::Rejected(rejected)),
    }
}

/// Why there is no code in a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It is not this login's: go on waiting.
    Rejected(Rejected),
    /// It is, and the server refused, with this code if it was one.
    Refused(Option<ErrorCode>),
}

impl Target {
    fn new(redirect_uri: &str, state: &Secret) -> Self {
        let (redirect_uri, state) = (redirect_uri.to_string(), state.clone());
        Self { redirect_uri, state, way: Way::Redirect, takes_bare_code: false }
    }
}

/// Which login a redirect belongs to: the digest of its `state`, as in
/// [`Flow::names`](crate::Flow::names). `None` if it has none, or can be no redirect.
pub fn state_digest(redirect: Redirect<'_>) -> Option<Digest> {
    let text = text(redirect).ok()?;
    match shape(redirect, &text, None).ok()? {
        Shape::Address { query, fragment, .. } | Shape::Query { query, fragment } => {
            Parsed::read(query, fragment).ok()?.state.as_deref().map(Digest::of)
        }
        Shape::CodeAndState { state, .. } => Some(Digest::of(state)),
        Shape::BareCode(_) => None,
    }
}
