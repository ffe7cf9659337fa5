//! Requests an issue for the action item that is selected on its screen.

use chrono::{DateTime, Utc};

use crate::model::text::sanitize;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::follow_up::{pick, selected_action_item};
use crate::tui::picker::Pick;
use crate::tui::verb::target::Target;
use crate::tui::verb::{planning, send};

/// Requests an issue for the selected action item.
pub(in crate::tui) fn request(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(entry) = selected_action_item(&app.screens) else {
        return show_toast(app, "no action item is selected", true);
    };
    if let Some(before) = &entry.follow_up
        && !before.state.may_be_requested_again()
    {
        let text = format!("it is followed up already: {}", sanitize(before.phrase()));
        return show_toast(app, text, true);
    }
    let (incident, item) = (&entry.incident, entry.item.id);
    // The question names the action item, of which the incident may have several.
    let title = entry.item.text.clone();
    let target = match app.row(incident.id) {
        Some(row) => Target { title, ..Target::from(row) },
        None => Target { id: incident.id, label: incident.label(), title, seq: 0 },
    };
    let Pick::Submit { verb, done_phrase, commands, irreversible } = pick(app, item) else {
        return Vec::new();
    };
    let plan = planning::plan(app, &[target], verb, done_phrase, &commands, at);
    send::submit(app, plan, irreversible, None, at)
}
