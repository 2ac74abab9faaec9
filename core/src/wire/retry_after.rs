//! `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.

use core::time::Duration;

use crate::text::{cut, parts, trimmed};

/// Less would hammer, more is no answer to a login.
const BOUNDS: core::ops::RangeInclusive<u64> = 1..=3600;

/// When to come back: between a second and an hour from now, whatever the server says.
pub(crate) fn read(value: &str, wall_ms: u64) -> Option<Duration> {
    let value = trimmed(value);
    let seconds = match value.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) if value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty() => u64::MAX,
        Err(_) => date(value)?.saturating_sub(wall_ms / 1000),
    };
    Some(Duration::from_secs(seconds.clamp(*BOUNDS.start(), *BOUNDS.end())))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since 1970; the obsolete forms are not read.
fn date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = parts(cut(text, b',')?.1.strip_prefix(' ')?, b' ');
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year: u64 = words.next()?.parse().ok()?;
    let mut time = parts(words.next()?, b':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let in_range = (1970..=9999).contains(&year)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range || words.next() != Some("GMT") {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Years begin in March here, so that the leap day is the last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}
