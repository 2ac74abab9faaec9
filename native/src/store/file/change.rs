//! Reading the file and changing it, as one for everyone who goes by the same locks, and without
//! loss to those who don't.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use grantflow_core::{Credential, Secret};
use zeroize::Zeroizing;

use super::FileStore;
use crate::store::beside::Beside;
use crate::store::error::At as _;
use crate::store::lock::{Held, KernelLock, Patience};
use crate::store::private::{self, Draft, OWNER_ONLY, ROOM_FOR_TOKENS, folder_of};
use crate::store::profile::Tool;
use crate::store::safety::{self, Warning};
use crate::store::shape::Entry;
use crate::store::{Expected, HeldLock, Key, Saved, StoreError, in_place};

/// A file that cannot be read may be in the middle of somebody's write for this long.
const TORN: Duration = Duration::from_millis(250);

/// A write takes milliseconds; who has to wait longer for another's is told.
const WRITE: Duration = Duration::from_secs(10);

/// How often a write begins anew because somebody without our locks came in between.
const TRIES: usize = 8;

type Text = Zeroizing<String>;

/// What a change makes of the text.
enum Change<T> {
    Nothing(T),
    /// The new text, and what is kept as the last good version.
    Write {
        after: Text,
        backup: Option<Text>,
        then: T,
    },
}

/// Held during a change; the last that was taken is released first.
struct Alone {
    _theirs: Vec<KernelLock>,
    _store: Held,
    _owners: Option<Arc<Held>>,
}

impl FileStore {
    /// Compares and saves.
    pub(super) fn save_if(
        &self,
        key: &Key,
        expected: Expected,
        credential: &Credential,
    ) -> Result<Saved, StoreError> {
        self.change(|text| {
            let there = text.map(|text| self.shape().login(text, key)).transpose()?.flatten();
            if !expected.is_met_by(there.as_ref()) {
                let is_saved = there.as_ref().is_some_and(|there| is_same(there, credential));
                let changed = || Saved::Changed(there.map(Box::new));
                return Ok(Change::Nothing(if is_saved { Saved::Done } else { changed() }));
            }
            let after = self.shape().with_saved(text, key, expected, credential)?;
            let backup = text.map(|text| Text::new(text.to_owned()));
            Ok(Change::Write { after, backup, then: Saved::Done })
        })
    }

    /// Puts a reference to another tool's login under the key: the login stays that tool's, and is
    /// read where the tool keeps it. `false`, and nothing written, if something else stands under
    /// the key that was not to be replaced.
    ///
    /// # Errors
    /// [`StoreError`]; the file is as it was then. [`StoreError::ReadOnly`] if it is no file of ours.
    pub fn refer(
        &self,
        key: &Key,
        tool: Tool,
        path: &Path,
        replacing: bool,
    ) -> Result<bool, StoreError> {
        self.change(|text| {
            let there = text.map(|text| self.shape().entry(text, key)).transpose();
            match there.map(Option::flatten) {
                Ok(Some(Entry::Borrowed { tool: lender, path: at }))
                    if (lender, at.as_path()) == (tool, path) =>
                {
                    return Ok(Change::Nothing(true));
                }
                Ok(None | Some(Entry::Wiped)) => {}
                Ok(Some(_)) | Err(StoreError::Entry { .. }) if replacing => {}
                Ok(Some(_)) | Err(StoreError::Entry { .. }) => return Ok(Change::Nothing(false)),
                Err(why) => return Err(why),
            }
            let after = self.shape().refer(text, key, tool, path)?;
            let backup = text.map(|text| Text::new(text.to_owned()));
            Ok(Change::Write { after, backup, then: true })
        })
    }

    /// Takes an entry out of the file, and out of its last good version.
    pub(in crate::store) fn take_out(&self, key: &Key) -> Result<bool, StoreError> {
        self.change(|text| {
            let after = text.map(|text| self.shape().without(text, key)).transpose()?.flatten();
            Ok(match after {
                None => Change::Nothing(false),
                Some(after) => Change::Write { backup: Some(after.clone()), after, then: true },
            })
        })
    }

    /// Does something while nobody else changes this store.
    pub(in crate::store) fn exclusively<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        private::make_folder(&self.disk, folder_of(&self.path))?;
        let _locked = self.store_lock(&self.beside()?)?;
        work()
    }

    /// Whether a later save can succeed, before anything is spent on it.
    ///
    /// # Errors
    /// [`StoreError`] says why not.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        self.check_rights()?;
        private::make_folder(&self.disk, folder_of(&self.path))?;
        let beside = self.beside()?;
        let text = self.read()?;
        drop(self.owners_write_locks()?);
        // The file and its last good version, and room for tokens that are longer than before.
        let size = 2 * text.as_ref().map_or(0, |text| text.len()) + ROOM_FOR_TOKENS;
        let room = Zeroizing::new(vec![b' '; size]);
        let draft = |path: &Path| Draft::write(&self.disk, path, &room, OWNER_ONLY).map(drop);
        draft(&beside.draft()).at(beside.folder())?;
        match draft(&self.path) {
            Err(why) if in_place::is_needed(&why) && text.is_some() => {
                self.disk.open(&self.path).map(drop).at(&self.path)
            }
            written => written.at(folder_of(&self.path)),
        }
    }

    /// The text, whole. Another program may be in the middle of writing it, or one of ours may have
    /// ended there.
    pub(super) fn read(&self) -> Result<Option<Text>, StoreError> {
        let warnings = safety::look(&self.path)?;
        if self.tool.is_none() && warnings.iter().any(|it| matches!(it, Warning::Readable { .. })) {
            // One of ours is closed again; where that fails, the warning stays.
            let _ = self.disk.protect(&self.path, OWNER_ONLY);
        }
        match self.read_patiently() {
            Err(StoreError::Empty { .. } | StoreError::Corrupt { .. }) if self.is_unfinished() => {
                let beside = self.beside()?;
                let _alone = self.alone(&beside)?;
                self.finish_write(&beside)?;
                self.read_patiently()
            }
            Ok(Some(text)) if self.is_unfinished() => {
                // The text is whole with or without it.
                let _ = self.drop_draft();
                Ok(Some(text))
            }
            Ok(None) if self.tool.map_or(Ok(false), |tool| tool.migrate(&self.path))? => {
                self.read_patiently()
            }
            read => read,
        }
    }

    fn read_patiently(&self) -> Result<Option<Text>, StoreError> {
        let (begun, mut pause) = (Instant::now(), Duration::from_millis(1));
        loop {
            match self.read_once() {
                Err(StoreError::Empty { .. } | StoreError::Corrupt { .. })
                    if begun.elapsed() + pause <= TORN =>
                {
                    std::thread::sleep(pause);
                    pause = (2 * pause).min(TORN / 50);
                }
                read => return read.map_err(|why| why.of(&self.path, self.backup())),
            }
        }
    }

    /// Whether a write in place has left its draft, and we are to look after that.
    fn is_unfinished(&self) -> bool {
        self.check_rights().is_ok() && self.beside_if_any().draft().exists()
    }

    fn read_once(&self) -> Result<Option<Text>, StoreError> {
        let text = private::read(&self.path)?;
        text.as_ref().map(|text| self.shape().entries(text)).transpose()?;
        Ok(text)
    }

    /// What an earlier process could not finish, under the lock of this store.
    fn finish_write(&self, beside: &Beside) -> Result<(), StoreError> {
        match self.read_patiently() {
            Err(StoreError::Empty { .. } | StoreError::Corrupt { .. }) => {
                in_place::finish(&self.disk, &self.path, &beside.draft())
            }
            // Whole: it ended before its write began, or after, or somebody has written since.
            read => read.and(private::remove(&self.disk, &beside.draft())),
        }
    }

    /// Removes a draft that the file does not need: later it would be older than what stands there.
    /// A write that goes on has the lock.
    fn drop_draft(&self) -> Result<(), StoreError> {
        let beside = self.beside()?;
        let lock = self.wanted(beside.store_lock()).attempt(&self.shared.sightings)?;
        if lock.is_some() && self.read_once().is_ok() {
            private::remove(&self.disk, &beside.draft())?;
        }
        Ok(())
    }

    /// Read, change, write.
    fn change<T>(
        &self,
        change: impl Fn(Option<&str>) -> Result<Change<T>, StoreError>,
    ) -> Result<T, StoreError> {
        self.check_rights()?;
        private::make_folder(&self.disk, folder_of(&self.path))?;
        safety::look(&self.path)?;
        let beside = self.beside()?;
        let _alone = self.alone(&beside)?;
        self.sweep(&beside);
        if beside.draft().exists() {
            self.finish_write(&beside)?;
        }
        for _ in 0..TRIES {
            let before = self.read_patiently()?;
            let before = before.as_ref().map(|text| text.as_str());
            match change(before).map_err(|why| why.of(&self.path, self.backup()))? {
                Change::Nothing(then) => return Ok(then),
                Change::Write { after, backup, then } => {
                    if let Some(backup) = backup {
                        private::replace(&self.disk, &beside.backup(), backup.as_bytes())?;
                    }
                    if self.write(&beside, before, &after)? {
                        return Ok(then);
                    }
                }
            }
        }
        Err(StoreError::Busy { path: self.path.clone() })
    }

    /// `false` if somebody without our locks came in between, before or just after: look again.
    fn write(
        &self,
        beside: &Beside,
        before: Option<&str>,
        after: &str,
    ) -> Result<bool, StoreError> {
        let rights = self.tool.and_then(|_| safety::mode_of(&self.path)).unwrap_or(OWNER_ONLY);
        let draft = Draft::write(&self.disk, &self.path, after.as_bytes(), rights);
        if !self.is_still(before)? {
            return Ok(false);
        }
        match (draft.and_then(|draft| draft.move_to(&self.path)), before) {
            (Err(why), Some(before)) if in_place::is_needed(&why) => {
                self.warn(Warning::WrittenInPlace { path: self.path.clone() });
                in_place::write(&self.disk, &self.path, &beside.draft(), (before, after))?;
            }
            (moved, _) => {
                moved.and_then(|()| self.disk.sync_folder(folder_of(&self.path))).at(&self.path)?;
            }
        }
        self.disk.read_back(&self.path).at(&self.path)?;
        self.is_still(Some(after))
    }

    fn is_still(&self, text: Option<&str>) -> Result<bool, StoreError> {
        if self.path.is_symlink() {
            return Err(StoreError::BrokenLink { path: self.path.clone() });
        }
        match private::read(&self.path) {
            Err(StoreError::Corrupt { .. }) => Ok(false),
            read => Ok(read?.as_ref().map(|text| text.as_str()) == text),
        }
    }

    fn backup(&self) -> Option<PathBuf> {
        let backup = self.beside_if_any().checked().ok()?.backup();
        backup.is_file().then_some(backup)
    }

    /// Our folder beside the file, which need not be there.
    fn beside_if_any(&self) -> Beside {
        Beside::of(&self.path, self.far.as_deref())
    }

    /// Our folder beside the file, made.
    pub(super) fn beside(&self) -> Result<Beside, StoreError> {
        let beside = Beside::make(&self.disk, &self.path, self.far.as_deref())?;
        if folder_of(beside.folder()) != folder_of(&self.path) {
            self.warn(Warning::NotesElsewhere { path: beside.folder().to_owned() });
        }
        Ok(beside)
    }

    /// Every lock that a change needs, in this order.
    fn alone(&self, beside: &Beside) -> Result<Alone, StoreError> {
        let owners = self.owners_lock()?;
        let store = self.store_lock(beside)?;
        Ok(Alone { _theirs: self.owners_write_locks()?, _store: store, _owners: owners })
    }

    fn store_lock(&self, beside: &Beside) -> Result<Held, StoreError> {
        let path = beside.store_lock();
        let wanted = self.wanted(path.clone());
        let held = Patience::of(WRITE).wait(|| wanted.attempt(&self.shared.sightings))?;
        let held = held.ok_or(StoreError::Busy { path })?;
        self.warn_of(&held);
        Ok(held)
    }

    /// The lock of the tool that owns the file: held by a renewal of this store already, or taken
    /// for this change.
    fn owners_lock(&self) -> Result<Option<Arc<Held>>, StoreError> {
        if !self.owner.is_for_renewals() {
            return Ok(None);
        }
        let held = self.shared.owners.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(held) = held.filter(HeldLock::is_held) {
            return Ok(Some(held));
        }
        let wanted = self.owner_wanted();
        let held = Patience::of(WRITE).wait(|| wanted.attempt(&self.shared.sightings))?;
        let held = held.ok_or_else(|| StoreError::Busy { path: self.path.clone() })?;
        Ok(Some(Arc::new(held)))
    }

    fn owners_write_locks(&self) -> Result<Vec<KernelLock>, StoreError> {
        let held = self.owner.for_writing(&self.disk, WRITE)?;
        held.ok_or_else(|| StoreError::Busy { path: self.path.clone() })
    }

    fn sweep(&self, beside: &Beside) {
        let folders = [folder_of(&self.path), beside.folder()];
        folders.into_iter().chain(self.owner.folders()).for_each(private::sweep);
    }

    /// What killed processes of ours have left about the file. The next write removes it.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let beside = self.beside_if_any();
        let mut left: Vec<_> = [folder_of(&self.path), beside.folder()]
            .into_iter()
            .flat_map(private::left_behind)
            .collect();
        left.extend(Some(beside.draft()).filter(|draft| draft.exists()));
        left
    }

    /// Whether anything may be written here at all.
    pub(super) fn check_rights(&self) -> Result<(), StoreError> {
        match self.tool {
            Some(tool) if !tool.may_renew(self.renewing) => {
                Err(StoreError::ReadOnly { owner: tool.name().to_owned() })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// This credential and no other: saved by us before, when we could not be sure of it.
pub(in crate::store) fn is_same(there: &Credential, credential: &Credential) -> bool {
    let tokens = |credential: &Credential| {
        (credential.access_token.digest(), credential.renewed_by().map(Secret::digest))
    };
    tokens(there) == tokens(credential)
}
