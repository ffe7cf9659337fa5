//! Undoing the last action, by sending its inverse commands.

use chrono::{DateTime, Utc};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::undo::{Inverse, Undo};
use crate::tui::verb::logic::CHANGED_SINCE;
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::{self, precheck, send};

/// Undoes the last action. Commands are sent in order, so the action itself may still be pending.
pub(in crate::tui) fn undo(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(Undo { done_phrase, steps, .. }) = app.inflight.undo.take() else {
        return show_toast(app, "nothing to undo: an action can be taken back for 10 s", true);
    };
    // Changes by other people in the meantime are not overwritten.
    let steps = steps
        .into_iter()
        .map(|inverse| Step { refused: overruled(app, &inverse), ..inverse.step })
        .collect();
    let plan = Plan { verb: "undo".into(), done_phrase: "undone".into(), steps };
    if plan.possible().next().is_none() {
        let why = plan.refused().next().map(|(target, why)| format!("{}: {why}", target.label));
        return show_toast(app, why.unwrap_or_else(|| "nothing to undo".into()), true);
    }
    let mut effects = send::carry_out(app, &plan, true, None, at);
    effects.extend(show_toast(app, format!("undone: {done_phrase}"), false));
    effects
}

/// Returns why undoing would overwrite a later change by somebody else.
fn overruled(app: &App, inverse: &Inverse) -> Option<String> {
    let target = &inverse.step.target;
    let row = app.row(target.id)?;
    let on_its_way = app.inflight.pending.iter().any(|pending| pending.incident == target.id);
    // Not even the viewer's own change has arrived.
    if on_its_way || row.seq <= target.seq {
        return None;
    }
    let record = precheck::current_record(app, target.id);
    let overwritten = inverse.undoes.iter().find(|command| !command.still_holds(row, record))?;
    let verb = verb::find(Action::Command(overwritten.kind()));
    Some(verb.map_or_else(|| CHANGED_SINCE.into(), |verb| verb.overruled_reason(row)))
}
