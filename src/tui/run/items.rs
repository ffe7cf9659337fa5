//! Which commands, runbooks and runs an incident offers, and the program that a command starts.

use crate::config::panes::CustomCommand;
use crate::config::pattern::{Pattern, Placeholder};
use crate::model::Incident;
use crate::model::status::Category;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::run::matching::is_offered;
use crate::tui::run::{ProgramSpec, RunId};
use crate::tui::runbook;
use crate::tui::runbook::NoRunbooks;
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

/// The reason why read-only panes run no command.
pub(in crate::tui) const READ_ONLY: &str = "opened read-only: no command runs";

/// Returns why the list is empty.
pub(in crate::tui) fn empty_reason(app: &App, target: &Target) -> String {
    if let Some(Err(NoRunbooks::Unreadable(why))) = &app.runbooks {
        return why.clone();
    }
    let folder = app.session.settings.runbooks.as_ref().map(|folder| folder.to_string_lossy());
    let location = folder.map(|folder| format!("as .md files in {folder}, "));
    format!(
        "nothing is there for {}: put runbooks {}or [[commands]] into the settings",
        target.label,
        location.unwrap_or_default()
    )
}

/// Returns the runbooks, then the commands, then the runs of an incident.
pub(in crate::tui) fn items(app: &App, target: &Target) -> Vec<Item> {
    items_after(app, target, &[])
}

/// Returns the same items, while `before` is on the screen: digits that are in use stay where they
/// are.
pub(in crate::tui) fn items_after(app: &App, target: &Target, before: &[Item]) -> Vec<Item> {
    let Some(incident) = precheck::current_record(app, target.id) else { return Vec::new() };
    let mut items = runbook::items::items(app, incident);
    for command in &app.session.settings.commands {
        if is_offered(app, command, incident) {
            let mut item = Item::new(&command.name, Pick::Command(command.name.clone()));
            item.key = command.key;
            let question = if command.dangerous { "asks first · " } else { "" };
            let help = match &command.help {
                help if help.is_empty() => {
                    let arguments: Vec<String> = command.run.iter().map(Pattern::source).collect();
                    arguments.join(" ")
                }
                help => help.clone(),
            };
            let disabled_reason = if app.session.read_only {
                Some(READ_ONLY.to_owned())
            } else {
                prepare(command, incident, app, RunId(0)).err().map(|error| error.to_string())
            };
            let item = item.about(format!("{question}{help}")).disabled_reason(disabled_reason);
            items.push(item.value(&command.name));
        }
    }
    for run in app.runs.list.iter().rev().filter(|run| run.target.id == target.id) {
        let about = match &run.ended {
            None => format!("runs since {}", app.clock().hh_mm_ss(run.started_at)),
            Some((_, at)) => format!("{} at {}", run.outcome(), app.clock().hh_mm_ss(*at)),
        };
        let text = format!("output of {}", run.name);
        let item = Item::new(text.clone(), Pick::Output(run.id)).about(about);
        items.push(item.value(text));
    }
    assign_digits(&mut items, before);
    items
}

/// Returns all runbooks and commands by name: those for the incident, then the others with the
/// reason. A runbook that is not for the incident can be read nevertheless.
pub(in crate::tui) fn all_items(app: &App, targets: &[Target]) -> Vec<Item> {
    let [target] = targets else { return Vec::new() };
    let Some(incident) = precheck::current_record(app, target.id) else { return Vec::new() };
    let mut items = items(app, target);
    items.extend(runbook::items::other_items(app, incident));
    for command in &app.session.settings.commands {
        if let Some(when) = command.when.as_ref().filter(|_| !is_offered(app, command, incident)) {
            let name = &command.name;
            let why = format!("it is only for {when}");
            let item = Item::new(name, Pick::Command(name.clone())).value(name);
            items.push(item.disabled_reason(Some(why)));
        }
    }
    items
}

/// Returns why there is nothing to run, if that is so.
pub(in crate::tui) fn no_items_reason(
    app: &App,
    targets: &[Target],
    named: &[Item],
) -> Option<String> {
    match targets {
        _ if !named.is_empty() => None,
        [] => Some("no incident is selected".into()),
        [target] if precheck::current_record(app, target.id).is_none() => {
            Some(format!("{} is not read yet: wait a moment", target.label))
        }
        [target] => Some(empty_reason(app, target)),
        several => Some(single_target_reason(app, several.len())),
    }
}

pub(in crate::tui) fn single_target_reason(app: &App, count: usize) -> String {
    let key = app.ui.keymap.main_key(Action::MarkAll).unwrap_or_default();
    format!(
        "{count} incidents are selected: commands and runbooks are for one ({key} changes the selection)"
    )
}

/// Assigns digits to the items without a key. A digit that was shown is never reused for another
/// item: its key press may be on the way.
pub(in crate::tui) fn assign_digits(items: &mut [Item], before: &[Item]) {
    for item in items.iter_mut().filter(|item| item.key.is_none()) {
        let same = before.iter().find(|other| other.pick == item.pick);
        item.key = same.and_then(|same| same.key);
    }
    let used = items.iter().chain(before).filter_map(|item| item.key);
    let used: Vec<char> = used.collect();
    let mut free = ('1'..='9').filter(|digit| !used.contains(digit));
    for item in items.iter_mut().filter(|item| item.key.is_none()) {
        item.key = free.next();
    }
}

/// The incident has no value for a placeholder in the arguments of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it has no {0}, which this needs")]
pub(in crate::tui) struct MissingValue(Placeholder);

/// Returns the program that a command would start, or why it can't be started.
pub(in crate::tui) fn prepare(
    command: &CustomCommand,
    incident: &Incident,
    app: &App,
    id: RunId,
) -> Result<ProgramSpec, MissingValue> {
    let mut missing = None;
    let mut parts = command.run.iter().map(|part| {
        without_nul(&part.fill(|field| {
            placeholder_value(field, incident, app).unwrap_or_else(|| {
                missing = missing.or(Some(field));
                String::new()
            })
        }))
    });
    let program = parts.next().unwrap_or_default();
    let arguments = parts.collect();
    if let Some(field) = missing {
        return Err(MissingValue(field));
    }
    let variables = variables(incident, app);
    Ok(ProgramSpec { id, program, arguments, variables, timeout: command.timeout })
}

/// Replaces zero bytes, which the system does not accept.
pub(in crate::tui) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Returns the value of a placeholder in an argument; `None` if it is not known.
pub(in crate::tui) fn placeholder_value(
    field: Placeholder,
    incident: &Incident,
    app: &App,
) -> Option<String> {
    let row = &incident.summary;
    match field {
        Placeholder::Id => Some(row.id.to_string()),
        Placeholder::Number => row.number.map(|number| number.to_string()),
        Placeholder::Title => Some(row.title.clone()),
        Placeholder::Status => Some(row.status.to_string()),
        Placeholder::Priority => Some(row.priority.to_string()),
        Placeholder::Impact => Some(row.impact.to_string()),
        Placeholder::Urgency => Some(row.urgency.to_string()),
        Placeholder::Service => row.primary_service().map(str::to_owned),
        Placeholder::Team => row.team.clone(),
        Placeholder::Owner => row.assignee.as_ref().map(|person| person.handle.clone()),
        Placeholder::Since => Some(row.detected_at.to_rfc3339()),
        Placeholder::Next => {
            let due = incident.next_update_due.or_else(|| {
                let levels = &app.session.rules.levels;
                let (from, last) = (row.reported_at, row.updated_at);
                crate::model::service_level::update_due(row.priority, from, last, levels)
            });
            due.map(|due| due.to_rfc3339())
        }
    }
}

/// Returns the environment variables that describe the incident to a program.
pub(in crate::tui) fn variables(incident: &Incident, app: &App) -> Vec<(&'static str, String)> {
    let row = &incident.summary;
    let or_empty = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let owner = row.assignee.as_ref();
    let mut variables = vec![
        ("REDPHONE_INCIDENT_ID", row.id.to_string()),
        ("REDPHONE_INCIDENT_NUMBER", row.label()),
        ("REDPHONE_INCIDENT_TITLE", row.title.clone()),
        ("REDPHONE_INCIDENT_STATUS", row.status.to_string()),
        ("REDPHONE_INCIDENT_PRIORITY", row.priority.to_string()),
        ("REDPHONE_INCIDENT_IMPACT", row.impact.to_string()),
        ("REDPHONE_INCIDENT_URGENCY", row.urgency.to_string()),
        ("REDPHONE_INCIDENT_CATEGORY", or_empty(row.category.map(Category::as_str))),
        ("REDPHONE_INCIDENT_SERVICE", or_empty(row.primary_service())),
        ("REDPHONE_INCIDENT_SERVICES", row.services.join("\n")),
        ("REDPHONE_INCIDENT_TEAM", or_empty(row.team.as_deref())),
        ("REDPHONE_INCIDENT_OWNER", or_empty(owner.map(|person| person.handle.as_str()))),
        ("REDPHONE_INCIDENT_LABELS", incident.labels.join("\n")),
        ("REDPHONE_INCIDENT_SYMPTOMS", incident.symptoms.clone()),
        ("REDPHONE_INCIDENT_RUNBOOK", or_empty(incident.runbook.as_deref())),
        ("REDPHONE_INCIDENT_REPORTED", row.reported_at.to_rfc3339()),
        ("REDPHONE_USER", app.session.me.handle.clone()),
    ];
    variables.extend(app.session.variables.iter().cloned());
    variables.into_iter().map(|(name, value)| (name, without_nul(&value))).collect()
}
