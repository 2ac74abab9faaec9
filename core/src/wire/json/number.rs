//! Numbers without floating point: exact to the thousandth, which is all that seconds need.

/// A number, times a thousand: seconds as milliseconds. What is too large for it is the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    thousandths: i64,
    /// There is more above nothing behind the last thousandth.
    has_rest: bool,
}

/// A tenth of what a mantissa can hold.
const ROOM: u64 = u64::MAX / 10 - 1;
/// No exponent counts for more.
const MOST: i32 = 10_000;

impl Number {
    /// Reads a decimal number: digits with or without sign, point and exponent.
    pub fn parse(text: &str) -> Option<Self> {
        let (is_negative, text) = signed(text);
        let (mut mantissa, mut scale, mut has_rest) = (0_u64, 3_i32, false);
        let (mut has_digits, mut is_fraction) = (false, false);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'0'..=b'9' if mantissa <= ROOM => {
                    mantissa = mantissa * 10 + u64::from(byte - b'0');
                    scale -= i32::from(is_fraction);
                    has_digits = true;
                }
                b'0'..=b'9' => {
                    has_rest |= byte > b'0';
                    scale += i32::from(!is_fraction);
                }
                b'.' if !is_fraction => is_fraction = true,
                b'e' | b'E' => {
                    scale += exponent(text.get(at + 1..)?)?;
                    break;
                }
                _ => return None,
            }
        }
        if !has_digits {
            return None;
        }
        while scale > 0 && mantissa > 0 {
            mantissa = mantissa.saturating_mul(10);
            scale -= 1;
            if mantissa == u64::MAX {
                break;
            }
        }
        while scale < 0 && mantissa > 0 {
            has_rest |= mantissa % 10 > 0;
            mantissa /= 10;
            scale += 1;
        }
        let size = i64::try_from(mantissa).unwrap_or(i64::MAX);
        let has_rest = has_rest && !is_negative;
        Some(Self { thousandths: if is_negative { -size } else { size }, has_rest })
    }

    /// Rounded towards nothing.
    pub fn thousandths(self) -> i64 {
        self.thousandths
    }

    /// Rounded away from nothing, and none unless positive.
    pub fn thousandths_or_more(self) -> Option<u64> {
        let least = u64::try_from(self.thousandths).ok()?;
        Some(least.saturating_add(self.has_rest.into())).filter(|thousandths| *thousandths > 0)
    }
}

/// Whether there is a minus, and what is behind the sign.
fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn exponent(text: &str) -> Option<i32> {
    let (is_negative, digits) = signed(text);
    let mut size = 0;
    for digit in digits.bytes() {
        let value = digit.is_ascii_digit().then(|| i32::from(digit - b'0'))?;
        size = MOST.min(size * 10 + value);
    }
    if digits.is_empty() {
        return None;
    }
    Some(if is_negative { -size } else { size })
}
