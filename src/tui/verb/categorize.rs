//! Categorize: one form of category, services, team and suspected changes.

use chrono::{DateTime, Utc};

use crate::model::checklist::Answer;
use crate::model::command::{CommandKind, Link};
use crate::model::{EventBody, IncidentCommand, check};

use crate::tui::action::{Action, Entry};
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, field_error,
};
use crate::tui::verb::names;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::verb(
    Action::Categorize,
    "categorize",
    &["c"],
    "category, services, team, suspected changes",
    CommandKind::Categorize,
);

pub(super) struct Categorize;

impl VerbLogic for Categorize {
    fn kind(&self) -> CommandKind {
        CommandKind::Categorize
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Categorize)
    }
}

pub(super) struct CategorizeForm;

impl FormLogic for CategorizeForm {
    fn name(&self) -> &'static str {
        "category"
    }

    fn heading(&self) -> &'static str {
        "Category of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("categorize", "categorized")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let (app, row) = (filling.app, filling.row);
        let categories = names::categories();
        let category = row.and_then(|row| row.category).map_or(names::UNKNOWN, |c| c.as_str());
        let chosen = categories.iter().position(|name| *name == category).unwrap_or(0);
        let services = row.map(|row| row.services.join(", ")).unwrap_or_default();
        let team = row.and_then(|row| row.team.clone()).unwrap_or_default();
        let mut fields = vec![
            Field::choice("Category", categories, chosen),
            Field::names("Services", &services, names::service_names(app))
                .hint("the first is the primary"),
            Field::name("Team", &team, names::team_names(app)),
        ];
        for (suspect, label) in suspects(app, filling.target()) {
            let linked = filling.record.is_some_and(|record| record.links.contains(&suspect));
            let answer = linked.then_some(Answer::Yes);
            fields.push(Field::tick(label, None, answer.as_ref()));
        }
        fields
    }

    /// Sends the fields that were changed in the form and differ from the record. With many
    /// incidents, empty fields are not changed.
    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let (app, form) = (filled.app, filled.form);
        let (row, record, many) = (app.row(filled.target.id), filled.record(), filled.has_many());
        let mut commands = Vec::new();
        let to = names::category(form)?;
        let changed = |label: &str, empty: bool| form.is_changed(label) && !(many && empty);
        if changed("Category", to.is_none()) && row.is_none_or(|row| row.category != to) {
            commands.push(IncidentCommand::Categorize { category: to });
        }
        let services = form.field("Services").map(Field::entered_names);
        let services = services.unwrap_or_default();
        check::names("services", &services)
            .map_err(|error| field_error("Services", error.problem.to_string()))?;
        if changed("Services", services.is_empty())
            && row.is_none_or(|row| row.services != services)
        {
            commands.push(IncidentCommand::SetServices { services });
        }
        let team = Some(form.value("Team")).filter(|team| !team.is_empty());
        if changed("Team", team.is_none()) && row.is_none_or(|row| row.team != team) {
            commands.push(IncidentCommand::SetTeam { team });
        }
        for (link, label) in suspects(app, form.target()) {
            if !form.is_changed(&label) {
                continue;
            }
            let wanted = form.field(&label).is_some_and(|field| field.content() == "yes");
            let linked = record.is_some_and(|record| record.links.contains(&link));
            match (wanted, linked) {
                (true, false) => commands.push(IncidentCommand::Link { link }),
                (false, true) => commands.push(IncidentCommand::Unlink { link }),
                _ => {}
            }
        }
        Ok((Vec::new(), commands))
    }

    fn edits_record(&self) -> bool {
        true
    }

    fn is_changed_by(&self, body: &EventBody) -> bool {
        matches!(
            body,
            EventBody::Categorized { .. }
                | EventBody::ServicesSet { .. }
                | EventBody::TeamSet { .. }
                | EventBody::Linked { .. }
                | EventBody::Unlinked { .. }
        )
    }
}

/// Returns the suspected changes of an incident as links, with the labels of their fields.
fn suspects(app: &App, target: Option<&Target>) -> Vec<(Link, String)> {
    let Some(target) = target else { return Vec::new() };
    let shown = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == target.id);
    let suspects = shown.map(|shown| shown.detail.suspects.as_slice()).unwrap_or_default();
    suspects
        .iter()
        .map(|suspect| {
            let change = &suspect.change;
            let link = Link::Change { id: change.id, title: change.title.clone() };
            let how = suspect.distance().map_or_else(String::new, |how| format!(" ({how})"));
            (link, format!("caused by {} {}{how}", change.kind, change.title))
        })
        .collect()
}
