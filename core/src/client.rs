//! A provider together with who is asking: checked once, then every flow can rely on it.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::endpoint::is_url_byte;
use crate::http::Header;
use crate::map::Map;
use crate::provider::{ClientAuthentication, Provider};
use crate::text::{cut, holds, is_one_of, is_visible, joined, listed, parts, quoted};
use crate::wire::form;
use crate::{BadEndpoint, Digest, Endpoint, Secret};

/// Who asks whom. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    provider: Provider,
    client_id: String,
    client_secret: Option<Secret>,
    variables: Map<String>,
    patience: Option<Duration>,
}

/// The caller's side of a [`Client`], field by field.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The caller's own client; without it the provider's public one.
    pub client_id: Option<String>,
    /// Its secret, where the provider asks for one. In an installed program it is no secret
    /// (RFC 8252 §8.5), and nothing relies on it.
    pub client_secret: Option<Secret>,
    /// What stands for `{name}` in the provider's header templates. They name the caller.
    pub variables: Map<String>,
    /// How long to wait for a person; 10 minutes, or the life of a device code, unless set.
    pub patience: Option<Duration>,
}

/// Parameters that the flow itself sets in an authorization request, so that no configuration may.
const OF_AUTHORIZATION: [&str; 7] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

/// The same in requests to the token and device endpoints.
const OF_TOKENS: [&str; 12] = [
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "scope",
    "state",
];

impl Client {
    /// Joins the two and checks that they fit.
    ///
    /// # Errors
    /// [`Misconfigured`] names what is missing or contradicts itself.
    pub fn new(provider: Provider, caller: Configuration) -> Result<Self, Misconfigured> {
        let Configuration { client_id, client_secret, variables, patience } = caller;
        let client_id = client_id
            .or_else(|| provider.client_id.clone())
            .filter(|id| !id.is_empty())
            .ok_or(Misconfigured::NoClientId)?;
        let client_secret = client_secret.filter(|secret| !secret.expose().is_empty());
        let secret_is_sent = provider.token_endpoint_auth_method != ClientAuthentication::None;
        if secret_is_sent != client_secret.is_some() {
            return Err(if secret_is_sent {
                Misconfigured::NoClientSecret
            } else {
                Misconfigured::UnexpectedClientSecret
            });
        }
        check_provider(&provider)?;
        check_variables(&provider, &variables)?;
        Ok(Self(Arc::new(Parts { provider, client_id, client_secret, variables, patience })))
    }

    /// The provider.
    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    /// Who asks.
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    pub(crate) fn client_secret(&self) -> Option<&Secret> {
        self.0.client_secret.as_ref()
    }

    pub(crate) fn patience(&self) -> Option<Duration> {
        self.0.patience
    }

    /// Adds a provider's headers: its templates with the caller's variables and the account's
    /// identifier filled in. One that names what there is not is left out.
    pub(crate) fn add_headers(
        &self,
        headers: &mut Vec<Header>,
        templates: &Map<String>,
        account_id: Option<&str>,
    ) {
        for (header, template) in templates {
            let value = |name: &str| match (name, account_id) {
                ("account_id", Some(id)) => Some(id),
                (_, _) => self.0.variables.get(name).map(String::as_str),
            };
            if let Some(value) = fill(template, &value) {
                headers.push(Header::new(header, value));
            }
        }
    }

    /// Tells one client from another in a snapshot: the provider, who asks, and every endpoint.
    pub(crate) fn fingerprint(&self) -> Digest {
        let provider = self.provider();
        let origin = provider.origin();
        let parts = [
            provider.id.as_str(),
            self.client_id(),
            provider.issuer.as_deref().unwrap_or_default(),
            &origin,
            text_of(provider.authorization_endpoint.as_ref()),
            text_of(provider.device_authorization_endpoint.as_ref()),
            text_of(provider.device.poll_endpoint.as_ref()),
        ];
        Digest::of(&listed(&parts, "\n"))
    }
}

fn text_of(endpoint: Option<&Endpoint>) -> &str {
    endpoint.map_or("", Endpoint::as_str)
}

fn check_provider(provider: &Provider) -> Result<(), Misconfigured> {
    let rules = &provider.authorization;
    let endpoint = text_of(provider.authorization_endpoint.as_ref());
    let (_, query) = cut(endpoint, b'?').unwrap_or_default();
    let mut all = rules.parameters.clone();
    for (name, _) in form::pairs(query) {
        // Without a value one counts as left out (RFC 6749 §3.1), and is no mistake here.
        if all.insert(name.as_ref(), "any".into()).is_some() {
            return Err(Misconfigured::ReservedParameter(name.into_owned()));
        }
    }
    check_parameters(&all, &OF_AUTHORIZATION)?;
    check_parameters(&provider.device.parameters, &OF_TOKENS)?;
    check_parameters(&provider.token.parameters, &OF_TOKENS)?;
    if !(43..=128).contains(&rules.code_verifier_length) {
        return Err(Misconfigured::CodeVerifierLength);
    }
    if rules.loopback.as_ref().is_some_and(|redirect| !is_path(&redirect.path)) {
        return Err(Misconfigured::RedirectPath);
    }
    Ok(())
}

fn check_parameters(parameters: &Map<String>, reserved: &[&str]) -> Result<(), Misconfigured> {
    for (name, value) in parameters {
        if reserved.contains(&name.as_str()) || name.is_empty() || value.is_empty() {
            return Err(Misconfigured::ReservedParameter(name.clone()));
        }
    }
    Ok(())
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|b| is_url_byte(b) && !matches!(b, b'?' | b'#'))
}

/// What the request itself sets.
const OWN_HEADERS: [&str; 6] =
    ["accept", "authorization", "content-length", "content-type", "cookie", "host"];

fn check_variables(provider: &Provider, variables: &Map<String>) -> Result<(), Misconfigured> {
    let mut missing = Vec::new();
    if let Some(name) = provider.api.key_header.as_ref().filter(|name| !is_header(name, name)) {
        return Err(Misconfigured::Header(name.clone()));
    }
    if let Some(exchange) = &provider.then {
        check_templates(&exchange.headers, None, variables, &mut missing)?;
    }
    check_templates(&provider.api.headers, Some("account_id"), variables, &mut missing)?;
    if missing.is_empty() { Ok(()) } else { Err(Misconfigured::MissingVariables(missing)) }
}

fn check_templates(
    templates: &Map<String>,
    known: Option<&str>,
    variables: &Map<String>,
    missing: &mut Vec<String>,
) -> Result<(), Misconfigured> {
    for (header, template) in templates {
        if !is_header(header, template) {
            return Err(Misconfigured::Header(header.clone()));
        }
        for name in names(template).filter(|name| Some(*name) != known) {
            match variables.get(name) {
                Some(value) if is_visible(value) => {}
                Some(_) => return Err(Misconfigured::Header(header.clone())),
                None if missing.iter().any(|known| known == name) => {}
                None => missing.push(name.to_owned()),
            }
        }
    }
    Ok(())
}

fn is_header(name: &str, template: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || is_one_of(b, "!#$%&'*+-.^_`|~");
    let is_free = !OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own));
    let is_whole = fill(template, &|_| Some("")).is_some_and(|rest| !holds(&rest, "}"));
    !name.is_empty() && name.bytes().all(is_token) && is_free && is_visible(template) && is_whole
}

/// The names in braces.
fn names(template: &str) -> impl Iterator<Item = &str> {
    parts(template, b'{').skip(1).filter_map(|rest| cut(rest, b'}')).map(|(name, _)| name)
}

/// `None` if a variable has no value: then the header is left out.
fn fill<'v>(template: &str, value: &dyn Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((text, after)) = cut(rest, b'{') {
        let (name, tail) = cut(after, b'}')?;
        filled.push_str(text);
        filled.push_str(value(name)?);
        rest = tail;
    }
    filled.push_str(rest);
    Some(filled)
}

/// A configuration that cannot work. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misconfigured {
    /// Neither the caller nor the provider names a client.
    NoClientId,
    /// The provider's `token_endpoint_auth_method` needs one.
    NoClientSecret,
    /// There is one, and the `token_endpoint_auth_method` would never use it.
    UnexpectedClientSecret,
    /// Variables of the provider's header templates that the caller did not give.
    MissingVariables(Vec<String>),
    /// A parameter that the flow itself sets, an empty one, or one that comes twice.
    ReservedParameter(String),
    /// Not between 43 and 128.
    CodeVerifierLength,
    /// The path of a loopback redirect does not begin with one slash, or has a query or fragment.
    RedirectPath,
    /// A header whose name or value is not one.
    Header(String),
    /// The provider has no `authorization_endpoint`, so no browser login.
    NoAuthorizationEndpoint,
    /// The provider has no `device_authorization_endpoint`, so no device login.
    NoDeviceAuthorizationEndpoint,
    /// No redirect, or one that the provider does not have.
    NoRedirect,
    /// An authorization request without a `state`.
    NoState,
    /// A redirect that is neither https nor http to this machine.
    Redirect(BadEndpoint),
}

impl Misconfigured {
    /// What [`fmt::Display`] shows.
    pub fn to_text(&self) -> String {
        let text = match self {
            Self::NoClientId => "no client_id: name the client that you registered",
            Self::NoClientSecret => "no client_secret: the token_endpoint_auth_method needs one",
            Self::UnexpectedClientSecret => {
                "a client_secret, but token_endpoint_auth_method is none: set it to \
                 client_secret_post or client_secret_basic"
            }
            Self::MissingVariables(names) => {
                let mut text = String::from("the provider's headers need variables that name you");
                let mut joint = ": ";
                for name in names {
                    text.push_str(joint);
                    text.push_str(name);
                    joint = ", ";
                }
                return text;
            }
            Self::ReservedParameter(name) => {
                let name = quoted(name);
                return joined(&[
                    "the parameter ",
                    &name,
                    " is the login's own, is empty, or comes twice",
                ]);
            }
            Self::CodeVerifierLength => "code_verifier_length must be 43 to 128",
            Self::RedirectPath => "the redirect path must begin with one slash",
            Self::Header(name) => {
                return joined(&["the header ", &quoted(name), " has no valid name or value"]);
            }
            Self::NoAuthorizationEndpoint => {
                "no authorization_endpoint: this provider has no browser login"
            }
            Self::NoDeviceAuthorizationEndpoint => {
                "no device_authorization_endpoint: this provider has no device login"
            }
            Self::NoRedirect => "no redirect that this provider has",
            Self::NoState => "an authorization request needs a state",
            Self::Redirect(why) => return joined(&["the redirect_uri ", why.text()]),
        };
        text.into()
    }
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl core::error::Error for Misconfigured {}
