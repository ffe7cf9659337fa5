//! The items that the lists of verbs offer.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::text::sanitize;
use crate::model::time::{UNTIL_CHANGED, format_ago};
use crate::model::{IncidentCommand, Status};

use crate::tui::action::Action;
use crate::tui::copy;
use crate::tui::core::app::App;
use crate::tui::form::stages_after;
use crate::tui::input::parse_time;
use crate::tui::picker::{Item, Pick, links, people};
use crate::tui::verb::precheck;
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

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

pub(in crate::tui) fn no_policy(app: &App) -> String {
    let key =
        app.keymap.main_key(Action::Categorize).map(|key| format!(" ({key})")).unwrap_or_default();
    format!(
        "there is no escalation policy for its team: set the team{key}, or a policy in the settings"
    )
}

pub(in crate::tui) fn stage_items(app: &App, targets: &[Target]) -> Vec<Item> {
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

pub(in crate::tui) fn snooze_items(app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
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

pub(in crate::tui) fn review_items(app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
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

pub(in crate::tui) fn template_items(app: &App) -> Vec<Item> {
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
