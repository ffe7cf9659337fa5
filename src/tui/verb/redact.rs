//! Redact: a list of what can be removed for good, and a form of the reason.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::command::CommandKind;
use crate::model::evidence::RedactedPart;
use crate::model::impact::Reporter;
use crate::model::{EventBody, IncidentCommand};

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
        // One who was removed is still on the timeline, perhaps several times.
        let mut seen: Vec<Uuid> = record.reporters.iter().map(|reporter| reporter.id).collect();
        for event in read_events(app, record) {
            if let EventBody::ReporterAdded { reporter } = &event.body
                && !seen.contains(&reporter.id)
            {
                seen.push(reporter.id);
                push_reporter(&mut items, reporter, "removed, but still on the timeline");
            }
        }
        items
    }

    fn empty_reason(&self, app: &App, targets: &[Target]) -> String {
        let [target] = targets else {
            return "parts of one incident at a time are redacted".into();
        };
        match precheck::current_record(app, target.id) {
            Some(_) => "it has neither evidence nor reporters to redact".into(),
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

/// Appends the reporter and the contact, as far as they are not redacted.
fn push_reporter(items: &mut Vec<Item>, reporter: &Reporter, about: &str) {
    let Reporter { id, name, contact, .. } = reporter;
    if !name.is_empty() {
        items.push(item(RedactedPart::Reporter, *id, name).about(about));
    }
    if contact.is_some() {
        items.push(item(RedactedPart::Contact, *id, name).about(about));
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
