//! The store: can it be read and written, who else can, do locks work, what was left behind.

use std::path::Path;
use std::time::Duration;

use grantflow::core::Lock;
use grantflow::store::Warning;
use grantflow::{CredentialStore, FileStore, Key, StoreError};

use super::{Finding, Level};
use crate::arguments::quoted;
use crate::here::Store;

/// The record whose lock is tried. No provider has this id.
const NOBODY: &str = "doctor";

pub(super) async fn look(store: &Store) -> Vec<Finding> {
    let name = store.as_store().describe();
    let mut findings = vec![readable(store.as_store(), &name).await];
    findings.push(writable(store.as_store(), &name).await);
    // A second store, as a second process has it.
    let other = match store {
        Store::File(file) => Store::File(FileStore::at(file.path())),
        Store::Keychain(chain) => Store::Keychain(chain.clone()),
    };
    findings.extend(locks(store.as_store(), other.as_store()).await);
    if let Some(file) = store.file() {
        // Last: what came up meanwhile is told as well.
        findings.extend(safety(file));
        findings.push(leftovers(file));
    }
    findings
}

async fn readable(store: &dyn CredentialStore, name: &str) -> Finding {
    match store.list().await {
        Ok(records) if records.is_empty() => {
            Finding::ok("store", format!("{name}: nobody is signed in there"))
        }
        Ok(records) => {
            Finding::ok("store", format!("{name} can be read, {}", count(records.len())))
        }
        Err(why) => Finding::fail("store", why.to_string(), repair(&why)),
    }
}

fn count(logins: usize) -> String {
    if logins == 1 { "1 login".to_owned() } else { format!("{logins} logins") }
}

async fn writable(store: &dyn CredentialStore, name: &str) -> Finding {
    match store.probe(&Key::of(NOBODY)).await {
        Ok(()) => Finding::ok("writable", format!("{name} can be written")),
        Err(StoreError::ReadOnly { owner }) => {
            Finding::ok("writable", format!("{owner} writes {name}, and we only read it"))
        }
        Err(why) => Finding::fail("writable", why.to_string(), repair(&why)),
    }
}

/// Two who use the store have to keep each other out.
async fn locks(store: &dyn CredentialStore, other: &dyn CredentialStore) -> Option<Finding> {
    let (first, second) = (store.locks()?, other.locks()?);
    let key = Key::of(NOBODY);
    let held = match first.acquire(&key, Lock::Ours, Duration::from_secs(1)).await {
        Ok(Some(held)) => held,
        Ok(None) => {
            let what = "somebody else holds the lock that is tried here";
            return Some(Finding::warn("locks", what, "try again: grantflow doctor"));
        }
        Err(why) => return Some(Finding::fail("locks", why.to_string(), repair(&why))),
    };
    let entered = second.acquire(&key, Lock::Ours, Duration::ZERO).await;
    drop(held);
    Some(match entered {
        Ok(None) => Finding::ok("locks", "two who use the store keep each other out"),
        Ok(Some(_)) => Finding::fail(
            "locks",
            "two can hold one lock at once, so that one may log the other out",
            LOCAL,
        ),
        Err(why) => Finding::fail("locks", why.to_string(), repair(&why)),
    })
}

const LOCAL: &str = "keep the store on a local file system: --store PATH, or GRANTFLOW_STORE";

fn safety(file: &FileStore) -> Vec<Finding> {
    let Ok(warnings) = file.warnings() else {
        // The store could not be read for the same reason, which was told.
        return Vec::new();
    };
    if warnings.is_empty() {
        return vec![Finding::ok("permissions", "nobody else can read or change the store")];
    }
    warnings.iter().map(|warning| Finding { level: Level::Warn, ..told(warning) }).collect()
}

fn told(warning: &Warning) -> Finding {
    let place = |path: &Path| quoted(&path.display().to_string());
    let (check, next) = match warning {
        Warning::Readable { path } => ("permissions", format!("chmod 600 {}", place(path))),
        Warning::SharedFolder { path } => ("permissions", format!("chmod go-w {}", place(path))),
        Warning::WrittenInPlace { .. } => {
            ("writable", "mount the folder of the store, not the file alone".to_owned())
        }
        Warning::NotesElsewhere { .. } => {
            ("locks", "let everyone use the store by this same path, on this machine".to_owned())
        }
        Warning::NoKernelLock { .. } => ("locks", LOCAL.to_owned()),
        _ => ("store", "see docs/cli.md".to_owned()),
    };
    Finding::warn(check, warning.to_string(), next)
}

fn leftovers(file: &FileStore) -> Finding {
    let left = file.leftovers();
    let Some(first) = left.first() else {
        return Finding::ok("leftovers", "no interrupted write has left anything");
    };
    let more = if left.len() > 1 { format!(" and {} more", left.len() - 1) } else { String::new() };
    Finding::warn(
        "leftovers",
        format!("an interrupted write has left {}{more}", first.display()),
        "nothing: the next login or renewal clears it away",
    )
}

/// One thing to do about it.
fn repair(why: &StoreError) -> String {
    let place = |path: &Path| quoted(&path.display().to_string());
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others say what is to be mended")]
    match why {
        StoreError::Empty { path, backup: Some(backup) }
        | StoreError::Corrupt { path, backup: Some(backup), .. } => {
            format!("cp {} {}", place(backup), place(path))
        }
        StoreError::Empty { path, backup: None } => {
            format!("rm {}, then sign in: grantflow login", place(path))
        }
        StoreError::Unsafe { path, .. } => {
            format!("own it, and: chmod go-w {}", place(path))
        }
        StoreError::NoLock { .. } => LOCAL.to_owned(),
        StoreError::Busy { .. } => "wait for whoever uses it, and try again".to_owned(),
        StoreError::Keychain(_) => {
            "unlock it, or keep the logins in a file: leave out --store".to_owned()
        }
        _ => "repair that, or name another store: --store PATH".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use grantflow::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn locks_that_keep_nobody_out_are_a_failure() {
        // Each has locks of its own, as on a file system that forgets whom it told.
        let (one, other) = (MemoryStore::new(), MemoryStore::new());
        let broken = locks(&one, &other).await.map(|finding| finding.level);
        assert_eq!(broken, Some(Level::Fail));
        let whole = locks(&one, &one.clone()).await.map(|finding| finding.level);
        assert_eq!(whole, Some(Level::Ok));
    }
}
