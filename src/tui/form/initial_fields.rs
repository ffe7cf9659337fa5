//! The fields of each form, filled in from the record.

use chrono::{DateTime, Utc};

use crate::config::pattern::Placeholder;
use crate::model::checklist::{ClosingItem, InvestigationItem, Item};
use crate::model::command::Link;
use crate::model::priority::Level;
use crate::model::review::{ActionKind, Section};
use crate::model::status::{Category, Classification, ResolutionAction, Source};
use crate::model::time::format_duration;
use crate::model::{Incident, Summary};

use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::input::parse_time;
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

/// The word for an unknown category.
pub(in crate::tui) const UNKNOWN: &str = "unknown";

/// Returns the fields of a form, filled in from the record of its target.
pub(in crate::tui) fn build(
    app: &App,
    kind: &Kind,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Vec<Field> {
    let one = match targets {
        [one] => Some(one),
        _ => None,
    };
    let record = one.and_then(|target| precheck::current_record(app, target.id));
    let row = one.and_then(|target| app.row(target.id)).or(record.map(|r| &r.summary));
    match kind {
        Kind::Note => {
            vec![Field::text("Note", "").hint("what was seen, tried or decided").required()]
        }
        Kind::Declare => declare(app),
        Kind::Resolve => vec![
            Field::choice(
                "Action",
                choice_labels(ResolutionAction::ALL, ResolutionAction::as_str),
                0,
            ),
            Field::text("What was done", "").hint("checkout back to v811").required(),
            Field::text("Validated", "")
                .hint("how recovery was seen, such as: error rate at 0")
                .required(),
        ],
        Kind::Reopen => vec![Field::text("Why", "").hint("what was seen again").required()],
        Kind::Close => closing_checklist(record),
        Kind::Checklist => checklist(record),
        Kind::Categorize => categorize(app, one, record, row),
        Kind::Describe => describe(record, row, targets.len() > 1),
        Kind::Update if one.is_none() => {
            let template = app.settings.templates.get(app.template_index);
            let text = template.map(|template| template.text.source()).unwrap_or_default();
            update(app, &text, "")
        }
        Kind::Update => {
            let every =
                row.and_then(|row| app.rules.levels.for_priority(row.priority).update_every_s);
            let next =
                every.map(|s| format_duration(chrono::TimeDelta::seconds(s))).unwrap_or_default();
            let template = app.settings.templates.get(app.template_index);
            let filled = template.zip(row).map(|(template, row)| {
                template
                    .text
                    .fill(|placeholder| placeholder_text(app, placeholder, row, record, at))
            });
            update(app, &filled.unwrap_or_default(), &next)
        }
        Kind::Reclassify => vec![
            Field::choice("It was", choice_labels(Classification::ALL, Classification::as_str), 0),
            Field::text("Why", "").required(),
        ],
        Kind::SnoozeUntil => {
            let forms = parse_time::format_hint(parse_time::FORMATS, app.clock());
            vec![Field::line("Until", "").hint(forms).required()]
        }
        Kind::Pause => {
            vec![Field::line("Waiting for", "").hint("the partner to restore its link").required()]
        }
        Kind::Override { .. } => {
            vec![Field::line("Why", "").hint("why the matrix does not fit").required()]
        }
        Kind::LinkUrl => vec![Field::line("URL", "").hint("https://…").required()],
        Kind::NewProblem => vec![
            Field::line("Title", "").hint("the cause behind the incidents").required(),
            Field::names("Services", &services(row), service_names(app)),
            Field::text("Cause", "").hint("as far as it is known"),
            Field::text("Workaround", "").hint("how to live with it"),
        ],
        Kind::Review => review(app, record),
        Kind::ActionItem { id, .. } => action_item(app, record, *id),
    }
}

fn choice_labels<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| word(*one)).collect()
}

fn levels() -> Vec<&'static str> {
    choice_labels(Level::ALL.as_slice(), Level::as_str)
}

fn categories() -> Vec<&'static str> {
    std::iter::once(UNKNOWN).chain(Category::ALL.iter().map(|c| c.as_str())).collect()
}

fn service_names(app: &App) -> Vec<String> {
    let directory = app.directory.iter();
    directory.flat_map(|d| d.services.iter().map(|service| service.name.clone())).collect()
}

fn team_names(app: &App) -> Vec<String> {
    let directory = app.directory.iter();
    directory.flat_map(|d| d.teams.iter().map(|team| team.name.clone())).collect()
}

fn people_names(app: &App) -> Vec<String> {
    let directory = app.directory.iter();
    directory.flat_map(|d| d.people.iter().map(|person| person.name.clone())).collect()
}

/// Returns the names that are offered in a field; `None` if it is no field of names.
pub(in crate::tui) fn offered_names(app: &App, label: &str) -> Option<Vec<String>> {
    match label {
        "Services" => Some(service_names(app)),
        "Team" => Some(team_names(app)),
        "Owner" => Some(people_names(app)),
        _ => None,
    }
}

fn services(row: Option<&Summary>) -> String {
    row.map(|row| row.services.join(", ")).unwrap_or_default()
}

fn declare(app: &App) -> Vec<Field> {
    let source = Source::ALL.iter().position(|s| *s == Source::Internal).unwrap_or(0);
    vec![
        Field::line("Title", "").hint("what is wrong, on one line").required(),
        Field::names("Services", "", service_names(app)).hint("the first is the primary"),
        Field::choice("Impact", levels(), 1),
        Field::choice("Urgency", levels(), 1),
        Field::choice("Category", categories(), 0),
        Field::choice("Detected by", choice_labels(Source::ALL, Source::as_str), source),
        Field::line("Since", "")
            .hint(parse_time::format_hint("now; or 10m ago, 22:37", app.clock())),
        Field::choice("Owner", vec!["nobody yet", "me"], 0),
        Field::text("Symptoms", "").hint("what users see"),
    ]
}

fn closing_checklist(record: Option<&Incident>) -> Vec<Field> {
    ClosingItem::ALL.iter().map(|item| item_field(record, Item::Closing(*item))).collect()
}

/// Returns the checklist of the incident's stage: the investigation while it is open, then the
/// closing checklist.
fn checklist(record: Option<&Incident>) -> Vec<Field> {
    if record.is_some_and(|record| !record.summary.status.is_open()) {
        return closing_checklist(record);
    }
    let items = InvestigationItem::ALL.iter();
    items.map(|item| item_field(record, Item::Investigation(*item))).collect()
}

fn item_field(record: Option<&Incident>, item: Item) -> Field {
    let answered = record.and_then(|record| record.answered.iter().find(|a| a.item == item));
    Field::tick(item.to_string(), Some(item), answered.map(|answered| &answered.answer))
}

fn categorize(
    app: &App,
    target: Option<&Target>,
    record: Option<&Incident>,
    row: Option<&Summary>,
) -> Vec<Field> {
    let category = row.and_then(|row| row.category).map_or(0, |c| usize::from(c.index()) + 1);
    let team = row.and_then(|row| row.team.clone()).unwrap_or_default();
    let mut fields = vec![
        Field::choice("Category", categories(), category),
        Field::names("Services", &services(row), service_names(app))
            .hint("the first is the primary"),
        Field::name("Team", &team, team_names(app)),
    ];
    for (suspect, label) in suspects(app, target) {
        let linked = record.is_some_and(|record| record.links.contains(&suspect));
        let answer = linked.then_some(crate::model::checklist::Answer::Yes);
        fields.push(Field::tick(label, None, answer.as_ref()));
    }
    fields
}

/// Returns the suspected changes of an incident as links, with the labels of their fields.
pub(in crate::tui) fn suspects(app: &App, target: Option<&Target>) -> Vec<(Link, String)> {
    let Some(target) = target else { return Vec::new() };
    let shown = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == target.id);
    let suspects = shown.map(|shown| shown.detail.suspects.as_slice()).unwrap_or_default();
    suspects
        .iter()
        .map(|suspect| {
            let change = &suspect.change;
            let link = Link::Change { id: change.id, title: change.title.clone() };
            (link, format!("caused by {} {}", change.kind, change.title))
        })
        .collect()
}

/// Returns the fields of the record. With many incidents, fields that stay empty change nothing.
fn describe(record: Option<&Incident>, row: Option<&Summary>, many: bool) -> Vec<Field> {
    let text = |get: fn(&Incident) -> String| record.map(get).unwrap_or_default();
    let title = Field::line("Title", row.map_or("", |row| row.title.as_str()));
    vec![
        if many { title.hint("empty: each keeps its own") } else { title.required() },
        Field::text("Symptoms", &text(|r| r.symptoms.clone())).hint("what users see"),
        Field::line("Labels", &text(|r| r.labels.join(", "))).hint("words, separated by commas"),
        Field::line("Runbook", &text(|r| r.runbook.clone().unwrap_or_default()))
            .hint("its name or URL"),
    ]
}

fn update(app: &App, text: &str, next: &str) -> Vec<Field> {
    vec![
        Field::text("Message", text).required(),
        Field::line("Next update", next)
            .hint(parse_time::format_hint("30m, 4h, 09:00; empty for none", app.clock())),
    ]
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
    let zone = app.clock().name();
    let clock = |time: DateTime<Utc>| format!("{} {zone}", app.clock().hh_mm(time));
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
            let every = app.rules.levels.for_priority(row.priority).update_every_s;
            let due = every.map(|s| at + chrono::TimeDelta::seconds(s));
            let due = due.or(record.and_then(|record| record.next_update_due));
            due.map_or_else(|| "when it changes".into(), |due| format!("at {}", clock(due)))
        }
    }
}

fn review(app: &App, record: Option<&Incident>) -> Vec<Field> {
    Section::ALL
        .iter()
        .map(|section| {
            let written = record.and_then(|record| record.review.sections.get(section));
            let text = written.cloned().unwrap_or_default();
            let mut field = Field::text(section_label(*section), &text);
            if *section == Section::Timeline && text.trim().is_empty() {
                // Prefilled, as a start for the author.
                field = Field::text(section_label(*section), &milestones(app, record));
            }
            field
        })
        .collect()
}

/// Returns a short label for a section.
pub(in crate::tui) fn section_label(section: Section) -> &'static str {
    match section {
        Section::Summary => "Summary",
        Section::Timeline => "Timeline",
        Section::Impact => "Impact",
        Section::RootCause => "Root cause",
        Section::Resolution => "Resolution",
        Section::Communication => "Communication",
        Section::Gaps => "Gaps",
    }
}

/// Returns the milestones of an incident, a line each.
fn milestones(app: &App, record: Option<&Incident>) -> String {
    let Some(id) = record.map(|record| record.summary.id) else { return String::new() };
    let shown = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == id);
    let events = shown.map(|shown| shown.events.as_slice()).unwrap_or_default();
    let lines: Vec<String> = events
        .iter()
        .filter(|event| event.body.is_milestone())
        .map(|event| {
            let detail = event.body.detail();
            let line = format!(
                "{} {} {} by {}",
                app.clock().local_time(event.at).format("%Y-%m-%d %H:%M"),
                app.clock().name(),
                event.body.label().to_lowercase(),
                event.actor.name()
            );
            if detail.is_empty() { line } else { format!("{line}: {}", detail.replace('\n', " ")) }
        })
        .collect();
    lines.join("\n")
}

fn action_item(app: &App, record: Option<&Incident>, id: uuid::Uuid) -> Vec<Field> {
    let item = record.and_then(|record| record.review.actions.iter().find(|item| item.id == id));
    let kind = item
        .map_or(0, |item| ActionKind::ALL.iter().position(|kind| *kind == item.kind).unwrap_or(0));
    let owner = item.and_then(|item| item.owner.as_ref()).map_or("", |owner| owner.name.as_str());
    let due = item.and_then(|item| item.due).map(|due| due.to_string()).unwrap_or_default();
    let done = item.is_some_and(|item| item.done).then_some(crate::model::checklist::Answer::Yes);
    vec![
        Field::line("To do", item.map_or("", |item| item.text.as_str())).required(),
        Field::choice("It will", choice_labels(ActionKind::ALL, ActionKind::as_str), kind),
        Field::name("Owner", owner, people_names(app)),
        Field::line("Due", &due).hint("2026-03-31"),
        Field::tick("done", None, done.as_ref()),
    ]
}
