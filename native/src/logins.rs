//! The functions an agent needs: sign in, sign out, a token that works, who is signed in.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use grantflow_core as core;
use grantflow_core::{
    Ask, Client, Configuration, Credential, Due, Flow, Outcome, Prompt, Provider, RENEW_BEFORE,
    Redirect, Renewal, providers,
};

use crate::access_token::AccessToken;
use crate::clock::Clock;
use crate::drive::{By, Event, drive};
use crate::error::Error;
use crate::host::Host;
use crate::login::{LoginOptions, Stage, entropy};
use crate::owner;
use crate::pending::{Drawer, Pending, PendingError, Resumed};
use crate::renew::Performer;
use crate::standing::Standing;
use crate::store::plain::Plain;
use crate::store::{FileStore, Key};
use crate::transport::{Http, HttpOptions, Transport};

/// The credentials in one store, and the providers they come from.
#[derive(Clone)]
pub struct Logins {
    store: FileStore,
    clients: BTreeMap<String, Client>,
    variables: BTreeMap<String, String>,
    transport: Arc<dyn Transport>,
    watch: Watch,
    clock: Clock,
}

/// Sees what a renewal does, step by step; a login tells its [`Host`].
type Watch = Arc<dyn Fn(&Event) + Send + Sync>;

impl Logins {
    /// Those in the store at `path`, which need not exist yet.
    ///
    /// # Errors
    /// [`Error::Http`] if no HTTPS connection can be set up.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let transport = Arc::new(Http::new(&HttpOptions::default())?);
        Ok(Self::over(FileStore::at(path), transport))
    }

    /// Those in [`FileStore::default_path`].
    ///
    /// # Errors
    /// As [`Logins::open`]; [`Error::Store`] if this system has no home folder.
    pub fn open_default() -> Result<Self, Error> {
        Self::open(FileStore::default_path()?)
    }

    /// Over a transport of the caller's.
    pub fn over(store: FileStore, transport: Arc<dyn Transport>) -> Self {
        let (clients, variables) = (BTreeMap::new(), BTreeMap::new());
        let watch: Watch = Arc::new(|_| ());
        Self { store, clients, variables, transport, watch, clock: Clock::start() }
    }

    /// Adds a client, or puts it in a preset's place: by [`Provider::id`].
    #[must_use]
    pub fn with_client(mut self, client: Client) -> Self {
        self.clients.insert(client.provider().id.clone(), client);
        self
    }

    /// What stands for `{name}` in presets' header templates; see [`Configuration::variables`].
    #[must_use]
    pub fn with_variables(mut self, variables: BTreeMap<String, String>) -> Self {
        self.variables = variables;
        self
    }

    /// Calls `watch` with each step of a renewal; a login tells its [`Host`].
    #[must_use]
    pub fn with_watch(mut self, watch: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.watch = Arc::new(watch);
        self
    }

    /// The store.
    pub fn store(&self) -> &FileStore {
        &self.store
    }

    /// Every provider that can be signed in to: the presets, and those that were added.
    pub fn providers(&self) -> Vec<Provider> {
        let added = self.clients.values().map(|client| client.provider().clone());
        let presets = providers::all();
        let presets = presets.into_iter().filter(|preset| !self.clients.contains_key(&preset.id));
        presets.chain(added).collect()
    }

    /// The client for a provider: one that was added, or the preset's.
    ///
    /// # Errors
    /// [`Error::UnknownProvider`], [`Error::Misconfigured`].
    pub fn client(&self, provider: &str) -> Result<Client, Error> {
        self.client_with(provider, None)
    }

    /// Signs in, and stores the credential. Dropping the future cancels the login: the port is
    /// closed, and the store is as it was.
    ///
    /// # Errors
    /// Whatever ended the login. The store is changed by success alone.
    pub async fn login(
        &self,
        client: &Client,
        options: &LoginOptions,
        host: &mut dyn Host,
    ) -> Result<Credential, Error> {
        self.store.check_writable()?;
        let credential = self.stage(client, options, host).login().await?;
        self.store.save(&credential)?;
        Ok(credential)
    }

    /// Begins a login that [`Logins::resume`] ends, perhaps in another process.
    ///
    /// # Errors
    /// As [`Logins::login`].
    pub async fn begin(
        &self,
        client: &Client,
        options: &LoginOptions,
        host: &mut dyn Host,
    ) -> Result<Pending, Error> {
        let (flow, prompt) = self.stage(client, options, host).begin().await?;
        let provider = client.provider().id.clone();
        self.drawer().put(&provider, &flow)?;
        Ok(Pending { provider, left: prompt.left(self.clock.now()), prompt })
    }

    /// Ends the login that [`Logins::begin`] began: goes on polling, or takes what the person
    /// pastes ([`Host::paste`]). It is claimed when the paste has proved to belong to it.
    ///
    /// # Errors
    /// [`Error::Pending`] if none is waiting; otherwise as [`Logins::login`].
    pub async fn resume(&self, client: &Client, host: &mut dyn Host) -> Result<Credential, Error> {
        self.store.check_writable()?;
        let waiting = self.drawer().newest(&client.provider().id)?;
        let snapshot = waiting.snapshot()?;
        let mut flow =
            Flow::restore(client, &snapshot, self.clock.now()).map_err(PendingError::from)?;
        if let Some(prompt @ Prompt::OpenUrl { .. }) = flow.prompt() {
            self.take_paste(&mut flow, &prompt, host).await;
        }
        let mut resumed = Resumed { claimed: waiting.claim(&snapshot)?, host };
        let credential = drive(&mut flow, &self.clock, &*self.transport, &mut resumed).await?;
        self.store.save(&credential)?;
        Ok(credential)
    }

    /// Forgets a credential; `false` if there was none. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn logout(&self, provider: &str) -> Result<bool, Error> {
        Ok(self.store.remove(provider)?)
    }

    /// A token that is good for `min_ttl` more, renewed first if it is due. If the renewal fails
    /// while the old token is still good for that long, the old one is given.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`], or why it could not be renewed.
    pub async fn access_token(
        &self,
        provider: &str,
        min_ttl: Duration,
    ) -> Result<AccessToken, Error> {
        let credential = self.stored(provider)?;
        let client = self.client_of(&credential)?;
        if !credential.is_wanting(&client, RENEW_BEFORE, min_ttl, self.clock.now()) {
            return Ok(AccessToken { credential, client });
        }
        let credential = self.renew(&client, Due::within(min_ttl)).await?;
        Ok(AccessToken { credential, client })
    }

    /// Renews a credential now.
    ///
    /// # Errors
    /// Why it could not be renewed.
    pub async fn refresh(&self, provider: &str) -> Result<Credential, Error> {
        let credential = self.stored(provider)?;
        let client = self.client_of(&credential)?;
        self.renew(&client, Due::Still(credential.access_token.digest())).await
    }

    /// How every stored login stands. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn standings(&self) -> Result<Vec<Standing>, Error> {
        let now = self.clock.now();
        Ok(self.store.list()?.into_iter().map(|credential| Standing::of(credential, now)).collect())
    }

    /// The logins that work now, by our clock: [`Logins::standings`] without the others.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn working(&self) -> Result<Vec<Standing>, Error> {
        let mut standings = self.standings()?;
        standings.retain(Standing::works);
        Ok(standings)
    }

    fn client_with(&self, provider: &str, client_id: Option<&str>) -> Result<Client, Error> {
        if let Some(client) = self.clients.get(provider) {
            return Ok(client.clone());
        }
        let preset = providers::find(provider);
        let preset = preset.ok_or_else(|| Error::UnknownProvider(provider.to_owned()))?;
        let client_id = client_id.filter(|id| !id.is_empty()).map(str::to_owned);
        let variables = self.variables.clone();
        Ok(Client::new(preset, Configuration { client_id, variables, ..Default::default() })?)
    }

    /// The client that a stored credential was issued to, as far as we have it.
    fn client_of(&self, credential: &Credential) -> Result<Client, Error> {
        self.client_with(&credential.provider, Some(&credential.client_id))
    }

    fn stored(&self, provider: &str) -> Result<Credential, Error> {
        self.store.load(provider)?.ok_or_else(|| Error::NotSignedIn(provider.to_owned()))
    }

    fn stage<'a>(
        &'a self,
        client: &'a Client,
        options: &'a LoginOptions,
        host: &'a mut dyn Host,
    ) -> Stage<'a> {
        Stage { client, options, clock: self.clock, transport: &*self.transport, host }
    }

    fn drawer(&self) -> Drawer {
        Drawer::beside(self.store.path())
    }

    /// Until a paste belongs to the login, or its time is up.
    async fn take_paste(&self, flow: &mut Flow, prompt: &Prompt, host: &mut dyn Host) {
        host.show(prompt, prompt.left(self.clock.now()));
        loop {
            let left = prompt.left(self.clock.now());
            let Ok(text) = tokio::time::timeout(left, host.paste()).await else { return };
            let pasted = Redirect::Pasted(text.expose());
            match flow.handle_redirect(self.clock.now(), pasted) {
                Ok(()) => return host.event(&Event::RedirectArrived { by: By::Paste }),
                Err(why) => {
                    host.event(&Event::RedirectRejected { by: By::Paste, why });
                    host.rejected(why);
                }
            }
        }
    }

    /// Renews in a task of its own: once the request is out the old token may be spent, so a
    /// caller who leaves must not keep the new one from being saved.
    async fn renew(&self, client: &Client, due: Due) -> Result<Credential, Error> {
        let (logins, client) = (self.clone(), client.clone());
        let task = tokio::spawn(async move { logins.renew_alone(&client, due).await });
        task.await.unwrap_or(Err(Error::Ended(core::Error::OutcomeUnknown)))
    }

    async fn renew_alone(&self, client: &Client, due: Due) -> Result<Credential, Error> {
        let (store, key) = (Plain(self.store.clone()), Key::of(&client.provider().id));
        let ask = Ask::new(due, owner::this());
        let mut renewal = Renewal::renew(client, ask, &entropy()?, self.clock.now());
        // A watcher that panics must not cost the token that is on its way.
        let watch = |event: &Event| drop(catch_unwind(AssertUnwindSafe(|| (self.watch)(event))));
        let performer = Performer::new(&store, &key, &*self.transport, &self.clock, &watch);
        match performer.perform(&mut renewal, |_| ()).await? {
            Outcome::Adopted(credential)
            | Outcome::Recovered(credential)
            | Outcome::Renewed(credential, _)
            | Outcome::StillGood(credential, _) => Ok(credential),
            Outcome::SignedIn | Outcome::SignedOut { .. } => Err(core::Error::SignedOut.into()),
        }
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins").field("store", &self.store).finish_non_exhaustive()
    }
}
