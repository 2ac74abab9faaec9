//! The file of credentials: what it keeps, what it leaves alone, who can read it.

mod damage;
mod entries;
#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod folders;
#[cfg(unix)]
mod guests;
mod locks;
mod owners;
#[cfg(unix)]
mod places;
#[cfg(unix)]
mod private;
mod splicing;
mod swapping;

use std::fs;
use std::path::PathBuf;

use grantflow::FileStore;
use tempfile::TempDir;

/// A store in a folder of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn empty() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn holding(text: impl AsRef<[u8]>) -> Self {
        let place = Self::empty();
        fs::write(place.path(), text).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("auth.json")
    }

    fn store(&self) -> FileStore {
        FileStore::at(self.path())
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn backup(&self) -> String {
        fs::read_to_string(self.folder.path().join("auth.json.grantflow/bak")).unwrap()
    }
}
