//! Involve a team: one that helps beside the team that leads, or release it.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, Fact, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::impact::MAX_TEAMS;
use crate::model::rejection::Rejection;
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::InvolveTeam,
    "involve_team",
    "involve-team",
    "involve a team that helps, or release it",
    |_, _| Some(IncidentCommand::InvolveTeam { team: SAMPLE_TEXT.into(), involved: true }),
)
.argument(Argument::Listed("a team that helps: network; no network releases it"))
.inverse(&[CommandKind::InvolveTeam])
.facts(facts);

fn facts(incident: &Incident) -> Vec<Fact> {
    let teams = &incident.teams;
    if teams.is_empty() {
        return Vec::new();
    }
    vec![Fact { label: "Teams", text: format!("helped by {}", teams.join(", ")) }]
}

pub(in crate::model) struct InvolveTeam<'a> {
    pub team: &'a str,
    pub involved: bool,
}

impl CommandLogic for InvolveTeam<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { team, involved } = *self;
        check::name("team", team)?;
        let teams = &case.incident.teams;
        let helps = teams.iter().any(|one| one == team);
        if involved && (helps || case.incident.summary.team.as_deref() == Some(team)) {
            return Err(Rejection::AlreadyInvolved);
        }
        if !involved && !helps {
            return Err(Rejection::NotInvolved);
        }
        if involved && teams.len() >= MAX_TEAMS {
            let problem = FieldProblem::TooManyEntries { count: teams.len() + 1, max: MAX_TEAMS };
            return Err(BadField::new("team", problem).into());
        }
        Ok(vec![EventBody::TeamInvolved { team: team.to_owned(), involved }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, _: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let (team, involved) = (self.team.to_owned(), !self.involved);
        Some(IncidentCommand::InvolveTeam { team, involved })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.attributes.teams.iter().any(|one| one == self.team) == self.involved
    }

    fn phrase(&self) -> &'static str {
        if self.involved { "involve a team in" } else { "release a team from" }
    }

    fn content(&self) -> String {
        self.team.to_owned()
    }
}

pub(in crate::model) struct TeamInvolved<'a> {
    pub team: &'a str,
    pub involved: bool,
}

impl EventLogic for TeamInvolved<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.teams.retain(|one| one != self.team);
        if self.involved {
            incident.teams.push(self.team.to_owned());
        }
    }

    fn check(&self) -> Result<(), BadField> {
        check::name("team", self.team)
    }

    fn label(&self) -> &'static str {
        "Teams"
    }

    fn detail(&self) -> String {
        let Self { team, involved } = *self;
        if involved { format!("{team} helps") } else { format!("{team} helps no longer") }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        let team = sanitize(self.team);
        if self.involved {
            format!("involved team {team}")
        } else {
            format!("released team {team}")
        }
    }
}
