//! Team: the team alone, as an argument in the command palette.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, check};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::Kind;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic, single_command};
use crate::tui::verb::target::Target;
use crate::verbs::names::{NO_TEAM, parse_team};

pub(super) const ENTRY: Entry = Entry::command(CommandKind::SetTeam, &[]).requires_argument();

pub(super) struct Team;

impl VerbLogic for Team {
    fn kind(&self) -> CommandKind {
        CommandKind::SetTeam
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Categorize)
    }

    fn offers(&self, app: &App, _: &str, _: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let directory = app.fetched.directory.iter();
        let teams = directory.flat_map(|directory| &directory.teams).map(|team| {
            let members = team.members.join(", ");
            Item::new(&team.name, set_team(Some(&team.name))).about(members).value(&team.name)
        });
        let none =
            Item::new("no team", set_team(None)).about("nobody answers for it").value(NO_TEAM);
        teams.chain([none]).collect()
    }

    /// Where no teams are known, any name is accepted.
    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let team = match typed.app.fetched.directory.as_deref() {
            Some(directory) => parse_team(typed.text, directory)?,
            None => Some(typed.text.to_owned()),
        };
        if let Some(team) = &team {
            check::name("team", team).map_err(|error| error.problem)?;
        }
        Ok(set_team(team.as_deref()))
    }
}

fn set_team(team: Option<&str>) -> Pick {
    let command = IncidentCommand::SetTeam { team: team.map(ToOwned::to_owned) };
    match team {
        Some(name) => {
            single_command(format!("give {{}} to team {name}"), format!("given to {name}"), command)
        }
        None => single_command("take {} from its team", "without a team", command),
    }
}
