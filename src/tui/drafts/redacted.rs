//! Removes redacted data of an incident from the drafts about it.

use chrono::{DateTime, Utc};

use crate::backend::Detail;
use crate::model::redacted_content::RedactedContent;
use crate::model::redaction::RedactedTarget;
use crate::model::{Event, EventBody, IncidentId};
use crate::sync::drafts::DraftOp;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::reading::LoadedIncident;

/// Returns what events that were read now have redacted of an incident that was loaded before; `None` if
/// nothing was redacted since.
pub(in crate::tui) fn redacted_since(
    before: &LoadedIncident,
    events: &[Event],
) -> Option<RedactedContent> {
    let Detail { incident, .. } = &*before.detail;
    // Positions say little: own events that wait have the next ones.
    let first = before.events.first().map(|event| event.seq);
    let is_new = |event: &&Event| {
        first.is_none_or(|first| event.seq > first)
            && before.events.iter().all(|earlier| earlier.id != event.id)
    };
    let later = events.iter().filter(is_new);
    let redacted: Vec<RedactedTarget> = later
        .filter_map(|event| match event.body {
            EventBody::Redacted { part, target, .. } => {
                Some(RedactedTarget { incident: event.incident, part, target })
            }
            _ => None,
        })
        .collect();
    if redacted.is_empty() {
        return None;
    }
    let mut content = RedactedContent::default();
    for part in &redacted {
        content.add_record(part, incident);
        before.events.iter().for_each(|event| content.add_event(part, event));
    }
    Some(content)
}

/// Removes from the drafts about an incident what was redacted of it, and says so. Of a form that is open the
/// text stays as it was typed: its notice says what it has.
pub(in crate::tui) fn remove(
    app: &mut App,
    id: IncidentId,
    label: &str,
    content: &RedactedContent,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    for draft in &mut app.forms.drafts {
        if draft.remove_redacted(id, content) {
            effects.push(Effect::Draft(DraftOp::Save(draft.clone())));
            effects.push(Effect::Draft(DraftOp::Release(draft.id)));
        }
    }
    if let Mode::Form(form) = &mut app.ui.mode
        && form.targets.iter().any(|target| target.id == id)
        && form.contents().iter().any(|text| content.removed_from(text).is_some())
    {
        form.notice = Some(format!("this says what was just redacted of {label}"));
    }
    if !effects.is_empty() {
        let text = format!("what was redacted of {label} was removed from a draft about it");
        effects.extend(show_toast(app, text, false));
    }
    // Other programs have stored more.
    effects.push(Effect::Draft(DraftOp::Redact(id, content.clone())));
    effects
}

/// Returns whether something was redacted of the incidents of a draft since it was saved, as far as they are
/// loaded.
pub(in crate::tui) fn is_older_than_redaction(
    app: &App,
    about: impl Iterator<Item = IncidentId>,
    saved_at: DateTime<Utc>,
) -> bool {
    let ids: Vec<IncidentId> = about.collect();
    let mut loaded = app.reading.shown.iter().chain(&app.reading.cache);
    loaded.any(|loaded| {
        let is_later = |event: &Event| {
            matches!(event.body, EventBody::Redacted { .. }) && event.recorded_at > saved_at
        };
        ids.contains(&loaded.id) && loaded.events.iter().any(is_later)
    })
}
