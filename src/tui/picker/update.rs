//! How the lists of verbs are opened.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::backend::BackendError;
use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::notification::PersonReach;
use crate::model::time::format_ago;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::drafts;
use crate::tui::picker::items::{empty_reason, items};
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::verb;
use crate::tui::verb::target::Target;

/// Opens the list of an action; the heading has `{}` for the incidents.
pub(in crate::tui) fn open(
    app: &mut App,
    action: Action,
    targets: Vec<Target>,
    heading: &str,
    searchable: bool,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let items = items(app, action, &targets, at);
    if items.is_empty() {
        let reason = empty_reason(app, action, &targets);
        return show_toast(app, reason, true);
    }
    let about = match &targets[..] {
        [one] => format!("{} · {}", one.label, one.title),
        many => format!("{} incidents", many.len()),
    };
    let heading = heading.replacen("{}", &about, 1);
    let remark = verb::find(action).and_then(|verb| verb.remark(app, &targets, at));
    let make = if searchable { Picker::search } else { Picker::menu };
    let picker = Picker { remark, ..make(targets, heading, items) };
    app.ui.mode = Mode::Pick(Box::new(picker));
    // The contacts may have changed since they were read last.
    (action == LEVELS).then_some(Effect::LoadReach).into_iter().collect()
}

/// The action whose list shows how people are reached.
const LEVELS: Action = Action::Command(CommandKind::Escalate);

/// Stores how people are reached, and updates an open list of levels.
pub(in crate::tui) fn reach_loaded(
    app: &mut App,
    result: Result<Vec<PersonReach>, BackendError>,
    at: DateTime<Utc>,
) {
    // Without contacts in the backend, the list shows none.
    let Ok(people) = result else { return };
    app.notified.people = Arc::new(people);
    let Mode::Pick(picker) = &app.ui.mode else { return };
    if !picker.items.iter().all(calls_level) {
        return;
    }
    let current = items(app, LEVELS, &picker.targets, at);
    let Mode::Pick(picker) = &mut app.ui.mode else { return };
    for item in &mut picker.items {
        if let Some(same) = current.iter().find(|other| other.value == item.value) {
            item.about = same.about.clone();
        }
    }
}

fn calls_level(item: &Item) -> bool {
    let Pick::Submit { commands, .. } = &item.pick else { return false };
    matches!(commands.first(), Some(IncidentCommand::Escalate { .. }))
}

/// Opens the list of drafts.
pub(in crate::tui) fn open_drafts(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let items: Vec<Item> = app
        .forms
        .drafts
        .iter()
        .filter_map(|draft| {
            let kind = drafts::update::kind(draft)?;
            let about = match &draft.about[..] {
                [] => String::new(),
                [one] => format!(" {} {}", one.1, one.2),
                many => format!(" {} incidents", many.len()),
            };
            let text = format!("{}{about}", verb::with_form(&kind, |form| form.name()));
            let contents: Vec<&str> = draft.contents.iter().map(|c| c.trim()).collect();
            let contents = contents.join(" · ");
            let about =
                format!("{} · {}", format_ago(draft.at, at), contents.trim_matches([' ', '·']));
            Some(Item::new(text, Pick::Draft(draft.id)).about(about))
        })
        .collect();
    if items.is_empty() {
        return show_toast(app, "no draft is kept", false);
    }
    let heading = "Drafts: typed and not sent".to_owned();
    app.ui.mode =
        Mode::Pick(Box::new(Picker::new(PickerKind::Drafts, Vec::new(), heading, items, true)));
    Vec::new()
}
