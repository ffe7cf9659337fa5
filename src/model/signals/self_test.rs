//! Self-tests, and monitored servers: periodic checks, so that silence is not the first sign that
//! nobody is reached.
//!
//! A self-test is an incident like any other, with its own team, person and channel: it goes
//! through alerts, escalation, notification and acknowledgement, and is reclassified in the end, so
//! that no measure counts it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::heartbeat::levels_of;
use crate::model::actor::PersonRef;
use crate::model::alert::{AlertGroup, AlertReport, Overrides};
use crate::model::directory::Directory;
use crate::model::escalation::{Policy, PolicyLevel, Target};
use crate::model::extra::{Extra, extensible_record};
use crate::model::notification::{Contact, Contacts, PersonContacts};
use crate::model::priority::{Impact, Matrix, Priority, Urgency};
use crate::model::time::format_duration;

/// The handle, the team, the channel, the label and the kind of sender of self-tests.
pub const SELF_TEST: &str = "self-test";
/// The default time limit of a self-test in seconds.
pub const DEFAULT_WITHIN_S: i64 = 60;
/// The most servers that are watched.
pub const MAX_WATCHES: usize = 100;
/// The kind of sender of alerts about servers that do not answer.
const WATCH: &str = "watch";
/// The longest reason of a failure that is stored, in bytes.
const MAX_REASON_BYTES: usize = 300;
/// A series of failures is interrupted if nothing was tried for two intervals and this long.
const MAX_DELAY: TimeDelta = TimeDelta::seconds(60);

/// When a server tests itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SelfTestRule {
    /// How often, in seconds.
    pub every_s: i64,
    /// The time limit for the notification in seconds.
    pub within_s: i64,
    /// The priority of the incident of its failure.
    pub priority: Priority,
    /// The service of that incident.
    pub service: Option<String>,
    /// The team of that incident; `None` for that of the service.
    pub team: Option<String>,
}

/// A server that is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WatchRule {
    /// The name.
    pub name: String,
    /// The URL that answers with success while it is ready.
    pub url: String,
    /// The interval of requests in seconds.
    pub every_s: i64,
    /// For how long it may fail, in seconds.
    pub grace_s: i64,
    /// The priority of the incident.
    pub priority: Priority,
    /// The service of the incident.
    pub service: Option<String>,
    /// The team of the incident; `None` for that of the service.
    pub team: Option<String>,
}

/// The result of a self-test, or of a check of a monitored server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct TestRecord {
    /// The self-test, or `watch:` and the name of the server.
    pub name: String,
    /// When it was tried last.
    pub began_at: DateTime<Utc>,
    /// When the last try that ended did so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The reason why the last try that ended has failed; absent if it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when all tries have failed; absent while it succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<DateTime<Utc>>,
    /// Whether an incident was declared that its success ends.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_declared: bool,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(TestRecord);

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The effect of a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestChange {
    /// Declare an incident.
    Fails,
    /// End the incident.
    Succeeds,
}

impl TestRecord {
    /// Creates the record of a check that runs for the first time.
    #[must_use]
    pub fn new(name: impl Into<String>, began_at: DateTime<Utc>) -> Self {
        Self {
            name: name.into(),
            began_at,
            ended_at: None,
            error: None,
            failing_since: None,
            is_declared: false,
            extra: Extra::default(),
        }
    }

    /// Records the result of a check that ended at `now`, and returns its effect. A failure is
    /// declared after `grace` without a success. A time without checks does not count.
    pub fn note(
        &mut self,
        result: Result<(), String>,
        (every, grace): (TimeDelta, TimeDelta),
        now: DateTime<Utc>,
    ) -> Option<TestChange> {
        let before = self.ended_at.replace(now);
        let Err(reason) = result else {
            (self.error, self.failing_since) = (None, None);
            return std::mem::take(&mut self.is_declared).then_some(TestChange::Succeeds);
        };
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        self.error = Some(reason[..reason.floor_char_boundary(MAX_REASON_BYTES)].to_owned());
        let is_series =
            before.is_some_and(|before| before <= now && now - before <= every + every + MAX_DELAY);
        let since = self.failing_since.filter(|since| is_series && *since <= now).unwrap_or(now);
        self.failing_since = Some(since);
        if self.is_declared || now - since < grace {
            return None;
        }
        self.is_declared = true;
        Some(TestChange::Fails)
    }
}

/// Returns the alert of a self-test, which fires or has ended. `expires_at` is when it ends if the
/// program that runs the test does not end it.
#[must_use]
pub fn self_test_alert(
    key: &str,
    is_firing: bool,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> AlertGroup {
    let title = "Self-test of redphone: nothing has happened";
    let mut report = report(SELF_TEST, title, is_firing, now);
    report.expires_at = expires_at.filter(|_| is_firing);
    let mut group = AlertGroup::new(SELF_TEST, "the self-test", key, vec![report]);
    group.overrides = Overrides {
        title: Some(title.to_owned()),
        labels: vec![SELF_TEST.to_owned()],
        ..group.overrides
    };
    group
}

fn report(key: &str, title: &str, is_firing: bool, now: DateTime<Utc>) -> AlertReport {
    AlertReport {
        key: key.to_owned(),
        is_firing,
        starts_at: is_firing.then_some(now),
        ends_at: (!is_firing).then_some(now),
        expires_at: None,
        title: title.to_owned(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        url: None,
    }
}

impl SelfTestRule {
    /// Returns the alert of its failure: `error` is why, `None` that it succeeds again.
    #[must_use]
    pub fn alert(&self, error: Option<&str>, now: DateTime<Utc>, matrix: &Matrix) -> AlertGroup {
        let title = "The self-test of redphone fails: it may be that nobody is reached";
        let mut report = report(SELF_TEST, title, error.is_some(), now);
        if let Some(error) = error {
            report.annotations.insert("description".into(), format!("It failed at: {error}."));
        }
        let overrides = Overrides {
            title: Some(title.to_owned()),
            service: self.service.clone(),
            team: self.team.clone(),
            levels: Some(levels_of(self.priority, matrix)),
            ..Overrides::default()
        };
        let group = AlertGroup::new(SELF_TEST, "the self-test", "self-test:failure", vec![report]);
        AlertGroup { overrides, ..group }
    }
}

impl WatchRule {
    /// Returns the name of its record.
    #[must_use]
    pub fn record_name(&self) -> String {
        format!("{WATCH}:{}", self.name)
    }

    /// Returns the alert of its silence: `error` is why, `None` that it answers again.
    #[must_use]
    pub fn alert(&self, error: Option<&str>, now: DateTime<Utc>, matrix: &Matrix) -> AlertGroup {
        let title = format!("{} does not answer", self.name);
        let mut report = report(&self.name, &title, error.is_some(), now);
        if let Some(error) = error {
            let grace = format_duration(seconds(self.grace_s));
            let description =
                format!("The server {} was not ready for {grace}: {error}.", self.name);
            report.annotations.insert("description".into(), description);
        }
        report.labels.insert(WATCH.to_owned(), self.name.clone());
        let overrides = Overrides {
            title: Some(title),
            service: self.service.clone(),
            team: self.team.clone(),
            levels: Some(levels_of(self.priority, matrix)),
            ..Overrides::default()
        };
        let group = AlertGroup::new(WATCH, "the watch", self.record_name(), vec![report]);
        AlertGroup { overrides, ..group }
    }
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::try_seconds(seconds).unwrap_or_default()
}

/// Returns the person whom self-tests call.
#[must_use]
pub fn test_person() -> PersonRef {
    PersonRef::new(SELF_TEST, "Self-test")
}

/// Returns impact and urgency of the incident of a self-test.
#[must_use]
pub fn test_levels(matrix: &Matrix) -> (Impact, Urgency) {
    levels_of(Priority::P4, matrix)
}

/// Adds the person and the policy of self-tests to a directory that lacks them.
pub fn add_test_policy(directory: &mut Directory) {
    if !directory.people.iter().any(|person| person.handle == SELF_TEST) {
        directory.people.push(test_person());
    }
    if !directory.policies.iter().any(|policy| policy.team == SELF_TEST) {
        let call = vec![Target::Person(SELF_TEST.to_owned())];
        let levels =
            vec![PolicyLevel { after_s: 0, call, round_robin: false, all_must_acknowledge: false }];
        directory.policies.push(Policy { team: SELF_TEST.to_owned(), levels, ..Policy::default() });
    }
}

/// Adds the contact of self-tests, over a channel within the program, to contacts that do not have one.
pub fn add_test_contact(contacts: &mut Contacts) {
    if contacts.of_person(SELF_TEST).is_none() {
        let contact = Contact {
            name: SELF_TEST.to_owned(),
            channel: SELF_TEST.to_owned(),
            address: SELF_TEST.to_owned(),
        };
        contacts.people.push(PersonContacts {
            person: SELF_TEST.to_owned(),
            contacts: vec![contact],
            ..PersonContacts::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_900_000_000 + seconds, 0).unwrap()
    }

    const SPANS: (TimeDelta, TimeDelta) = (TimeDelta::seconds(30), TimeDelta::seconds(90));

    /// Records checks at times, each successful or not, and returns their effects.
    fn changes(tries: &[(i64, bool)]) -> Vec<(i64, TestChange)> {
        let mut record = TestRecord::new("watch:other", at(0));
        let noted = tries.iter().filter_map(|(seconds, succeeds)| {
            let result = if *succeeds { Ok(()) } else { Err("no answer".to_owned()) };
            Some((*seconds, record.note(result, SPANS, at(*seconds))?))
        });
        noted.collect()
    }

    #[rstest]
    #[case::answers(&[(0, true), (30, true)], &[])]
    #[case::fails_shortly(&[(0, true), (30, false), (60, false), (90, true)], &[])]
    #[case::fails_for_the_grace(
        &[(0, false), (30, false), (60, false), (90, false), (120, false)],
        &[(90, TestChange::Fails)]
    )]
    #[case::answers_again(
        &[(0, false), (60, false), (120, false), (150, true), (180, true)],
        &[(120, TestChange::Fails), (150, TestChange::Succeeds)]
    )]
    #[case::nothing_was_tried_for_a_day(&[(0, false), (86_400, false), (86_430, false)], &[])]
    #[case::clock_was_set_back(&[(900, false), (10, false), (40, false)], &[])]
    fn series_of_failures_is_declared_once(
        #[case] tries: &[(i64, bool)],
        #[case] expected: &[(i64, TestChange)],
    ) {
        assert_eq!(changes(tries), expected);
    }

    #[test]
    fn reason_is_one_bounded_line() {
        let mut record = TestRecord::new(SELF_TEST, at(0));
        record.note(Err(format!("a\nb {}", "é".repeat(400))), SPANS, at(1));
        let error = record.error.unwrap();
        assert!(error.starts_with("a b é") && error.len() <= MAX_REASON_BYTES, "{error}");
    }

    #[test]
    fn record_is_read_as_it_is_written() {
        let mut record = TestRecord::new(SELF_TEST, at(0));
        record.note(Err("no".into()), (TimeDelta::zero(), TimeDelta::zero()), at(1));
        let mut json = serde_json::to_value(&record).unwrap();
        json["later"] = 7.into();
        let read: TestRecord = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((read.is_declared, read.failing_since), (true, Some(at(1))));
        assert_eq!(serde_json::to_value(&read).unwrap(), json);
    }

    #[test]
    fn policy_and_contact_of_the_settings_stay() {
        let mut directory = Directory::default();
        add_test_policy(&mut directory);
        add_test_policy(&mut directory);
        assert_eq!((directory.people.len(), directory.policies.len()), (1, 1));
        let own = PersonContacts { person: SELF_TEST.into(), ..PersonContacts::default() };
        let mut contacts = Contacts { people: vec![own.clone()] };
        add_test_contact(&mut contacts);
        assert_eq!(contacts.people, [own]);
    }
}
