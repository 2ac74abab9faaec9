//! A text in a keychain's item, and in several where one has no room for it.
//!
//! The parts of a long text are named after its digest, and the item itself says how many there are.
//! So a write is one step, that of the item, and whoever reads meanwhile finds the old parts or the
//! new ones.

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
    let old = text(chain, name)?;
    let old = old.and_then(|item| Parts::read(name, &item));
    match Parts::of(name, new, chain.room())? {
        None => chain.write(name, new.as_bytes())?,
        Some(parts) if old.as_ref().is_some_and(|old| old.digest == parts.digest) => return Ok(()),
        Some(parts) => {
            let mut cut = parts.names().zip(new.as_bytes().chunks(parts.length));
            let written = cut.try_for_each(|(name, part)| chain.write(&name, part));
            let written = written.and_then(|()| chain.write(name, parts.header().as_bytes()));
            if let Err(why) = written {
                // It may have happened all the same.
                if text(chain, name)?.is_none_or(|item| *item != parts.header()) {
                    parts.remove(chain)?;
                }
                return Err(why);
            }
        }
    }
    if read(chain, name)?.is_none_or(|there| *there != new) {
        return Err(KeychainError::Damaged);
    }
    // Whoever reads the former text in this moment reads again.
    old.map_or(Ok(()), |old| old.remove(chain))
}

fn text(chain: &dyn Keychain, name: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
    let Some(value) = chain.read(name)? else { return Ok(None) };
    let text = str::from_utf8(&value).map_err(|_| KeychainError::Damaged)?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// Where the parts of a text are.
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
