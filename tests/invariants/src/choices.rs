//! Bytes as decisions: the one source of arbitrary things for fuzzers and property tests.

/// Bytes that are used up one after the other; when there are none left, every choice is the first.
#[derive(Clone, Debug)]
pub struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    /// All of these.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything has been decided.
    pub const fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number of so many bytes, the first of them the highest.
    pub fn number(&mut self, bytes: usize) -> u64 {
        (0..bytes).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// A number below `end`.
    ///
    /// # Panics
    /// When there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        let bytes = if end <= 256 { 1 } else { 4 };
        self.number(bytes) % end
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    pub fn of<'t, T>(&mut self, these: &'t [T]) -> &'t T {
        let end = these.len() as u64;
        &these[usize::try_from(self.below(end)).unwrap_or(0)]
    }

    /// A text of up to `most` bytes, and what is no UTF-8 in it made into some.
    pub fn text(&mut self, most: u8) -> String {
        let length = usize::from(self.byte()).min(most.into()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'b [u8] {
        std::mem::take(&mut self.0)
    }
}
