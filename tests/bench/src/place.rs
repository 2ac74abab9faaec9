//! A folder on a disk with a store in it, and a server in this process.

use std::path::PathBuf;
use std::sync::Arc;

use grantflow::{Client, Credential, FileStore, Logins};
use grantflow_test_server::Dialect;
use grantflow_tests::in_process::InProcess;
use grantflow_tests::local;
use tempfile::TempDir;

/// One login in one file.
pub struct Place {
    folder: TempDir,
    /// The server, and the way to it.
    pub desk: InProcess,
    /// Who asks.
    pub client: Client,
    /// A login that is fresh.
    pub first: Credential,
}

impl Place {
    /// With the server's usual address.
    pub fn new() -> Self {
        Self::at(local::ISSUER)
    }

    /// With a server that has this address.
    pub fn at(issuer: &str) -> Self {
        let desk = InProcess::of(Dialect::Standard, |config| issuer.clone_into(&mut config.issuer));
        let provider = local::provider(Dialect::Standard, issuer);
        let client = Client::new(provider, local::configuration(Dialect::Standard)).unwrap();
        let first = desk.signed_in(&client);
        // On the disk that we were built on: a folder for temporary files may be in memory.
        let folder = TempDir::new_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
        Self { folder, desk, client, first }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("auth.json")
    }

    /// The store over it.
    pub fn store(&self) -> FileStore {
        FileStore::at(self.path())
    }

    /// Puts a login into it.
    pub fn put(&self, credential: &Credential) {
        self.store().save(credential).unwrap();
    }

    /// What an agent holds.
    pub fn logins(&self) -> Logins {
        let logins = Logins::over(self.store(), Arc::new(self.desk.clone()));
        logins.with_client(self.client.clone())
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}
