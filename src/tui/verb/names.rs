//! Names that forms and arguments of several verbs offer: levels, categories, services, teams,
//! people.

use std::str::FromStr;

use chrono::NaiveDate;

use crate::model::naming::unknown_names;
use crate::model::priority::Level;
use crate::model::status::Category;
use crate::model::{IncidentCommand, PersonRef};

use crate::tui::core::app::App;
use crate::tui::form::Form;
use crate::tui::verb::logic::{FieldError, field_error};

use crate::verbs::Problem;
pub(in crate::tui) use crate::verbs::names::UNKNOWN;
use crate::verbs::names::find_person;

pub(in crate::tui) fn choice_labels<T: Copy>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Vec<&'static str> {
    all.iter().map(|one| word(*one)).collect()
}

pub(in crate::tui) fn levels() -> Vec<&'static str> {
    choice_labels(Level::ALL.as_slice(), Level::as_str)
}

pub(in crate::tui) fn categories() -> Vec<&'static str> {
    std::iter::once(UNKNOWN).chain(Category::ALL.iter().map(|c| c.as_str())).collect()
}

pub(in crate::tui) fn service_names(app: &App) -> Vec<String> {
    let directory = app.fetched.directory.iter();
    directory.flat_map(|d| d.services.iter().map(|service| service.name.clone())).collect()
}

pub(in crate::tui) fn team_names(app: &App) -> Vec<String> {
    let directory = app.fetched.directory.iter();
    directory.flat_map(|d| d.teams.iter().map(|team| team.name.clone())).collect()
}

pub(in crate::tui) fn people_names(app: &App) -> Vec<String> {
    let directory = app.fetched.directory.iter();
    directory.flat_map(|d| d.people.iter().map(|person| person.name.clone())).collect()
}

/// Returns the names that are suggested in a field; `None` if it is no field of names.
pub(in crate::tui) fn offered_names(app: &App, label: &str) -> Option<Vec<String>> {
    match label {
        "Services" | "Depends on" => Some(service_names(app)),
        "Team" | "Teams" => Some(team_names(app)),
        "Owner" => Some(people_names(app)),
        _ => None,
    }
}

/// Returns the error of the services or the teams in a field: the directory does not have one of
/// them.
pub(in crate::tui) fn unknown(app: &App, form: &Form, label: &str) -> Option<String> {
    let directory = app.fetched.directory.as_deref()?;
    let names = form.field(label)?.entered_names();
    let commands = match label {
        "Services" => vec![IncidentCommand::SetServices { services: names }],
        "Team" => vec![IncidentCommand::SetTeam { team: names.into_iter().next() }],
        "Teams" => {
            let involve = |team| IncidentCommand::InvolveTeam { team, involved: true };
            names.into_iter().map(involve).collect()
        }
        _ => return None,
    };
    let mut unknown = commands.iter().flat_map(|command| unknown_names(command, directory));
    unknown.next().map(|unknown| unknown.problem.to_string())
}

pub(in crate::tui) fn parse_choice<T: FromStr>(form: &Form, label: &str) -> Result<T, FieldError>
where
    T::Err: std::fmt::Display,
{
    form.value(label).parse().map_err(|error: T::Err| field_error(label, error.to_string()))
}

/// Parses the field of a category.
pub(in crate::tui) fn category(form: &Form) -> Result<Option<Category>, FieldError> {
    if form.value("Category") == UNKNOWN {
        Ok(None)
    } else {
        parse_choice(form, "Category").map(Some)
    }
}

/// Parses the field of a due date.
pub(in crate::tui) fn due(form: &Form) -> Result<Option<NaiveDate>, FieldError> {
    match form.value("Due").as_str() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| field_error("Due", "is no date: write it as 2026-03-31")),
    }
}

/// Parses the field of a person: a name, a handle, or the beginning of one that no other person
/// has. A text that matches nobody in the directory is used as a handle.
pub(in crate::tui) fn person(
    app: &App,
    form: &Form,
    label: &str,
) -> Result<Option<PersonRef>, FieldError> {
    let who = form.value(label);
    let me = &app.session.me;
    if who.is_empty() {
        return Ok(None);
    }
    if who == me.name || who.eq_ignore_ascii_case("me") {
        return Ok(Some(me.clone()));
    }
    let directory = app.fetched.directory.as_deref();
    match directory.map_or(Ok(None), |directory| find_person(&who, directory)) {
        Ok(None) => Ok(Some(PersonRef::new(who.trim_start_matches('@'), who.as_str()))),
        Ok(Some(person)) => Ok(Some(person.clone())),
        Err(Problem::SeveralPeople { alternatives, .. }) => {
            Err(field_error(label, format!("may be {alternatives}: write more of it")))
        }
        Err(problem) => Err(field_error(label, problem.to_string())),
    }
}
