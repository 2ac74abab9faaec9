//! Secrets found by the names of what holds them.

use super::haystack::percent_decoded;

/// An error's `code` has the name of a secret, and is none.
pub(super) fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Texts, and lists of texts, that are members of this name.
pub(super) fn json_values<'t>(text: &'t str, name: &str) -> impl Iterator<Item = String> + 't {
    let member = format!("\"{name}\"");
    let after = text.match_indices(&member).map(|(at, _)| &text[at + member.len()..]);
    let values = after.collect::<Vec<_>>().into_iter().flat_map(|after| {
        let after = after.trim_start().strip_prefix(':').unwrap_or_default().trim_start();
        let list = after.strip_prefix('[').and_then(|list| list.split(']').next());
        let quoted = list.unwrap_or(after);
        let count = if list.is_some() { usize::MAX } else { 1 };
        let is_text = list.is_some() || after.starts_with('"');
        quoted.split('"').skip(1).step_by(2).take(if is_text { count } else { 0 })
    });
    values.map(|value| value.replace("\\/", "/"))
}

/// Values of `name=value` in forms, queries and cookies.
pub(super) fn form_values<'t>(text: &'t str, name: &str) -> impl Iterator<Item = String> + 't {
    let parameter = format!("{name}=");
    let starts: Vec<usize> = text.match_indices(&parameter).map(|(at, _)| at).collect();
    let length = parameter.len();
    starts.into_iter().flat_map(move |at| {
        let is_whole = at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric();
        let is_whole = is_whole && (at == 0 || text.as_bytes()[at - 1] != b'_');
        let value = text[at + length..].split(['&', ' ', '"', '\r', '\n', '#']).next();
        let value = value.filter(|_| is_whole).unwrap_or_default();
        let plain = percent_decoded(value.replace('+', " ").as_bytes());
        [value.to_owned(), String::from_utf8_lossy(&plain).into_owned()]
    })
}
