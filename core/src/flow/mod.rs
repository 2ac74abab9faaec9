//! One machine for getting a credential: its doors, its one clocked output and its inputs.

mod pace;
mod prompt;
mod snapshot;
pub(crate) mod state;
mod view;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::call::Call;
use crate::endpoint::check_redirect_uri;
use crate::entropy::{Entropy, RequestIds};
pub use crate::flow::prompt::{Prompt, SignIn};
pub use crate::flow::snapshot::SnapshotError;
use crate::flow::state::{BrowserLogin, Context, DeviceRequest, State};
pub use crate::flow::view::View;
use crate::http::{RequestId, Response, TransportError};
use crate::machine::{Machine, Step};
use crate::rejected::Rejected;
use crate::scope::Scope;
use crate::time::Now;
use crate::wire::authorization::{Redirect, Target, Way};
use crate::wire::pkce::CodeVerifier;
use crate::{BadEndpoint, Client, Digest, Misconfigured, Secret};

/// How long to wait for a person at a browser unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// A login under way.
///
/// Dropping it cancels it. It cannot be cloned, so that one login stays one login, and its `Debug`
/// names the state and nothing else.
pub struct Flow {
    client: Client,
    scope: Scope,
    ids: RequestIds,
    /// The latest moment that this flow has heard of.
    clock: Now,
    state: State,
}

/// The ways back from the sign-in page that one login offers at the same time: a redirect, and the
/// provider's page that shows the code for pasting. Each gets its own `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirects {
    callback: Option<Callback>,
    page: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Callback {
    Loopback(u16),
    Address(String),
}

impl Redirects {
    /// To a listener on this machine that got this port (RFC 8252 §7.3).
    pub fn loopback(port: u16) -> Self {
        Self { callback: Some(Callback::Loopback(port)), page: false }
    }

    /// To a page of the caller's own: https, or http on this machine (RFC 6749 §3.1.2).
    ///
    /// # Errors
    /// [`BadEndpoint`] says which rule it breaks.
    pub fn address(redirect_uri: impl Into<String>) -> Result<Self, BadEndpoint> {
        let redirect_uri = redirect_uri.into();
        check_redirect_uri(&redirect_uri)?;
        Ok(Self { callback: Some(Callback::Address(redirect_uri)), page: false })
    }

    /// Only to the provider's page.
    pub fn page() -> Self {
        Self { callback: None, page: true }
    }

    /// And to the provider's page, if it has one.
    #[must_use]
    pub fn or_page(self) -> Self {
        Self { page: true, ..self }
    }
}

impl Flow {
    /// A login in a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636).
    ///
    /// An empty `scope` means the provider's default.
    ///
    /// # Errors
    /// [`Misconfigured`] if the provider has no `authorization_endpoint` or none of the redirects.
    pub fn authorization_code(
        client: &Client,
        scope: Scope,
        redirects: &Redirects,
        entropy: &Entropy,
        now: Now,
    ) -> Result<Self, Misconfigured> {
        let provider = client.provider();
        if provider.authorization_endpoint.is_none() {
            return Err(Misconfigured::NoAuthorizationEndpoint);
        }
        let rules = &provider.authorization;
        let mut targets: Vec<Target> = Vec::new();
        let mut offer = |redirect_uri, way, takes_bare_code| {
            let state = Secret::new(entropy.state(targets.len()));
            targets.push(Target { redirect_uri, state, way, takes_bare_code });
        };
        match &redirects.callback {
            Some(Callback::Loopback(port)) => {
                if let Some(loopback) = &rules.loopback {
                    offer(loopback.redirect_uri(*port), Way::Redirect, false);
                }
            }
            Some(Callback::Address(address)) => offer(address.clone(), Way::Redirect, false),
            None => {}
        }
        if let (true, Some(page)) = (redirects.page, &rules.page) {
            offer(page.redirect_uri.as_str().to_owned(), Way::Page, !page.shows_state);
        }
        if targets.is_empty() {
            return Err(Misconfigured::NoRedirect);
        }
        let code_verifier =
            CodeVerifier::generate(entropy.code_verifier(), rules.code_verifier_length);
        let deadline = now.plus(client.patience().unwrap_or(PATIENCE));
        let login = BrowserLogin { targets, code_verifier, deadline };
        Ok(Self::begin(client, scope, entropy, now, State::AwaitingRedirect(login)))
    }

    /// A login with a code that the person enters elsewhere (RFC 8628).
    ///
    /// An empty `scope` means the provider's default.
    ///
    /// # Errors
    /// [`Misconfigured::NoDeviceAuthorizationEndpoint`].
    pub fn device(
        client: &Client,
        scope: Scope,
        entropy: &Entropy,
        now: Now,
    ) -> Result<Self, Misconfigured> {
        let endpoint = client.provider().device_authorization_endpoint.clone();
        let endpoint = endpoint.ok_or(Misconfigured::NoDeviceAuthorizationEndpoint)?;
        let code_verifier = client
            .provider()
            .device
            .code_challenge
            .then(|| CodeVerifier::generate(entropy.code_verifier(), 43));
        let request = DeviceRequest { endpoint, code_verifier };
        let state = State::RequestingCode(request, Call::now(now));
        Ok(Self::begin(client, scope, entropy, now, state))
    }

    fn begin(client: &Client, scope: Scope, entropy: &Entropy, now: Now, state: State) -> Self {
        let scope = if scope.is_empty() { client.provider().scope.clone() } else { scope };
        Self { client: client.clone(), scope, ids: entropy.ids(), clock: now, state }
    }

    /// What to show the person, if anything: equal to the last one as long as nothing changed.
    pub fn prompt(&self) -> Option<Prompt> {
        Prompt::of(&self.client, &self.scope, &self.state)
    }

    /// A redirect, as it came or as it was pasted. The first that belongs to this login wins.
    ///
    /// # Errors
    /// [`Rejected`] if it does not, or comes too late; nothing changes then, and the login goes on
    /// waiting.
    pub fn handle_redirect(&mut self, now: Now, redirect: Redirect<'_>) -> Result<(), Rejected> {
        let (state, cx) = self.context(now);
        state.redirected(&cx, redirect)
    }

    /// Everything needed to go on in another process or after a page load; `None` once it is over.
    /// The text is secret. It carries no endpoint and no client secret.
    pub fn save(&self) -> Option<Secret> {
        snapshot::write(self)
    }

    /// The names to file a snapshot under: the digest of each `state` of a browser login, so that
    /// a redirect finds its login ([`state_digest`](crate::state_digest)), or of the
    /// `device_code`.
    pub fn names(&self) -> Vec<Digest> {
        let mut names = Vec::new();
        match &self.state {
            State::AwaitingRedirect(login) => {
                login.targets.iter().for_each(|target| names.push(target.state.digest()));
            }
            State::Polling(login, _) => names.push(login.codes.device_code.digest()),
            State::RedeemingCode(..)
            | State::RequestingCode(..)
            | State::ExchangingToken(..)
            | State::Finished(_) => {}
        }
        names
    }

    /// Goes on where [`Flow::save`] left off: exactly as if the request that was out had been
    /// [`TransportError::Lost`].
    ///
    /// # Errors
    /// [`SnapshotError`]; the text stays what it was, so a newer version can still read it.
    pub fn restore(client: &Client, snapshot: &Secret, now: Now) -> Result<Self, SnapshotError> {
        snapshot::read(client, snapshot, now)
    }

    fn context(&mut self, now: Now) -> (&mut State, Context<'_>) {
        self.clock = now.after(self.clock);
        let Self { client, scope, ids, clock, state } = self;
        (state, Context { client, scope, ids, now: *clock })
    }

    /// The state as tests and model checkers need it: comparable, without a secret.
    #[doc(hidden)]
    pub fn view(&self, now: Now) -> View {
        View::of(&self.state, now.after(self.clock))
    }

    /// A second machine in the same state, for model checkers alone: two that go on would present
    /// one code twice.
    #[doc(hidden)]
    #[must_use]
    pub fn fork(&self) -> Self {
        let Self { client, scope, ids, clock, state } = self;
        Self {
            client: client.clone(),
            scope: scope.clone(),
            ids: ids.clone(),
            clock: *clock,
            state: state.clone(),
        }
    }
}

impl Machine for Flow {
    fn state(&self) -> &'static str {
        self.state.name()
    }

    fn poll(&mut self, now: Now) -> Step {
        let (state, mut cx) = self.context(now);
        state.poll(&mut cx)
    }

    fn handle_response(
        &mut self,
        now: Now,
        id: RequestId,
        result: &Result<Response, TransportError>,
    ) -> Result<(), Rejected> {
        let (state, cx) = self.context(now);
        state.answered(&cx, id, result)
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flow({})", self.state.name())
    }
}
