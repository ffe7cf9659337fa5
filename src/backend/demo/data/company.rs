//! The types of `company.toml`: teams, services, the escalation policy and the schedule.

use serde::Deserialize;

/// The content of `company.toml`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct CompanyFile {
    /// Handle of the person who the viewer of the demo is.
    pub viewer: String,
    /// The levels of the escalation policy that every team has.
    pub policy: Vec<PolicyEntry>,
    pub schedule: ScheduleRule,
    pub teams: Vec<TeamEntry>,
    pub services: Vec<ServiceEntry>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct TeamEntry {
    pub name: String,
    /// The people of the team, the most senior one first.
    pub members: Vec<Member>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Member {
    pub handle: String,
    pub name: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct ServiceEntry {
    pub name: String,
    /// Name of its kind.
    pub kind: String,
    /// Name of the team that runs it.
    pub team: String,
    /// Names of the services that must work for this one to work.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// The promised availability in parts per 100,000.
    pub objective: Option<u32>,
}

/// One level of the escalation policy.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct PolicyEntry {
    /// Minutes after the report.
    pub after_min: i64,
    pub call: Vec<CallTarget>,
}

/// The target of a level of the escalation policy.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub(in crate::backend::demo) enum CallTarget {
    /// The person of the team who is on call.
    OnCall,
    /// The person of another team who is on call.
    OnCallOf(String),
    /// The member of the team with this index. If the team has fewer members, counting continues
    /// with the first one.
    Member(usize),
}

/// The on-call schedule that every team has, in turns of a week.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct ScheduleRule {
    /// The hour of Monday (UTC) at which a turn begins.
    pub handover_hour: i64,
    /// The number of past turns, rounded down to full rounds of the team.
    pub past_turns: i64,
    /// The begin of an override by the last member, in days before the current turn.
    pub stand_in_days_before: i64,
    /// The length of the override in days.
    pub stand_in_days: i64,
}

impl CompanyFile {
    /// Returns a service by its name.
    pub fn service(&self, name: &str) -> Option<&ServiceEntry> {
        self.services.iter().find(|service| service.name == name)
    }
}
