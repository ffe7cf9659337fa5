//! Arguments of `people`, `teams`, `service`, `schedules`, `policies` and `audit`.

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::value::Time;
use crate::model::directory::parse_objective;
use crate::model::time::parse_duration;

/// Help text after the subcommands of `people`.
pub const PEOPLE: &str = "\
What the settings file names is changed there. Over an API this needs a token of scope admin.

--json prints the entries of /v1/people; `set` and `remove` print what was changed, by whom and when.

Examples:
  redphone people list
  redphone people set ines --name 'Ines Moreau'
  redphone people remove tomo";

/// Help text after the subcommands of `teams`.
pub const TEAMS: &str = "\
What the settings file names is changed there. Over an API this needs a token of scope admin.

Examples:
  redphone teams list
  redphone teams set payments --members ines,tomo
  redphone teams set payments --add mei --drop tomo
  redphone teams remove payments";

/// Help text after the subcommands of `service`.
pub const SERVICE: &str = "\
`services` before one of these means the same; before an incident it sets the services of that.
What the settings file names is changed there. Over an API this needs a token of scope admin.

`list --unknown`, or `services --unknown`, lists the services that incidents, labels of alerts or
changes name and the directory does not have; `set` adds one. With --json: name, incidents, alerts,
changes, first_at, last_at, last_incident, sources and team.

Examples:
  redphone service list
  redphone services --unknown
  redphone service set checkout --team payments --depends-on ledger,auth --objective 99.9
  redphone service set checkout --runbook none
  redphone services remove checkout";

/// Help text after the subcommands of `schedules`.
pub const SCHEDULES: &str = "\
A schedule has a name of its own, or that of its team. --file reads all of it as JSON, as
`show --json` prints it, from a file or with - from standard input. What the settings file names is
changed there. Over an API this needs a token of scope admin.

Examples:
  redphone schedules list
  redphone schedules set payments --rotation ines,tomo --starts 2026-01-05T09:00:00Z --turn 7d
  redphone schedules show payments --json > payments.json
  redphone schedules set payments --file payments.json
  redphone schedules remove payments";

/// Help text after the subcommands of `policies`.
pub const POLICIES: &str = "\
A policy has a name of its own, or that of its team. A level is the time since the report and whom it
calls: on-call, on-call:TEAM or handles. --file reads all of it as JSON, as `show --json` prints it,
from a file or with - from standard input. What the settings file names is changed there. Over an API
this needs a token of scope admin.

Examples:
  redphone policies list
  redphone policies set payments --level '0 on-call' --level '10m on-call:platform,ines'
  redphone policies remove payments";

/// Help text after the options of `audit`.
pub const AUDIT: &str = "\
--json prints one object a line: id, at, actor, change, and before where there was something before.

Examples:
  redphone audit
  redphone audit --limit 5 --json";

/// Which entry, and how it is printed.
#[derive(Args, Clone, Debug)]
pub struct Named {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which services are listed, and how.
#[derive(Args, Clone, Debug)]
pub struct ListServices {
    /// Those that incidents or changes name and the directory does not have
    #[arg(long)]
    pub unknown: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// How a list is printed.
#[derive(Args, Clone, Debug)]
pub struct Listed {
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

macro_rules! entry_command {
    ($name:ident, $set:ty, $list:ty) => {
        /// What to do with entries of one kind.
        #[derive(Subcommand, Clone, Debug)]
        pub enum $name {
            /// List all
            List($list),
            /// Print one
            Show(Named),
            /// Add one, or change what is given
            Set($set),
            /// Remove one that nothing else names
            Remove(Named),
        }

        impl $name {
            /// Returns whether it changes something.
            pub const fn writes(&self) -> bool {
                matches!(self, Self::Set(_) | Self::Remove(_))
            }
        }
    };
}
entry_command!(PeopleCommand, SetPerson, Listed);
entry_command!(TeamsCommand, SetTeam, Listed);
entry_command!(ServiceCommand, SetService, ListServices);
entry_command!(SchedulesCommand, SetSchedule, Listed);
entry_command!(PoliciesCommand, SetPolicy, Listed);

/// Arguments of `redphone people set`.
#[derive(Args, Clone, Debug)]
pub struct SetPerson {
    /// Which one
    #[command(flatten)]
    pub named: Named,
    /// The full name [default: the handle]
    #[arg(long = "name", value_name = "TEXT", id = "full_name")]
    pub full_name: Option<String>,
}

/// Arguments of `redphone teams set`.
#[derive(Args, Clone, Debug)]
pub struct SetTeam {
    /// Which one
    #[command(flatten)]
    pub named: Named,
    /// The handles of all members
    #[arg(long, value_name = "HANDLE,…", value_delimiter = ',')]
    pub members: Option<Vec<String>>,
    /// Members to add
    #[arg(long, value_name = "HANDLE,…", value_delimiter = ',', conflicts_with = "members")]
    pub add: Vec<String>,
    /// Members to drop
    #[arg(long, value_name = "HANDLE,…", value_delimiter = ',', conflicts_with = "members")]
    pub drop: Vec<String>,
}

/// Arguments of `redphone service set`.
#[derive(Args, Clone, Debug)]
pub struct SetService {
    /// Which one
    #[command(flatten)]
    pub named: Named,
    /// The team that runs it; a new service needs one
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
    /// The services on which it depends, or `none`
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub depends_on: Option<Vec<String>>,
    /// The name or URL of its runbook, or `none`
    #[arg(long, value_name = "NAME|URL")]
    pub runbook: Option<String>,
    /// The availability objective over 30 d in percent, or `none`
    #[arg(long, value_name = "PERCENT")]
    pub objective: Option<Objective>,
    /// The name on status pages, or `none` if it is not public
    #[arg(long, value_name = "TEXT")]
    pub public_name: Option<String>,
}

/// Arguments of `redphone schedules set`.
#[derive(Args, Clone, Debug)]
pub struct SetSchedule {
    /// Which one
    #[command(flatten)]
    pub named: Named,
    /// The handles of the people, in the order in which they take turns
    #[arg(long, value_name = "HANDLE,…", value_delimiter = ',')]
    pub rotation: Option<Vec<String>>,
    /// When the first turn of the first person starts
    #[arg(long, value_name = "TIME")]
    pub starts: Option<Time>,
    /// The length of a turn
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub turn: Option<TimeDelta>,
    /// Read all of it as JSON from a file, or from standard input with -
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rotation", "starts", "turn"])]
    pub file: Option<PathBuf>,
}

/// Arguments of `redphone policies set`.
#[derive(Args, Clone, Debug)]
pub struct SetPolicy {
    /// Which one
    #[command(flatten)]
    pub named: Named,
    /// A level, such as `10m on-call`; may be repeated, the earliest first
    #[arg(long = "level", value_name = "LEVEL")]
    pub levels: Vec<Level>,
    /// Read all of it as JSON from a file, or from standard input with -
    #[arg(long, value_name = "FILE", conflicts_with = "levels")]
    pub file: Option<PathBuf>,
}

/// How many changes `redphone audit` prints unless a limit is chosen.
pub const DEFAULT_AUDIT: u32 = 50;

/// Arguments of `redphone audit`.
#[derive(Args, Clone, Debug)]
pub struct Audit {
    /// The most changes
    #[arg(long, value_name = "N", default_value_t = DEFAULT_AUDIT,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// An availability objective in parts per 100,000, or that there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Objective(pub Option<u32>);

impl std::str::FromStr for Objective {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "none" {
            return Ok(Self(None));
        }
        let error = "write a share between 0 and 100 %, such as 99.9, or none";
        parse_objective(text).map(|parts| Self(Some(parts))).ok_or(error)
    }
}

/// A level of an escalation policy as it is typed. Whoever is on call without a team is on call for
/// the team of the policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Level {
    after_s: i64,
    call: Vec<String>,
}

impl Level {
    /// Returns the level in the policy of a team, as the API has it.
    pub fn to_json(&self, team: &str) -> Value {
        let target = |text: &String| match text.as_str() {
            "on-call" => json!({"on_call": team}),
            text => match text.split_once(':') {
                Some(("on-call", other)) => json!({"on_call": other}),
                Some(("schedule", name)) => json!({"schedule": name}),
                Some(("team", name)) => json!({"team": name}),
                _ => json!({"person": text.trim_start_matches('@')}),
            },
        };
        let call: Vec<Value> = self.call.iter().map(target).collect();
        json!({"after_s": self.after_s, "call": call})
    }
}

impl std::str::FromStr for Level {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let error = "write a time and whom it calls, such as '10m on-call,ines'";
        let (after, call) = text.trim().split_once(char::is_whitespace).ok_or(error)?;
        let after_s = match after {
            "0" => 0,
            after => parse_duration(after).ok_or(error)?.num_seconds(),
        };
        let call = call.split(',').map(|one| one.trim().to_owned());
        let call: Vec<String> = call.filter(|one| !one.is_empty()).collect();
        if call.is_empty() || call.iter().any(|one| one == "on-call:") {
            return Err(error);
        }
        Ok(Self { after_s, call })
    }
}

fn duration(text: &str) -> Result<TimeDelta, &'static str> {
    let error = "write a duration such as 7d or 12h";
    parse_duration(text).filter(|span| *span > TimeDelta::zero()).ok_or(error)
}
