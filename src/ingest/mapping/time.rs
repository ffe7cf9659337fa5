//! Reads times as senders write them.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::ingest::fields::is_meaningful;

/// Forms of a time with its distance to UTC, beside that of RFC 3339.
const WITH_OFFSET: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%d %H:%M:%S%.f%z",
    "%a, %d %b %Y %H:%M:%S %z",
];
/// Forms of a time without it, which is read as UTC.
const WITHOUT_OFFSET: [&str; 3] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y.%m.%d %H:%M:%S"];

/// Reads a time: RFC 3339 and similar formats, or a number of seconds, milliseconds, microseconds
/// or nanoseconds since 1970, which are distinguished by their size. Without an offset it is UTC. The number 0
/// is no time.
pub(in crate::ingest) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let time = parse_number(text)
        .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc)))
        .or_else(|| {
            let parse = |form: &&str| DateTime::parse_from_str(text, form).ok();
            WITH_OFFSET.iter().find_map(parse).map(|time| time.with_timezone(&Utc))
        })
        .or_else(|| {
            let text = text.strip_suffix(" UTC").unwrap_or(text);
            let parse = |form: &&str| NaiveDateTime::parse_from_str(text, form).ok();
            WITHOUT_OFFSET.iter().find_map(parse).map(|time| time.and_utc())
        });
    time.filter(|time| is_meaningful(*time))
}

fn parse_number(text: &str) -> Option<DateTime<Utc>> {
    let digits = text.split('.').next().unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || text.matches('.').count() > 1 {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        0..=11 => DateTime::from_timestamp(number, 0),
        12..=14 => DateTime::from_timestamp_millis(number),
        15..=17 => DateTime::from_timestamp_micros(number),
        _ => Some(DateTime::from_timestamp_nanos(number)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-03-01T09:00:00Z", Some("2026-03-01T09:00:00Z"))]
    #[case("2026-03-01T10:00:00+01:00", Some("2026-03-01T09:00:00Z"))]
    #[case("2026-03-01T09:00:00.315+0000", Some("2026-03-01T09:00:00.315Z"))]
    #[case("2026-03-01T09:00:00.1234567Z", Some("2026-03-01T09:00:00.1234567Z"))]
    #[case("2026-03-01 09:00:00", Some("2026-03-01T09:00:00Z"))]
    #[case("2026-03-01 09:00:00.5 UTC", Some("2026-03-01T09:00:00.5Z"))]
    #[case("2026.03.01 09:00:00", Some("2026-03-01T09:00:00Z"))]
    #[case("1772355600", Some("2026-03-01T09:00:00Z"))]
    #[case("1772355600.25", Some("2026-03-01T09:00:00Z"))]
    #[case("1772355600000", Some("2026-03-01T09:00:00Z"))]
    #[case("1772355600000000000", Some("2026-03-01T09:00:00Z"))]
    #[case("0001-01-01T00:00:00Z", None)]
    #[case("0", None)]
    #[case("0.0", None)]
    #[case("1970-01-01T00:00:00Z", None)]
    #[case("yesterday", None)]
    #[case("99999999999999999999", None)]
    fn times_are_read_in_all_forms(#[case] text: &str, #[case] expected: Option<&str>) {
        let expected = expected.map(|time| time.parse::<DateTime<Utc>>().expect("a time"));
        assert_eq!(parse_time(text), expected);
    }
}
