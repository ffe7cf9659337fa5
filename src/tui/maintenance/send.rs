//! Sends the form of a maintenance window, after a preview of its effect. It is sent to the backend
//! immediately.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::maintenance::{
    ItemLabels, MaintenanceChange, MaintenanceFilter, MaintenanceRequest,
};
use crate::model::unknown_selection::unknown_name;
use crate::model::{Actor, Summary};
use crate::sync::drafts::DraftOp;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::form::Form;
use crate::tui::lists::shared::one_line;
use crate::tui::maintenance::PendingMaintenance;
use crate::tui::maintenance::form::read;
use crate::tui::maintenance::refusal::disabled_reason;

/// How many incidents a preview names.
const MAX_NAMED: usize = 5;

/// Sends the form, or shows its errors. The current effect of the window is shown before: sending
/// once more sends the form.
pub(in crate::tui) fn send(
    app: &mut App,
    mut form: Box<Form>,
    (id, revision): (Option<Uuid>, Option<u32>),
    notice: Option<&str>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        form.notice = Some(why);
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    let window = match read(app, &form, id, at) {
        Ok(window) => window,
        Err(error) => {
            form.show_error(&error.field, error.message);
            app.ui.mode = Mode::Form(form);
            return Vec::new();
        }
    };
    let preview = preview(app, &window.filter);
    if notice != Some(preview.as_str()) {
        form.notice = Some(preview);
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    let title = one_line(&window.title);
    let (id, change, operation) = match id {
        None => (form.draft_id, MaintenanceChange::Create(window), format!("creating {title}")),
        Some(id) => (id, MaintenanceChange::Change(window), format!("changing {title}")),
    };
    let actor = Actor::Person(app.session.me.clone());
    let request =
        MaintenanceRequest { id, actor, at: app.backend_time(at), expected: revision, change };
    let text = format!("{operation} …");
    app.inflight.maintenance = Some(PendingMaintenance { id, operation });
    let mut effects = vec![
        Effect::Draft(DraftOp::Drop(form.draft_id)),
        Effect::ChangeMaintenance(Box::new(request)),
    ];
    effects.extend(show_toast(app, text, false));
    effects
}

/// Describes the open incidents that a filter matches, according to their rows.
fn preview(app: &App, filter: &MaintenanceFilter) -> String {
    let rows = app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    let matched: Vec<&Summary> = rows
        .filter(|row| row.status.is_open())
        .filter(|row| filter.matches(ItemLabels::of(&row.attributes.labels).item(row)))
        .collect();
    let directory = app.fetched.directory.as_deref();
    let unknown =
        directory.and_then(|directory| unknown_name(&filter.services, &filter.teams, directory));
    let unknown = unknown.map(|unknown| format!("{unknown}; ")).unwrap_or_default();
    let key = "send once more to go on";
    if matched.is_empty() {
        return format!("{unknown}no open incident is muted now: {key}");
    }
    let named: Vec<String> = matched.iter().take(MAX_NAMED).map(|row| row.label()).collect();
    let others = matched.len().saturating_sub(MAX_NAMED);
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    format!("{unknown}about {}{others} now: {key}", named.join(", "))
}
