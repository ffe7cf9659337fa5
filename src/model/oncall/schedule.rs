//! A schedule: its layers and overrides.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cover::TimeSpan;
use super::layer::{Layer, Member};
use super::schedule_calendar::ScheduleCalendar;
use super::zone::{UnknownZone, Zone};

/// The maximum number of listed spans in which a person is on call.
pub const MAX_SPANS: usize = 200;
/// The most changes of a schedule that are followed to find them.
const MAX_CHANGES: usize = 13_000;

/// An on-call schedule of a team: layers of rotations, with overrides.
///
/// A schedule without layers is one rotation in turns of a fixed number of seconds. With layers,
/// `rotation`, `starts_at` and `turn_s` approximate its first layer, for programs that do not know
/// layers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// The name of the team that the schedule is for.
    pub team: String,
    /// The handles of the people, in the order in which they take turns.
    pub rotation: Vec<String>,
    /// When the first turn of the first person starts.
    pub starts_at: DateTime<Utc>,
    /// The length of a turn in seconds, greater than 0.
    pub turn_s: i64,
    /// Spans in which another person is on call. If several contain a time, the last one counts.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// The unique name of the schedule; absent if it is that of the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The IANA name of the zone of its local times, such as `Europe/Berlin`; UTC if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The rotations. If several have somebody at a time, the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
    /// The external calendar that defines who is on call, in place of rotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<ScheduleCalendar>,
}

/// A span of time in which one person replaces the one whose turn it is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Override {
    /// The handle of the replacement.
    pub person: String,
    /// The start of the span, which is part of it.
    pub from: DateTime<Utc>,
    /// The end of the span, which is not part of it.
    pub to: DateTime<Utc>,
    /// The handle of the replaced person, if cover was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<String>,
}

impl Schedule {
    /// Returns a schedule with layers, and their approximation for programs that do not know
    /// layers.
    #[must_use]
    pub fn of_layers(team: &str, zone: &Zone, layers: Vec<Layer>) -> Self {
        let mut schedule = Self {
            team: team.to_owned(),
            turn_s: 1,
            zone: Some(zone.name().to_owned()),
            layers,
            ..Self::default()
        };
        schedule.set_plain_rotation();
        schedule
    }

    /// Sets the fields for programs that do not know layers, if there are layers: approximately the
    /// first one.
    pub fn set_plain_rotation(&mut self) {
        let Some(first) = self.layers.first() else { return };
        let people = first.people.iter().filter_map(|member| member.person.clone());
        let (rotation, turn_s) = (people.collect(), first.turn.approximate_seconds());
        self.starts_at = self.zone().first_time(first.starts);
        (self.rotation, self.turn_s) = (rotation, turn_s);
    }

    /// Returns the name by which the schedule is found: its own one, or that of its team.
    #[must_use]
    pub fn key(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.team)
    }

    /// Returns why the zone of the schedule can't be used, if it can't. Its times are read as UTC
    /// then.
    #[must_use]
    pub fn zone_error(&self) -> Option<UnknownZone> {
        self.zone.as_deref().and_then(|name| Zone::find(name).err())
    }

    /// Returns the zone of its local times.
    #[must_use]
    pub fn zone(&self) -> Zone {
        let zone = self.zone.as_deref().and_then(|name| Zone::find(name).ok());
        zone.unwrap_or_else(Zone::utc)
    }

    /// Returns the handles of all people who may be on call by it, each once.
    #[must_use]
    pub fn people(&self) -> Vec<&str> {
        let of_layers = self.layers.iter().flat_map(|layer| &layer.people);
        let of_layers = of_layers.filter_map(|member: &Member| member.person.as_ref());
        let of_rotation = self.rotation.iter().filter(|_| self.layers.is_empty());
        let of_calendar = self.calendar.iter().flat_map(|calendar| &calendar.shifts);
        let of_calendar = of_calendar.map(|shift| &shift.person);
        let stand_ins = self.overrides.iter().map(|stand_in| &stand_in.person);
        let mut people: Vec<&str> = Vec::new();
        for handle in of_rotation.chain(of_layers).chain(of_calendar).chain(stand_ins) {
            if !people.contains(&handle.as_str()) {
                people.push(handle);
            }
        }
        people
    }

    /// Returns the override that counts at a time.
    #[must_use]
    pub fn override_at(&self, at: DateTime<Utc>) -> Option<&Override> {
        self.overrides.iter().rev().find(|stand_in| stand_in.from <= at && at < stand_in.to)
    }

    /// Returns the handle of the person on call at a time; `None` if nobody is.
    #[must_use]
    pub fn on_call(&self, at: DateTime<Utc>) -> Option<&str> {
        match self.override_at(at) {
            Some(stand_in) => Some(&stand_in.person),
            None => self.regular(at),
        }
    }

    /// Returns the handle of the person who would be on call without overrides.
    #[must_use]
    pub fn regular(&self, at: DateTime<Utc>) -> Option<&str> {
        if let Some(calendar) = &self.calendar {
            return calendar.shift_at(at).map(|shift| shift.person.as_str());
        }
        if self.layers.is_empty() {
            let count = i64::try_from(self.rotation.len()).ok().filter(|n| *n > 0)?;
            let turn = (at - self.starts_at).num_seconds().div_euclid(self.turn_s.max(1));
            let index = usize::try_from(turn.rem_euclid(count)).ok()?;
            return self.rotation.get(index).map(String::as_str);
        }
        let local = self.zone().latest_shown(at.timestamp());
        self.layers.iter().rev().find_map(|layer| layer.on_call(local))
    }

    /// Returns the spans between two times in which a person is on call, in order; at most
    /// [`MAX_SPANS`] of them.
    #[must_use]
    pub fn spans_of(&self, handle: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<TimeSpan> {
        let mut spans: Vec<TimeSpan> = Vec::new();
        let mut at = from;
        for _ in 0..MAX_CHANGES {
            if at >= to {
                break;
            }
            let end = self.next_change(at).map_or(to, |next| next.min(to));
            if self.on_call(at) == Some(handle) {
                let is_full = spans.len() >= MAX_SPANS;
                match spans.last_mut() {
                    Some(last) if last.to == at => last.to = end,
                    _ if is_full => break,
                    _ => spans.push(TimeSpan { from: at, to: end }),
                }
            }
            at = end;
        }
        spans
    }

    /// Returns the end of the turn that runs at `at`, or the greatest possible time. Overrides and
    /// layers are ignored.
    #[must_use]
    pub fn turn_ends_at(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let turn_s = self.turn_s.max(1);
        let turn = (at - self.starts_at).num_seconds().div_euclid(turn_s);
        turn.checked_add(1)
            .and_then(|turns| TimeDelta::try_seconds(turns.checked_mul(turn_s)?))
            .and_then(|span| self.starts_at.checked_add_signed(span))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Returns the first time after `at` at which another person may be on call: a turn ends, the
    /// hours of a layer begin or end, or an override does.
    #[must_use]
    pub fn next_change(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let edges = self.overrides.iter().flat_map(|o| [o.from, o.to]);
        edges.chain(self.next_regular_change(at)).filter(|edge| *edge > at).min()
    }

    fn next_regular_change(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if let Some(calendar) = &self.calendar {
            return calendar.next_change(at);
        }
        if self.layers.is_empty() {
            // A rotation of one person never changes.
            return (self.rotation.len() > 1).then(|| self.turn_ends_at(at));
        }
        let zone = self.zone();
        let local = zone.latest_shown(at.timestamp());
        let change = self.layers.iter().filter_map(|layer| layer.next_change(local)).min()?;
        DateTime::from_timestamp(zone.first_second(change), 0)
    }
}
