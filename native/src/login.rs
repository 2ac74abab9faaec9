//! Logins with a person: which route, the listener, the browser, the paste.

use std::time::Duration;

use grantflow_core as core;
use grantflow_core::{
    Account, Client, Credential, Entropy, Flow, LoopbackHost, Prompt, Provider, Redirects, Scope,
    TermsStatus,
};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::browser::{self, BrowserError, Openable};
use crate::clock::Clock;
use crate::drive::{Around, Asked, BoxFuture, Event, Input, drive};
use crate::environment::{Choice, Environment, Route, Routes};
use crate::error::Error;
use crate::host::{Host, Note};
use crate::loopback::{Arrival, Host as LoopbackAddress, Loopback, LoopbackOptions, Ports};
use crate::store::Key;
use crate::transport::Transport;

/// How often a listener is asked for hints.
const HINT_EVERY: Duration = Duration::from_secs(1);

/// How to log in.
#[derive(Clone, Debug)]
pub struct LoginOptions {
    /// The way to go; chosen by where we run and what the provider has, if not given.
    pub route: Option<Route>,
    /// What to ask for; the provider's default if empty.
    pub scope: Scope,
    /// Which of several accounts this is to be: a name of the caller's choice, under which the
    /// login is kept.
    pub account: Option<String>,
    /// Who has to sign in, by e-mail address or account id; anybody else's login is not kept.
    pub expect: Option<String>,
    /// Open the browser: where there is one, or where the route was named. The address is shown in
    /// any case.
    pub open_browser: bool,
    /// The person has read [`Provider::terms`] and goes on.
    pub accept_terms: bool,
    /// Where we run.
    pub environment: Environment,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self {
            route: None,
            scope: Scope::default(),
            account: None,
            expect: None,
            open_browser: true,
            accept_terms: false,
            environment: Environment::detect(),
        }
    }
}

impl LoginOptions {
    /// Where the login is kept.
    pub(crate) fn key(&self, client: &Client) -> Key {
        Key { provider: client.provider().id.clone(), account: self.account.clone() }
    }

    /// Whether the right person signed in.
    pub(crate) fn check(&self, credential: &Credential) -> Result<(), Error> {
        let Some(expected) = &self.expect else { return Ok(()) };
        let Account { id, email, .. } = &credential.account;
        let is_it = |known: &String| known.eq_ignore_ascii_case(expected);
        if id.iter().chain(email).any(is_it) {
            Ok(())
        } else {
            Err(Error::SomebodyElse(email.as_ref().or(id.as_ref()).cloned()))
        }
    }
}

/// What a login needs besides its own description.
pub(crate) struct Stage<'a> {
    pub(crate) client: &'a Client,
    pub(crate) options: &'a LoginOptions,
    pub(crate) clock: Clock,
    pub(crate) transport: &'a dyn Transport,
    pub(crate) host: &'a mut dyn Host,
}

impl Stage<'_> {
    /// A whole login.
    pub(crate) async fn login(&mut self) -> Result<Credential, Error> {
        match self.choose()?.route {
            Route::Browser => {
                let open = self.options.open_browser && self.may_open();
                match Box::pin(self.browser(open)).await {
                    Err(Error::Listener(why)) if self.may_change_to(Route::Device) => {
                        self.host.note(&Note::NoListener(why));
                        self.device().await
                    }
                    outcome => outcome,
                }
            }
            Route::Paste => self.browser(false).await,
            Route::Device => match self.device().await {
                Err(Error::Ended(core::Error::DeviceLoginUnavailable))
                    if self.may_change_to(Route::Browser) =>
                {
                    self.host.note(&Note::DeviceLoginUnavailable);
                    self.browser(self.options.open_browser && self.may_open()).await
                }
                outcome => outcome,
            },
        }
    }

    /// The first half of a login that another process ends: up to what the person must do.
    pub(crate) async fn begin(&mut self) -> Result<(Flow, Prompt), Error> {
        let mut flow = match self.choose()?.route {
            Route::Device => self.device_flow()?,
            Route::Browser | Route::Paste => {
                let (redirects, _released) = self.redirects().await?;
                self.browser_flow(&redirects)?
            }
        };
        let (sender, prompted) = oneshot::channel();
        let mut around = UntilPrompted { host: self.host, prompted: Some(sender) };
        let prompt = tokio::select! {
            biased;
            Ok(prompt) = prompted => prompt,
            outcome = drive(&mut flow, &self.clock, self.transport, &mut around) => {
                // No flow gets tokens before it has asked the person for something.
                return Err(outcome.err().unwrap_or(core::Error::OutcomeUnknown).into());
            }
        };
        Ok((flow, prompt))
    }

    fn choose(&mut self) -> Result<Choice, Error> {
        let provider = self.client.provider();
        if provider.terms.status == TermsStatus::Restricted && !self.options.accept_terms {
            return Err(Error::TermsNotAccepted(provider.terms.clone()));
        }
        let offered = offered(provider);
        let choice = match self.options.route {
            Some(route) if offered.includes(route) => Choice { route, obstacle: None },
            Some(_) => return Err(Error::NoRoute),
            None => self.options.environment.recommend(offered).ok_or(Error::NoRoute)?,
        };
        self.host.note(&Note::Route(choice));
        Ok(choice)
    }

    fn may_open(&self) -> bool {
        self.options.route.is_some() || self.options.environment.can_open_browser()
    }

    fn may_change_to(&self, route: Route) -> bool {
        self.options.route.is_none() && offered(self.client.provider()).includes(route)
    }

    async fn device(&mut self) -> Result<Credential, Error> {
        let mut flow = self.device_flow()?;
        let mut person = Person::new(self.host, None, false);
        Ok(drive(&mut flow, &self.clock, self.transport, &mut person).await?)
    }

    async fn browser(&mut self, open: bool) -> Result<Credential, Error> {
        let (redirects, listener) = self.redirects().await?;
        let mut flow = self.browser_flow(&redirects)?;
        let mut person = Person::new(self.host, listener, open);
        Ok(drive(&mut flow, &self.clock, self.transport, &mut person).await?)
    }

    fn device_flow(&self) -> Result<Flow, Error> {
        let scope = self.options.scope.clone();
        Ok(Flow::device(self.client, scope, &entropy()?, self.clock.now())?)
    }

    fn browser_flow(&self, redirects: &Redirects) -> Result<Flow, Error> {
        let scope = self.options.scope.clone();
        let (entropy, now) = (entropy()?, self.clock.now());
        Ok(Flow::authorization_code(self.client, scope, redirects, &entropy, now)?)
    }

    /// The listener and the page at once; where no port can be had, the page alone.
    async fn redirects(&mut self) -> Result<(Redirects, Option<Loopback>), Error> {
        let rules = &self.client.provider().authorization;
        let Some(loopback) = &rules.loopback else { return Ok((Redirects::page(), None)) };
        let options = LoopbackOptions {
            host: match loopback.host {
                LoopbackHost::Ipv4 => LoopbackAddress::Ipv4,
                LoopbackHost::Localhost => LoopbackAddress::Localhost,
            },
            ports: match (loopback.ports.clone(), loopback.any_port) {
                (ports, _) if ports.is_empty() => Ports::Any,
                (ports, true) => Ports::Preferred(ports),
                (ports, false) => Ports::List(ports),
            },
            path: loopback.path.clone(),
            // The login ends by its own clock, and the listener with it.
            timeout: None,
        };
        match Loopback::bind(&options).await {
            Ok(listener) => Ok((Redirects::loopback(listener.port()).or_page(), Some(listener))),
            Err(why) if rules.page.is_some() => {
                self.host.note(&Note::NoListener(why));
                Ok((Redirects::page(), None))
            }
            // The address that the browser ends at can be pasted though nobody listens there.
            Err(why) if self.options.route == Some(Route::Paste) && !loopback.ports.is_empty() => {
                self.host.note(&Note::NoListener(why));
                Ok((Redirects::loopback(loopback.ports[0]), None))
            }
            Err(why) => Err(Error::Listener(why)),
        }
    }
}

/// What the provider has. Where a redirect can come to a listener, its address can also be copied.
fn offered(provider: &Provider) -> Routes {
    let rules = &provider.authorization;
    let browser = provider.authorization_endpoint.is_some() && rules.loopback.is_some();
    let page = provider.authorization_endpoint.is_some() && rules.page.is_some();
    let device = provider.device_authorization_endpoint.is_some();
    Routes { browser, device, paste: browser || page }
}

/// Random bytes for one machine.
pub(crate) fn entropy() -> Result<Entropy, Error> {
    let mut bytes = Zeroizing::new([0; 128]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::NoEntropy)?;
    Ok(Entropy::new(*bytes))
}

/// The person, their browser and our listener. Dropping it closes the port.
struct Person<'h> {
    host: &'h mut dyn Host,
    listener: Option<Loopback>,
    open: bool,
    opening: Option<BoxFuture<'static, Result<(), BrowserError>>>,
    /// A browser login is waiting for its answer, so a paste is welcome.
    asked: bool,
    told_of_https: bool,
}

impl<'h> Person<'h> {
    fn new(host: &'h mut dyn Host, listener: Option<Loopback>, open: bool) -> Self {
        Self { host, listener, open, opening: None, asked: false, told_of_https: false }
    }

    fn opened(&mut self, outcome: Result<(), BrowserError>) {
        self.opening = None;
        self.host.note(&match outcome {
            Ok(()) => Note::BrowserOpened,
            Err(why) => Note::BrowserFailed(why),
        });
    }

    fn hint(&mut self) {
        let tls = self.listener.as_ref().map_or(0, |listener| listener.hints().tls);
        if tls > 0 && !self.told_of_https {
            self.told_of_https = true;
            self.host.note(&Note::CameByHttps);
        }
    }
}

impl Around for Person<'_> {
    fn show(&mut self, prompt: &Prompt, left: Duration) {
        self.host.show(prompt, left);
        let Prompt::OpenUrl { sign_ins, .. } = prompt else { return };
        let Some(sign_in) = sign_ins.first().filter(|_| self.open) else { return };
        match Openable::parse(&sign_in.url) {
            Ok(url) => self.opening = Some(Box::pin(async move { browser::open(&url).await })),
            Err(why) => self.host.note(&Note::NotOpened(why)),
        }
    }

    fn input(&mut self) -> BoxFuture<'_, Input> {
        Box::pin(async move {
            loop {
                tokio::select! {
                    arrival = arrival(&mut self.listener) => return Input::Callback(arrival),
                    pasted = self.host.paste(), if self.asked => return Input::Pasted(pasted),
                    outcome = pending_of(&mut self.opening) => self.opened(outcome),
                    () = tokio::time::sleep(HINT_EVERY), if self.listener.is_some() => self.hint(),
                }
            }
        })
    }

    fn event(&mut self, event: &Event) {
        if let Event::Prompted { prompt } = event {
            self.asked = *prompt == Asked::OpenUrl;
        }
        if let Event::RedirectRejected { why, .. } = event {
            self.host.rejected(*why);
        }
        self.host.event(event);
    }
}

/// Stops where the person comes in.
struct UntilPrompted<'h> {
    host: &'h mut dyn Host,
    prompted: Option<oneshot::Sender<Prompt>>,
}

impl Around for UntilPrompted<'_> {
    fn show(&mut self, prompt: &Prompt, left: Duration) {
        self.host.show(prompt, left);
        if let Some(prompted) = self.prompted.take() {
            // The receiver waits in the same task.
            let _ = prompted.send(prompt.clone());
        }
    }

    fn event(&mut self, event: &Event) {
        self.host.event(event);
    }
}

async fn arrival(listener: &mut Option<Loopback>) -> Arrival {
    if let Some(listener) = listener
        && let Some(arrival) = listener.arrival().await
    {
        return arrival;
    }
    std::future::pending().await
}

async fn pending_of<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
