//! Questions: answered by `y` or `n`, never by `Enter`.

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices;
use crate::tui::drafts;
use crate::tui::form::Form;
use crate::tui::verb::{planning, send};

/// Carries out the plan that the question is about.
pub(in crate::tui) fn accept(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Confirm(mut confirm) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    // Steps that have become impossible since the question was asked are reported, not forced.
    let mut late = Vec::new();
    for step in &mut confirm.plan.steps {
        if step.refused.is_none() {
            let again = planning::step(app, &step.target, Vec::new(), step.commands.clone(), at);
            // A declaration has no record yet.
            step.refused = again.refused.filter(|_| step.target.seq > 0);
            late.extend(step.refused.clone().map(|why| (step.target.label.clone(), why)));
        }
    }
    if confirm.plan.possible().next().is_none() {
        let why = confirm.plan.refused().next().map(|(t, why)| format!("{}: {why}", t.label));
        let mut effects = confirm.form.map(|form| reopen_form(app, form)).unwrap_or_default();
        effects.extend(notices::show_toast(app, why.unwrap_or_default(), true));
        return effects;
    }
    let effects = send::carry_out(app, &confirm.plan, confirm.irreversible, confirm.form, at);
    let number = app.inflight.last_batch;
    if let Some(batch) = app.inflight.batches.iter_mut().find(|batch| batch.number == number) {
        batch.failed.extend(late);
    }
    effects
}

/// Drops the plan; returns to the form if the question came from one.
pub(in crate::tui) fn decline(app: &mut App) -> Vec<Effect> {
    // A question about running a program is closed as well: it is not started.
    if let Mode::Confirm(confirm) = std::mem::take(&mut app.ui.mode)
        && let Some(form) = confirm.form
    {
        return reopen_form(app, form);
    }
    Vec::new()
}

/// Reopens the form that the question came from; its text is stored as a draft as before.
fn reopen_form(app: &mut App, mut form: Box<Form>) -> Vec<Effect> {
    form.save_scheduled = false;
    app.ui.mode = Mode::Form(form);
    drafts::update::schedule_save(app)
}
