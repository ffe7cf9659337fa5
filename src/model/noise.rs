//! The checks with the most alerts, and the results of these alerts.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::{IncidentId, IncidentNumber};
use super::status::Status;
use super::summary::Summary;
use super::unknown::read_entries;

/// The labels that name the check of an alert, in the order in which they are preferred.
const CHECK_LABELS: [&str; 8] =
    ["alertname", "check", "check_name", "monitor", "rule", "rule_name", "trigger", "alert"];
/// How many of its incidents a row names.
const MAX_NAMED: usize = 20;
/// The longest name of a check, in characters.
const MAX_CHECK_CHARS: usize = 200;

/// The checks with the most alerts in a window.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct NoiseReport {
    /// The window's start.
    pub from: DateTime<Utc>,
    /// The window's end.
    pub to: DateTime<Utc>,
    /// The number of checks.
    pub total: u64,
    /// Whether there are more alerts than were counted; the latest ones are counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
    /// The checks, the one whose alerts were reported most often first.
    #[serde(deserialize_with = "read_entries")]
    pub rows: Vec<NoiseRow>,
}

/// A check, and the results of its alerts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct NoiseRow {
    /// The kind of sender, such as `alertmanager`.
    pub source: String,
    /// The name of the check: the value of its label, such as `alertname`, or the title of its
    /// alerts without the words that differ between them.
    pub check: String,
    /// How often its alerts were reported as firing.
    pub reports: u64,
    /// How many alerts of incidents it has.
    pub alerts: u64,
    /// How many incidents have its alerts.
    pub incidents: u64,
    /// The number of these that led to work: they were acknowledged, and neither marked as noise
    /// nor removed from the queue.
    pub led: u64,
    /// How many are marked as noise.
    pub noise: u64,
    /// How many were ended as no incidents.
    pub reclassified: u64,
    /// For how long people had its incidents, from the acknowledgement to the end, in seconds.
    pub spent_s: i64,
    /// When one of its alerts was last reported.
    pub last_at: DateTime<Utc>,
    /// Its incidents, the latest first; at most 20.
    #[serde(deserialize_with = "read_entries")]
    pub latest: Vec<NoiseIncident>,
}

/// An incident of a check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct NoiseIncident {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: IncidentId,
    /// Its number.
    pub number: Option<IncidentNumber>,
    /// Its title.
    pub title: String,
}

impl NoiseRow {
    /// Returns the share of its incidents that led to something, in percent.
    #[must_use]
    pub fn led_percent(&self) -> u64 {
        (self.led * 100).checked_div(self.incidents).unwrap_or(0)
    }
}

/// The properties of an alert that are counted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CountedAlert {
    /// The kind of sender.
    pub source: String,
    /// Its title.
    pub title: String,
    /// When it was last reported.
    pub last_at: DateTime<Utc>,
    /// How often it was reported as firing.
    pub count: u32,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

impl CountedAlert {
    /// Returns the name of its check.
    #[must_use]
    pub fn check(&self) -> String {
        let named = CHECK_LABELS.iter().filter_map(|name| self.labels.get(*name));
        let named = named.map(|name| name.trim()).find(|name| !name.is_empty());
        let name = named.map_or_else(|| common_title(&self.title), ToOwned::to_owned);
        name.chars().take(MAX_CHECK_CHARS).collect()
    }
}

/// Returns a title without the words that have a digit in them, which differ between alerts.
fn common_title(title: &str) -> String {
    let words = title.split_whitespace();
    let words: Vec<&str> =
        words.filter(|word| !word.chars().any(|ch| ch.is_ascii_digit())).collect();
    if words.is_empty() { title.trim().to_owned() } else { words.join(" ") }
}

/// Counts alerts by their checks.
#[derive(Debug, Default)]
pub struct NoiseCounter {
    rows: HashMap<(String, String), Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    reports: u64,
    alerts: u64,
    last_at: Option<DateTime<Utc>>,
    incidents: HashSet<i64>,
}

impl NoiseCounter {
    /// Counts an alert of the incident with a key.
    pub fn add(&mut self, alert: &CountedAlert, incident: i64) {
        let entry = self.rows.entry((alert.source.clone(), alert.check())).or_default();
        entry.reports += u64::from(alert.count);
        entry.alerts += 1;
        entry.last_at = entry.last_at.max(Some(alert.last_at));
        entry.incidents.insert(incident);
    }

    /// Returns the keys of all incidents that were counted.
    #[must_use]
    pub fn incidents(&self) -> HashSet<i64> {
        self.rows.values().flat_map(|entry| entry.incidents.iter().copied()).collect()
    }

    /// Returns the report. `incidents` has the rows of the incidents, by their keys.
    #[must_use]
    pub fn report<S: std::hash::BuildHasher>(
        self,
        incidents: &HashMap<i64, Summary, S>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        limit: u32,
        now: DateTime<Utc>,
    ) -> NoiseReport {
        let total = u64::try_from(self.rows.len()).unwrap_or(u64::MAX);
        let rows = self.rows.into_iter();
        let mut rows: Vec<NoiseRow> = rows
            .map(|((source, check), entry)| {
                let mut keys: Vec<i64> = entry.incidents.into_iter().collect();
                keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
                let found: Vec<&Summary> =
                    keys.iter().filter_map(|key| incidents.get(key)).collect();
                row(
                    (source, check),
                    &found,
                    now,
                    &NoiseRow {
                        reports: entry.reports,
                        alerts: entry.alerts,
                        last_at: entry.last_at.unwrap_or(from),
                        ..blank(from)
                    },
                )
            })
            .collect();
        rows.sort_by(|a, b| {
            let key = |row: &NoiseRow| std::cmp::Reverse((row.reports, row.incidents, row.alerts));
            key(a).cmp(&key(b)).then_with(|| (&a.source, &a.check).cmp(&(&b.source, &b.check)))
        });
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        NoiseReport { from, to, total, is_partial: false, rows }
    }
}

fn blank(at: DateTime<Utc>) -> NoiseRow {
    NoiseRow {
        source: String::new(),
        check: String::new(),
        reports: 0,
        alerts: 0,
        incidents: 0,
        led: 0,
        noise: 0,
        reclassified: 0,
        spent_s: 0,
        last_at: at,
        latest: Vec::new(),
    }
}

fn row(
    (source, check): (String, String),
    incidents: &[&Summary],
    now: DateTime<Utc>,
    counted: &NoiseRow,
) -> NoiseRow {
    let count = |is_wanted: &dyn Fn(&Summary) -> bool| {
        u64::try_from(incidents.iter().filter(|row| is_wanted(row)).count()).unwrap_or(u64::MAX)
    };
    let latest = incidents.iter().take(MAX_NAMED).map(|row| NoiseIncident {
        id: row.id,
        number: row.number,
        title: row.title.clone(),
    });
    NoiseRow {
        source,
        check,
        incidents: count(&|_| true),
        led: count(&led_to_something),
        noise: count(&|row| row.is_noise),
        reclassified: count(&|row| row.status == Status::Reclassified),
        spent_s: incidents.iter().map(|row| spent_s(row, now)).sum(),
        latest: latest.collect(),
        ..counted.clone()
    }
}

fn led_to_something(row: &Summary) -> bool {
    row.acknowledged_at.is_some() && !row.is_noise && row.status != Status::Reclassified
}

/// Returns for how long people had an incident, in seconds.
fn spent_s(row: &Summary, now: DateTime<Utc>) -> i64 {
    let Some(acknowledged_at) = row.acknowledged_at else { return 0 };
    let end = row.ended_at().unwrap_or(now);
    (end - acknowledged_at).num_seconds().max(0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds)
    }

    fn alert(title: &str, labels: &[(&str, &str)], count: u32) -> CountedAlert {
        let labels = labels.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        CountedAlert {
            source: "zabbix".into(),
            title: title.into(),
            last_at: at(i64::from(count)),
            count,
            labels: labels.collect(),
        }
    }

    fn incident(number: u64, changes: &serde_json::Value) -> Summary {
        let mut row = json!({
            "id": uuid::Uuid::from_u128(u128::from(number)), "number": number, "title": "Slow",
            "status": "triggered", "impact": "high", "urgency": "high", "priority": "P2",
            "source": "monitoring", "services": [], "team": null, "detected_at": at(0),
            "reported_at": at(0), "paused": false, "alerts": 1, "escalation": 0, "seq": 1,
            "last_event_at": at(0),
        });
        for (name, value) in changes.as_object().unwrap() {
            row[name] = value.clone();
        }
        serde_json::from_value(row).unwrap()
    }

    #[rstest]
    #[case::label(alert("Disk of db1 is full", &[("alertname", "DiskFull")], 1), "DiskFull")]
    #[case::other_label(alert("x", &[("monitor", "Shop")], 1), "Shop")]
    #[case::blank_label(alert("Disk is full", &[("alertname", " ")], 1), "Disk is full")]
    #[case::title_without_what_differs(alert("Disk of db1 is 93% full", &[], 1), "Disk of is full")]
    #[case::nothing_in_common(alert("db1 93%", &[], 1), "db1 93%")]
    fn check_is_named_by_label_or_title(#[case] alert: CountedAlert, #[case] expected: &str) {
        assert_eq!(alert.check(), expected);
    }

    #[test]
    fn checks_are_counted_with_what_they_led_to() {
        let mut counter = NoiseCounter::default();
        let disk = |count| alert("Full", &[("alertname", "Disk")], count);
        counter.add(&disk(5), 1);
        counter.add(&disk(2), 2);
        counter.add(&disk(1), 3);
        counter.add(&disk(1), 4);
        counter.add(&alert("Slow", &[("alertname", "Latency")], 3), 1);
        assert_eq!(counter.incidents(), HashSet::from([1, 2, 3, 4]));
        let ended = json!({"acknowledged_at": at(10), "resolved_at": at(70), "status": "resolved"});
        let noise = json!({"acknowledged_at": at(10), "is_noise": true});
        let rows = HashMap::from([
            (1, incident(1, &ended)),
            (2, incident(2, &noise)),
            (
                3,
                incident(
                    3,
                    &json!({"status": "reclassified", "acknowledged_at": at(1),
                "closed_at": at(5)}),
                ),
            ),
            (4, incident(4, &json!({}))),
        ]);
        let report = counter.report(&rows, (at(0), at(100)), 10, at(110));
        let [disk, latency] = report.rows.as_slice() else { panic!("{report:?}") };
        assert_eq!((disk.check.as_str(), disk.reports, disk.alerts), ("Disk", 9, 4));
        assert_eq!((disk.incidents, disk.led, disk.noise, disk.reclassified), (4, 1, 1, 1));
        assert_eq!((disk.led_percent(), disk.spent_s), (25, 60 + 100 + 4));
        assert_eq!(disk.latest[0].number, Some(IncidentNumber(4)));
        assert_eq!(disk.last_at, at(5));
        assert_eq!((latency.check.as_str(), latency.led_percent()), ("Latency", 100));
    }

    #[test]
    fn report_is_bounded() {
        let mut counter = NoiseCounter::default();
        for number in 0..5 {
            counter.add(&alert("x", &[("alertname", &"y".repeat(number + 1))], 1), 1);
        }
        let report = counter.report(&HashMap::new(), (at(0), at(1)), 2, at(1));
        assert_eq!((report.total, report.rows.len()), (5, 2));
    }
}
