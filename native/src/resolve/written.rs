//! API keys as pi writes them down: the key itself, or where to get it.
//!
//! `$NAME` and `${NAME}` stand for variables, `$$` for a dollar and `$!` for an exclamation mark. A
//! text that begins with `!` is a command for a shell, which is not run here: a file that other
//! tools write would start programs in ours.

use grantflow_core::Secret;
use zeroize::Zeroizing;

use super::is_blank;
use super::miss::WhyUnusable;
use crate::store::StoredKey;

/// The key; `None` if the entry has none. Its own variables count before the environment's, and an
/// entry without a text holds its key in one of the provider's `names`.
pub(super) fn read<'n>(
    stored: &StoredKey,
    mut names: impl Iterator<Item = &'n String>,
    environment: impl Fn(&str) -> Option<Secret>,
) -> Result<Option<Secret>, WhyUnusable> {
    let own = |name: &str| stored.environment.get(name).filter(|value| !is_blank(value)).cloned();
    if is_blank(&stored.text) {
        return Ok(names.find_map(|name| own(name)));
    }
    if stored.text.expose().starts_with('!') {
        return Err(WhyUnusable::Command);
    }
    let value = |name: &str| own(name).or_else(|| environment(name));
    interpolated(stored.text.expose(), value).map(Some)
}

fn interpolated(text: &str, value: impl Fn(&str) -> Option<Secret>) -> Result<Secret, WhyUnusable> {
    let mut key = Zeroizing::new(String::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        key.push_str(before);
        rest = match reference(after) {
            Some((Part::Plain(text), rest)) => {
                key.push_str(text);
                rest
            }
            Some((Part::Variable(name), rest)) => {
                let value = value(name).ok_or_else(|| WhyUnusable::Variable(name.to_owned()))?;
                key.push_str(value.expose());
                rest
            }
            None => {
                key.push('$');
                after
            }
        };
    }
    key.push_str(rest);
    Ok(Secret::new(key.as_str()))
}

enum Part<'t> {
    Plain(&'static str),
    Variable(&'t str),
}

/// What follows a dollar, and what follows that; `None` if the dollar is just one.
fn reference(after: &str) -> Option<(Part<'_>, &str)> {
    if let Some(rest) = after.strip_prefix('$') {
        return Some((Part::Plain("$"), rest));
    }
    if let Some(rest) = after.strip_prefix('!') {
        return Some((Part::Plain("!"), rest));
    }
    if let Some((name, rest)) = after.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return is_name(name).then_some((Part::Variable(name), rest));
    }
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    is_name(name).then_some((Part::Variable(name), rest))
}

fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}
