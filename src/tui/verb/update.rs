//! Update: a form of the message to stakeholders, from a template of the settings.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::pattern::Pattern;
use crate::config::placeholder_text::{due_text, placeholder_text};
use crate::model::IncidentCommand;
use crate::model::command::{CommandKind, PublicUpdate};
use crate::model::time::format_duration;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Form, Kind};
use crate::tui::input::parse_time;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::logic::{
    Contents, FieldError, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic,
    field_error, one_command,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::UpdateStakeholders, &["U"]).hint("update");

/// Whether status pages show the message.
const PUBLIC: &str = "Public";
const YES: &str = "yes";
/// The title of the incident on status pages.
const PUBLIC_TITLE: &str = "Public title";

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
        let IncidentCommand::UpdateStakeholders { message, next_due, public } = command else {
            return None;
        };
        let next = next_due.map(|due| ("Next update", parse_time::format_minute(app.clock(), due)));
        let title = public.as_ref().and_then(|public| public.title.clone());
        let shown = public.iter().map(|_| (PUBLIC, YES.to_owned()));
        let shown = shown.chain(title.map(|title| (PUBLIC_TITLE, title)));
        let message = [("Message", message.clone())];
        Some((Kind::Update, message.into_iter().chain(next).chain(shown).collect()))
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
        let promised = record.and_then(|record| record.next_update_due).filter(|due| *due > at);
        let next = every
            .map(|s| format_duration(TimeDelta::seconds(s)))
            .or(promised.map(|due| parse_time::format_minute(app.clock(), due)))
            .unwrap_or_default();
        let due = entered_due(app, &next, at).ok().flatten();
        let filled = template.zip(row).map(|(template, row)| {
            template.text.fill(|placeholder| {
                placeholder_text(placeholder, row, due, |time| zoned(app, time))
            })
        });
        fields(app, &filled.unwrap_or_default(), &next)
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let next_due = entered_due(filled.app, &filled.value("Next update"), filled.at)?;
        let message = message(filled, next_due)?;
        let title = Some(filled.value(PUBLIC_TITLE)).filter(|title| !title.is_empty());
        let is_public = filled.value(PUBLIC) == YES;
        if title.is_some() && !is_public {
            return Err(field_error(
                PUBLIC_TITLE,
                "is for a public update: choose yes, or clear it",
            ));
        }
        let public = is_public.then_some(PublicUpdate { title });
        one_command(IncidentCommand::UpdateStakeholders { message, next_due, public })
    }
}

fn fields(app: &App, text: &str, next: &str) -> Vec<Field> {
    vec![
        Field::text("Message", text).required(),
        Field::line("Next update", next)
            .example(parse_time::format_hint("30m, 4h, 09:00; empty for none", app.clock())),
        Field::choice(PUBLIC, vec!["no", YES], 0),
        Field::line(PUBLIC_TITLE, "").hint("what status pages call the incident from now on"),
    ]
}

/// Returns the message to stakeholders of one incident. With several targets the text contains
/// placeholders, which are filled in for each.
fn message(filled: &Filled<'_>, due: Option<DateTime<Utc>>) -> Result<String, FieldError> {
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
    Ok(pattern.fill(|placeholder| placeholder_text(placeholder, row, due, |time| zoned(app, time))))
}

/// Returns when the next update is due according to the entered text; `None` if nothing was
/// entered.
fn entered_due(
    app: &App,
    entered: &str,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, FieldError> {
    if entered.is_empty() {
        return Ok(None);
    }
    parse_time::parse_future(entered, at, &app.clock())
        .map(Some)
        .map_err(|why| field_error("Next update", why.to_string()))
}

/// Updates the time in the message of the form when its field of the next update changes.
pub(in crate::tui) fn requote(app: &App, form: &mut Form, at: DateTime<Utc>) {
    if form.kind != Kind::Update || form.targets.len() != 1 {
        return;
    }
    // A text that can't be parsed yet is still being typed.
    if let Ok(due) = entered_due(app, &form.value("Next update"), at) {
        form.requote("Message", &due_text(due, |time| zoned(app, time)));
    }
}

fn zoned(app: &App, time: DateTime<Utc>) -> String {
    format!("{} {}", app.clock().hh_mm(time), app.clock().name_at(time))
}
