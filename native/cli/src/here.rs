//! Where a command runs: its terminal, its store, and how far it has come.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use grantflow::store::{Home, KeychainStore, Rights, Tool};
use grantflow::transport::{Http, HttpOptions, Transport};
use grantflow::{CredentialStore, Error, FileStore, Logins};

use crate::arguments::{Common, Place};
use crate::exit::Failure;
use crate::output::Output;
use crate::person::watch;
use crate::progress::Progress;
use crate::provider::ourselves;
use crate::trace::Trace;

/// Where a command runs.
pub(crate) struct Here {
    pub(crate) output: Output,
    pub(crate) place: Place,
    pub(crate) progress: Progress,
}

/// The store that was named, or this user's own.
#[derive(Clone)]
pub(crate) enum Store {
    File(FileStore),
    Keychain(KeychainStore),
}

impl Here {
    pub(crate) fn new(common: &Common) -> Self {
        let (place, progress) = (common.place.clone().or_of_environment(), Progress::default());
        Self { output: Output::new(common), place, progress }
    }

    /// The logins in the store.
    pub(crate) fn logins(&self) -> Result<Logins, Failure> {
        self.logins_in(&self.store()?)
    }

    pub(crate) fn logins_in(&self, store: &Store) -> Result<Logins, Failure> {
        let http = Http::new(&HttpOptions::default());
        let http = http.map_err(|why| Failure::of("", &Error::Http(why)))?;
        let logins = store.logins(Arc::new(http));
        let trace = Mutex::new(Trace::new(self.output.err, self.output.width));
        let (output, progress) = (self.output, self.progress.clone());
        Ok(logins.with_variables(ourselves()).with_watch(move |event| {
            progress.see(event);
            watch(&output, &mut trace.lock().unwrap_or_else(PoisonError::into_inner), event);
        }))
    }

    /// Where a login of one's own may stand: not in a file that another tool keeps to itself.
    pub(crate) fn place_of_own(&self) -> Place {
        let store = self.place.store.clone().filter(|path| tool_of(path).is_none());
        Place { store, renew_foreign: false }
    }

    /// The store as it was asked for. What is risky about that is said.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        let chain = || KeychainStore::open().map_err(|why| Failure::of("", &why.into()));
        match self.place.store.as_deref().map(|store| (store, store.to_str())) {
            Some((_, Some("keychain"))) => self.no_foreigner().and(Ok(Store::Keychain(chain()?))),
            Some((_, Some("keychain-or-file"))) => {
                self.no_foreigner().and(Ok(Store::Keychain(chain()?.or_file())))
            }
            Some((path, _)) => self.file_at(path),
            None => {
                let path = FileStore::default_path();
                self.file_at(&path.map_err(|why| Failure::of("", &why.into()))?)
            }
        }
    }

    fn file_at(&self, path: &Path) -> Result<Store, Failure> {
        let file = FileStore::at(path);
        if !self.place.renew_foreign {
            return Ok(Store::File(file));
        }
        let Some(tool) = tool_of(path) else {
            return self.no_foreigner().and(Ok(Store::File(file)));
        };
        match tool.rights() {
            Rights::Shared => {}
            Rights::OnRequest(risk) => self.output.warn("renewing_foreign", risk),
            Rights::Guest => {
                let what = format!("the logins of {} can only be read here", tool.name());
                return Err(Failure::usage(what, "leave out --renew-foreign"));
            }
        }
        Ok(Store::File(file.renewing(true)))
    }

    /// `--renew-foreign` makes sense for another tool's file alone.
    fn no_foreigner(&self) -> Result<(), Failure> {
        if self.place.renew_foreign {
            let what = "--renew-foreign is for another tool's file, and this is none";
            return Err(Failure::usage(what, "name that file by --store, or leave it out"));
        }
        Ok(())
    }
}

impl Store {
    pub(crate) fn logins(&self, transport: Arc<dyn Transport>) -> Logins {
        match self {
            // A login that waits is ours, so it is not put into another tool's folder.
            Self::File(file) if tool_of(file.path()).is_none() => {
                let path = file.path().to_owned();
                Logins::over(file.clone(), transport).with_pending_beside(path)
            }
            Self::File(file) => Logins::over(file.clone(), transport),
            Self::Keychain(chain) => Logins::over(chain.clone(), transport),
        }
    }

    pub(crate) fn as_store(&self) -> &dyn CredentialStore {
        match self {
            Self::File(file) => file,
            Self::Keychain(chain) => chain,
        }
    }

    pub(crate) fn file(&self) -> Option<&FileStore> {
        match self {
            Self::File(file) => Some(file),
            Self::Keychain(_) => None,
        }
    }
}

/// The other tool whose file this is.
pub(crate) fn tool_of(path: &Path) -> Option<Tool> {
    Tool::of(path, &Home::look())
}
