//! Arguments of `check`.

use clap::Args;

use crate::model::Priority;

/// Help text after the options of `check`.
pub const CHECK: &str = "\
Nothing is sent and nothing is changed. It names gaps in the schedules, levels that call nobody now,
services and heartbeats whose incidents follow no policy, people whom a policy may call and who have no
contact that works, stakeholders without one, reports that do not reach somebody, and contacts whose
channel is missing or whose address can't be one. Contacts are those of the settings and those that people
have set themselves. Where an API has the incidents, heartbeats, stakeholders and reports are in the
settings of the server: run it there too. Times are UTC.

It ends with 1 if it finds something, so cron can run it. Mentioned, and no errors, are a policy that
ends after its last level, requests for cover and for roles that nobody has answered, maintenance
windows without an end, and contacts of people who are never called whose channel is missing.

With --service it prints instead who would be notified, how and when, if an incident of that service
were declared now and nobody acknowledged it.

--json prints one object a line: kind, is_note and text of a finding; with --service the steps: at,
level, round, person, contact, channel, by_turns, all_must_acknowledge, problem of the contact, and
nobody with the reason where nobody is reached.

Examples:
  redphone check
  redphone check --days 30 --json
  redphone check --service checkout --priority p1";

/// Arguments of `redphone check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// How many days are searched for gaps
    #[arg(long, value_name = "N", default_value_t = 14, conflicts_with = "service",
          value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// Print who would be notified of an incident of this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// The priority of that incident
    #[arg(long, value_name = "PRIORITY", default_value = "p1", requires = "service")]
    pub priority: Priority,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}
