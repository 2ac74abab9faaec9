//! The files of agents, ours and those of others, read and written as texts.

use grantflow::store::{Entries, Entry, Key, Shape, StoreError, Tool};
use grantflow::{Credential, Secret};
use zeroize::Zeroizing;

use crate::choices::Choices;
use crate::endpoint::{gate, url_gate};
use crate::formats::{members, unmarked};
use crate::token::is_not_shown;

/// What is examined: how a login is put into a text, and taken out of it.
#[derive(Clone, Copy, Debug)]
pub struct Editing {
    /// The text with this under the key.
    pub with: With,
    /// The text without what stands under the key.
    pub without: Without,
}

/// The text with this under the key.
pub type With = fn(Shape, Option<&str>, &Key, &Credential) -> Result<Text, StoreError>;
/// The text without what stands under the key.
pub type Without = fn(Shape, &str, &Key) -> Result<Option<Text>, StoreError>;
/// A text with secrets.
pub type Text = Zeroizing<String>;

impl Editing {
    /// As it is shipped.
    pub const SHIPPED: Self = Self { with: Shape::with, without: Shape::without };
}

/// Files that hold a login for each provider: ours and pi's. The first byte chooses the file, the key
/// and the login, the rest is the text.
///
/// # Panics
/// When an invariant does not hold.
pub fn store_of_many(bytes: &[u8], editing: &Editing) {
    let mut choices = Choices::new(bytes);
    let choice = choices.byte();
    let shape = if choice & 1 == 0 { Shape::Own } else { Shape::Of(Tool::Pi) };
    let key =
        ["anthropic", "kimi", "anthropic:work", "github-copilot"][usize::from(choice >> 1 & 3)];
    edited(choices.rest(), shape, &key.into(), choice >> 3, editing);
}

/// Files of one login: Claude Code's and Codex's. The first byte chooses the file and the login.
///
/// # Panics
/// When an invariant does not hold.
pub fn store_of_one(bytes: &[u8], editing: &Editing) {
    let mut choices = Choices::new(bytes);
    let choice = choices.byte();
    let (tool, key) = match choice & 1 {
        0 => (Tool::ClaudeCode, "anthropic"),
        _ => (Tool::Codex, "openai-codex"),
    };
    edited(choices.rest(), Shape::Of(tool), &key.into(), choice >> 3, editing);
}

/// Files that are only read. The first byte chooses whose.
///
/// # Panics
/// When an invariant does not hold.
pub fn store_of_guests(bytes: &[u8], read: fn(Shape, &str) -> Result<Entries, StoreError>) {
    const GUESTS: [Tool; 5] =
        [Tool::Opencode, Tool::GeminiCli, Tool::QwenCode, Tool::CopilotEditors, Tool::Synaps];
    let Some((choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let shape = Shape::Of(GUESTS[usize::from(*choice) % GUESTS.len()]);
    let Ok(entries) = read(shape, text) else { return };
    assert!(members(unmarked(text)).is_some(), "only an object has entries: {text:?}");
    entries_make_sense(text, &entries);
    let shown = format!("{entries:?}");
    for (key, _) in &entries {
        let written = shape.with(Some(text), key, &renewed(None));
        assert!(
            matches!(written, Err(StoreError::ReadOnly { .. })),
            "a guest writes nothing: {shown}"
        );
    }
}

fn edited(bytes: &[u8], shape: Shape, key: &Key, choice: u8, editing: &Editing) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(entries) = shape.entries(text) {
        entries_make_sense(text, &entries);
    }
    let there = shape.entry(text, key).ok().flatten().and_then(Entry::into_login);
    let before = Some(text).filter(|_| choice & 2 == 0);
    let is_renewal = choice & 1 == 1 && before.is_some() && there.is_some();
    let credential = renewed(there.filter(|_| is_renewal));
    let Ok(after) = (editing.with)(shape, before, key, &credential) else { return };
    let before = before.map_or("{}\n", |text| text);
    let places = places(shape, key);
    others_stay(before, &after, &places);
    it_is_there(shape, &after, key, &credential);
    let again = (editing.with)(shape, Some(&after), key, &credential).expect("what was written");
    assert_eq!(*again, *after, "writing it twice changes nothing");
    if is_renewal {
        what_we_do_not_know_stays(shape, before, &after, &places[0]);
    }
    let without = (editing.without)(shape, &after, key).expect("what was written");
    let without = without.expect("something stands there");
    others_stay(before, &without, &places);
    let left = shape.entry(&without, key).expect("what is left").is_some();
    assert!(!left, "what is removed is gone: {:?}", *without);
}

/// With new tokens.
fn renewed(there: Option<Credential>) -> Credential {
    let there = there.unwrap_or_else(|| {
        let origin = "https://issuer.example/token".into();
        let client_id = "our-client".into();
        Credential { origin, client_id, ..Credential::bare("any", Secret::default()) }
    });
    Credential {
        access_token: Secret::new("new-access-token-0123456789"),
        refresh_token: there
            .subject_token
            .is_none()
            .then(|| Secret::new("new-refresh-token-0123456789")),
        subject_token: there
            .subject_token
            .as_ref()
            .map(|_| Secret::new("new-first-token-0123456789")),
        // No token says so: their times are whole seconds.
        obtained_at: 1_780_000_000_457,
        expires_at: Some(1_780_003_600_000),
        ..there
    }
}

fn entries_make_sense(text: &str, entries: &Entries) {
    for (key, entry) in entries {
        let Ok(Entry::Login(login)) = entry else { continue };
        let has_token = |secret: &Secret| !secret.expose().trim().is_empty();
        let is_filled =
            has_token(&login.access_token) || login.subject_token.as_ref().is_some_and(has_token);
        assert!(is_filled, "a login has a token: {key} in {text:?}");
        let secrets = [
            Some(&login.access_token),
            login.refresh_token.as_ref(),
            login.subject_token.as_ref(),
            login.id_token.as_ref(),
        ];
        for secret in secrets.into_iter().flatten() {
            // What stands under a provider's name as well is no secret.
            if !key.to_string().contains(secret.expose())
                && !login.provider.contains(secret.expose())
            {
                is_not_shown(secret.expose(), entry);
            }
        }
        if let Some(base) = &login.api_base {
            url_gate(base.as_str().as_bytes(), gate);
        }
    }
}

/// Where the login stands, by names: its own member first.
fn places(shape: Shape, key: &Key) -> Vec<String> {
    match shape {
        Shape::Of(Tool::ClaudeCode) => vec!["claudeAiOauth".into()],
        Shape::Of(Tool::Codex) => vec!["tokens".into(), "last_refresh".into()],
        Shape::Of(Tool::Pi) => vec![key.to_string().replacen("kimi", "kimi-coding", 1)],
        Shape::Own | Shape::Of(_) => vec![key.to_string()],
    }
}

/// Every byte outside the places.
fn others_stay(before: &str, after: &str, places: &[String]) {
    let others = |text| {
        let members = members(unmarked(text)).unwrap_or_else(|| panic!("it stays JSON: {text:?}"));
        let others =
            members.into_iter().filter(|(name, _)| !places.iter().any(|place| place == name));
        others.map(|(name, raw)| (name.into_owned(), raw.get().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(others(after), others(before), "what others have there stays");
    // An entry that comes or goes is one piece of the text. White space in empty braces goes with it.
    let ((was, old), (is, new)) = (without_values(before, places), without_values(after, places));
    let (less, more) = if old <= new { (&was, &is) } else { (&is, &was) };
    let start = alike(less.bytes(), more.bytes());
    let end = alike(less.bytes().rev(), more.bytes().rev()).min(less.len() - start);
    let is_blank = less.as_bytes()[start..less.len() - end].trim_ascii().is_empty();
    let goes_in_two = places.len() > 1 && new < old;
    assert!(is_blank || goes_in_two, "every other byte stays: {before:?} became {after:?}");
}

fn alike(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

/// The text with nothing where the values at these places stand, and how many do.
fn without_values(text: &str, places: &[String]) -> (String, usize) {
    let (mut left, mut count) = (text.to_owned(), 0);
    let members = members(unmarked(text)).unwrap_or_default();
    for (name, raw) in members.into_iter().rev() {
        if places.iter().any(|place| *place == name) {
            let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
            left.replace_range(start..start + raw.get().len(), "");
            count += 1;
        }
    }
    (left, count)
}

fn it_is_there(shape: Shape, after: &str, key: &Key, credential: &Credential) {
    let there = shape.entry(after, key).ok().flatten().and_then(Entry::into_login);
    let there = there.unwrap_or_else(|| panic!("what is written can be read: {after:?}"));
    assert_eq!(
        there.access_token.expose(),
        credential.access_token.expose(),
        "it is what was written"
    );
    let renewed_by = |login: &Credential| login.renewed_by().map(Secret::digest);
    assert_eq!(renewed_by(&there), renewed_by(credential), "it is renewed as before");
    // Codex reads it out of the token.
    if shape != Shape::Of(Tool::Codex) {
        assert_eq!(there.expires_at, credential.expires_at, "it lapses when it was said to");
    }
}

/// Of a login that is there only what changed is written.
fn what_we_do_not_know_stays(shape: Shape, before: &str, after: &str, place: &str) {
    let ours: &[&str] = match shape {
        Shape::Of(Tool::ClaudeCode) => {
            &["accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt"]
        }
        Shape::Of(Tool::Codex) => &["access_token", "refresh_token"],
        Shape::Own | Shape::Of(_) => {
            &["access", "refresh", "expires", "obtained_at", "refresh_of_first", "renew_at"]
        }
    };
    let entry = |text| {
        let members = members(unmarked(text)).expect("JSON");
        let (_, entry) = members.into_iter().find(|(name, _)| name == place).expect("an entry");
        entry.get()
    };
    let unknown = |text| {
        let members = members(text).expect("an object").into_iter();
        let unknown = members.filter(|(name, _)| !ours.contains(&&**name) && is_strange(name));
        unknown.map(|(name, raw)| (name.into_owned(), raw.get().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(unknown(entry(after)), unknown(entry(before)), "what we do not know stays");
}

/// No name that one of these files uses.
fn is_strange(name: &str) -> bool {
    const KNOWN: [&str; 19] = [
        "type",
        "origin",
        "client_id",
        "clientId",
        "accountId",
        "account_id",
        "account",
        "email",
        "scope",
        "scopes",
        "enterpriseUrl",
        "subscriptionType",
        "exchanged",
        "id_token",
        "api_base",
        "extra",
        "obtained_at",
        "renew_at",
        "plan",
    ];
    !KNOWN.contains(&name)
}

/// By the shipped editor.
pub(crate) fn check_many(bytes: &[u8]) {
    store_of_many(bytes, &Editing::SHIPPED);
}

/// By the shipped editor.
pub(crate) fn check_one(bytes: &[u8]) {
    store_of_one(bytes, &Editing::SHIPPED);
}

/// By the shipped reader.
pub(crate) fn check_guests(bytes: &[u8]) {
    store_of_guests(bytes, Shape::entries);
}
