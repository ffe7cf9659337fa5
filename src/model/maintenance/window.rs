//! A maintenance window: its filter, and the times at which it mutes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::{MaintenanceFilter, MutedItem};
use super::recurrence::{Occurrence, Recurrence};
use crate::model::actor::Actor;
use crate::model::extra::{Extra, extensible_record};

/// The maximum duration of a window that happens once.
pub const MAX_ONCE: TimeDelta = TimeDelta::days(90);
/// The maximum duration of a recurring window.
pub const MAX_RECURRING: TimeDelta = TimeDelta::days(7);

/// A time in which expected alerts call nobody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct MaintenanceWindow {
    /// The id of the window, which no other window has.
    #[schema(value_type = Uuid)]
    pub id: Uuid,
    /// The work done in it, on one line.
    pub title: String,
    /// The alerts and incidents that it mutes.
    pub filter: MaintenanceFilter,
    /// When it begins, for the first time.
    pub from: DateTime<Utc>,
    /// When it ends, for the first time.
    pub until: DateTime<Utc>,
    /// Its recurrence; absent if it happens once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Recurrence>,
    /// The person or program that created it.
    pub created_by: Actor,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Further remarks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether it also mutes incidents that people report; otherwise only those of programs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mutes_people: bool,
    /// Its text on status pages; absent if it is not public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_text: Option<String>,
    /// The number of changes. A request for a change contains the revision that its author has
    /// seen.
    #[serde(default)]
    pub revision: u32,
    /// When it was last changed; absent if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<DateTime<Utc>>,
    /// When somebody ended it early and permanently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(MaintenanceWindow);

/// Whether a window mutes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowState {
    /// It mutes now, in this time.
    Active(Occurrence),
    /// It mutes next in this time.
    Planned(Occurrence),
    /// It mutes nothing any more.
    Ended,
}

/// Returns the part of the id of a window that people see: its last eight digits.
#[must_use]
pub fn short_id(id: Uuid) -> String {
    let digits = id.simple().to_string();
    digits.get(24..).unwrap_or(&digits).to_owned()
}

impl MaintenanceWindow {
    /// Returns the times in which it mutes that end after a time, in order. One that was ended before its
    /// time is shorter.
    pub fn occurrences(&self, after: DateTime<Utc>) -> impl Iterator<Item = Occurrence> {
        let first = Occurrence { from: self.from, until: self.until };
        let ended_at = self.ended_at;
        let once = self.recurrence.is_none().then_some(first);
        let again = self.recurrence.iter().flat_map(move |one| one.occurrences(first, after));
        once.into_iter()
            .chain(again)
            .take_while(move |next| ended_at.is_none_or(|ended| next.from < ended))
            .map(move |next| {
                let until = ended_at.map_or(next.until, |ended| next.until.min(ended));
                Occurrence { until, ..next }
            })
            .filter(move |next| next.until > after && next.from < next.until)
    }

    /// Returns whether it mutes at a time, or when it will next.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> WindowState {
        match self.occurrences(now).next() {
            Some(next) if next.contains(now) => WindowState::Active(next),
            Some(next) => WindowState::Planned(next),
            None => WindowState::Ended,
        }
    }

    /// Returns the next time in which it mutes that has not begun.
    #[must_use]
    pub fn next_occurrence(&self, now: DateTime<Utc>) -> Option<Occurrence> {
        self.occurrences(now).find(|next| next.from > now)
    }

    /// Returns whether it mutes an alert or an incident at a time.
    #[must_use]
    pub fn mutes(&self, item: MutedItem<'_>, now: DateTime<Utc>) -> bool {
        self.muted_until(item, now).is_some()
    }

    /// Returns until when it mutes an alert or an incident; `None` if it does not at `now`.
    #[must_use]
    pub fn muted_until(&self, item: MutedItem<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.filter.matches(item) {
            return None;
        }
        match self.state(now) {
            WindowState::Active(occurrence) => Some(occurrence.until),
            WindowState::Planned(_) | WindowState::Ended => None,
        }
    }

    /// Returns when it next begins or ends to mute; `None` if it never does again.
    #[must_use]
    pub fn next_boundary(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.state(now) {
            WindowState::Active(occurrence) => Some(occurrence.until),
            WindowState::Planned(occurrence) => Some(occurrence.from),
            WindowState::Ended => None,
        }
    }

    /// Returns when it has ended permanently; `None` if it recurs without an end. For one that
    /// recurs until a time the result may be a few days too late.
    #[must_use]
    pub fn last_end(&self) -> Option<DateTime<Utc>> {
        let by_time = match &self.recurrence {
            None => Some(self.until),
            Some(recurrence) => {
                let lasts = self.until - self.from + TimeDelta::days(2);
                recurrence.last.and_then(|last| last.max(self.from).checked_add_signed(lasts))
            }
        };
        match (by_time, self.ended_at) {
            (Some(by_time), Some(ended)) => Some(by_time.min(ended)),
            (by_time, ended) => by_time.or(ended),
        }
    }

    /// Returns the present or next occurrence, or the last one known of a window that has ended.
    #[must_use]
    pub fn shown_occurrence(&self, now: DateTime<Utc>) -> Occurrence {
        match self.state(now) {
            WindowState::Active(occurrence) | WindowState::Planned(occurrence) => occurrence,
            WindowState::Ended => {
                let until = self.last_end().unwrap_or(self.until);
                Occurrence { from: self.from.min(until), until }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    /// Returns a window on checkout from 10:00 to 12:00 of 2026-03-04, with these fields changed.
    fn window(changed: Value) -> MaintenanceWindow {
        let mut fields = json!({
            "id": "0198c0de-0000-7000-8000-000000000001", "title": "The pool is replaced",
            "filter": {"services": ["checkout"]}, "from": "2026-03-04T10:00:00Z",
            "until": "2026-03-04T12:00:00Z", "created_by": {"integration": "Deployer"},
            "created_at": "2026-03-01T09:00:00Z",
        });
        if let Value::Object(changed) = changed {
            for (name, value) in changed {
                fields[name] = value;
            }
        }
        serde_json::from_value(fields).unwrap()
    }

    fn daily() -> Value {
        json!({"recurrence": {"repeats": "daily", "zone": "UTC"}})
    }

    #[rstest]
    #[case::before(json!({}), "2026-03-04T09:59", false)]
    #[case::begins(json!({}), "2026-03-04T10:00", true)]
    #[case::ends(json!({}), "2026-03-04T12:00", false)]
    #[case::next_day(json!({}), "2026-03-05T11:00", false)]
    #[case::daily(daily(), "2026-03-05T11:00", true)]
    #[case::daily_before_the_first(daily(), "2026-03-03T11:00", false)]
    #[case::ended(json!({"ended_at": "2026-03-04T11:00:00Z"}), "2026-03-04T11:30", false)]
    #[case::not_ended_yet(json!({"ended_at": "2026-03-04T11:00:00Z"}), "2026-03-04T10:30", true)]
    fn window_mutes_in_its_time(#[case] changed: Value, #[case] now: &str, #[case] expected: bool) {
        let (services, labels) = (["checkout".to_owned()], BTreeMap::new());
        let item = MutedItem {
            services: &services,
            team: None,
            priority: None,
            sources: [""; 2],
            labels: &labels,
            title: "",
        };
        assert_eq!(window(changed.clone()).mutes(item, at(now)), expected);
        let other = ["ledger".to_owned()];
        assert!(!window(changed).mutes(MutedItem { services: &other, ..item }, at(now)));
    }

    #[rstest]
    #[case(json!({}), "2026-03-04T09:00", Some("2026-03-04T10:00"))]
    #[case(json!({}), "2026-03-04T10:00", None)]
    #[case(daily(), "2026-03-04T10:00", Some("2026-03-05T10:00"))]
    #[case(daily(), "2026-03-09T13:00", Some("2026-03-10T10:00"))]
    fn next_occurrence_has_not_begun(
        #[case] changed: Value,
        #[case] now: &str,
        #[case] expected: Option<&str>,
    ) {
        let next = window(changed).next_occurrence(at(now));
        assert_eq!(next.map(|next| next.from), expected.map(at));
    }

    #[rstest]
    #[case(json!({"title": ""}), "title")]
    #[case(json!({"filter": {}}), "filter")]
    #[case(json!({"until": "2026-03-04T10:00:00Z"}), "until")]
    #[case(json!({"until": "2026-07-04T10:00:00Z"}), "until")]
    #[case(json!({"from": "1900-03-04T10:00:00Z"}), "from")]
    #[case(json!({"recurrence": {"repeats": "daily", "zone": ""}}), "zone")]
    #[case(json!({"filter": {"text": ""}}), "text")]
    fn wrong_field_is_named(#[case] changed: Value, #[case] field: &str) {
        assert_eq!(window(changed).check().unwrap_err().field, field);
        assert_eq!(window(json!({})).check(), Ok(()));
    }

    #[rstest]
    #[case(json!({}), Some("2026-03-04T12:00"))]
    #[case(json!({"ended_at": "2026-03-04T11:00:00Z"}), Some("2026-03-04T11:00"))]
    #[case(daily(), None)]
    fn last_end_is_that_of_the_last_time(#[case] changed: Value, #[case] expected: Option<&str>) {
        assert_eq!(window(changed).last_end(), expected.map(at));
    }

    #[rstest]
    #[case(json!({}), "2026-03-04T09:00", Some("2026-03-04T10:00"))]
    #[case(json!({}), "2026-03-04T10:00", Some("2026-03-04T12:00"))]
    #[case(json!({}), "2026-03-04T12:00", None)]
    #[case(daily(), "2026-03-04T12:00", Some("2026-03-05T10:00"))]
    fn next_boundary_is_a_begin_or_an_end(
        #[case] changed: Value,
        #[case] now: &str,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(window(changed).next_boundary(at(now)), expected.map(at));
    }

    #[rstest]
    #[case("UTC", true)]
    #[case("Moon/Crater", false)]
    fn zone_is_one_of_this_machine(#[case] zone: &str, #[case] expected: bool) {
        let window = window(json!({"recurrence": {"repeats": "daily", "zone": zone}}));
        assert_eq!(window.check_zone().is_ok(), expected);
    }

    #[test]
    fn window_of_a_later_version_is_carried() {
        let sent = json!({"approved_by": "ines"});
        let read = window(sent);
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written["approved_by"], "ines");
        assert_eq!(serde_json::from_value::<MaintenanceWindow>(written).unwrap(), read);
    }
}
