//! Steps of an escalation policy that a program carries out by itself.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::time::format_duration;

/// A step counts as late if it is carried out this much after it was due.
pub const LATE_AFTER: TimeDelta = TimeDelta::seconds(60);

/// A step is not carried out any more this long after it was due: whoever was down for longer must
/// not wake people for what is history by now.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::hours(24);

/// A step of an escalation policy that is due. Every program that notices it asks for the same one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DueStep {
    /// The round in which the policy is gone through, from 1.
    #[schema(minimum = 1, maximum = 65535)]
    pub round: u16,
    /// When the step was due.
    pub due: DateTime<Utc>,
    /// Since when nobody has done anything about the incident, if the step is due because its
    /// acknowledgement has expired; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattended_since: Option<DateTime<Utc>>,
}

/// A step of an escalation policy as it was carried out by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AutomaticStep {
    /// The round in which the policy is gone through, from 1.
    #[schema(minimum = 1, maximum = 65535)]
    pub round: u16,
    /// When the step was due.
    pub due: DateTime<Utc>,
    /// How many seconds after that it was carried out; absent if it was in time.
    #[serde(default, skip_serializing_if = "is_in_time")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    pub late_s: u32,
    /// Since when nobody had done anything about the incident, if its acknowledgement has expired: then
    /// it is triggered again, and the policy is gone through from its beginning. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattended_since: Option<DateTime<Utc>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_in_time(late_s: &u32) -> bool {
    *late_s == 0
}

impl DueStep {
    /// Returns the step as it is recorded when it is carried out at `now`.
    #[must_use]
    pub fn recorded(self, now: DateTime<Utc>) -> AutomaticStep {
        let late = now - self.due;
        let late_s = if late > LATE_AFTER { late.num_seconds() } else { 0 };
        let late_s = u32::try_from(late_s).unwrap_or(u32::MAX);
        let unattended_since = self.unattended_since;
        AutomaticStep { round: self.round.max(1), due: self.due, late_s, unattended_since }
    }
}

impl AutomaticStep {
    /// Returns what stands behind the level on a timeline, with what separates it.
    #[must_use]
    pub fn remark(self, reaches_nobody: bool) -> String {
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
        if self.late_s > 0 {
            let late = TimeDelta::seconds(i64::from(self.late_s));
            let _ = write!(text, ", {} late", format_duration(late));
        }
        text
    }
}
