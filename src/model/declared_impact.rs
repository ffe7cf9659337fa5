//! The fields about the impact of an incident that can be given with its declaration.
//!
//! The declaration itself has only the level of the impact. Commands that follow it set the other
//! fields.

use chrono::{DateTime, Utc};

use super::bad_field::{BadField, FieldProblem};
use super::command::IncidentCommand;
use super::field_check;
use super::impact::{Affected, MAX_TEAMS, Reporter};

/// The impact of an incident as given with its declaration, besides its level.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeclaredImpact {
    /// When it began, which may be before it was detected.
    pub began_at: Option<DateTime<Utc>>,
    /// How many users it affects, and where.
    pub affected: Affected,
    /// When service is expected to be restored.
    pub expected_recovery: Option<DateTime<Utc>>,
    /// The person who reported it, if that is not the one who declares it.
    pub reporter: Option<Reporter>,
    /// The teams that help, besides the team that leads.
    pub teams: Vec<String>,
}

impl DeclaredImpact {
    /// Checks all of it as of `now`, before anything is declared.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong, by its name in a request to declare.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), BadField> {
        if let Some(at) = self.began_at {
            field_check::time("began_at", at)?;
            if at > now {
                return Err(BadField::new("began_at", FieldProblem::InTheFuture(at)));
            }
        }
        if let Some(at) = self.expected_recovery {
            field_check::time("expected_recovery", at)?;
            if at <= now {
                return Err(BadField::new("expected_recovery", FieldProblem::Passed));
            }
        }
        self.affected.check()?;
        if let Some(reporter) = &self.reporter {
            reporter.check().map_err(|bad| BadField { field: reporter_field(bad.field), ..bad })?;
        }
        let count = self.teams.len();
        if count > MAX_TEAMS {
            let problem = FieldProblem::TooManyEntries { count, max: MAX_TEAMS };
            return Err(BadField::new("teams", problem));
        }
        field_check::names("teams", &self.teams)
    }

    /// Returns the commands that record it in the declared incident, in order. The team that leads
    /// is not counted among the teams that help.
    #[must_use]
    pub fn into_commands(self, leading_team: Option<&str>) -> Vec<IncidentCommand> {
        let Self { began_at, affected, expected_recovery, reporter, teams } = self;
        let mut commands = Vec::new();
        commands.extend(began_at.map(|at| IncidentCommand::SetImpactBegan { at: Some(at) }));
        if !affected.is_empty() {
            commands.push(IncidentCommand::SetAffected { affected });
        }
        commands.extend(
            expected_recovery.map(|at| IncidentCommand::SetExpectedRecovery { at: Some(at) }),
        );
        commands.extend(reporter.map(|reporter| IncidentCommand::AddReporter { reporter }));
        let helping = teams.into_iter().filter(|team| leading_team != Some(team));
        commands.extend(helping.map(|team| IncidentCommand::InvolveTeam { team, involved: true }));
        commands
    }
}

/// Returns whether a command that follows a declaration also applies to an open incident in which
/// the alert of the declaration was counted: only a further reporter does. The impact that people
/// recorded for that incident is not changed.
#[must_use]
pub const fn holds_for_counted(command: &IncidentCommand) -> bool {
    matches!(command, IncidentCommand::AddReporter { .. })
}

/// Returns the name that a field of a reporter has in a request to declare.
fn reporter_field(field: &'static str) -> &'static str {
    match field {
        "contact" => "reporter_contact",
        "ticket" => "reporter_ticket",
        _ => "reporter",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;

    fn at(hour: u32) -> DateTime<Utc> {
        format!("2026-03-01T{hour:02}:00:00Z").parse().unwrap()
    }

    fn reporter(name: &str, contact: &str) -> Reporter {
        let contact = Some(contact.to_owned());
        Reporter { id: Uuid::nil(), name: name.into(), contact, ticket: None, redacted: false }
    }

    #[test]
    fn all_of_it_leads_to_commands_in_order() {
        let affected = Affected { users: Some(1200), ..Affected::default() };
        let reporter = reporter("Tom Varga", "tom@example.org");
        let impact = DeclaredImpact {
            began_at: Some(at(9)),
            affected: affected.clone(),
            expected_recovery: Some(at(14)),
            reporter: Some(reporter.clone()),
            teams: vec!["payments".into(), "network".into()],
        };
        assert_eq!(impact.check(at(12)), Ok(()));
        let expected = [
            IncidentCommand::SetImpactBegan { at: Some(at(9)) },
            IncidentCommand::SetAffected { affected },
            IncidentCommand::SetExpectedRecovery { at: Some(at(14)) },
            IncidentCommand::AddReporter { reporter },
            IncidentCommand::InvolveTeam { team: "network".into(), involved: true },
        ];
        assert_eq!(impact.into_commands(Some("payments")), expected);
        assert_eq!(DeclaredImpact::default().into_commands(None), []);
    }

    #[rstest]
    #[case(DeclaredImpact { began_at: Some(at(13)), ..<_>::default() }, "began_at")]
    #[case(DeclaredImpact { expected_recovery: Some(at(12)), ..<_>::default() }, "expected_recovery")]
    #[case(DeclaredImpact { reporter: Some(reporter("", "x")), ..<_>::default() }, "reporter")]
    #[case(
        DeclaredImpact { reporter: Some(reporter("Tom", "")), ..<_>::default() },
        "reporter_contact"
    )]
    #[case(
        DeclaredImpact {
            affected: Affected { share: Some(100_001), ..<_>::default() }, ..<_>::default()
        },
        "share"
    )]
    #[case(
        DeclaredImpact { teams: vec!["network".into(), "network".into()], ..<_>::default() },
        "teams"
    )]
    #[case(
        DeclaredImpact { teams: (0..21).map(|n| format!("team {n}")).collect(), ..<_>::default() },
        "teams"
    )]
    fn wrong_field_is_named_as_in_the_request(#[case] impact: DeclaredImpact, #[case] field: &str) {
        assert_eq!(impact.check(at(12)).unwrap_err().field, field);
    }
}
