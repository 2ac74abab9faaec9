//! Secrets as marks: what was secret in a scenario, what came out of it, and whether one is in the
//! other, in any of the forms that programs give to texts.
//!
//! The secrets of a scenario are its own: random, or made from the scenario's seed. So each is a mark
//! that nothing else can contain, and what carries it has leaked it.

mod harvest;
mod haystack;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use harvest::{form_values, is_word, json_values};
use haystack::Haystack;

/// Below this a text may stand somewhere by chance.
const SHORTEST: usize = 12;

/// Members of replies, requests and files whose values let somebody in.
const NAMES: [&str; 20] = [
    "access",
    "access_token",
    "assertion",
    "authorization_code",
    "client_secret",
    "code",
    "code_verifier",
    "device_auth_id",
    "device_code",
    "id_token",
    "key",
    "refresh",
    "refresh_token",
    "state",
    "states",
    "subject",
    "subject_token",
    "token",
    "userCode",
    "verifier",
];

/// What was secret, and what came out.
#[derive(Default)]
pub struct Canaries {
    /// Each secret, and what it is called.
    secrets: BTreeMap<String, String>,
    heard: Vec<(String, Vec<u8>)>,
    shown: Vec<String>,
}

impl Debug for Canaries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets, {} texts", self.secrets.len(), self.heard.len())
    }
}

/// A secret where none may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// What the secret is called.
    pub secret: String,
    /// Where it was found.
    pub channel: String,
    /// In which form.
    pub form: &'static str,
}

impl Canaries {
    /// This is secret.
    pub fn mark(&mut self, name: &str, secret: &str) {
        if secret.len() >= SHORTEST {
            self.secrets.insert(secret.to_owned(), name.to_owned());
        }
    }

    /// Whatever has the name of a secret in here is one: in JSON, forms, queries and headers, whole
    /// or as bytes on a wire.
    pub fn harvest(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for name in NAMES {
            let values = json_values(&text, name).chain(form_values(&text, name));
            for value in values.filter(|value| !is_word(value)) {
                self.mark(name, &value);
            }
        }
        for line in text.lines() {
            let header = line.to_ascii_lowercase();
            if header.starts_with("authorization: ") {
                self.mark("authorization", line.rsplit(' ').next().unwrap_or_default());
            }
        }
    }

    /// Takes a text out of the secrets: it is public, whatever its name.
    pub fn is_public(&mut self, text: &str) {
        self.secrets.remove(text);
    }

    /// An address that a person has to see as it stands, with the `state` that is in it.
    pub fn is_shown(&mut self, address: &str) {
        self.shown.push(address.to_owned());
    }

    /// This came out.
    pub fn hear(&mut self, channel: &str, bytes: impl AsRef<[u8]>) {
        self.heard.push((channel.to_owned(), bytes.as_ref().to_vec()));
    }

    /// As `Debug` prints it, on one line and on several.
    pub fn print(&mut self, value: &(impl Debug + ?Sized)) {
        self.hear("Debug", format!("{value:?}\n{value:#?}"));
    }

    /// What stands in a folder: the names of all files, and the contents of those that are not
    /// `private`, by a part of their path.
    ///
    /// # Panics
    /// When the folder cannot be read.
    pub fn hear_folder(&mut self, folder: &Path, private: &[&str]) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            self.hear("the name of a file", path.as_os_str().as_encoded_bytes());
            let is_private = private.iter().any(|name| path.to_string_lossy().contains(name));
            if path.is_dir() {
                self.hear_folder(&path, private);
            } else if !is_private && path.is_file() {
                let text = fs::read(&path).expect("a file");
                self.hear(&format!("the file {}", path.display()), text);
            }
        }
    }

    /// What others can see of a process that has said something: its arguments, and its environment
    /// if that is asked for. Before its first word it may have neither.
    ///
    /// # Panics
    /// When it has ended.
    #[cfg(target_os = "linux")]
    pub fn hear_process(&mut self, id: u32, with_environment: bool) {
        let of = |what: &str| fs::read(format!("/proc/{id}/{what}")).expect("it runs");
        let arguments = of("cmdline");
        assert!(!arguments.is_empty(), "{id} has ended, or was just started");
        self.hear("the arguments of a process", arguments);
        self.hear("the title of a process", of("comm"));
        if with_environment {
            self.hear("the environment of a process", of("environ"));
        }
    }

    /// How many secrets there are.
    pub fn count(&self) -> usize {
        self.secrets.len()
    }

    /// The secrets of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.secrets.iter().filter(move |(_, its)| *its == name).map(|(secret, _)| secret.as_str())
    }

    /// How much came out by this channel.
    pub fn length_of(&self, channel: &str) -> usize {
        let heard = self.heard.iter().filter(|(its, _)| its == channel);
        heard.map(|(_, bytes)| bytes.len()).sum()
    }

    /// Each secret that is somewhere in what came out, by its name, channel and form.
    pub fn leaks(&self) -> Vec<Leak> {
        let mut leaks = Vec::new();
        for (channel, bytes) in &self.heard {
            let text = Haystack::of(bytes, &self.shown);
            for (secret, name) in &self.secrets {
                if let Some(form) = text.form_of(secret) {
                    let (secret, channel) = (name.clone(), channel.clone());
                    leaks.push(Leak { secret, channel, form });
                }
            }
        }
        leaks.sort();
        leaks.dedup();
        leaks
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::haystack::spelt;
    use super::*;

    const SECRET: &str = "Zl3pN0b1sVQ-0123456789_abcdefghijklmnopqrst";

    #[test]
    fn a_secret_is_found_in_every_form() {
        let hex = spelt(SECRET.as_bytes(), |byte| format!("{byte:02x}"));
        let percent = spelt(SECRET.as_bytes(), |byte| format!("%{byte:02X}"));
        let bytes = SECRET.as_bytes();
        for (form, text) in [
            ("raw", format!("an error about {SECRET}")),
            ("raw", SECRET.to_lowercase()),
            ("percent", format!("https://x.example/?q={percent}&b=1")),
            ("hex", hex.clone()),
            ("hex", hex.to_uppercase()),
            ("bytes", format!("{bytes:?}")),
            ("bytes", format!("{bytes:#?}")),
            ("base64", STANDARD.encode(SECRET)),
            ("base64", STANDARD.encode(format!("a{SECRET}"))),
            ("base64", STANDARD.encode(format!("ab{SECRET}c"))),
            ("base64", URL_SAFE.encode(format!("abc{SECRET}d"))),
            ("broken over lines", format!("{}\n  {}", &SECRET[..10], &SECRET[10..])),
            ("in part", format!("{}…", &SECRET[..24])),
            ("in part", format!("…{}", &SECRET[20..])),
        ] {
            let mut canaries = Canaries::default();
            canaries.mark("a token", SECRET);
            canaries.hear("stderr", &text);
            let leak = Leak { secret: "a token".into(), channel: "stderr".into(), form };
            assert_eq!(canaries.leaks(), [leak], "{text}");
        }
    }

    #[test]
    fn what_is_not_secret_is_no_leak() {
        let mut canaries = Canaries::default();
        canaries.mark("a token", SECRET);
        canaries.hear("stderr", "signed in to Acme as person@example.com");
        canaries.print(&SECRET.len());
        let address = format!("https://acme.example/authorize?state={SECRET}");
        canaries.is_shown(&address);
        canaries.hear("stdout", format!("open {address}"));
        assert_eq!(canaries.leaks(), []);
        canaries.hear("stdout", format!("state={SECRET}"));
        assert_eq!(canaries.leaks().len(), 1, "it is shown in its address and nowhere else");
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for text in [
            r#"{"access_token":"the-secret-one-1","expires_in":3600}"#,
            r#"{"a":{"refresh" : "the-secret-one-1"}}"#,
            r#"{"states":["the-secret-one-1","the-secret-two-2"]}"#,
            "grant_type=refresh_token&refresh_token=the-secret-one-1&client_id=x",
            "HTTP/1.1 302 Found\r\nlocation: http://x/cb?code=the-secret-one-1&iss=y\r\n",
            "client_secret=the%2Dsecret-one-1",
            "POST / HTTP/1.1\r\nAuthorization: Bearer the-secret-one-1\r\n",
        ] {
            let mut canaries = Canaries::default();
            canaries.harvest(text.as_bytes());
            assert!(canaries.secrets.contains_key("the-secret-one-1"), "{text}");
        }
        let mut canaries = Canaries::default();
        canaries.harvest(b"error_code=not-a-secret-at-all&token_type=Bearer-or-so-it-is");
        canaries.harvest(
            br#"{"user_code":"WDJB-MJHT-or-longer","code":"authorization_pending","state":null}"#,
        );
        assert_eq!(canaries.count(), 0, "{:?}", canaries.secrets);
    }

    #[test]
    fn a_file_tells_by_its_name_and_by_its_text_unless_it_is_private() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).expect("a folder");
        fs::write(inside.join("auth.json"), SECRET).expect("a file");
        fs::write(inside.join("note"), SECRET).expect("a file");
        fs::write(folder.path().join(format!("{SECRET}.tmp")), "").expect("a file");
        let mut canaries = Canaries::default();
        canaries.mark("a token", SECRET);
        canaries.hear_folder(folder.path(), &["auth.json"]);
        let note = format!("the file {}", inside.join("note").display());
        let channels: Vec<_> = canaries.leaks().into_iter().map(|leak| leak.channel).collect();
        assert_eq!(channels[0], note);
        assert!(channels.contains(&"the name of a file".to_owned()));
        assert!(!channels.iter().any(|channel| channel.contains("auth.json")));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_tells_by_its_arguments_and_its_environment() {
        use std::io::{Read as _, Write as _};
        use std::process::{Command, Stdio};
        let waiting = |arguments: &[&str], value: &str| {
            let mut cat = Command::new("cat");
            cat.args(arguments)
                .env("T", value)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            cat.spawn().expect("cat")
        };
        for (arguments, value, channel) in [
            (&["-", SECRET][..], "", "the arguments of a process"),
            (&["-"], SECRET, "the environment of a process"),
        ] {
            let mut canaries = Canaries::default();
            canaries.mark("a token", SECRET);
            let mut child = waiting(arguments, value);
            let mut says = [0];
            child.stdin.as_mut().expect("a pipe").write_all(b".").expect("written");
            child.stdout.as_mut().expect("a pipe").read_exact(&mut says).expect("it runs");
            canaries.hear_process(child.id(), true);
            drop(child.stdin.take());
            child.wait().expect("ended");
            let channels: Vec<_> = canaries.leaks().into_iter().map(|leak| leak.channel).collect();
            assert_eq!(channels, [channel]);
        }
    }
}
