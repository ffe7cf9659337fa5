//! Sets the field in which most incidents like the one that is read differ from it.

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::similar::hint::{command, first};
use crate::tui::verb::target::Target;
use crate::tui::verb::{planning, send};

/// Sets the field as most incidents like the one that is read have it. It can be undone.
pub(in crate::tui) fn apply(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let found =
        first(app).and_then(|(row, hint)| Some((Target::from(row), command(row, &hint)?, hint)));
    let Some((target, command, hint)) = found else {
        return show_toast(app, "there is no hint to follow", true);
    };
    let done = format!("{} set to {}", hint.field, hint.value);
    let verb = format!("set the {} of", hint.field);
    let plan = planning::plan(app, &[target], verb, done, &[command], at);
    send::submit(app, plan, false, None, at)
}
