//! The files of other tools: what is read in them, and what a save changes there.

mod borrowed;
mod claude;
mod codex;
mod merging;
mod own;
mod pi;
mod places;

use grantflow::core::Credential;
use grantflow::store::{Entry, Key, Shape};

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

/// The login under a key.
fn login(shape: Shape, text: &str, at: &str) -> Credential {
    let entry = shape.entry(text, &key(at)).unwrap();
    entry.and_then(Entry::into_login).expect("a login")
}

/// The text after a save.
fn saved(shape: Shape, text: &str, credential: &Credential) -> String {
    shape.with(Some(text), &Key::of(&credential.provider), credential).unwrap().to_string()
}

/// The text with each of these in place of the other, which stands there once.
fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
        text.replace(old, new)
    })
}
