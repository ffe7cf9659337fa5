//! Services: the affected services alone, as an argument in the command palette.

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
use crate::verbs::names::{parse_services, split_names};

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

/// Parses a list of services. If services are known, others count as typing errors.
fn parse_names(app: &App, argument: &str) -> Result<Vec<String>, ArgumentError> {
    let names = split_names(argument);
    let services = match app.fetched.directory.as_deref() {
        Some(directory) => parse_services(names, directory)?,
        None => names.map(str::to_owned).collect(),
    };
    check::names("services", &services).map_err(|error| ArgumentError::List(error.problem))?;
    Ok(services)
}

fn set_services(services: Vec<String>) -> Pick {
    let names = services.join(", ");
    let command = IncidentCommand::SetServices { services };
    single_command(format!("set services {names} on"), format!("services: {names}"), command)
}
