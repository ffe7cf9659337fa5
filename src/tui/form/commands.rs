//! The commands that a form sends.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::config::pattern::Pattern;
use crate::model::checklist::Answer;
use crate::model::command::{Declaration, Link};
use crate::model::id::ProblemId;
use crate::model::problem::{Problem, ProblemState};
use crate::model::review::{ActionItem, ActionKind, Section};
use crate::model::status::{Category, Classification, ResolutionAction, Source};
use crate::model::{Command, Incident, IncidentCommand, IncidentId, PersonRef, check};

use crate::tui::core::app::App;
use crate::tui::form::initial_fields::{UNKNOWN, placeholder_text, section_label, suspects};
use crate::tui::form::{Field, Form, Kind};
use crate::tui::input::parse_time;
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::target::Target;
use crate::tui::verb::{planning, precheck};

/// The precision of times in a form.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// An error in a field that prevents sending.
pub(in crate::tui) struct FieldError {
    /// Label of the field; a text that is no label of the form if the error concerns the entire
    /// form.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

fn field_error(field: &str, why: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: why.into() }
}

/// Returns the plan of a form, and whether it is irreversible.
pub(in crate::tui) fn plan(
    app: &App,
    form: &Form,
    at: DateTime<Utc>,
) -> Result<(Plan, bool), FieldError> {
    let (verb, done_phrase) = verb_and_done(form);
    let mut steps = Vec::new();
    if form.kind == Kind::Declare {
        steps = declare(app, form, at)?;
    }
    for target in &form.targets {
        let (prerequisites, commands) = build_commands(app, form, target, at)?;
        steps.push(planning::step(app, target, prerequisites, commands, at));
    }
    let irreversible = matches!(form.kind, Kind::Update | Kind::Reclassify | Kind::Reopen);
    Ok((Plan { verb: verb.into(), done_phrase: done_phrase.into(), steps }, irreversible))
}

/// Returns the verb of a form's plan, and the phrase for what was done.
fn verb_and_done(form: &Form) -> (&'static str, &'static str) {
    match &form.kind {
        Kind::Note => ("write a note on", "noted"),
        Kind::Declare => ("declare", "declared"),
        Kind::Resolve => ("resolve", "resolved"),
        Kind::Reopen => ("reopen", "reopened"),
        Kind::Close => ("close", "closed"),
        Kind::Checklist => ("answer the checklist of", "checklist answered"),
        Kind::Categorize => ("categorize", "categorized"),
        Kind::Describe => ("rewrite the record of", "record rewritten"),
        Kind::Update => ("send stakeholders an update on", "stakeholders updated"),
        Kind::Reclassify => ("reclassify", "reclassified"),
        Kind::SnoozeUntil => ("snooze", "snoozed"),
        Kind::Pause => ("pause", "paused"),
        Kind::Override { .. } => ("override the priority of", "priority overridden"),
        Kind::LinkUrl => ("link", "linked"),
        Kind::NewProblem => ("record a problem behind", "linked to a new problem"),
        Kind::Review => ("write the review of", "review written"),
        Kind::ActionItem { .. } => ("write an action item of", "action item written"),
    }
}

/// The prerequisite commands and the incident commands of one target, in order.
type FormCommands = Result<(Vec<Command>, Vec<IncidentCommand>), FieldError>;

/// Returns the commands of a form for one target.
fn build_commands(app: &App, form: &Form, target: &Target, at: DateTime<Utc>) -> FormCommands {
    let only = |command| Ok((Vec::new(), vec![command]));
    match &form.kind {
        Kind::Declare => Ok((Vec::new(), Vec::new())),
        Kind::Note => {
            let text = form.value("Note");
            check::required_text("note", &text)
                .map_err(|error| field_error("Note", error.problem))?;
            only(match replaced_command(form) {
                Some(IncidentCommand::CorrectNote { note, .. }) => {
                    IncidentCommand::CorrectNote { note: *note, text }
                }
                _ => IncidentCommand::AddNote { text },
            })
        }
        Kind::Resolve => only(IncidentCommand::Resolve {
            action: parse_choice::<ResolutionAction>(form, "Action")?,
            detail: form.value("What was done"),
            validation: form.value("Validated"),
        }),
        Kind::Reopen => only(IncidentCommand::Reopen { reason: form.value("Why") }),
        Kind::Reclassify => only(IncidentCommand::Reclassify {
            to: parse_choice::<Classification>(form, "It was")?,
            reason: form.value("Why"),
        }),
        Kind::Close => {
            let open = form.fields.iter().find(|f| f.answer().is_some_and(|a| a.1 == Answer::Open));
            if let Some(field) = open {
                return Err(field_error(&field.label, "answer it: Space says yes, w waives it"));
            }
            let mut commands = answers(app, form, target);
            commands.push(IncidentCommand::Close);
            Ok((Vec::new(), commands))
        }
        Kind::Checklist => Ok((Vec::new(), answers(app, form, target))),
        Kind::Categorize => categorize(app, form, target),
        Kind::Describe => describe(app, form, target),
        Kind::Update => {
            let next = form.value("Next update");
            let next_due = match next.as_str() {
                "" => None,
                text => Some(
                    parse_time::parse_future(text, at, app.clock())
                        .map_err(|why| field_error("Next update", why))?,
                ),
            };
            only(IncidentCommand::UpdateStakeholders {
                message: message(app, form, target, at)?,
                next_due,
            })
        }
        Kind::SnoozeUntil => {
            let until = parse_time::parse_future(&form.value("Until"), at, app.clock());
            only(IncidentCommand::Snooze { until: until.map_err(|why| field_error("Until", why))? })
        }
        Kind::Pause => only(IncidentCommand::Pause { reason: form.value("Waiting for") }),
        Kind::Override { priority } => only(IncidentCommand::OverridePriority {
            priority: *priority,
            reason: form.value("Why"),
        }),
        Kind::LinkUrl => only(IncidentCommand::Link { link: url(form)? }),
        Kind::NewProblem => problem(form, target, at),
        Kind::Review => {
            let record = precheck::current_record(app, target.id);
            Ok((Vec::new(), review(form, record)))
        }
        Kind::ActionItem { id, .. } => {
            action_item(app, form, *id).map(|command| (Vec::new(), vec![command]))
        }
    }
}

/// Returns what is wrong with a field, as far as that is known before the form is sent.
pub(in crate::tui) fn validate_field(
    app: &App,
    form: &Form,
    label: &str,
    at: DateTime<Utc>,
) -> Option<String> {
    let value = form.value(label);
    let result = match label {
        "Since" => return parse_time::parse_past(&value, at, app.clock()).err(),
        "Until" | "Next update" => return parse_time::parse_future(&value, at, app.clock()).err(),
        "URL" => return url(form).err().map(|result| result.message),
        "Due" => return due(form).err().map(|result| result.message),
        "Title" => check::title(&value),
        "Services" | "Labels" => {
            check::names("names", &form.field(label).map(Field::entered_names).unwrap_or_default())
        }
        _ => return None,
    };
    result.err().map(|error| error.problem)
}

fn url(form: &Form) -> Result<Link, FieldError> {
    let url = form.value("URL");
    if !url.contains("://") {
        return Err(field_error("URL", "is no URL: it begins with https:// or another scheme"));
    }
    let link = Link::Url(url);
    check::link(&link).map_err(|error| field_error("URL", error.problem))?;
    Ok(link)
}

fn due(form: &Form) -> Result<Option<NaiveDate>, FieldError> {
    match form.value("Due").as_str() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| field_error("Due", "is no date: write it as 2026-03-31")),
    }
}

/// Returns the message to stakeholders of one incident. With several targets the text contains
/// placeholders, which are filled in for each.
fn message(
    app: &App,
    form: &Form,
    target: &Target,
    at: DateTime<Utc>,
) -> Result<String, FieldError> {
    let text = form.value("Message");
    if form.targets.len() < 2 {
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
    let record = precheck::current_record(app, target.id);
    let row = app.row(target.id).or(record.map(|record| &record.summary));
    let Some(row) = row else {
        let why =
            format!("{} is not known here any more: take it out of the selection", target.label);
        return Err(field_error("Message", why));
    };
    Ok(pattern.fill(|placeholder| placeholder_text(app, placeholder, row, record, at)))
}

fn parse_choice<T: FromStr>(form: &Form, label: &str) -> Result<T, FieldError>
where
    T::Err: std::fmt::Display,
{
    form.value(label).parse().map_err(|error: T::Err| field_error(label, error.to_string()))
}

/// Returns the answers that were changed in the form and differ from the record.
fn answers(app: &App, form: &Form, target: &Target) -> Vec<IncidentCommand> {
    let record = precheck::current_record(app, target.id);
    let recorded = |item| {
        let answered = record.and_then(|record| record.answered.iter().find(|a| a.item == item));
        answered.map_or(Answer::Open, |answered| answered.answer.clone())
    };
    let changed = form.fields.iter().filter(|field| form.is_changed(&field.label));
    changed
        .filter_map(Field::answer)
        .filter(|(item, answer)| recorded(*item) != *answer)
        .map(|(item, answer)| IncidentCommand::AnswerItem { item, answer })
        .collect()
}

fn category(form: &Form) -> Result<Option<Category>, FieldError> {
    if form.value("Category") == UNKNOWN {
        Ok(None)
    } else {
        parse_choice(form, "Category").map(Some)
    }
}

/// Returns commands for what was changed in the form and differs from the record. With many
/// incidents, fields that are empty are left as they are.
fn categorize(app: &App, form: &Form, target: &Target) -> FormCommands {
    let row = app.row(target.id);
    let many = form.targets.len() > 1;
    let record = precheck::current_record(app, target.id);
    let mut commands = Vec::new();
    let to = category(form)?;
    let changed = |label: &str, empty: bool| form.is_changed(label) && !(many && empty);
    if changed("Category", to.is_none()) && row.is_none_or(|row| row.category != to) {
        commands.push(IncidentCommand::Categorize { category: to });
    }
    let services = form.field("Services").map(Field::entered_names);
    let services = services.unwrap_or_default();
    check::names("services", &services).map_err(|error| field_error("Services", error.problem))?;
    if changed("Services", services.is_empty()) && row.is_none_or(|row| row.services != services) {
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

/// Returns a command for what was changed in the form and differs from the record. With many
/// incidents, fields that are empty are left as they are.
fn describe(app: &App, form: &Form, target: &Target) -> FormCommands {
    let record = precheck::current_record(app, target.id);
    let many = form.targets.len() > 1;
    let title = form.value("Title");
    if form.is_changed("Title") {
        check::title(&title).map_err(|error| field_error("Title", error.problem))?;
    }
    let symptoms = form.value("Symptoms");
    let labels = form.field("Labels").map(Field::entered_names).unwrap_or_default();
    check::names("labels", &labels).map_err(|error| field_error("Labels", error.problem))?;
    let runbook = form.value("Runbook");
    let changed = |label: &str, entered: &str, recorded: Option<&str>| {
        form.is_changed(label) && recorded != Some(entered) && !(many && entered.is_empty())
    };
    let recorded_runbook = record.map(|r| r.runbook.as_deref().unwrap_or_default());
    let command = IncidentCommand::Describe {
        title: changed("Title", &title, record.map(|r| r.summary.title.as_str())).then_some(title),
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

fn problem(form: &Form, target: &Target, at: DateTime<Utc>) -> FormCommands {
    let title = form.value("Title");
    check::title(&title).map_err(|error| field_error("Title", error.problem))?;
    let id = ProblemId(form.draft_id);
    let workaround = form.value("Workaround");
    let state = if workaround.is_empty() { ProblemState::Open } else { ProblemState::KnownError };
    let record = Command::RecordProblem(Problem {
        id,
        title: title.clone(),
        state,
        services: form.field("Services").map(Field::entered_names).unwrap_or_default(),
        cause: form.value("Cause"),
        workaround,
        opened_at: at,
    });
    // The problem is recorded once, before the first link to it.
    let first = form.targets.first().is_some_and(|first| first.id == target.id);
    let prerequisites = if first { vec![record] } else { Vec::new() };
    Ok((prerequisites, vec![IncidentCommand::Link { link: Link::Problem { id, title } }]))
}

/// Returns commands for the sections that were changed in the form and differ from what is
/// recorded. A timeline that the form prefilled also counts if none is recorded.
fn review(form: &Form, record: Option<&Incident>) -> Vec<IncidentCommand> {
    let written = |section: Section| {
        record.and_then(|record| record.review.sections.get(&section)).map_or("", String::as_str)
    };
    Section::ALL
        .iter()
        .map(|section| (*section, form.value(section_label(*section))))
        .filter(|(section, text)| {
            let written = written(*section).trim();
            let prefilled = *section == Section::Timeline && written.is_empty();
            (prefilled || form.is_changed(section_label(*section))) && text != written
        })
        .map(|(section, text)| IncidentCommand::WriteReview { section, text })
        .collect()
}

fn action_item(app: &App, form: &Form, id: uuid::Uuid) -> Result<IncidentCommand, FieldError> {
    let due = due(form)?;
    Ok(IncidentCommand::SetActionItem {
        item: ActionItem {
            id,
            text: form.value("To do"),
            owner: person(app, &form.value("Owner")),
            due,
            kind: parse_choice::<ActionKind>(form, "It will")?,
            done: form.value("done") == "yes",
        },
    })
}

/// Finds a person by name or handle; one who is not in the directory is taken as a handle.
fn person(app: &App, who: &str) -> Option<PersonRef> {
    if who.is_empty() {
        return None;
    }
    let found = app.directory.as_ref().and_then(|directory| directory.person(who)).cloned();
    Some(found.unwrap_or_else(|| PersonRef::new(who.trim_start_matches('@'), who)))
}

fn declare(app: &App, form: &Form, at: DateTime<Utc>) -> Result<Vec<Step>, FieldError> {
    let detected = parse_time::parse_past(&form.value("Since"), at, app.clock());
    let detected = detected.map_err(|why| field_error("Since", why))?;
    // What the form does not ask for stays as it was declared; its times are to the minute.
    let old = replaced_declaration(form).map(|(_, old)| old);
    let same = old.map(|old| old.detected_at).filter(|was| (*was - detected).abs() < MINUTE);
    let mut declaration = Declaration {
        title: form.value("Title"),
        services: form.field("Services").map(Field::entered_names).unwrap_or_default(),
        impact: parse_choice(form, "Impact")?,
        urgency: parse_choice(form, "Urgency")?,
        category: category(form)?,
        source: parse_choice::<Source>(form, "Detected by")?,
        symptoms: form.value("Symptoms"),
        detected_at: same.unwrap_or(detected),
        reported_at: old.map_or(at, |old| old.reported_at.min(at)),
        team: old.and_then(|old| old.team.clone()),
        labels: old.map(|old| old.labels.clone()).unwrap_or_default(),
        dedup_key: old.and_then(|old| old.dedup_key.clone()),
        runbook: old.and_then(|old| old.runbook.clone()),
    };
    if let Some(directory) = &app.directory {
        declaration.fill_from_directory(directory);
    }
    check::declaration(&declaration).map_err(|error| {
        let label = match error.field {
            "title" => "Title",
            "services" => "Services",
            "symptoms" => "Symptoms",
            other => other,
        };
        field_error(label, error.problem)
    })?;
    let target = Target {
        // Commands that depend on the refused declaration depend on this one.
        id: replaced_declaration(form).map_or_else(IncidentId::new, |(id, _)| id),
        label: "the new incident".into(),
        title: declaration.title.clone(),
        seq: 0,
    };
    let mut commands = vec![IncidentCommand::Declare(Box::new(declaration))];
    if form.value("Owner") == "me" {
        commands.push(IncidentCommand::Assign { to: Some(app.me.clone()) });
    }
    Ok(vec![Step { target, prerequisites: Vec::new(), commands, refused: None }])
}

/// Returns the refused command that the form rewrites.
fn replaced_command(form: &Form) -> Option<&IncidentCommand> {
    match &form.replaces.as_ref()?.command {
        Command::Incident { command, .. } => Some(command),
        _ => None,
    }
}

/// Returns the refused declaration that the form rewrites, with its incident.
fn replaced_declaration(form: &Form) -> Option<(IncidentId, &Declaration)> {
    match &form.replaces.as_ref()?.command {
        Command::Incident { incident, command: IncidentCommand::Declare(declaration) } => {
            Some((*incident, declaration))
        }
        _ => None,
    }
}
