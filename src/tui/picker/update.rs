//! Lists to choose from: what they offer, and what a choice does.

pub(in crate::tui) use crate::tui::picker::links::link_item;

use crate::tui::picker::links;
use crate::tui::picker::people;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::backend::BackendError;
use crate::model::problem::Problem;
use crate::model::text::sanitize;
use crate::model::time::{UNTIL_CHANGED, format_ago};
use crate::model::{IncidentCommand, Status};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::backend_update;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::form::{Kind, stages_after};
use crate::tui::input::parse_time;
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::settings::appearance;
use crate::tui::update::{main_key, report_failure, show_toast};
use crate::tui::verb::plan::{Plan, Step, Target};
use crate::tui::verb::{precheck, send, start};
use crate::tui::{copy, drafts, filter, form, jump, run, runbook, workspace};

/// Opens the list of a verb.
pub(in crate::tui) fn open(
    app: &mut App,
    action: Action,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let [one] = &targets[..]
        && let Some(why) = start::refusal(app, action, one, at)
    {
        let label = one.label.clone();
        return show_toast(app, format!("{label}: {why}"), true);
    }
    if action == Action::Update && app.settings.templates.len() <= 1 {
        app.template_index = 0;
        return form::update::open(app, Kind::Update, targets, at);
    }
    if action == Action::Escalate && targets.len() > 1 {
        return escalate_each(app, &targets, at);
    }
    let items = items(app, action, &targets, at);
    if items.is_empty() {
        let reason = empty_reason(app, action, &targets);
        return show_toast(app, reason, true);
    }
    let about = match &targets[..] {
        [one] => format!("{} · {}", one.label, sanitize(&one.title)),
        many => format!("{} incidents", many.len()),
    };
    let (heading, searchable) = match action {
        Action::Assign => (format!("Assign {about}"), true),
        Action::Role => (format!("Roles of {about}"), true),
        Action::Move => (format!("Move {about}"), false),
        Action::Snooze => (format!("Snooze {about}"), false),
        Action::Escalate => (format!("Escalate {about}"), false),
        Action::Merge => (format!("Merge {about} into"), true),
        Action::Link => (format!("Link {about}"), false),
        Action::Review => (format!("Review of {about}"), false),
        Action::Copy => (format!("Copy of {about}"), false),
        _ => (format!("Update on {about}"), false),
    };
    let picker = if searchable { Picker::search } else { Picker::menu }(targets, heading, items);
    app.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Returns the items of an action's list.
pub(in crate::tui) fn items(
    app: &App,
    action: Action,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Vec<Item> {
    match action {
        Action::Assign => people::people(app, targets),
        Action::Role => people::roles(app, targets),
        Action::Move => stage_items(app, targets),
        Action::Snooze => snooze_items(app, targets, at),
        Action::Escalate => people::levels(app, targets, at),
        Action::Merge => links::merge_targets(app, targets),
        Action::Link => links::link_menu(app, targets),
        Action::Review => review_items(app, targets, at),
        Action::Copy => copy::update::items(app, targets),
        Action::Update => template_items(app),
        _ => Vec::new(),
    }
}

/// Returns why a list is empty.
pub(in crate::tui) fn empty_reason(app: &App, action: Action, targets: &[Target]) -> String {
    let key = |action, does: &str| {
        app.keymap.hint(action, does).map(|hint| format!(": {hint}")).unwrap_or_default()
    };
    match action {
        Action::Escalate if targets.len() > 1 => {
            "levels are those of one incident: with no level, the next of each is called".into()
        }
        Action::Escalate => no_policy(app),
        Action::Review if targets.len() > 1 => {
            let change = key(Action::MarkAll, "changes the selection");
            format!(
                "{} incidents are selected, and a review is written of one at a time{change}",
                targets.len()
            )
        }
        Action::Merge => "there is no other open incident to merge into".into(),
        Action::Move => {
            format!("there is no later stage to move to{}", key(Action::Resolve, "resolves it"))
        }
        Action::Assign | Action::Role => {
            format!("nobody is in the directory{}", key(Action::Own, "assigns it to you"))
        }
        _ => "there is nothing to choose from".into(),
    }
}

fn no_policy(app: &App) -> String {
    let key = main_key(app, Action::Categorize).map(|key| format!(" ({key})")).unwrap_or_default();
    format!(
        "there is no escalation policy for its team: set the team{key}, or a policy in the settings"
    )
}

/// Calls the next escalation level of each incident: every incident has its own policy.
fn escalate_each(app: &mut App, targets: &[Target], at: DateTime<Utc>) -> Vec<Effect> {
    let step = |target: &Target| match people::next_level(app, target) {
        Ok(command) => send::step(app, target, Vec::new(), vec![command], at),
        Err(why) => Step {
            target: target.clone(),
            prerequisites: Vec::new(),
            commands: Vec::new(),
            refused: Some(why.unwrap_or_else(|| no_policy(app))),
        },
    };
    let steps: Vec<Step> = targets.iter().map(step).collect();
    let plan =
        Plan { verb: "call the next level for".into(), done_phrase: "escalated".into(), steps };
    if plan.possible().next().is_none()
        && let Some((target, why)) = plan.refused().next()
    {
        let message = format!("none of them: {}: {why}", target.label);
        return show_toast(app, message, true);
    }
    send::submit(app, plan, true, None, at)
}

pub(in crate::tui) fn single_row<'a>(
    app: &'a App,
    targets: &[Target],
) -> Option<&'a crate::model::Summary> {
    match targets {
        [one] => {
            app.row(one.id).or_else(|| precheck::current_record(app, one.id).map(|r| &r.summary))
        }
        _ => None,
    }
}

fn stage_items(app: &App, targets: &[Target]) -> Vec<Item> {
    let status = single_row(app, targets).map_or(Status::Triggered, |row| row.status);
    let items = stages_after(status).into_iter().map(|to| {
        let (key, about) = match to {
            Status::Acknowledged => ('a', "somebody has taken it on"),
            Status::Investigating => ('i', "the cause is being looked for"),
            Status::Identified => ('d', "the cause is known"),
            _ => ('m', "a fix is in; its effect is being watched"),
        };
        let commands = if to == Status::Acknowledged {
            vec![IncidentCommand::Acknowledge]
        } else {
            vec![IncidentCommand::MoveStatus { to }]
        };
        let verb = format!("move {{}} to {to}");
        let pick =
            Pick::Submit { verb, done_phrase: to.to_string(), commands, irreversible: false };
        Item::new(to.to_string(), pick).key(key).about(about).value(to.to_string())
    });
    items.collect()
}

fn snooze_items(app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
    let time = |until: DateTime<Utc>| app.clock().local_time(until).format("%a %H:%M").to_string();
    let item = |key, text: &str, value: &str, until: DateTime<Utc>, about: String| {
        let pick = Pick::Submit {
            verb: format!("snooze {{}}: {text}"),
            done_phrase: format!("snoozed: {text}"),
            commands: vec![IncidentCommand::Snooze { until }],
            irreversible: false,
        };
        Item::new(text, pick).key(key).about(about).value(value)
    };
    let hour = at + TimeDelta::hours(1);
    let four = at + TimeDelta::hours(4);
    let morning = parse_time::tomorrow_morning(at, app.clock());
    let mut items = vec![
        item('1', "1 h", "1h", hour, format!("until {}", time(hour))),
        item('4', "4 h", "4h", four, format!("until {}", time(four))),
        item('t', "until tomorrow 09:00", "tomorrow", morning, time(morning)),
        item('c', "until it changes", "change", UNTIL_CHANGED, "any change shows it again".into()),
        Item::new("until a time …", Pick::SnoozeUntil)
            .key('u')
            .about(parse_time::format_hint(parse_time::FORMATS, app.clock())),
    ];
    let row = single_row(app, targets);
    if row.is_none_or(|row| row.is_snoozed(at)) {
        let pick = Pick::Submit {
            verb: "show {} again".into(),
            done_phrase: "shown again".into(),
            commands: vec![IncidentCommand::Wake],
            irreversible: false,
        };
        let item = Item::new("show it again", pick).key('w').about("ends the snooze");
        items.push(item.value("wake"));
    }
    if row.is_none_or(|row| row.paused) {
        let pick = Pick::Submit {
            verb: "go on with".into(),
            done_phrase: "goes on".into(),
            commands: vec![IncidentCommand::Unpause],
            irreversible: false,
        };
        let item = Item::new("go on", pick).key('g').about("it no longer waits on somebody else");
        items.push(item.value("go on"));
    }
    if row.is_none_or(|row| !row.paused) {
        let about = "stays in the queue, and says for whom";
        items.push(Item::new("waiting on somebody else …", Pick::Pause).key('p').about(about));
    }
    items
}

/// Shows the problems that were read, in the list that waits for them.
pub(in crate::tui) fn problems_loaded(
    app: &mut App,
    result: Result<Vec<Problem>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match result {
        Ok(list) => {
            let items = links::problems(&list);
            let none = items.is_empty();
            app.problems = Some(list);
            if let Mode::Pick(picker) = &mut app.mode
                && picker.kind == PickerKind::Problems
            {
                picker.replace(items);
                if none {
                    app.mode = Mode::Panes;
                    let key = main_key(app, Action::Link);
                    let how = key.map(|key| format!(": {key} n records one")).unwrap_or_default();
                    return show_toast(app, format!("no problem is recorded yet{how}"), true);
                }
            }
            Vec::new()
        }
        Err(error) => {
            if matches!(&app.mode, Mode::Pick(picker) if picker.kind == PickerKind::Problems) {
                app.mode = Mode::Panes;
            }
            report_failure(app, "reading the problems", &error.to_string(), at)
        }
    }
}

fn review_items(app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
    let record = match targets {
        [one] => precheck::current_record(app, one.id),
        _ => None,
    };
    let Some(record) = record else { return Vec::new() };
    let missing = record.review.missing();
    let about = match (record.review.published_at, missing.len()) {
        (Some(then), _) => format!("published {}", format_ago(then, at)),
        (None, 0) => "all sections are written".into(),
        (None, count) => format!("{count} of 7 sections are empty"),
    };
    let mut items = vec![
        Item::new("write the sections …", Pick::ReviewText).key('w').about(about),
        Item::new("add an action item …", Pick::ReviewAction(None)).key('a'),
    ];
    for (item, key) in record.review.actions.iter().zip('1'..='9') {
        let owner = item.owner.as_ref().map_or("nobody", |owner| owner.name.as_str());
        let due = item.due.map(|due| format!(" · due {due}")).unwrap_or_default();
        let state = if item.done { "done · " } else { "" };
        let about = format!("{state}{} · {}{due}", item.kind, sanitize(owner));
        let text = sanitize(&item.text).into_owned();
        items.push(Item::new(text, Pick::ReviewAction(Some(item.id))).key(key).about(about));
    }
    let target = &targets[..1];
    let disabled_reason =
        precheck::refusal(app, target[0].id, &[IncidentCommand::PublishReview], at);
    items.push(
        Item::new("publish it", Pick::ReviewPublish).key('p').disabled_reason(disabled_reason),
    );
    items
}

fn template_items(app: &App) -> Vec<Item> {
    let items = app.settings.templates.iter().enumerate().zip('1'..='9');
    items
        .map(|((index, template), key)| {
            let about = sanitize(&template.text.source()).into_owned();
            let name = sanitize(&template.name);
            let item = Item::new(name.clone(), Pick::Template(index)).key(key).about(about);
            item.value(name)
        })
        .collect()
}

/// Opens the list of drafts.
pub(in crate::tui) fn open_drafts(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let items: Vec<Item> = app
        .drafts
        .iter()
        .filter_map(|draft| {
            let kind = drafts::update::kind(draft)?;
            let about = match &draft.about[..] {
                [] => String::new(),
                [one] => format!(" {} {}", one.1, one.2),
                many => format!(" {} incidents", many.len()),
            };
            let text = format!("{}{about}", kind.name());
            let contents: Vec<&str> = draft.contents.iter().map(|c| c.trim()).collect();
            let contents = contents.join(" · ");
            let about = format!(
                "{} · {}",
                format_ago(draft.at, at),
                sanitize(contents.trim_matches([' ', '·']))
            );
            Some(Item::new(sanitize(&text), Pick::Draft(draft.id)).about(about))
        })
        .collect();
    if items.is_empty() {
        return show_toast(app, "no draft is kept", false);
    }
    let heading = "Drafts: typed and not sent".to_owned();
    app.mode =
        Mode::Pick(Box::new(Picker::new(PickerKind::Drafts, Vec::new(), heading, items, true)));
    Vec::new()
}

/// Performs the chosen item.
pub(in crate::tui) fn choose(app: &mut App, item: Item, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = item.disabled_reason {
        if let Mode::Pick(picker) = &mut app.mode {
            picker.notice = Some(why);
        }
        return Vec::new();
    }
    let Mode::Pick(picker) = std::mem::take(&mut app.mode) else { return Vec::new() };
    match (picker.kind, item.pick) {
        (PickerKind::Views, Pick::Index(index)) => filter::update::choose_view(app, index, at),
        (PickerKind::Sorts, Pick::Index(index)) => filter::update::choose_sort(app, index, at),
        (_, pick) => apply_pick(app, pick, picker.targets, at),
    }
}

/// Performs what a pick stands for.
pub(in crate::tui) fn apply_pick(
    app: &mut App,
    pick: Pick,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match pick {
        Pick::Submit { verb, done_phrase, commands, irreversible } => {
            let plan = send::plan(app, &targets, verb, done_phrase, &commands, at);
            send::submit(app, plan, irreversible, None, at)
        }
        Pick::SnoozeUntil => form::update::open(app, Kind::SnoozeUntil, targets, at),
        Pick::Pause => form::update::open(app, Kind::Pause, targets, at),
        Pick::LinkUrl => form::update::open(app, Kind::LinkUrl, targets, at),
        Pick::NewProblem => form::update::open(app, Kind::NewProblem, targets, at),
        Pick::LinkProblem => {
            let items = app.problems.as_deref().map(links::problems).unwrap_or_default();
            let heading = "Link to the problem".to_owned();
            let picker = Picker::new(PickerKind::Problems, targets, heading, items, true);
            app.mode = Mode::Pick(Box::new(picker));
            vec![Effect::LoadProblems]
        }
        Pick::LinkChange => {
            let items = links::changes(app, &targets);
            if items.is_empty() {
                return show_toast(
                    app,
                    "no change is suspected: none touched its services before",
                    true,
                );
            }
            let picker = Picker::search(targets, "Link the change that caused it", items);
            app.mode = Mode::Pick(Box::new(picker));
            Vec::new()
        }
        Pick::Override(priority) => {
            form::update::open(app, Kind::Override { priority }, targets, at)
        }
        Pick::Template(index) => {
            app.template_index = index;
            form::update::open(app, Kind::Update, targets, at)
        }
        Pick::Draft(id) => drafts::update::open(app, id, at),
        Pick::ReviewText => form::update::open(app, Kind::Review, targets, at),
        Pick::ReviewAction(id) => {
            let id = id.unwrap_or_else(Uuid::now_v7);
            form::update::open(app, Kind::ActionItem { id }, targets, at)
        }
        Pick::ReviewPublish => publish_review(app, &targets, at),
        Pick::Copy(text, what) => appearance::copy_to_clipboard(app, text, what),
        Pick::JumpTo(number) => jump::update::jump_to(app, number),
        Pick::Span(span) => backend_update::choose_span(app, span),
        Pick::View(view) => filter::update::show_view(app, *view, at),
        Pick::Filter(text) => filter::update::filter_by(app, &text, at),
        Pick::Sort(sort) => filter::update::sort_by(app, sort, at),
        Pick::Theme(name) => appearance::set_theme(app, name),
        Pick::Zone(zone) => appearance::set_zone(app, zone),
        Pick::Runbook(name) => runbook::update::open(app, &name, targets),
        Pick::Command(name) => run::update::run_command(app, &name, targets, at),
        Pick::Output(id) => run::update::show_output(app, id),
        Pick::Workspace(id) => workspace::update::switch_to(app, id),
        Pick::Index(_) => Vec::new(),
    }
}

fn publish_review(app: &mut App, targets: &[Target], at: DateTime<Utc>) -> Vec<Effect> {
    let plan = Plan {
        verb: "publish the review of".into(),
        done_phrase: "review published".into(),
        steps: targets
            .iter()
            .map(|target| {
                send::step(app, target, Vec::new(), vec![IncidentCommand::PublishReview], at)
            })
            .collect::<Vec<Step>>(),
    };
    send::submit(app, plan, true, None, at)
}
