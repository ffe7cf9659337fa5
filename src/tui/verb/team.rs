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

pub(super) const ENTRY: Entry = Entry::command(CommandKind::SetTeam, &[]).requires_argument();

/// The word that clears the team.
const NONE: &str = "none";

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
        let none = Item::new("no team", set_team(None)).about("nobody answers for it").value(NONE);
        teams.chain([none]).collect()
    }

    /// Where no teams are known, any name is accepted.
    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        if typed.values().len() > 1 {
            return typed.unknown("there is no team");
        }
        check::name("team", typed.text).map_err(|error| error.problem)?;
        Ok(set_team(Some(typed.text)))
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
