//! RFC 8259, byte by byte: where each value ends, and whether it is one.

use alloc::string::String;
use alloc::vec::Vec;

/// What is given each member of an object: its name and value as they stand, quotes and all.
type Member<'m, 'a> = &'m mut dyn FnMut(&'a str, &'a str) -> Option<()>;
/// What is given each element of an array.
type Element<'e, 'a> = &'e mut dyn FnMut(&'a str);

/// A place in a JSON text. Once something is no JSON, what it stands at is the culprit.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether nothing but white space follows.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The next value, whatever it is. It takes a list of what is open, and not the stack: how deep
    /// a text goes is its sender's choice.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        let mut open = Vec::new();
        loop {
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    // In ASCII both brackets close two places behind where they open.
                    let close = bracket + 2;
                    self.at += 1;
                    if self.peek()? != close {
                        open.push(close);
                        self.name_in(close)?;
                        continue;
                    }
                    self.at += 1;
                }
                b'"' => self.string()?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            while let Some(close) = open.last().copied() {
                let next = self.peek()?;
                self.at += 1;
                if next == close {
                    open.pop();
                } else if next == b',' {
                    self.name_in(close)?;
                    break;
                } else {
                    return None;
                }
            }
            if open.is_empty() {
                return self.text.get(start..self.at);
            }
        }
    }

    /// The name in front of a value, if what closes with this is an object.
    fn name_in(&mut self, close: u8) -> Option<()> {
        if close == b'}' {
            self.peek()?;
            self.string()?;
            self.take(b':')?;
        }
        Some(())
    }

    pub(super) fn object(&mut self, member: Member<'_, 'a>) -> Option<()> {
        self.listed(b'{', b'}', &mut |scanner| {
            scanner.peek()?;
            let start = scanner.at;
            scanner.string()?;
            let name = scanner.text.get(start..scanner.at)?;
            scanner.take(b':')?;
            member(name, scanner.value()?)
        })
    }

    pub(super) fn array(&mut self, element: Element<'_, 'a>) -> Option<()> {
        self.listed(b'[', b']', &mut |scanner| {
            element(scanner.value()?);
            Some(())
        })
    }

    /// Things between brackets, with commas in between.
    fn listed(
        &mut self,
        open: u8,
        close: u8,
        one: &mut dyn FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.take(open)?;
        if self.peek()? != close {
            one(self)?;
            while self.peek()? == b',' {
                self.at += 1;
                one(self)?;
            }
        }
        self.take(close)
    }

    fn string(&mut self) -> Option<()> {
        self.byte_is(b'"')?;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            self.at += plain(rest);
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            if !self.next()?.is_ascii_hexdigit() {
                                return None;
                            }
                        }
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.byte_is(b'-');
        if self.byte_is(b'0').is_none() {
            self.digits()?;
        }
        if self.byte_is(b'.').is_some() {
            self.digits()?;
        }
        if self.byte_is(b'e').or_else(|| self.byte_is(b'E')).is_some() {
            let _ = self.byte_is(b'+').or_else(|| self.byte_is(b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.here().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    /// Takes this byte behind any white space.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.peek()?;
        self.byte_is(byte)
    }

    fn byte_is(&mut self, byte: u8) -> Option<()> {
        (self.here()? == byte).then(|| self.at += 1)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.here()?;
        self.at += 1;
        Some(byte)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let b' ' | b'\t' | b'\r' | b'\n' = self.here()? {
            self.at += 1;
        }
        self.here()
    }

    fn here(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Whether all of a text stands for itself.
pub(super) fn is_plain(text: &str) -> bool {
    plain(text.as_bytes()) == text.len()
}

/// How many bytes stand for themselves before one that does not, looked at eight at a time.
fn plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let special = specials(u64::from_le_bytes(*word));
        if special != 0 {
            return at * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
    words.len() * 8 + at.unwrap_or(rest.len())
}

/// The highest bit of the first byte that stands for something else, and some of those behind it:
/// taking something from each byte borrows from the next only where it finds one.
fn specials(word: u64) -> u64 {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word;
    let equal = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    (below(word, b' ') | equal(b'"') | equal(b'\\')) & (EACH << 7)
}

/// The inside of a string without its escapes; `None` if half of a surrogate pair is missing, or if
/// it is no inside of a string.
pub(super) fn unquoted(inside: &str) -> Option<String> {
    let mut text = String::with_capacity(inside.len());
    if is_plain(inside) {
        text.push_str(inside);
        return Some(text);
    }
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '"' => return None,
            '\\' => match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => escaped(&mut chars)?,
                itself => itself,
            },
            c => c,
        });
    }
    Some(text)
}

/// What four digits stand for, or eight in two escapes (RFC 8259 §7).
fn escaped(chars: &mut core::str::Chars<'_>) -> Option<char> {
    let first = unit(chars)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    if (chars.next()?, chars.next()?) != ('\\', 'u') {
        return None;
    }
    let second = unit(chars).filter(|unit| (0xdc00..0xe000).contains(unit))?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}

fn unit(chars: &mut core::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit << 4 | chars.next()?.to_digit(16)?))
}
