//! Numbers without floating point: exact to the thousandth, which is all that seconds need.

/// A number, times a thousand: seconds as milliseconds. What is too large for it is the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    thousandths: i64,
    /// There is more behind the last thousandth.
    has_rest: bool,
}

/// A tenth of what a mantissa can hold.
const ROOM: u64 = u64::MAX / 10 - 1;
const MOST: u32 = 10_000;

impl Number {
    /// Reads a decimal number: digits with or without sign, point and exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (digits, exponent) = match digits.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, read_exponent(exponent)?),
            None => (digits, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (mut mantissa, mut scale, mut has_rest) = (0_u64, exponent + 3, false);
        for (at, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
            let is_fraction = at >= whole.len();
            if mantissa <= ROOM {
                mantissa = mantissa * 10 + value;
                scale -= i32::from(is_fraction);
            } else {
                has_rest |= value > 0;
                scale += i32::from(!is_fraction);
            }
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
        Some(Self { thousandths: if is_negative { -size } else { size }, has_rest })
    }

    /// Rounded towards nothing.
    pub(crate) fn thousandths(self) -> i64 {
        self.thousandths
    }

    /// Rounded away from nothing, and none unless positive.
    pub(crate) fn thousandths_or_more(self) -> Option<u64> {
        let least = u64::try_from(self.thousandths).ok()?;
        Some(least.saturating_add(self.has_rest.into())).filter(|thousandths| *thousandths > 0)
    }
}

fn read_exponent(text: &str) -> Option<i32> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<u32>().unwrap_or(MOST).min(MOST).cast_signed();
    Some(if is_negative { -size } else { size })
}
