//! The functions an agent needs: sign in, sign out, a token that works, who is signed in.

mod keeping;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use grantflow_core as core;
use grantflow_core::{
    Client, Configuration, Credential, Flow, Kept, Map, Outcome, Prompt, Provider, Redirect,
    Renewal, Revoked, providers,
};

use crate::clock::Clock;
use crate::drive::{Asked, By, Event, drive};
use crate::error::Error;
use crate::host::Host;
use crate::keeper::{Keeper, KeeperOptions};
use crate::login::{LoginOptions, Stage, entropy};
use crate::pending::{Drawer, Pending, PendingError, Resumed};
use crate::place::{Place, Watch};
use crate::store::{CredentialStore, FileStore, Key};
use crate::transport::{Http, HttpOptions, Transport};

/// The credentials in one store, and the providers they come from.
#[derive(Clone)]
pub struct Logins {
    store: Arc<dyn CredentialStore>,
    /// Where logins lie that are begun and not ended.
    drawer: PathBuf,
    clients: BTreeMap<String, Client>,
    variables: Map<String>,
    transport: Arc<dyn Transport>,
    watch: Watch,
    clock: Clock,
    options: KeeperOptions,
    keepers: Arc<Mutex<BTreeMap<Key, Keeper>>>,
}

/// How a logout went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// There was something to forget.
    pub was_there: bool,
    /// What the server was told.
    pub revoked: Revoked,
}

impl Logins {
    /// Those in the store at `path`, which need not exist yet.
    ///
    /// # Errors
    /// [`Error::Http`] if no HTTPS connection can be set up.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_store(FileStore::at(path))
    }

    /// Those in this file, as it is set up.
    ///
    /// # Errors
    /// As [`Logins::open`].
    pub fn open_store(store: FileStore) -> Result<Self, Error> {
        let transport = Arc::new(Http::new(&HttpOptions::default())?);
        let drawer = store.path().to_owned();
        Ok(Self::over(store, transport).with_pending_beside(drawer))
    }

    /// Those in [`FileStore::default_path`].
    ///
    /// # Errors
    /// As [`Logins::open`]; [`Error::Store`] if this system has no home folder.
    pub fn open_default() -> Result<Self, Error> {
        Self::open(FileStore::default_path()?)
    }

    /// Over a store and a transport of the caller's.
    pub fn over(store: impl CredentialStore + 'static, transport: Arc<dyn Transport>) -> Self {
        Self {
            store: Arc::new(store),
            drawer: FileStore::default_path().unwrap_or_default(),
            clients: BTreeMap::new(),
            variables: Map::new(),
            transport,
            watch: Arc::new(|_| ()),
            clock: Clock::start(),
            options: KeeperOptions::default(),
            keepers: Arc::default(),
        }
    }

    /// Logins that are begun and not ended lie in the folder of this file; in that of
    /// [`FileStore::default_path`] unless said otherwise.
    #[must_use]
    pub fn with_pending_beside(mut self, path: impl Into<PathBuf>) -> Self {
        self.drawer = path.into();
        self
    }

    /// How to keep credentials fresh.
    #[must_use]
    pub fn with_options(mut self, options: KeeperOptions) -> Self {
        self.options = options;
        self.apart()
    }

    /// Adds a client, or puts it in a preset's place: by [`Provider::id`].
    #[must_use]
    pub fn with_client(mut self, client: Client) -> Self {
        self.clients.insert(client.provider().id.clone(), client);
        self.apart()
    }

    /// What stands for `{name}` in presets' header templates; see [`Configuration::variables`].
    #[must_use]
    pub fn with_variables(mut self, variables: Map<String>) -> Self {
        self.variables = variables;
        self.apart()
    }

    /// Calls `watch` with each step of a renewal; a login tells its [`Host`].
    #[must_use]
    pub fn with_watch(mut self, watch: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.watch = Arc::new(watch);
        self.apart()
    }

    /// The store.
    pub fn store(&self) -> &dyn CredentialStore {
        &*self.store
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
        let place = self.place(options.key(client), client.clone());
        place.store.probe(&place.key).await?;
        let credential = self.stage(client, options, host).login().await?;
        options.check(&credential)?;
        self.keep(place, credential).await
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
        let key = options.key(client);
        self.store.probe(&key).await?;
        let (flow, prompt) = self.stage(client, options, host).begin().await?;
        let provider = client.provider().id.clone();
        self.drawer().put(&key, &flow)?;
        Ok(Pending { provider, left: prompt.left(self.clock.now()), prompt })
    }

    /// Ends the login that [`Logins::begin`] began: goes on polling, or takes what the person
    /// pastes ([`Host::paste`]). It is claimed when the paste has proved to belong to it.
    ///
    /// # Errors
    /// [`Error::Pending`] if none is waiting; otherwise as [`Logins::login`].
    pub async fn resume(
        &self,
        client: &Client,
        options: &LoginOptions,
        host: &mut dyn Host,
    ) -> Result<Credential, Error> {
        let place = self.place(options.key(client), client.clone());
        place.store.probe(&place.key).await?;
        let waiting = self.drawer().newest(&place.key)?;
        let snapshot = waiting.snapshot()?;
        let mut flow =
            Flow::restore(client, &snapshot, self.clock.now()).map_err(PendingError::from)?;
        if let Some(prompt @ Prompt::OpenUrl { .. }) = flow.prompt() {
            self.take_paste(&mut flow, &prompt, host).await;
            host.event(&Event::Prompted { prompt: Asked::Nothing });
        }
        let mut resumed = Resumed { claimed: waiting.claim(&snapshot)?, host };
        let credential = drive(&mut flow, &self.clock, &*self.transport, &mut resumed).await?;
        options.check(&credential)?;
        self.keep(place, credential).await
    }

    /// Forgets a login, here whatever happens, and asks the server to forget it too where the
    /// provider has a place for that (RFC 7009).
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Ended`]: then it is still there.
    pub async fn logout(&self, key: impl Into<Key>) -> Result<SignedOut, Error> {
        let key = key.into();
        let held = self.store.load(&key).await.ok().flatten();
        let client = match &held {
            Some(held) => self.client_of(&held.credential),
            None => self.client(&key.provider),
        };
        // A provider that is not known, or not configured: then nobody can be told.
        let Ok(client) = client else {
            let was_there = self.store.remove(&key).await?;
            self.withdraw(&key);
            return Ok(SignedOut { was_there, revoked: Revoked::NotOffered });
        };
        let place = self.place(key, client);
        let ask = place.ask_for_a_person();
        let mut logout = Renewal::sign_out(&place.client, ask, &entropy()?, self.clock.now());
        let outcome = place.replace(&mut logout).await?;
        self.withdraw(&place.key);
        let Outcome::SignedOut { was_there, revoked } = outcome else { return Err(unexpected()) };
        Ok(SignedOut { was_there, revoked })
    }

    /// The client that was added for a provider.
    pub(crate) fn added(&self, provider: &str) -> Option<&Client> {
        self.clients.get(provider)
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

    /// A renewal that is under way for the same record loses to the new login.
    async fn keep(&self, place: Place, credential: Credential) -> Result<Credential, Error> {
        let ask = place.ask_for_a_person();
        let now = self.clock.now();
        let mut login = Renewal::sign_in(&place.client, credential.clone(), ask, &entropy()?, now);
        let outcome = place.replace(&mut login).await?;
        let Outcome::SignedIn(kept) = outcome else { return Err(unexpected()) };
        self.withdraw(&place.key);
        match kept {
            Kept::Saved => Ok(credential),
            Kept::Stashed | Kept::InMemory => Err(Error::LoginWaits(place.key.to_string())),
        }
    }

    fn place(&self, key: Key, client: Client) -> Place {
        Place {
            store: Arc::clone(&self.store),
            key,
            client,
            transport: Arc::clone(&self.transport),
            clock: self.clock,
            watch: Arc::clone(&self.watch),
            options: self.options.clone(),
        }
    }

    fn stage<'a>(
        &'a self,
        client: &'a Client,
        options: &'a LoginOptions,
        host: &'a mut dyn Host,
    ) -> Stage<'a> {
        Stage { client, options, clock: self.clock, transport: &*self.transport, host }
    }

    pub(crate) fn drawer(&self) -> Drawer {
        Drawer::beside(&self.drawer)
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
}

/// No door of a renewal leads there.
fn unexpected() -> Error {
    Error::Ended(core::Error::Cancelled)
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins").field("store", &self.store).finish_non_exhaustive()
    }
}
