//! Update: a form of the message to stakeholders, from a template of the settings.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::pattern::{Pattern, Placeholder};
use crate::model::command::CommandKind;
use crate::model::time::format_duration;
use crate::model::{Incident, IncidentCommand, Summary};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::input::parse_time;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::logic::{
    Contents, FieldError, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic,
    field_error, one_command,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::UpdateStakeholders, &["U"]).hint("update");

pub(super) struct Update;

impl VerbLogic for Update {
    fn kind(&self) -> CommandKind {
        CommandKind::UpdateStakeholders
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, app: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        if app.session.settings.templates.len() <= 1 {
            Opening::OnlyTemplate
        } else {
            Opening::List { heading: "Update on {}", searchable: false }
        }
    }

    fn items(&self, app: &App, _: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let items = app.session.settings.templates.iter().enumerate().zip('1'..='9');
        items
            .map(|((index, template), key)| {
                let item = Item::new(&template.name, Pick::Template(index)).key(key);
                item.about(template.text.source()).value(&template.name)
            })
            .collect()
    }

    fn edit(&self, app: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::UpdateStakeholders { message, next_due } = command else {
            return None;
        };
        let next = next_due.map(|due| ("Next update", parse_time::format_minute(app.clock(), due)));
        Some((Kind::Update, [("Message", message.clone())].into_iter().chain(next).collect()))
    }
}

pub(super) struct UpdateForm;

impl FormLogic for UpdateForm {
    fn name(&self) -> &'static str {
        "stakeholder update"
    }

    fn heading(&self) -> &'static str {
        "Stakeholder update on"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("send stakeholders an update on", "stakeholders updated")
    }

    fn is_irreversible(&self) -> bool {
        true
    }

    /// With several incidents, the text keeps its placeholders, which are filled in for each.
    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let Filling { app, record, row, at, .. } = *filling;
        let template = app.session.settings.templates.get(app.forms.template_index);
        if filling.target().is_none() {
            let text = template.map(|template| template.text.source()).unwrap_or_default();
            return fields(app, &text, "");
        }
        let every =
            row.and_then(|row| app.session.rules.levels.for_priority(row.priority).update_every_s);
        let next = every.map(|s| format_duration(TimeDelta::seconds(s))).unwrap_or_default();
        let filled = template.zip(row).map(|(template, row)| {
            template.text.fill(|placeholder| placeholder_text(app, placeholder, row, record, at))
        });
        fields(app, &filled.unwrap_or_default(), &next)
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let next = filled.value("Next update");
        let next_due = match next.as_str() {
            "" => None,
            text => Some(
                parse_time::parse_future(text, filled.at, filled.app.clock())
                    .map_err(|why| field_error("Next update", why.to_string()))?,
            ),
        };
        let message = message(filled)?;
        one_command(IncidentCommand::UpdateStakeholders { message, next_due })
    }
}

fn fields(app: &App, text: &str, next: &str) -> Vec<Field> {
    vec![
        Field::text("Message", text).required(),
        Field::line("Next update", next)
            .hint(parse_time::format_hint("30m, 4h, 09:00; empty for none", app.clock())),
    ]
}

/// Returns the message to stakeholders of one incident. With several targets the text contains
/// placeholders, which are filled in for each.
fn message(filled: &Filled<'_>) -> Result<String, FieldError> {
    let (app, target) = (filled.app, filled.target);
    let text = filled.value("Message");
    if !filled.has_many() {
        return Ok(text);
    }
    let (pattern, unknown) = Pattern::parse(&text);
    if let Some(unknown) = unknown.first() {
        let why = format!("{} (a brace itself is written twice: {{{{)", unknown.message);
        return Err(field_error("Message", why));
    }
    if pattern.is_plain() {
        return Ok(pattern.fill(|_| String::new()));
    }
    let record = filled.record();
    let row = app.row(target.id).or(record.map(|record| &record.summary));
    let Some(row) = row else {
        let why =
            format!("{} is not known here any more: take it out of the selection", target.label);
        return Err(field_error("Message", why));
    };
    Ok(pattern.fill(|placeholder| placeholder_text(app, placeholder, row, record, filled.at)))
}

/// Returns the text that replaces a placeholder of a template.
pub(in crate::tui) fn placeholder_text(
    app: &App,
    placeholder: Placeholder,
    row: &Summary,
    record: Option<&Incident>,
    at: DateTime<Utc>,
) -> String {
    // The readers may be in any zone.
    let clock =
        |time: DateTime<Utc>| format!("{} {}", app.clock().hh_mm(time), app.clock().name_at(time));
    match placeholder {
        Placeholder::Id => row.id.to_string(),
        Placeholder::Number => row.label(),
        Placeholder::Title => row.title.clone(),
        Placeholder::Status => row.status.to_string(),
        Placeholder::Priority => row.priority.to_string(),
        Placeholder::Impact => row.impact.to_string(),
        Placeholder::Urgency => row.urgency.to_string(),
        Placeholder::Service => row.primary_service().unwrap_or("no service").to_owned(),
        Placeholder::Team => row.team.clone().unwrap_or_else(|| "no team".into()),
        Placeholder::Owner => {
            row.assignee.as_ref().map_or_else(|| "nobody yet".into(), |p| p.name.clone())
        }
        Placeholder::Since => clock(row.detected_at),
        Placeholder::Next => {
            let every = app.session.rules.levels.for_priority(row.priority).update_every_s;
            let due = every.map(|s| at + TimeDelta::seconds(s));
            let due = due.or(record.and_then(|record| record.next_update_due));
            due.map_or_else(|| "when it changes".into(), |due| format!("at {}", clock(due)))
        }
    }
}
