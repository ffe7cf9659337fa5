//! How the lists of verbs are opened.

use chrono::{DateTime, Utc};

use crate::model::text::sanitize;
use crate::model::time::format_ago;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::form::Kind;
use crate::tui::picker::items::{empty_reason, items, no_policy};
use crate::tui::picker::{Item, Pick, Picker, PickerKind, people};
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::target::Target;
use crate::tui::verb::{availability, planning, send};
use crate::tui::{drafts, form};

/// Opens the list of a verb.
pub(in crate::tui) fn open(
    app: &mut App,
    action: Action,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let [one] = &targets[..]
        && let Some(why) = availability::refusal(app, action, one, at)
    {
        let label = one.label.clone();
        return show_toast(app, format!("{label}: {why}"), true);
    }
    if action == Action::Update && app.settings.templates.len() <= 1 {
        app.template_index = 0;
        return form::open::open(app, Kind::Update, targets, at);
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

/// Calls the next escalation level of each incident: every incident has its own policy.
fn escalate_each(app: &mut App, targets: &[Target], at: DateTime<Utc>) -> Vec<Effect> {
    let step = |target: &Target| match people::next_level(app, target) {
        Ok(command) => planning::step(app, target, Vec::new(), vec![command], at),
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
