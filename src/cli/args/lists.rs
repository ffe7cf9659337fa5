//! Arguments of the commands about what happened and who is on call.

use clap::Args;

use super::super::value::Time;
use super::selection::{EventSelection, RowLimit};

pub(super) const FEED: &str = "\
Without --since it begins where you were last: at the end of the last feed that was shown to you in
full, without other options, on a terminal or not; the first time, a day ago. Times are when the
store recorded an event; what happened offline came later. On a terminal at most 100 are shown.

Kinds: declared, alert_repeated, acknowledged, status_moved, move_taken_back, assigned, team_set,
role_given, escalated, prioritized, categorized, services_set, described, note_added,
note_corrected, stakeholders_updated, item_answered, resolved, reopened, closed, snoozed, woken,
paused, unpaused, merged_into, absorbed, linked, unlinked, reclassified, review_written,
action_item_set, review_published, decision_recorded, alerts_moved_out, alerts_moved_in,
expected_recovery_set, role_requested, role_answered, acknowledged_in_part, muted, unmuted,
folded, noise_marked, follow_up_set, impact_began_set, affected_set, reporter_added, reporter_removed,
team_involved, evidence_added, redacted, review_submitted.

--json prints one object a line: incident (id, number, title, status, priority, services, team,
assignee, reported_at) and event, as in the timeline of `show --json`. It does not count as having
been here.

Examples:
  redphone feed
  redphone feed --since 8h --kind note_added --kind resolved
  redphone feed --since 2026-03-01T22:00:00Z --team payments --oldest --json";

/// The help of the limit, whose rows are events.
const MOST_EVENTS: &str =
    "The most events [default: 100 on a terminal; all in a pipe, a file or JSON]";
/// The help of the option without a limit.
const ALL_EVENTS: &str = "All events";

/// Arguments of `redphone feed`.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("limit", |limit| limit.help(MOST_EVENTS)), mut_arg("all", |all| all.help(ALL_EVENTS)))]
pub struct Feed {
    /// Only what was recorded from this time on [default: since you were last here]
    #[arg(long, value_name = "TIME")]
    pub since: Option<Time>,
    /// Only what was recorded before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<Time>,
    /// Which events
    #[command(flatten)]
    pub selection: EventSelection,
    /// The earliest first
    #[arg(long)]
    pub oldest: bool,
    /// How many events
    #[command(flatten)]
    pub limit: RowLimit,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

pub(super) const ONCALL: &str = "\
Each team has a line for each level of its escalation policy, or for its schedule where it has no
policy: who is called now and until when, and who is next. Where nobody is called the line says so,
and the gaps of level 1 within --days are named. Times are UTC.

--json prints one object a line: team, lines (level, after_s, of_team, shifts with from, to, person,
unknown_handle, is_override), and gaps (from, to). --ical prints the shifts for a program that shows
calendars, written again by cron, for example, to where the calendar reads it.

Examples:
  redphone oncall
  redphone oncall payments --days 28
  redphone oncall --at 2026-03-07T03:00:00Z --json
  redphone oncall --ical --person me --days 90 > oncall.ics";

/// Arguments of `redphone oncall`.
#[derive(Args, Clone, Debug)]
pub struct Oncall {
    /// The teams [default: all]
    #[arg(value_name = "TEAM")]
    pub teams: Vec<String>,
    /// Only this team; may be given again
    #[arg(long, value_name = "TEAM")]
    pub team: Vec<String>,
    /// At which time [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<Time>,
    /// How many days are looked at for who is next and for gaps
    #[arg(long, value_name = "N", default_value_t = 14,
          value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
    /// Print the shifts as a calendar (iCalendar)
    #[arg(long, conflicts_with = "json")]
    pub ical: bool,
    /// Only the shifts of this person; `me` for your own
    #[arg(long, value_name = "HANDLE", requires = "ical")]
    pub person: Option<String>,
}

pub(super) const HANDOFF: &str = "\
The information for the next person: open incidents with the last word about each (those that nobody has
acknowledged, those that were forgotten, those that wait or are snoozed), escalations, what ended,
and the changes. Times are UTC.

--json prints one object: since, now, open (rows of `list --json`), events (as of `feed --json`) and
changes.

Examples:
  redphone handoff --team payments
  redphone handoff --since 12h --markdown | mail -s handoff team@example.com";

/// Arguments of `redphone handoff`.
#[derive(Args, Clone, Debug)]
pub struct Handoff {
    /// When the shift began
    #[arg(long, value_name = "TIME", default_value = "8h")]
    pub since: Time,
    /// Only incidents of this team, and changes of its services
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
    /// Print Markdown
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
