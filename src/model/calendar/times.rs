//! Times of a calendar: days, local times of a zone, and times in UTC.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::lines::ContentLine;
use super::problems::Problems;
use crate::model::oncall::Zone;
use crate::model::text::sanitize;

/// A time as the calendar has it.
#[derive(Clone, Debug)]
pub(super) struct CalendarTime {
    /// The local time in the zone.
    pub(super) local: NaiveDateTime,
    /// The zone.
    pub(super) zone: Zone,
    /// Whether only the day was given.
    pub(super) is_day: bool,
}

/// How long an entry lasts: days of the zone's clock, and exact seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Length {
    pub(super) days: u64,
    pub(super) exact: TimeDelta,
}

impl CalendarTime {
    /// Returns the time in UTC.
    pub(super) fn utc(&self) -> DateTime<Utc> {
        self.zone.first_time(self.local)
    }

    /// Returns another local time of the same zone.
    pub(super) fn with_local(&self, local: NaiveDateTime) -> Self {
        Self { local, zone: self.zone.clone(), is_day: self.is_day }
    }
}

impl Length {
    /// Returns when something ends that begins at a time.
    pub(super) fn end_of(self, start: &CalendarTime) -> DateTime<Utc> {
        let local = start.local.checked_add_days(Days::new(self.days)).unwrap_or(start.local);
        let end = start.zone.first_time(local);
        end.checked_add_signed(self.exact).unwrap_or(end)
    }
}

/// The zones of a calendar's times.
pub(super) struct Zones {
    /// The zone of times that name none.
    pub(super) floating: Zone,
    /// The zones that the calendar defines: its name for one, and the IANA name if it gives that.
    pub(super) defined: Vec<(String, String)>,
}

impl Zones {
    /// Finds the zone that a calendar calls so.
    fn find(&self, name: &str, problems: &mut Problems) -> Zone {
        let location = self.defined.iter().find(|(own, _)| own == name).map(|(_, iana)| iana);
        let found = named_zone(name).or_else(|| named_zone(location?));
        found.unwrap_or_else(|| {
            problems.add(&format!(
                "the time zone {:?} has no IANA name: its times are read as those of {}",
                sanitize(name),
                self.floating.name()
            ));
            self.floating.clone()
        })
    }

    /// Reads the times of a line, which may have several.
    pub(super) fn read(&self, line: &ContentLine, problems: &mut Problems) -> Vec<CalendarTime> {
        let zone = line.parameter("TZID").map(|name| self.find(name, problems));
        let zone = zone.unwrap_or_else(|| self.floating.clone());
        let mut times = Vec::new();
        for text in line.value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            // Of a period only the start is used.
            let text = text.split('/').next().unwrap_or(text);
            if let Some(time) = parse_time(text, &zone) {
                times.push(time);
            } else {
                let text = sanitize(text);
                problems.add(&format!("{} is no time: {text:?}", line.name));
            }
        }
        times
    }
}

/// Returns the zone with an IANA name, or with a name that other programs have for one: a path that ends
/// in it, or the name of Windows.
pub(super) fn named_zone(name: &str) -> Option<Zone> {
    let name = name.trim();
    let path = name.trim_start_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let ending = |count: usize| parts.get(parts.len().checked_sub(count)?..).map(|p| p.join("/"));
    let candidates = [Some(path.to_owned()), ending(3), ending(2), ending(1)];
    let found = candidates.into_iter().flatten().find_map(|name| Zone::find(&name).ok());
    found.or_else(|| {
        let of_windows = WINDOWS_ZONES.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        of_windows.and_then(|(_, iana)| Zone::find(iana).ok())
    })
}

/// Parses `20260302`, `20260302T090000` and `20260302T090000Z`.
fn parse_time(text: &str, zone: &Zone) -> Option<CalendarTime> {
    if !text.is_ascii() {
        return None;
    }
    let day =
        |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|day| in_years(*day));
    let Some((date, time)) = text.split_once(['T', 't']) else {
        let local = day(text)?.and_time(NaiveTime::MIN);
        return Some(CalendarTime { local, zone: zone.clone(), is_day: true });
    };
    let (time, zone) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, Zone::utc()),
        None => (time, zone.clone()),
    };
    let digits = time.len() == 6 && time.bytes().all(|byte| byte.is_ascii_digit());
    let part = |at: usize| time.get(at..at + 2)?.parse::<u32>().ok();
    // A leap second is read as the second before it.
    let time = digits.then(|| NaiveTime::from_hms_opt(part(0)?, part(2)?, part(4)?.min(59)))??;
    Some(CalendarTime { local: day(date)?.and_time(time), zone, is_day: false })
}

fn in_years(day: NaiveDate) -> bool {
    use chrono::Datelike;
    (1970..=2500).contains(&day.year())
}

/// Parses a duration such as `P1W`, `P2DT12H` or `PT30M`. One that is not above 0 is refused.
pub(super) fn parse_length(text: &str) -> Option<Length> {
    let text = text.trim().trim_start_matches('+').strip_prefix('P')?;
    let (dates, times) = text.split_once('T').unwrap_or((text, ""));
    let (mut days, mut seconds) = (0_u64, 0_i64);
    for (part, is_time) in [(dates, false), (times, true)] {
        let mut digits = String::new();
        for character in part.chars() {
            if character.is_ascii_digit() {
                digits.push(character);
                continue;
            }
            let count: u32 = std::mem::take(&mut digits).parse().ok()?;
            match (character, is_time) {
                ('W', false) => days += u64::from(count) * 7,
                ('D', false) => days += u64::from(count),
                ('H', true) => seconds += i64::from(count) * 3_600,
                ('M', true) => seconds += i64::from(count) * 60,
                ('S', true) => seconds += i64::from(count),
                _ => return None,
            }
        }
        if !digits.is_empty() {
            return None;
        }
    }
    let is_bounded = days <= 3_660 && seconds <= 3_660 * 86_400;
    let length = Length { days, exact: TimeDelta::try_seconds(seconds)? };
    (is_bounded && (days > 0 || seconds > 0)).then_some(length)
}

/// Names of time zones in Windows, as Outlook and Exchange write them, each with the IANA zone of
/// its main territory (from the Unicode CLDR).
const WINDOWS_ZONES: &[(&str, &str)] = &[
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Bangladesh Standard Time", "Asia/Dhaka"),
    ("Canada Central Standard Time", "America/Regina"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Asia Standard Time", "Asia/Almaty"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Central Standard Time", "America/Chicago"),
    ("Central Standard Time (Mexico)", "America/Mexico_City"),
    ("China Standard Time", "Asia/Shanghai"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Eastern Standard Time", "America/New_York"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("FLE Standard Time", "Europe/Kiev"),
    ("GMT Standard Time", "Europe/London"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("India Standard Time", "Asia/Calcutta"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Jordan Standard Time", "Asia/Amman"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Morocco Standard Time", "Africa/Casablanca"),
    ("Mountain Standard Time", "America/Denver"),
    ("Myanmar Standard Time", "Asia/Rangoon"),
    ("Nepal Standard Time", "Asia/Katmandu"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("SA Eastern Standard Time", "America/Cayenne"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("SA Western Standard Time", "America/La_Paz"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Sri Lanka Standard Time", "Asia/Colombo"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Tasmania Standard Time", "Australia/Hobart"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("US Eastern Standard Time", "America/Indianapolis"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("UTC", "UTC"),
    ("Venezuela Standard Time", "America/Caracas"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("West Asia Standard Time", "Asia/Tashkent"),
];
