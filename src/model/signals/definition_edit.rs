//! Changes of what another program defines of heartbeats through an API.

use chrono::{DateTime, Utc};

use super::definition::{HeartbeatDefinition, HeartbeatPatch, MAX_INTERVAL_S};
use super::heartbeat::{Heartbeat, HeartbeatRule, MAX_HEARTBEATS};

/// How the definition of a heartbeat is changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HeartbeatEdit {
    /// There is one from now on.
    Define(HeartbeatDefinition),
    /// Parts of it change.
    Change(HeartbeatPatch),
    /// There is none any more.
    Remove,
}

/// Why the definition of a heartbeat is not changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeartbeatFault {
    /// There is one already.
    #[error("there is such a heartbeat already: choose another name, or change that one")]
    AlreadyDefined,
    /// There is none.
    #[error("there is no such heartbeat")]
    NotDefined,
    /// There are too many.
    #[error("there are {MAX_HEARTBEATS} heartbeats, and no more are possible: remove some")]
    TooMany,
    /// The interval is too long.
    #[error("the interval is longer than 366 days: give a shorter one")]
    TooLong,
}

impl HeartbeatEdit {
    /// Returns the heartbeat after the change at a time. `stored` is what is stored of it, and `count` how
    /// many are defined. One that is expected from now on, or more often than before, has time until its
    /// interval has passed.
    ///
    /// # Errors
    /// [`HeartbeatFault`] says why it is not changed.
    pub fn apply(
        self,
        name: &str,
        stored: Option<Heartbeat>,
        count: usize,
        at: DateTime<Utc>,
    ) -> Result<Heartbeat, HeartbeatFault> {
        let before = stored.as_ref().and_then(|heartbeat| heartbeat.definition.clone());
        let definition = match (self, before.clone()) {
            (Self::Define(_), Some(_)) => return Err(HeartbeatFault::AlreadyDefined),
            (Self::Define(_), None) if count >= MAX_HEARTBEATS => {
                return Err(HeartbeatFault::TooMany);
            }
            (Self::Define(definition), None) => Some(definition),
            (Self::Change(_) | Self::Remove, None) => return Err(HeartbeatFault::NotDefined),
            (Self::Change(patch), Some(before)) => Some(before.patched(patch)),
            (Self::Remove, Some(_)) => None,
        };
        if definition.as_ref().is_some_and(|defined| defined.interval_s() > MAX_INTERVAL_S) {
            return Err(HeartbeatFault::TooLong);
        }
        let mut heartbeat = stored.unwrap_or_else(|| Heartbeat::new(name, at));
        let interval = before.as_ref().map(HeartbeatDefinition::interval_s);
        if definition.as_ref().is_some_and(|new| interval.is_some_and(|old| new.interval_s() < old))
        {
            heartbeat.since = at;
        }
        let was_expected = before.is_some_and(|before| before.is_enabled);
        if !was_expected && definition.as_ref().is_some_and(|defined| defined.is_enabled) {
            (heartbeat.since, heartbeat.silent_since) = (at, None);
        }
        heartbeat.definition = definition;
        Ok(heartbeat)
    }
}

/// Returns the heartbeats of the settings, and those that other programs have defined and that are
/// enabled. Of two with a name that of the settings counts.
#[must_use]
pub fn expected_heartbeats(
    rules: &[HeartbeatRule],
    heartbeats: &[Heartbeat],
) -> Vec<HeartbeatRule> {
    let mut expected = rules.to_vec();
    for heartbeat in heartbeats {
        let definition = heartbeat.definition.as_ref().filter(|defined| defined.is_enabled);
        let is_of_settings = || rules.iter().any(|rule| rule.name == heartbeat.name);
        if let Some(definition) = definition.filter(|_| !is_of_settings()) {
            expected.push(definition.rule(&heartbeat.name));
        }
    }
    expected
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rstest::rstest;

    use super::*;
    use crate::model::extra::Extra;
    use crate::model::priority::Priority;
    use crate::model::signals::definition::IntervalUnit;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_900_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn definition() -> HeartbeatDefinition {
        HeartbeatDefinition {
            every: 10,
            unit: IntervalUnit::Minutes,
            is_enabled: true,
            description: "nightly".into(),
            title: None,
            severity: Some("P2".into()),
            labels: vec!["db".into()],
            team: None,
            extra: Extra::default(),
        }
    }

    fn defined() -> Heartbeat {
        HeartbeatEdit::Define(definition()).apply("backup", None, 0, at(0)).unwrap()
    }

    #[test]
    fn heartbeat_is_defined_once_and_then_changed() {
        let heartbeat = defined();
        assert_eq!((heartbeat.since, heartbeat.definition.clone()), (at(0), Some(definition())));
        let again = HeartbeatEdit::Define(definition());
        let again = again.apply("backup", Some(heartbeat.clone()), 1, at(1));
        assert_eq!(again, Err(HeartbeatFault::AlreadyDefined));
        let patch = HeartbeatPatch {
            every: Some(2),
            unit: Some(IntervalUnit::Hours),
            title: Some("No backup".into()),
            severity: Some(String::new()),
            ..HeartbeatPatch::default()
        };
        let changed = HeartbeatEdit::Change(patch).apply("backup", Some(heartbeat), 1, at(1));
        let changed = changed.unwrap();
        let rule = changed.definition.as_ref().unwrap().rule("backup");
        assert_eq!((rule.interval_s, rule.priority), (7200, Priority::P3));
        assert_eq!((rule.title.as_deref(), changed.since), (Some("No backup"), at(0)));
        assert_eq!(changed.definition.unwrap().labels, ["db"]);
    }

    #[test]
    fn shorter_interval_begins_with_the_change() {
        let set = |every, heartbeat, minutes| {
            let patch = HeartbeatPatch { every: Some(every), ..HeartbeatPatch::default() };
            HeartbeatEdit::Change(patch).apply("backup", Some(heartbeat), 1, at(minutes)).unwrap()
        };
        let mut heartbeat = defined();
        heartbeat.beat(at(1));
        let same = set(10, heartbeat.clone(), 8);
        assert_eq!((same.since, same.last_or_since()), (at(0), at(1)));
        let longer = set(20, heartbeat.clone(), 8);
        assert_eq!((longer.since, longer.last_or_since()), (at(0), at(1)));
        let shorter = set(5, heartbeat.clone(), 8);
        assert_eq!((shorter.last_at, shorter.last_or_since()), (Some(at(1)), at(8)));
        heartbeat.silent_since = Some(at(12));
        assert_eq!(set(5, heartbeat, 13).silent_since, Some(at(12)));
    }

    #[test]
    fn heartbeat_that_is_enabled_again_has_its_time() {
        let mut heartbeat = defined();
        heartbeat.silent_since = Some(at(12));
        let set = |is_enabled, heartbeat, minutes| {
            let is_enabled = Some(is_enabled);
            let patch = HeartbeatPatch { is_enabled, ..HeartbeatPatch::default() };
            HeartbeatEdit::Change(patch).apply("backup", Some(heartbeat), 1, at(minutes)).unwrap()
        };
        let heartbeat = set(true, heartbeat, 13);
        assert_eq!((heartbeat.since, heartbeat.silent_since), (at(0), Some(at(12))));
        let heartbeat = set(false, heartbeat, 14);
        assert_eq!(heartbeat.silent_since, Some(at(12)));
        assert_eq!(expected_heartbeats(&[], std::slice::from_ref(&heartbeat)), []);
        let heartbeat = set(true, heartbeat, 20);
        assert_eq!((heartbeat.since, heartbeat.silent_since), (at(20), None));
        let rules = expected_heartbeats(&[], std::slice::from_ref(&heartbeat));
        assert_eq!((rules[0].name.as_str(), rules[0].interval_s), ("backup", 600));
    }

    #[rstest]
    #[case::nothing_to_change(
        HeartbeatEdit::Change(HeartbeatPatch::default()),
        0,
        HeartbeatFault::NotDefined
    )]
    #[case::nothing_to_remove(HeartbeatEdit::Remove, 0, HeartbeatFault::NotDefined)]
    #[case::one_too_many(HeartbeatEdit::Define(definition()), 1000, HeartbeatFault::TooMany)]
    #[case::too_rare(
        HeartbeatEdit::Define(HeartbeatDefinition { every: 527_041, ..definition() }),
        0,
        HeartbeatFault::TooLong
    )]
    #[case::overflow(
        HeartbeatEdit::Define(HeartbeatDefinition { every: i64::MAX, ..definition() }),
        0,
        HeartbeatFault::TooLong
    )]
    fn edit_that_is_impossible_says_why(
        #[case] edit: HeartbeatEdit,
        #[case] count: usize,
        #[case] expected: HeartbeatFault,
    ) {
        let stored = Heartbeat::new("backup", at(0));
        assert_eq!(edit.apply("backup", Some(stored), count, at(0)), Err(expected));
    }

    #[test]
    fn settings_count_before_a_definition() {
        let rules = [definition().rule("backup")];
        let mut other = defined();
        other.name = "report".into();
        let expected = expected_heartbeats(&rules, &[defined(), other]);
        let names: Vec<&str> = expected.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["backup", "report"]);
    }

    #[test]
    fn definition_of_a_later_version_is_written_as_it_was_read() {
        let text = r#"{"every":3,"unit":"fortnights","is_enabled":true,"later":{"a":[1]}}"#;
        let read: HeartbeatDefinition = serde_json::from_str(text).unwrap();
        assert_eq!((read.unit.is_unknown(), read.interval_s()), (true, 180));
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }
}
