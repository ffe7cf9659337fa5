//! Steps of an escalation policy that a program carries out automatically.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::time::format_duration;

/// How long after its due time a step counts as late.
pub const LATE_AFTER: TimeDelta = TimeDelta::seconds(60);

/// How long after its due time a step is skipped: a program that was down for longer must not wake
/// people for events that are history by now.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::hours(24);

/// The most missed levels that a text names.
const MAX_NAMED: usize = 3;

/// A level that was not called when it was due, as all programs were down or the incident was on hold. The
/// people whom it reaches are called together with those of a later level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MissedLevel {
    /// The number of the level, from 1.
    pub level: u8,
    /// The round of the policy, from 1.
    #[schema(minimum = 1, maximum = 65535)]
    pub round: u16,
    /// When the level was due.
    pub due: DateTime<Utc>,
    /// How many seconds after that it was called; absent if it was in time, and before it is called.
    #[serde(default, skip_serializing_if = "is_in_time")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    pub late_s: u32,
}

/// A step of an escalation policy that is due. Every program that notices it requests the same one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DueStep {
    /// The round of the policy, from 1.
    #[schema(minimum = 1, maximum = 65535)]
    pub round: u16,
    /// When the step was due.
    pub due: DateTime<Utc>,
    /// The time of the last activity, if the step is due because the incident's acknowledgement has
    /// expired; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattended_since: Option<DateTime<Utc>>,
    /// The levels before it that are called with it, as they were not called when they were due.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<MissedLevel>,
}

/// A step of an escalation policy that was carried out automatically.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AutomaticStep {
    /// The round of the policy, from 1.
    #[schema(minimum = 1, maximum = 65535)]
    pub round: u16,
    /// When the step was due.
    pub due: DateTime<Utc>,
    /// How many seconds after that it was carried out; absent if it was in time.
    #[serde(default, skip_serializing_if = "is_in_time")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    pub late_s: u32,
    /// The time of the last activity, if the incident's acknowledgement has expired: then it is
    /// triggered again, and the policy restarts. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattended_since: Option<DateTime<Utc>>,
    /// The levels before it that were called with it, as they were not called when they were due.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<MissedLevel>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_in_time(late_s: &u32) -> bool {
    *late_s == 0
}

impl DueStep {
    /// Returns the record of the step, carried out at `now`.
    #[must_use]
    pub fn recorded(&self, now: DateTime<Utc>) -> AutomaticStep {
        let missed = self.missed.iter().map(|missed| MissedLevel {
            round: missed.round.max(1),
            late_s: seconds_late(missed.due, now),
            ..*missed
        });
        AutomaticStep {
            round: self.round.max(1),
            due: self.due,
            late_s: seconds_late(self.due, now),
            unattended_since: self.unattended_since,
            missed: missed.collect(),
        }
    }
}

/// Returns how many seconds late something is at `now`; 0 if that does not count as late.
fn seconds_late(due: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    let late = now - due;
    let late_s = if late > LATE_AFTER { late.num_seconds() } else { 0 };
    u32::try_from(late_s).unwrap_or(u32::MAX)
}

/// Returns how late something is, such as `12m late`; `None` if it was in time.
fn late_text(late_s: u32) -> Option<String> {
    let late = TimeDelta::seconds(i64::from(late_s));
    (late_s > 0).then(|| format!("{} late", format_duration(late)))
}

impl MissedLevel {
    /// Returns the number of the level, with its round if that is another one than `round`.
    fn number(&self, round: u16) -> String {
        if self.round == round {
            return self.level.to_string();
        }
        format!("{} of round {}", self.level, self.round)
    }
}

impl AutomaticStep {
    /// Returns the text after the level on a timeline, with its separator.
    #[must_use]
    pub fn remark(&self, reaches_nobody: bool) -> String {
        let mut text = String::new();
        if reaches_nobody {
            text.push_str(", which reaches nobody");
        }
        if let Some(since) = self.unattended_since {
            let after = format_duration(self.due - since);
            let _ = write!(
                text,
                ", as the acknowledgement expired after {after} without a sign of work"
            );
        }
        if self.round > 1 {
            // Writing to a String can't fail.
            let _ = write!(text, ", round {}", self.round);
        }
        if let Some(late) = late_text(self.late_s) {
            let _ = write!(text, ", {late}");
        }
        for missed in self.missed.iter().take(MAX_NAMED) {
            let _ = write!(text, "; with level {}", missed.number(self.round));
            if let Some(late) = late_text(missed.late_s) {
                let _ = write!(text, ", {late}");
            }
        }
        if let Some(more @ 1..) = self.missed.len().checked_sub(MAX_NAMED) {
            let _ = write!(text, "; with {more} more");
        }
        text
    }

    /// Returns what people who are called learn about an acknowledgement that has expired, and about the delay,
    /// as sentences; `None` if there is nothing to say.
    #[must_use]
    pub fn late_sentences(&self) -> Option<String> {
        let expired = self.unattended_since.map(|since| {
            let after = format_duration(self.due - since);
            format!("An earlier acknowledgement expired after {after} without a sign of work.")
        });
        let late = late_text(self.late_s).map(|late| format!("That is {late}."));
        let mut sentences: Vec<String> = expired.into_iter().chain(late).collect();
        for missed in self.missed.iter().take(MAX_NAMED) {
            let number = missed.number(self.round);
            let late = late_text(missed.late_s);
            let late = late.map(|late| format!(", {late}")).unwrap_or_default();
            sentences.push(format!("Level {number} was missed and is called with it{late}."));
        }
        if let Some(more @ 1..) = self.missed.len().checked_sub(MAX_NAMED) {
            sentences.push(format!("{more} more were missed."));
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// Returns how a level was called by this step that was missed before, in a round; `None` if it was not.
    #[must_use]
    pub fn missed_level(&self, level: u8, round: u16) -> Option<&MissedLevel> {
        self.missed.iter().find(|missed| (missed.level, missed.round) == (level, round))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2031-05-20T22:00:00Z".parse().unwrap();
        start + TimeDelta::minutes(minutes)
    }

    /// A step of round 2 that is due after 60 minutes, with the round, level and minute of what was missed.
    fn recorded(missed: &[(u16, u8, i64)], now: i64) -> AutomaticStep {
        let missed = missed.iter().map(|&(round, level, minute)| MissedLevel {
            level,
            round,
            due: at(minute),
            late_s: 0,
        });
        let step =
            DueStep { round: 2, due: at(60), unattended_since: None, missed: missed.collect() };
        step.recorded(at(now))
    }

    #[rstest]
    #[case::in_time(&[], 61, ", round 2", None)]
    #[case::late(&[], 62, ", round 2, 2m late", Some("That is 2m late."))]
    #[case::missed_in_the_round_before(
        &[(1, 2, 10)],
        61,
        ", round 2; with level 2 of round 1, 51m late",
        Some("Level 2 of round 1 was missed and is called with it, 51m late.")
    )]
    #[case::missed_in_the_same_round(
        &[(2, 1, 30), (2, 2, 60)],
        61,
        ", round 2; with level 1, 31m late; with level 2",
        Some(
            "Level 1 was missed and is called with it, 31m late. Level 2 was missed and is called \
             with it."
        )
    )]
    #[case::many(
        &[(1, 1, 0), (1, 2, 10), (1, 3, 20), (1, 4, 30), (2, 1, 59)],
        60,
        ", round 2; with level 1 of round 1, 1h00 late; with level 2 of round 1, 50m late; with \
         level 3 of round 1, 40m late; with 2 more",
        Some(
            "Level 1 of round 1 was missed and is called with it, 1h00 late. Level 2 of round 1 was \
             missed and is called with it, 50m late. Level 3 of round 1 was missed and is called with \
             it, 40m late. 2 more were missed."
        )
    )]
    fn each_missed_level_has_its_own_delay(
        #[case] missed: &[(u16, u8, i64)],
        #[case] now: i64,
        #[case] remark: &str,
        #[case] sentences: Option<&str>,
    ) {
        let step = recorded(missed, now);
        assert_eq!(step.remark(false), remark);
        assert_eq!(step.late_sentences().as_deref(), sentences);
    }

    #[rstest]
    #[case(60, "An earlier acknowledgement expired after 30m without a sign of work.")]
    #[case(
        62,
        "An earlier acknowledgement expired after 30m without a sign of work. That is 2m late."
    )]
    fn expired_acknowledgement_is_mentioned(#[case] now: i64, #[case] sentences: &str) {
        let step = AutomaticStep { unattended_since: Some(at(30)), ..recorded(&[], now) };
        assert_eq!(step.late_sentences().as_deref(), Some(sentences));
    }

    #[test]
    fn step_of_an_earlier_version_is_read_and_written() {
        let stored = r#"{"round":1,"due":"2031-05-20T22:00:00Z","late_s":90}"#;
        let step: AutomaticStep = serde_json::from_str(stored).unwrap();
        assert_eq!((step.late_s, step.missed.len()), (90, 0));
        assert_eq!(serde_json::to_string(&step).unwrap(), stored);
        let step = recorded(&[(1, 2, 10)], 61);
        let missed = serde_json::to_value(&step).unwrap()["missed"].clone();
        let expected = serde_json::json!([
            {"level": 2, "round": 1, "due": "2031-05-20T22:10:00Z", "late_s": 3060}
        ]);
        assert_eq!(missed, expected);
    }
}
