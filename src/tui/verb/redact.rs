//! Redact: a list of the parts that can be removed permanently, and a form of the reason.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::command::CommandKind;
use crate::model::evidence::{REDACTED_TEXT, RedactedPart};
use crate::model::impact::Reporter;
use crate::model::{Event, EventBody, IncidentCommand};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::precheck;
use crate::tui::verb::review::read_events;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Redact, &[]);

pub(super) struct Redact;

impl VerbLogic for Redact {
    fn kind(&self) -> CommandKind {
        CommandKind::Redact
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Remove for good from {}", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let [target] = targets else { return Vec::new() };
        let Some(record) = precheck::current_record(app, target.id) else { return Vec::new() };
        let mut items: Vec<Item> = Vec::new();
        for evidence in record.evidence.iter().filter(|evidence| !evidence.redacted) {
            items.push(
                item(RedactedPart::Evidence, evidence.id, &evidence.name).about(evidence.line()),
            );
        }
        for reporter in &record.reporters {
            push_reporter(&mut items, reporter, "");
        }
        // A removed reporter is still on the timeline, perhaps several times.
        let mut seen: Vec<Uuid> = record.reporters.iter().map(|reporter| reporter.id).collect();
        for event in read_events(app, record) {
            if let EventBody::ReporterAdded { reporter } = &event.body
                && !seen.contains(&reporter.id)
            {
                seen.push(reporter.id);
                push_reporter(&mut items, reporter, "removed, but still on the timeline");
            }
        }
        items.extend(read_events(app, record).iter().rev().filter_map(note_item));
        items
    }

    fn empty_reason(&self, app: &App, targets: &[Target]) -> String {
        let [target] = targets else {
            return "parts of one incident at a time are redacted".into();
        };
        match precheck::current_record(app, target.id) {
            Some(_) => "it has no evidence, reporters or notes to redact".into(),
            None => "its record is not read yet: redact alone reads it".into(),
        }
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::Redact { part, target, reason } = command else { return None };
        Some((Kind::Redact { part: *part, target: *target }, vec![("Why", reason.clone())]))
    }
}

fn item(part: RedactedPart, target: Uuid, name: &str) -> Item {
    let text = format!("{part} {name}");
    Item::new(text.as_str(), Pick::Form(Kind::Redact { part, target })).value(text.as_str())
}

/// Returns the item of a note that is not redacted, by its number on the timeline.
fn note_item(event: &Event) -> Option<Item> {
    let EventBody::NoteAdded { text } = &event.body else { return None };
    if text == REDACTED_TEXT {
        return None;
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let item = item(RedactedPart::Note, event.id.0, &event.seq.to_string());
    Some(item.about(format!("{}: {first}", event.actor.name())))
}

/// Appends the reporter and the contact, as far as they are not redacted. Contact and ticket tell
/// reporters of the same name apart.
fn push_reporter(items: &mut Vec<Item>, reporter: &Reporter, about: &str) {
    let Reporter { id, name, contact, ticket, .. } = reporter;
    let parts = [contact.as_deref(), ticket.as_deref(), Some(about)];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let about = parts.join(" · ");
    if !name.is_empty() {
        items.push(item(RedactedPart::Reporter, *id, name).about(about.as_str()));
    }
    if contact.is_some() {
        items.push(item(RedactedPart::Contact, *id, name).about(about.as_str()));
    }
}

/// The form of the reason why a part is redacted.
pub(super) struct RedactForm {
    pub(super) part: RedactedPart,
    pub(super) target: Uuid,
}

impl FormLogic for RedactForm {
    fn name(&self) -> &'static str {
        "redaction"
    }

    fn heading(&self) -> &'static str {
        "Redaction of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("remove a part for good from", "redacted")
    }

    fn is_irreversible(&self) -> bool {
        true
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![Field::text("Why", "").hint("such as: it has a password").required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let Self { part, target } = *self;
        one_command(IncidentCommand::Redact { part, target, reason: filled.value("Why") })
    }
}
