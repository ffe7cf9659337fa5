//! Declare: a form of a new incident.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::command::{CommandKind, Declaration};
use crate::model::status::Source;
use crate::model::{Command, IncidentCommand, IncidentId, check};

use crate::tui::action::{Action, Condition, Entry};
use crate::tui::core::app::App;
use crate::tui::form::{Field, Form, Kind};
use crate::tui::input::parse_time;
use crate::tui::verb::logic::{
    Contents, FieldError, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, field_error,
};
use crate::tui::verb::plan::Step;
use crate::tui::verb::target::Target;
use crate::tui::verb::{declared_impact, names};

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::Declare, &["D"]).hint("declare").condition(Condition::Always);

/// The action that opens the form of a declaration.
pub(in crate::tui) const ACTION: Action = Action::Command(CommandKind::Declare);

/// The precision of times in a form.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

pub(super) struct Declare;

impl VerbLogic for Declare {
    fn kind(&self) -> CommandKind {
        CommandKind::Declare
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Declare)
    }

    fn edit(&self, app: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::Declare(declared) = command else { return None };
        let category = declared.category.map_or_else(|| "unknown".into(), |c| c.to_string());
        let contents = vec![
            ("Title", declared.title.clone()),
            ("Services", declared.services.join(", ")),
            ("Impact", declared.impact.to_string()),
            ("Urgency", declared.urgency.to_string()),
            ("Category", category),
            ("Detected by", declared.source.to_string()),
            ("Since", parse_time::format_minute(app.clock(), declared.detected_at)),
            ("Symptoms", declared.symptoms.clone()),
        ];
        Some((Kind::Declare, contents))
    }
}

pub(super) struct DeclareForm;

impl FormLogic for DeclareForm {
    fn name(&self) -> &'static str {
        "declaration"
    }

    fn heading(&self) -> &'static str {
        "Declare an incident"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("declare", "declared")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let app = filling.app;
        let source = Source::ALL.iter().position(|s| *s == Source::Internal).unwrap_or(0);
        let sources = names::choice_labels(Source::ALL, Source::as_str);
        let mut fields = vec![
            Field::line("Title", "").hint("what is wrong, on one line").required(),
            Field::names("Services", "", names::service_names(app))
                .hint("the first is the primary"),
            Field::choice("Impact", names::levels(), 1),
            Field::choice("Urgency", names::levels(), 1),
            Field::choice("Category", names::categories(), 0),
            Field::choice("Detected by", sources, source),
            Field::line("Since", "")
                .example(parse_time::format_hint("10m ago, 22:37; empty for now", app.clock())),
            Field::choice("Owner", vec!["nobody yet", "me"], 0),
            Field::text("Symptoms", "").hint("what users see"),
        ];
        fields.extend(declared_impact::fields(app));
        fields
    }

    /// A declaration has no target: [`steps`] makes its commands.
    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        Ok((Vec::new(), Vec::new()))
    }
}

/// Returns the step that declares a new incident.
pub(in crate::tui) fn steps(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Result<Vec<Step>, FieldError> {
    let detected = parse_time::parse_past(&form.value("Since"), at, &app.clock());
    let detected = detected.map_err(|why| field_error("Since", why.to_string()))?;
    // Fields that the form does not contain remain as they were declared; its times are to the
    // minute.
    let old = replaced_declaration(form).map(|(_, old)| old);
    let same = old.map(|old| old.detected_at).filter(|was| (*was - detected).abs() < MINUTE);
    let mut declaration = Declaration {
        alerts: None,
        title: form.value("Title"),
        services: form.field("Services").map(Field::entered_names).unwrap_or_default(),
        impact: names::parse_choice(form, "Impact")?,
        urgency: names::parse_choice(form, "Urgency")?,
        category: names::category(form)?,
        source: names::parse_choice::<Source>(form, "Detected by")?,
        symptoms: form.value("Symptoms"),
        detected_at: same.unwrap_or(detected),
        reported_at: old.map_or(at, |old| old.reported_at.min(at)),
        team: old.and_then(|old| old.team.clone()),
        labels: old.map(|old| old.labels.clone()).unwrap_or_default(),
        dedup_key: old.and_then(|old| old.dedup_key.clone()),
        runbook: old.and_then(|old| old.runbook.clone()),
    };
    if let Some(directory) = &app.fetched.directory {
        declaration.fill_from_directory(directory);
    }
    check::declaration(&declaration).map_err(|error| {
        let label = match error.field {
            "title" => "Title",
            "services" => "Services",
            "symptoms" => "Symptoms",
            other => other,
        };
        field_error(label, error.problem.to_string())
    })?;
    let impact = declared_impact::parse(app, form, at)?;
    let target = Target {
        // Commands that depend on the refused declaration depend on this one.
        id: replaced_declaration(form).map_or_else(IncidentId::new, |(id, _)| id),
        label: "the new incident".into(),
        title: declaration.title.clone(),
        seq: 0,
    };
    let following = impact.into_commands(declaration.team.as_deref());
    let mut commands = vec![IncidentCommand::Declare(Box::new(declaration))];
    if form.value("Owner") == "me" {
        commands.push(IncidentCommand::Assign { to: Some(app.session.me.clone()) });
    }
    commands.extend(following);
    Ok(vec![Step::new(target, commands)])
}

/// Returns the refused declaration that the form rewrites, with its incident.
fn replaced_declaration(form: &Form) -> Option<(IncidentId, &Declaration)> {
    match &form.replaces.as_ref()?.command {
        Command::Incident { incident, command: IncidentCommand::Declare(declaration), .. } => {
            Some((*incident, declaration))
        }
        _ => None,
    }
}
