//! The doors that are searched, each with everything fixed but what the search moves.

use grantflow_core::{Client, Configuration, Flow, Prompt, Provider, Redirects, Scope};
use grantflow_test_server::Dialect;
use grantflow_tests::local::{ISSUER, configuration, provider};
use grantflow_tests::world::{DAWN, entropy};

use super::inputs::{Input, Way};

pub(crate) struct Door {
    pub name: &'static str,
    pub client: Client,
    /// `state` of the redirect and of the page, where there are any.
    states: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Browser,
    Device,
}

impl Door {
    /// Authorization code, with a listener and the provider's page at once, and an issuer.
    pub(crate) fn browser() -> Self {
        let mut provider = provider(Dialect::Anthropic, ISSUER);
        provider.issuer = Some(ISSUER.into());
        provider.ignore_iss = false;
        Self::new("authorization code", Kind::Browser, provider, configuration(Dialect::Anthropic))
    }

    /// RFC 8628.
    pub(crate) fn device() -> Self {
        let provider = provider(Dialect::Standard, ISSUER);
        Self::new("device", Kind::Device, provider, configuration(Dialect::Standard))
    }

    /// RFC 8628, and a second token.
    pub(crate) fn device_then_exchange() -> Self {
        let provider = provider(Dialect::Github, ISSUER);
        let configuration = configuration(Dialect::Github);
        Self::new("device, then a second token", Kind::Device, provider, configuration)
    }

    /// The dialect that yields an authorization code.
    pub(crate) fn device_then_code() -> Self {
        let mut provider = provider(Dialect::Codex, ISSUER);
        provider.token.account.required = false;
        provider.device.expires_in = 16;
        provider.device.pending_statuses.clear();
        let configuration = configuration(Dialect::Codex);
        Self::new("device that yields a code", Kind::Device, provider, configuration)
    }

    pub(crate) fn all() -> [Self; 4] {
        [Self::browser(), Self::device(), Self::device_then_exchange(), Self::device_then_code()]
    }

    fn new(name: &'static str, kind: Kind, provider: Provider, caller: Configuration) -> Self {
        let patience = Some(std::time::Duration::from_secs(16));
        let client = Client::new(provider, Configuration { patience, ..caller }).expect("a client");
        let mut door = Self { name, client, states: Vec::new(), kind };
        if let Some(Prompt::OpenUrl { sign_ins, .. }) = door.open().prompt() {
            let state = |url: &str| url.split_once("state=").map(|(_, rest)| rest.to_owned());
            door.states = sign_ins
                .iter()
                .filter_map(|sign_in| state(&sign_in.url))
                .map(|rest| rest.split('&').next().unwrap_or_default().to_owned())
                .collect();
        }
        door
    }

    pub(crate) fn takes_redirects(&self) -> bool {
        self.kind == Kind::Browser
    }

    /// The rows of its table: one redirect stands for all where none is ever expected.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = Input> {
        let is_shown = |input: &Input| match input {
            Input::Redirect(way) => self.takes_redirects() || *way == Way::Callback,
            Input::Poll | Input::Answer(_) | Input::StaleAnswer | Input::Restore => true,
        };
        Input::ALL.into_iter().filter(is_shown)
    }

    /// A fresh login at dawn.
    pub(crate) fn open(&self) -> Flow {
        let (client, scope, entropy) = (&self.client, Scope::default(), entropy(9));
        match self.kind {
            Kind::Browser => {
                let redirects = Redirects::loopback(50_123).or_page();
                Flow::authorization_code(client, scope, &redirects, &entropy, DAWN)
            }
            Kind::Device => Flow::device(client, scope, &entropy, DAWN),
        }
        .expect("the provider has this door")
    }

    /// What a browser, a person or a stranger hands in.
    pub(crate) fn redirect(&self, way: Way) -> String {
        let state = |index: usize| self.states.get(index).map_or("none", String::as_str);
        let at = |query: String| format!("/callback?{query}");
        match way {
            Way::Callback => {
                at(format!("code=the-authorization-code&state={}&iss={ISSUER}", state(0)))
            }
            Way::PastedFromPage => format!("the-authorization-code#{}", state(1)),
            Way::Denied => at(format!("error=access_denied&state={}", state(0))),
            Way::Refused => at(format!("error=server_error&state={}", state(0))),
            Way::WrongState => at(format!("code=ac&state={}x", state(0))),
            Way::NoState => at("code=ac".into()),
            Way::WrongIssuer => at(format!("code=ac&state={}&iss={ISSUER}/", state(0))),
            Way::NoCode => at(format!("state={}", state(0))),
        }
    }
}
