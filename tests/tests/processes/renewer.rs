//! A process that renews one record: for tests that need many of them, to be killed, to be stopped,
//! or to die by themselves at one exact step.
//!
//! `renewer store=PATH provider=JSON` renews once and prints how that ended; so does
//! `renewer tool=TOOL detour=ISSUER`, in that tool's own file, with the vendor's addresses leading to
//! ISSUER. What else it can be told:
//!
//! | argument | what it does |
//! |---|---|
//! | `every=MS` | renews until its standard input ends, with this pause in between, and prints nothing |
//! | `if=due` | asks for a token that works, so that only a token that is due is renewed |
//! | `owner=pi`, `claude-code`, `codex` | takes that tool's locks as well |
//! | `locks=none` | takes no locks and writes no marks, as a program does that never heard of them |
//! | `marks=none` | takes the locks and writes no marks |
//! | `die=TASK:N` | dies when this task was performed for the Nth time |
//! | `wait=TASK:N` | goes no further than that until its standard input ends |
//! | `die=CALL:FILE:N` | dies before this system call on a file of this ending, the Nth time |
//! | `rename=refused` | the store's file cannot be moved into its place |
//! | `log=FILE` | writes there when it has the lock and when it gives it back |
#![allow(clippy::unwrap_used, clippy::expect_used)] // a program for tests fails as tests do

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use grantflow::drive::BoxFuture;
use grantflow::store::{Call, Expected, Faults, Locks, OwnerLock, Record, Saved, Tool};
use grantflow::transport::{Http, HttpOptions, Transport};
use grantflow::{
    Client, Configuration, Credential, CredentialStore, Event, FileStore, Key, Logins,
    ProviderFile, StoreError,
};
use grantflow_tests::Detour;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let told = Told::by(std::env::args().skip(1));
    let client = told.value("provider").map(|provider| {
        let provider = ProviderFile::parse(provider).expect("a provider file").provider;
        Client::new(provider, Configuration::default()).expect("a client")
    });
    let http = Http::new(&HttpOptions::default()).expect("HTTP");
    let http: Arc<dyn Transport> = match told.value("detour") {
        Some(issuer) => Arc::new(Detour::to(issuer, http)),
        None => Arc::new(http),
    };
    let pause = told.number("every").map(Duration::from_millis);
    let is_over = Arc::new(AtomicBool::new(false));
    if pause.is_some() {
        let is_over = Arc::clone(&is_over);
        thread::spawn(move || {
            await_the_end_of_input();
            is_over.store(true, Ordering::SeqCst);
        });
    }
    while !is_over.load(Ordering::SeqCst) {
        let is_none = |what| told.value(what) == Some("none");
        let logins = if is_none("locks") || is_none("marks") {
            let bare = Bare { file: told.store(), has_locks: !is_none("locks") };
            Logins::over(bare, http.clone())
        } else {
            Logins::over(told.store(), http.clone())
        };
        let outcome = renew(&told, logins, client.as_ref()).await;
        match pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return println!("{outcome}"),
        }
    }
}

async fn renew(told: &Told, logins: Logins, client: Option<&Client>) -> String {
    let watcher = Watcher::of(told);
    let logins = logins.with_watch(move |event| watcher.see(event));
    let (logins, id) = match client {
        Some(client) => (logins.with_client(client.clone()), client.provider().id.as_str()),
        // The preset's.
        None => (logins, if told["tool"] == *"codex" { "openai-codex" } else { "anthropic" }),
    };
    let outcome = match told.value("if") {
        Some("due") => logins.access_token(id, Duration::ZERO).await,
        _ => logins.refresh(id).await,
    };
    outcome.map_or_else(|why| format!("{why:?}"), |_| "renewed".to_owned())
}

fn await_the_end_of_input() {
    io::stdin().read_to_end(&mut Vec::new()).expect("a standard input that ends");
}

/// The file without a journal, and perhaps without locks.
#[derive(Debug)]
struct Bare {
    file: FileStore,
    has_locks: bool,
}

impl CredentialStore for Bare {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        CredentialStore::load(&self.file, key)
    }

    fn save<'a>(
        &'a self,
        key: &'a Key,
        expected: Expected,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Saved, StoreError>> {
        CredentialStore::save(&self.file, key, expected, credential)
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, StoreError>> {
        CredentialStore::remove(&self.file, key)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(Key, Record)>, StoreError>> {
        CredentialStore::list(&self.file)
    }

    fn locks(&self) -> Option<&dyn Locks> {
        self.file.locks().filter(|_| self.has_locks)
    }

    fn describe(&self) -> String {
        self.file.describe()
    }
}

/// The arguments by name.
struct Told(BTreeMap<String, String>);

impl Told {
    fn by(arguments: impl Iterator<Item = String>) -> Self {
        let pair = |argument: String| {
            let (name, value) = argument.split_once('=').expect("name=value");
            (name.to_owned(), value.to_owned())
        };
        Self(arguments.map(pair).collect())
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.value(name).map(|text| text.parse().expect("a number"))
    }

    fn store(&self) -> FileStore {
        if let Some(tool) = self.value("tool") {
            let tool: Tool = tool.parse().expect("a tool");
            return FileStore::of(tool).expect("its variable").renewing(true);
        }
        let path = Path::new(&self["store"]);
        let store = match self.value("owner") {
            Some("pi") => FileStore::at(path).locked_by(OwnerLock::pi(path)),
            Some("claude-code") => FileStore::at(path).locked_by(OwnerLock::claude_code(path)),
            Some("codex") => FileStore::at(path).locked_by(OwnerLock::codex(path)),
            Some(other) => panic!("no tool {other}"),
            None => FileStore::at(path),
        };
        store.with_faults(Arc::new(Disk {
            file: path.file_name().unwrap().to_str().unwrap().to_owned(),
            refuses_rename: self.value("rename") == Some("refused"),
            death: self.value("die").and_then(Moment::of_call),
        }))
    }
}

impl std::ops::Index<&str> for Told {
    type Output = str;

    fn index(&self, name: &str) -> &str {
        self.value(name).unwrap_or_else(|| panic!("without {name}"))
    }
}

/// The so-manieth time that something happens.
#[derive(Debug)]
struct Moment {
    what: String,
    /// The ending of the file that a system call is about.
    file: Option<String>,
    left: AtomicUsize,
}

impl Moment {
    /// `CALL:FILE:N`.
    fn of_call(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (what, file, number) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self::new(what, Some(file), number))
    }

    /// `TASK:N`.
    fn of_task(text: &str) -> Option<Self> {
        let (what, number) = text.split_once(':').filter(|(_, rest)| !rest.contains(':'))?;
        Some(Self::new(what, None, number))
    }

    fn new(what: &str, file: Option<&str>, number: &str) -> Self {
        let left = AtomicUsize::new(number.parse().expect("a number"));
        Self { what: what.to_owned(), file: file.map(str::to_owned), left }
    }

    /// Whether it is this one: asked each time that something happens.
    fn has_come(&self, what: &str, path: Option<&Path>) -> bool {
        let is_file = |ending: &String| path.is_some_and(|path| ends_with(path, ending));
        self.what == what
            && self.file.as_ref().is_none_or(is_file)
            && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.to_str().is_some_and(|path| path.ends_with(ending))
}

/// What a renewal does is where this process dies, waits, or tells others that it is there.
struct Watcher {
    death: Option<Moment>,
    wait: Option<Moment>,
    log: Option<String>,
}

impl Watcher {
    fn of(told: &Told) -> Self {
        let moment = |name| told.value(name).and_then(Moment::of_task);
        Self {
            death: moment("die"),
            wait: moment("wait"),
            log: told.value("log").map(str::to_owned),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only two of them are anybody's moment")]
    fn see(&self, event: &Event) {
        let happened = match event {
            Event::Performed { task, went_well: true } => *task,
            Event::Sent { .. } => "send",
            Event::Answered { .. } => "answer",
            Event::Polled { state: "Unlocking", .. } => return self.tell("leave"),
            _ => return,
        };
        if happened == "lock" {
            self.tell("enter");
        }
        if self.death.as_ref().is_some_and(|death| death.has_come(happened, None)) {
            process::abort();
        }
        if self.wait.as_ref().is_some_and(|wait| wait.has_come(happened, None)) {
            await_the_end_of_input();
        }
    }

    /// One write each: the lines of many processes stay whole.
    fn tell(&self, what: &str) {
        let Some(log) = &self.log else { return };
        let mut log = OpenOptions::new().append(true).create(true).open(log).unwrap();
        log.write_all(format!("{what} {}\n", process::id()).as_bytes()).unwrap();
    }
}

/// The moment of death, and a file that cannot be moved into its place.
#[derive(Debug)]
struct Disk {
    file: String,
    refuses_rename: bool,
    death: Option<Moment>,
}

impl Faults for Disk {
    fn before(&self, call: Call, path: &Path) -> io::Result<()> {
        let call_by_name = format!("{call:?}");
        if self.death.as_ref().is_some_and(|death| death.has_come(&call_by_name, Some(path))) {
            process::abort();
        }
        if self.refuses_rename && call == Call::Rename && ends_with(path, &self.file) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        Ok(())
    }
}
