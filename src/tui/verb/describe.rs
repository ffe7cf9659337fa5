//! Describe: a form of title, symptoms, labels and runbook.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{EventBody, Incident, IncidentCommand, Summary, check};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, field_error,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Describe, &["E"]);

pub(super) struct Describe;

impl VerbLogic for Describe {
    fn kind(&self) -> CommandKind {
        CommandKind::Describe
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Describe)
    }

    /// The record may be rewritten at any time.
    fn probe(
        &self,
        _: &App,
        _: Option<&Summary>,
        _: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        None
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::Describe { title, symptoms, labels, runbook } = command else {
            return None;
        };
        let fields = [
            ("Title", title.clone()),
            ("Symptoms", symptoms.clone()),
            ("Labels", labels.as_ref().map(|labels| labels.join(", "))),
            ("Runbook", runbook.clone()),
        ];
        let set = fields.into_iter().filter_map(|(label, text)| Some((label, text?)));
        Some((Kind::Describe, set.collect()))
    }
}

pub(super) struct DescribeForm;

impl FormLogic for DescribeForm {
    fn name(&self) -> &'static str {
        "record"
    }

    fn heading(&self) -> &'static str {
        "Record of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("rewrite the record of", "record rewritten")
    }

    /// With many incidents, fields that stay empty change nothing.
    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let many = filling.targets.len() > 1;
        let text = |get: fn(&Incident) -> String| filling.record.map(get).unwrap_or_default();
        let title = Field::line("Title", filling.row.map_or("", |row| row.title.as_str()));
        vec![
            if many { title.hint("empty: each keeps its own") } else { title.required() },
            Field::text("Symptoms", &text(|r| r.symptoms.clone())).hint("what users see"),
            Field::line("Labels", &text(|r| r.labels.join(", ")))
                .hint("words, separated by commas"),
            Field::line("Runbook", &text(|r| r.runbook.clone().unwrap_or_default()))
                .hint("its name or URL"),
        ]
    }

    /// Sends the fields that were changed in the form and differ from the record. With many
    /// incidents, empty fields are not changed.
    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let (form, record, many) = (filled.form, filled.record(), filled.has_many());
        let title = form.value("Title");
        if form.is_changed("Title") {
            check::title(&title)
                .map_err(|error| field_error("Title", error.problem.to_string()))?;
        }
        let symptoms = form.value("Symptoms");
        let labels = form.field("Labels").map(Field::entered_names).unwrap_or_default();
        check::names("labels", &labels)
            .map_err(|error| field_error("Labels", error.problem.to_string()))?;
        let runbook = form.value("Runbook");
        let changed = |label: &str, entered: &str, recorded: Option<&str>| {
            form.is_changed(label) && recorded != Some(entered) && !(many && entered.is_empty())
        };
        let recorded_runbook = record.map(|r| r.runbook.as_deref().unwrap_or_default());
        let command = IncidentCommand::Describe {
            title: changed("Title", &title, record.map(|r| r.summary.title.as_str()))
                .then_some(title),
            symptoms: changed("Symptoms", &symptoms, record.map(|r| r.symptoms.as_str()))
                .then_some(symptoms),
            labels: (form.is_changed("Labels")
                && record.is_none_or(|r| r.labels != labels)
                && !(many && labels.is_empty()))
            .then_some(labels),
            runbook: changed("Runbook", &runbook, recorded_runbook).then_some(runbook),
        };
        let nothing = matches!(
            &command,
            IncidentCommand::Describe { title: None, symptoms: None, labels: None, runbook: None }
        );
        Ok((Vec::new(), if nothing { Vec::new() } else { vec![command] }))
    }

    fn edits_record(&self) -> bool {
        true
    }

    fn is_changed_by(&self, body: &EventBody) -> bool {
        matches!(body, EventBody::Described { .. })
    }
}
