//! The form by which a service is adopted.

use crate::model::directory::Service;
use crate::model::escalation::{Policy, PolicyLevel, Target};
use crate::model::time::parse_duration;

use crate::tui::form::{Field, Form};
use crate::tui::verb::logic::{FieldError, Filled, Filling, FormCommands, FormLogic, field_error};

/// The labels of the fields.
const TEAM: &str = "Team";
const DEPENDS_ON: &str = "Depends on";
const RUNBOOK: &str = "Runbook";
const POLICY: &str = "Policy";

/// How the levels of a policy are written.
const POLICY_EXAMPLE: &str = "0 on-call; 10m on-call,ines";

/// The form of a service, with its suggested team.
pub(in crate::tui) struct AdoptForm<'a> {
    pub team: Option<&'a str>,
}

impl FormLogic for AdoptForm<'_> {
    fn name(&self) -> &'static str {
        "service"
    }

    fn heading(&self) -> &'static str {
        "Adopt a service"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("adopt", "adopted")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let directory = filling.app.fetched.directory.as_deref();
        let teams = directory.map(|directory| &directory.teams[..]).unwrap_or_default();
        let services = directory.map(|directory| &directory.services[..]).unwrap_or_default();
        let teams = teams.iter().map(|team| team.name.clone()).collect();
        let services = services.iter().map(|service| service.name.clone()).collect();
        vec![
            Field::name(TEAM, self.team.unwrap_or_default(), teams).required(),
            Field::names(DEPENDS_ON, "", services).hint("services that it needs"),
            Field::line(RUNBOOK, "").hint("a name or a URL"),
            Field::line(POLICY, "")
                .hint("whom it calls, if the team has no policy yet")
                .example(POLICY_EXAMPLE),
        ]
    }

    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        // It is no command about an incident: `send` makes the changes.
        Ok((Vec::new(), Vec::new()))
    }
}

/// The content of a form.
pub(in crate::tui) struct Adoption {
    pub service: Service,
    /// The policy of its team, if one will be added.
    pub policy: Option<Policy>,
}

/// Reads a form about the service with a name.
pub(in crate::tui) fn read(form: &Form, name: &str) -> Result<Adoption, FieldError> {
    let team = form.value(TEAM);
    if team.is_empty() {
        return Err(field_error(TEAM, "is empty: say who runs it"));
    }
    let names = form.field(DEPENDS_ON).map(Field::entered_names).unwrap_or_default();
    let runbook = Some(form.value(RUNBOOK)).filter(|runbook| !runbook.is_empty());
    let levels = parse_levels(&form.value(POLICY), &team);
    let levels = levels.ok_or_else(|| {
        field_error(POLICY, format!("write times and whom they call, such as {POLICY_EXAMPLE}"))
    })?;
    let policy =
        (!levels.is_empty()).then(|| Policy { team: team.clone(), levels, ..Policy::default() });
    let service = Service {
        name: name.to_owned(),
        team,
        depends_on: names.into_iter().filter(|other| other != name).collect(),
        runbook,
        objective: None,
        public_name: None,
    };
    Ok(Adoption { service, policy })
}

/// Parses the levels of a policy; `None` if they can't be.
fn parse_levels(text: &str, team: &str) -> Option<Vec<PolicyLevel>> {
    let levels = text.split(';').map(str::trim).filter(|level| !level.is_empty());
    levels.map(|level| parse_level(level, team)).collect()
}

fn parse_level(text: &str, team: &str) -> Option<PolicyLevel> {
    let (after, call) = text.split_once(char::is_whitespace)?;
    let after_s = if after == "0" { 0 } else { parse_duration(after)?.num_seconds() };
    let targets = call.split(',').map(str::trim).filter(|one| !one.is_empty());
    let call: Vec<Target> = targets
        .map(|one| match one.strip_prefix("on-call") {
            Some("") => Target::OnCall(team.to_owned()),
            Some(of) if of.starts_with(':') && of.len() > 1 => Target::OnCall(of[1..].to_owned()),
            _ => Target::Person(one.trim_start_matches('@').to_owned()),
        })
        .collect();
    (!call.is_empty()).then_some(PolicyLevel { after_s, call, ..PolicyLevel::default() })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn on_call(team: &str) -> Target {
        Target::OnCall(team.into())
    }

    #[rstest]
    #[case("", Some(vec![]))]
    #[case("0 on-call", Some(vec![(0, vec![on_call("web")])]))]
    #[case("0 on-call; 10m on-call:ops, @ines;", Some(vec![
        (0, vec![on_call("web")]), (600, vec![on_call("ops"), Target::Person("ines".into())]),
    ]))]
    #[case("on-call", None)]
    #[case("soon on-call", None)]
    #[case("10m ,", None)]
    fn levels_are_read_as_they_are_typed(
        #[case] text: &str,
        #[case] expected: Option<Vec<(i64, Vec<Target>)>>,
    ) {
        let levels = parse_levels(text, "web");
        let levels = levels.map(|levels| {
            levels.into_iter().map(|level| (level.after_s, level.call)).collect::<Vec<_>>()
        });
        assert_eq!(levels, expected);
    }
}
