//! Reports refused commands by pointing to the outbox.

use chrono::{DateTime, Utc};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices;
use crate::tui::core::notices::report_failure;
use crate::tui::verb::batch::Batch;
use crate::tui::verb::plan::phrase;

/// Reports the refused commands of a batch by pointing to the outbox, if there is one: the form of
/// a command that was sent an hour ago is not reopened automatically.
pub(in crate::tui) fn report_batch(
    app: &mut App,
    batch: &Batch,
    at: DateTime<Utc>,
) -> Option<Vec<Effect>> {
    app.inflight.outbox.as_ref()?;
    if batch.form.is_some() {
        // The commands could not even be stored in the outbox: the form is reopened.
        return None;
    }
    let (label, why) = batch.failed.first()?.clone();
    if batch.total == 1 {
        return Some(report_refusal(app, &phrase(&batch.verb, &label), &why, at));
    }
    let summary = format!("{} of {} not {}", batch.failed.len(), batch.total, batch.done_phrase);
    let effects = report_refusal(app, &phrase(&batch.verb, "several"), &summary, at);
    notices::append_failures(app, batch);
    Some(effects)
}

pub(in crate::tui) fn report_refusal(
    app: &mut App,
    operation: &str,
    why: &str,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let key = app.ui.keymap.main_key(Action::Outbox).unwrap_or_default();
    report_failure(app, operation, &format!("{why} · {key} outbox"), at)
}
