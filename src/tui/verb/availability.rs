//! Whether verbs apply to incidents, and why not.

use chrono::{DateTime, Utc};

use crate::model::{Incident, IncidentCommand};

use crate::tui::action::{Action, Entry, TABLE};
use crate::tui::core::app::App;
use crate::tui::core::computed::Identity;
use crate::tui::reading::DisabledInputs;
use crate::tui::verb::target::Target;
use crate::tui::verb::{self, precheck};

/// How many targets are checked for whether a verb applies to any.
pub(in crate::tui) const MAX_PRECHECKED: usize = 50;

/// Returns why an action can't be used now on these targets; `None` if it can, on one of them at
/// least.
pub(in crate::tui) fn disabled_reason(
    app: &App,
    entry: &Entry,
    targets: &[Target],
    now: DateTime<Utc>,
) -> Option<String> {
    if let Some(why) = entry.disabled_reason(app) {
        return Some(why);
    }
    if !entry.applies(app) {
        return Some(entry.reason_if_not(app));
    }
    entry.verb?;
    let mut first = None;
    for target in targets.iter().take(MAX_PRECHECKED) {
        let why = refusal(app, entry.action, target, now)?;
        first.get_or_insert(why);
    }
    match targets.len() {
        0 | 1 => first,
        2..=MAX_PRECHECKED => first.map(|why| format!("none of them: {why}")),
        _ => None,
    }
}

/// Stores which verbs the visible incident refuses, if one of the inputs has changed. The selection
/// is none of them: the keys line does not change while a key is held down. Only the keys line and
/// the help use it; a key that starts a verb is checked separately.
pub(in crate::tui) fn refresh_disabled(app: &mut App) {
    let shown = app.reading.shown.as_ref();
    let inputs = DisabledInputs {
        detail: shown.map(|shown| Identity::new(&shown.detail)),
        common: app.common_inputs(),
    };
    if app.reading.disabled.is_current(&inputs) {
        return;
    }
    // Only the record is checked: finding a row is slow if there are many.
    let refused_actions = |incident: &Incident| {
        let row = &incident.summary;
        TABLE
            .iter()
            .filter(|entry| entry.verb.is_some() && entry.hint.is_some())
            .map(|entry| entry.action)
            .filter(|action| {
                let Some(verb) = verb::find(*action) else { return false };
                let commands = verb.probe(app, Some(row), app.now);
                let refuses = |commands: Vec<IncidentCommand>| {
                    precheck::record_refusal(app, incident, &commands, app.now)
                };
                commands.and_then(refuses).is_some() || verb.is_impossible(app, row)
            })
            .collect()
    };
    let refused = shown.map(|shown| refused_actions(&shown.detail.incident)).unwrap_or_default();
    app.reading.disabled.set(inputs, refused);
}

/// Returns why a verb does not apply to an incident, in a sentence for the person; `None` if it
/// does.
pub(in crate::tui) fn refusal(
    app: &App,
    action: Action,
    target: &Target,
    now: DateTime<Utc>,
) -> Option<String> {
    let verb = verb::find(action)?;
    let row = app.row(target.id);
    let commands = verb.probe(app, row, now)?;
    precheck::refusal(app, target.id, &commands, now).or_else(|| {
        let impossible = row.is_some_and(|row| verb.is_impossible(app, row));
        impossible.then(|| verb.empty_reason(app, std::slice::from_ref(target)))
    })
}
