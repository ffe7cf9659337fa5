//! The calendar that is served at a subscription address.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::write::calendar;
use crate::model::coverage::{CoverageLine, TeamCoverage, shifts};
use crate::model::directory::Directory;
use crate::model::oncall::{CalendarLink, Schedule};

/// The range of a calendar: from a month back to 13 months ahead.
const BEFORE: TimeDelta = TimeDelta::days(31);
const AHEAD: TimeDelta = TimeDelta::days(396);

/// Returns the shifts of a schedule, or of a person on all schedules, as a calendar. It begins and
/// ends at day boundaries, so that it changes at most once a day unless the shifts do.
#[must_use]
pub fn subscription(directory: &Directory, link: &CalendarLink, now: DateTime<Utc>) -> String {
    let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let at = |span: TimeDelta| today.checked_add_signed(span).unwrap_or(today);
    let (from, to) = (at(-BEFORE), at(AHEAD));
    let is_wanted = |schedule: &&Schedule| match &link.schedule {
        Some(name) => schedule.key() == name,
        None => schedule.people().contains(&link.person.as_str()),
    };
    let of_schedule = |schedule: &Schedule| {
        let shifts = shifts(directory, schedule, from, to);
        // No level: which ones call the schedule is a matter of policies.
        let shown =
            CoverageLine { level: 0, after_s: None, of_team: None, by_turns: false, shifts };
        TeamCoverage { team: schedule.key().to_owned(), lines: vec![shown] }
    };
    let teams: Vec<TeamCoverage> =
        directory.schedules.iter().filter(is_wanted).map(of_schedule).collect();
    let person = link.schedule.is_none().then_some(link.person.as_str());
    calendar(&teams, person, (from, to))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::id::CalendarLinkId;

    fn link(schedule: Option<&str>) -> CalendarLink {
        CalendarLink {
            id: CalendarLinkId::new(),
            digest: "0".repeat(64),
            person: "ines".into(),
            schedule: schedule.map(str::to_owned),
            created_at: None,
            revoked_at: None,
            extra: <_>::default(),
        }
    }

    fn directory() -> Directory {
        serde_json::from_value(json!({
            "people": [{"handle": "ines", "name": "Ines"}, {"handle": "tomo", "name": "Tomo"}],
            "schedules": [
                {"team": "web", "rotation": ["ines", "tomo"], "turn_s": 604_800,
                 "starts_at": "2026-01-05T09:00:00Z"},
                {"team": "data", "rotation": ["tomo"], "turn_s": 604_800,
                 "starts_at": "2026-01-05T09:00:00Z"},
            ],
        }))
        .unwrap()
    }

    #[test]
    fn calendar_spans_a_month_back_and_13_ahead() {
        let now = "2026-03-02T10:30:00Z".parse().unwrap();
        let text = subscription(&directory(), &link(Some("web")), now);
        let starts: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("DTSTART:")).collect();
        assert_eq!(starts.first(), Some(&"20260130T000000Z"));
        assert!(starts.last().is_some_and(|last| last.starts_with("202703")), "{starts:?}");
        assert!(text.contains("SUMMARY:Tomo on call for web\r\n"), "{text}");
    }

    #[test]
    fn calendar_of_a_person_has_their_shifts_alone() {
        let now = "2026-03-02T10:30:00Z".parse().unwrap();
        let text = subscription(&directory(), &link(None), now);
        let summaries: Vec<&str> =
            text.lines().filter(|line| line.starts_with("SUMMARY:")).collect();
        assert!(!summaries.is_empty());
        assert!(summaries.iter().all(|line| *line == "SUMMARY:Ines on call for web"), "{text}");
    }

    #[test]
    fn calendar_is_the_same_all_day() {
        let at = |text: &str| text.parse().unwrap();
        let link = link(Some("web"));
        let morning = subscription(&directory(), &link, at("2026-03-02T00:00:00Z"));
        assert_eq!(subscription(&directory(), &link, at("2026-03-02T23:59:59Z")), morning);
    }
}
