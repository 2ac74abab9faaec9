//! Files of tools that we are guests of: looked at, and left as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use grantflow::{
    Client, Configuration, CredentialStore as _, Error, FileStore, Key, Logins, StoreError,
    providers,
};
use grantflow_tests::covers;
use tempfile::TempDir;

use super::places::mounted;

const CLAUDE: &str =
    r#"{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1,"scopes":["s"]}}"#;
const CODEX: &str = r#"{"tokens":{"access_token":"a","refresh_token":"r","account_id":"i"}}"#;

#[tokio::test]
async fn a_renewal_as_a_guest_leaves_the_tools_folder_as_it_was() {
    covers(&["R-P-19", "R-BUG-16"]);
    for (file, text, provider) in [
        (".claude/.credentials.json", CLAUDE, providers::anthropic()),
        (".codex/auth.json", CODEX, providers::openai_codex()),
    ] {
        let home = Home::with(file, text);
        let before = home.files();
        let key = provider.id.clone();
        let client = Client::new(provider, Configuration::default()).unwrap();
        let logins = Logins::open(home.path(file)).unwrap().with_client(client);
        let refused = logins.refresh(&key).await.unwrap_err();
        assert!(matches!(refused.root(), Error::Borrowed { .. }), "{refused:?}");
        assert_eq!(logins.standings().await.unwrap().len(), 1);
        assert_eq!(home.files(), before, "{file}");
    }
}

#[test]
fn a_guests_record_that_cannot_be_written_anyway_is_told_as_borrowed() {
    covers(&["R-P-19", "B-CF-13"]);
    let (home, ours) = (Home::with(".claude/.credentials.json", CLAUDE), TempDir::new().unwrap());
    let line = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" \
                && GRANTFLOW_HOME=$2 exec \"$0\" guest \"$1/.claude/.credentials.json\"";
    let Some(said) = mounted(line, [home.0.path(), ours.path()]) else { return };
    assert_eq!(said, "borrowed from Claude Code\n");
    assert_eq!(fs::read_dir(ours.path()).unwrap().count(), 0, "and nothing is kept of it");
}

#[tokio::test]
async fn a_guest_has_no_locks_and_no_notes_there() {
    let home = Home::with(".claude/.credentials.json", CLAUDE);
    let at = home.path(".claude/.credentials.json");
    for (store, may_renew) in
        [(FileStore::at(&at), false), (FileStore::at(&at).renewing(true), true)]
    {
        assert_eq!(store.locks().is_some(), may_renew);
        assert_eq!(store.journal().is_some(), may_renew);
    }
}

#[test]
fn a_write_that_was_not_finished_is_the_tools_to_mend_and_ours_only_if_we_may_write() {
    covers(&["R-P-19"]);
    let home = Home::with(".codex/auth.json", "");
    home.write(".codex/auth.json.grantflow/draft", CODEX);
    let before = home.files();
    let store = FileStore::at(home.path(".codex/auth.json"));
    let damaged = store.load("openai-codex").unwrap_err();
    assert!(matches!(damaged, StoreError::Empty { .. }), "{damaged:?}");
    assert_eq!(home.files(), before);

    let found = store.renewing(true).load("openai-codex").unwrap().unwrap();
    assert_eq!(found.access_token.expose(), "a");
    assert_eq!(fs::read_to_string(home.path(".codex/auth.json")).unwrap(), CODEX);
    assert!(!home.path(".codex/auth.json.grantflow/draft").exists());
}

#[test]
fn a_draft_that_the_file_can_do_without_never_comes_back() {
    covers(&["R-CR-02"]);
    let home = Home::with(".codex/auth.json", CODEX);
    home.write(".codex/auth.json.grantflow/draft", "{\"older\": 1}");
    let store = FileStore::at(home.path(".codex/auth.json")).renewing(true);
    assert!(store.load("openai-codex").unwrap().is_some());
    home.write(".codex/auth.json", "");
    let damaged = store.load("openai-codex").unwrap_err();
    assert!(matches!(damaged, StoreError::Empty { .. }), "{damaged:?}");
}

#[tokio::test]
async fn what_a_file_has_no_place_for_is_known_before_anything_is_spent_on_it() {
    covers(&["R-P-06"]);
    let home = Home::with(".codex/auth.json", CODEX);
    let store = FileStore::at(home.path(".codex/auth.json")).renewing(true);
    store.probe(&Key::of("openai-codex")).await.unwrap();
    for key in ["xai", "openai-codex:work"] {
        let refused = store.probe(&key.into()).await.unwrap_err();
        assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused:?}");
    }
}

/// A person's home folder with one file of a tool's.
struct Home(TempDir);

impl Home {
    fn with(file: &str, text: &str) -> Self {
        let home = Self(TempDir::new().unwrap());
        home.write(file, text);
        home
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Everything there, by name.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(self.0.path(), &mut found);
        found
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for path in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if path.is_dir() {
            collect(&path, found);
            found.insert(path, Vec::new());
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
}
