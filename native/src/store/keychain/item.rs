//! A text in a keychain's item, and in several where one has no room for it.
//!
//! The parts of a long text are named after its digest, and the item itself says how many there are.
//! So a write is one step, that of the item, and whoever reads meanwhile finds the old parts or the
//! new ones. While there may be parts that the item does not speak of, a list beside it names them.

use grantflow_core::Digest;
use zeroize::Zeroizing;

use super::super::KeychainError;
use super::Keychain;

/// How an item begins that is not the text itself, which begins with a brace.
const IN_PARTS: &str = "in parts:";

/// More is no store of credentials.
const MOST_PARTS: usize = 256;

/// How often a text that is replaced while it is read is read again.
const TRIES: usize = 4;

/// The text, whole.
pub(super) fn read(
    chain: &dyn Keychain,
    name: &str,
) -> Result<Option<Zeroizing<String>>, KeychainError> {
    for _ in 0..TRIES {
        let Some(item) = text(chain, name)? else { return Ok(None) };
        let Some(parts) = Parts::read(name, &item) else { return Ok(Some(item)) };
        if let Some(whole) = parts.join(chain)? {
            return Ok(Some(whole));
        }
    }
    Err(KeychainError::Damaged)
}

/// Puts the text in place of the one that is there, and reads it again.
pub(super) fn write(chain: &dyn Keychain, name: &str, new: &str) -> Result<(), KeychainError> {
    let parts = Parts::of(name, new, chain.room())?;
    let mut known = Parts::known(chain, name)?;
    known.extend(parts.clone());
    let written = put(chain, name, new, parts.as_ref(), &known);
    // Also of one that failed: it may have happened all the same.
    let cleaned = clean(chain, name, &known);
    written?;
    if read(chain, name)?.is_none_or(|there| *there != new) {
        return Err(KeychainError::Damaged);
    }
    cleaned
}

/// Takes the text out, if there is one.
pub(super) fn remove(chain: &dyn Keychain, name: &str) -> Result<(), KeychainError> {
    let known = Parts::known(chain, name)?;
    list(chain, name, &known)?;
    chain.remove(name)?;
    clean(chain, name, &known)
}

fn put(
    chain: &dyn Keychain,
    name: &str,
    new: &str,
    parts: Option<&Parts>,
    known: &[Parts],
) -> Result<(), KeychainError> {
    list(chain, name, known)?;
    let Some(parts) = parts else { return chain.write(name, new.as_bytes()) };
    let mut cut = parts.names().zip(new.as_bytes().chunks(parts.length));
    cut.try_for_each(|(name, part)| chain.write(&name, part))?;
    chain.write(name, parts.header().as_bytes())
}

/// Writes down which parts there may be, before there are any and before they lose the item that
/// speaks of them: who ends in between leaves them to the next.
fn list(chain: &dyn Keychain, name: &str, known: &[Parts]) -> Result<(), KeychainError> {
    if known.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = known.iter().map(Parts::header).collect();
    chain.write(&list_of(name), lines.join("\n").as_bytes())
}

/// Removes the parts that the item does not speak of. Whoever reads them in this moment reads again.
fn clean(chain: &dyn Keychain, name: &str, known: &[Parts]) -> Result<(), KeychainError> {
    if known.is_empty() {
        return Ok(());
    }
    let there = text(chain, name)?.and_then(|item| Parts::read(name, &item));
    let is_there = |parts: &&Parts| there.as_ref().is_some_and(|it| it.digest == parts.digest);
    let mut former = known.iter().filter(|parts| !is_there(parts));
    former.try_for_each(|parts| parts.remove(chain))?;
    chain.remove(&list_of(name))
}

/// The item that lists all that may have parts.
fn list_of(name: &str) -> String {
    [name, ".parts"].concat()
}

fn text(chain: &dyn Keychain, name: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
    let Some(value) = chain.read(name)? else { return Ok(None) };
    let text = str::from_utf8(&value).map_err(|_| KeychainError::Damaged)?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// Where the parts of a text are.
#[derive(Clone)]
struct Parts {
    item: String,
    count: usize,
    /// Of each but the last, in bytes; known to the writer only.
    length: usize,
    digest: String,
}

impl Parts {
    /// Those that a text has to be cut into; `None` if it fits.
    fn of(item: &str, text: &str, room: Option<usize>) -> Result<Option<Self>, KeychainError> {
        let Some(length) = room.filter(|room| text.len() > *room) else { return Ok(None) };
        let count = text.len().div_ceil(length.max(1));
        let digest = Digest::of(text).to_string();
        let parts = Self { item: item.to_owned(), count, length, digest };
        if count > MOST_PARTS || parts.header().len() > length {
            return Err(KeychainError::TooLong);
        }
        Ok(Some(parts))
    }

    /// Those that an item speaks of; `None` if it is the text itself.
    fn read(name: &str, item: &str) -> Option<Self> {
        let (count, digest) = item.strip_prefix(IN_PARTS)?.trim().split_once(' ')?;
        let count = count.parse().ok().filter(|count| *count <= MOST_PARTS)?;
        Some(Self { item: name.to_owned(), count, length: 0, digest: digest.to_owned() })
    }

    /// Those that there may be: what the item speaks of, and what an earlier write or removal has
    /// left behind.
    fn known(chain: &dyn Keychain, name: &str) -> Result<Vec<Self>, KeychainError> {
        let (item, list) = (text(chain, name)?, text(chain, &list_of(name))?);
        let lines = list.iter().flat_map(|list| list.lines());
        let mut known: Vec<Self> = lines.filter_map(|line| Self::read(name, line)).collect();
        known.extend(item.and_then(|item| Self::read(name, &item)));
        Ok(known)
    }

    fn header(&self) -> String {
        format!("{IN_PARTS} {} {}", self.count, self.digest)
    }

    fn names(&self) -> impl Iterator<Item = String> {
        (1..=self.count).map(|number| format!("{}.{}.{number}", self.item, self.digest))
    }

    fn remove(&self, chain: &dyn Keychain) -> Result<(), KeychainError> {
        self.names().try_for_each(|name| chain.remove(&name))
    }

    /// The whole; `None` if it is not there any more.
    fn join(&self, chain: &dyn Keychain) -> Result<Option<Zeroizing<String>>, KeychainError> {
        let mut parts = Vec::with_capacity(self.count);
        for name in self.names() {
            let Some(part) = chain.read(&name)? else { return Ok(None) };
            parts.push(part);
        }
        // At once, so that growing leaves no copies behind.
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
        let whole = Zeroizing::new(parts.concat());
        let whole = str::from_utf8(&whole).map(|whole| Zeroizing::new(whole.to_owned()));
        Ok(whole.ok().filter(|whole| Digest::of(whole).to_string() == self.digest))
    }
}
