//! Services: the affected services alone, as an argument in the command palette.

use chrono::{DateTime, Utc};

use crate::config::suggestion;
use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, check};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::Kind;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic, single_command};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::SetServices, &[]).requires_argument().aliases(&["services"]);

pub(super) struct Services;

impl VerbLogic for Services {
    fn kind(&self) -> CommandKind {
        CommandKind::SetServices
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Categorize)
    }

    /// Returns the known services, each together with those that are typed before it.
    fn offers(&self, app: &App, argument: &str, _: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let typed: Vec<&str> = split_names(argument).collect();
        let is_complete = argument.is_empty() || argument.ends_with([' ', ',']);
        let before = if is_complete { &typed[..] } else { &typed[..typed.len().saturating_sub(1)] };
        let directory = app.fetched.directory.iter();
        let services = directory.flat_map(|directory| &directory.services);
        services
            .filter(|service| !before.contains(&service.name.as_str()))
            .map(|service| {
                let names = before.iter().map(|name| (*name).to_owned());
                let names: Vec<String> = names.chain([service.name.clone()]).collect();
                let value = names.join(" ");
                Item::new(&service.name, set_services(names)).about(&service.team).value(value)
            })
            .collect()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        parse_names(typed.app, typed.text).map(set_services)
    }
}

fn split_names(argument: &str) -> impl Iterator<Item = &str> {
    argument.split([' ', ',']).filter(|name| !name.is_empty())
}

/// Parses a list of services. If services are known, others count as typing errors.
fn parse_names(app: &App, argument: &str) -> Result<Vec<String>, ArgumentError> {
    let listed: Vec<&str> = app
        .fetched
        .directory
        .iter()
        .flat_map(|directory| directory.services.iter().map(|service| service.name.as_str()))
        .collect();
    let mut names: Vec<String> = Vec::new();
    for name in split_names(argument) {
        if !listed.is_empty() && !listed.contains(&name) {
            return Err(ArgumentError::UnknownName {
                problem: "there is no service",
                text: name.to_owned(),
                suggestion: suggestion(name, &listed),
            });
        }
        names.push(name.to_owned());
    }
    check::names("services", &names).map_err(|error| ArgumentError::List(error.problem))?;
    Ok(names)
}

fn set_services(services: Vec<String>) -> Pick {
    let names = services.join(", ");
    let command = IncidentCommand::SetServices { services };
    single_command(format!("set services {names} on"), format!("services: {names}"), command)
}
