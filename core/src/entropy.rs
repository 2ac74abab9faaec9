//! Randomness is an argument: the core has no source of it.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::http::RequestId;
use crate::secret::first;
use crate::wire::base64;

/// 128 bytes from the operating system's generator, drawn at once by the host for one machine.
///
/// 32 make the `code_verifier`, 32 each of two `state`s, 32 the request ids and the jitter. They
/// are never shared between purposes, so that nothing seen of one tells anything of another
/// (RFC 7636 §7.1). A host whose generator fails reports that; there is no fallback.
pub struct Entropy(Zeroizing<[u8; 128]>);

impl Entropy {
    /// Takes the bytes over.
    pub fn new(bytes: [u8; 128]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn code_verifier(&self) -> [u8; 32] {
        self.part(0)
    }

    /// A `state` for the first or second redirect: 43 characters.
    pub(crate) fn state(&self, redirect: usize) -> String {
        base64::url_safe(&self.part(1 + redirect.min(1)))
    }

    pub(crate) fn ids(&self) -> RequestIds {
        RequestIds::new(Zeroizing::new(self.part(3)), 0)
    }

    fn part(&self, index: usize) -> [u8; 32] {
        first(self.0.iter().skip(index * 32))
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

/// Names requests and spreads retries. The counter goes on across save and restore, so that an
/// answer to an earlier life of the machine is recognised as stale.
#[derive(Clone)]
pub(crate) struct RequestIds {
    seed: Zeroizing<[u8; 32]>,
    issued: u32,
    /// 20 bits that belong to this machine.
    machine: u64,
}

impl RequestIds {
    pub(crate) fn new(seed: Zeroizing<[u8; 32]>, issued: u32) -> Self {
        let machine = u64::from_be_bytes(hash(&seed, b"machine")) >> 44;
        Self { seed, issued, machine }
    }

    /// What a snapshot keeps of it.
    pub(crate) fn parts(&self) -> (&[u8; 32], u32) {
        (&self.seed, self.issued)
    }

    /// The next id: the bits of this machine, then the counter; 52 bits in all, which a JavaScript
    /// number holds exactly.
    pub(crate) fn next(&mut self) -> RequestId {
        self.issued = self.issued.wrapping_add(1);
        RequestId::new(self.machine << 32 | u64::from(self.issued))
    }

    /// `wait` and up to a quarter more, so that machines that failed together do not return
    /// together.
    pub(crate) fn spread(&self, wait_ms: u64) -> Duration {
        let random = u64::from_be_bytes(hash(&self.seed, &self.issued.to_be_bytes())) % 1024;
        Duration::from_millis(wait_ms + wait_ms * random / 4096)
    }
}

fn hash(seed: &[u8; 32], label: &[u8]) -> [u8; 8] {
    let digest = Sha256::new().chain_update(seed).chain_update(label).finalize();
    first(digest.iter())
}
