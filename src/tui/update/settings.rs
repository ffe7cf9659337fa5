//! Settings: what is wrong with them, and taking them in while the panes run.

use crate::config::Reload;
use crate::config::reload::Changed;

use super::super::app::{App, Failure, Toast};
use super::super::keymap::Keymap;
use super::super::message::Effect;
use super::{backend_update, runbook, show_toast, workspaces};

/// Shows the first warning until a key is pressed.
pub(super) fn show_warnings(app: &mut App) {
    let Some(first) = app.warnings.first() else { return };
    let text = format!("{}{} · redphone config check", first, and_more(app.warnings.len() - 1));
    // All of them, for who wants to know more.
    app.failure = Some(Failure {
        operation: "reading the settings".into(),
        message: app.warnings.join("\n"),
        at: app.now,
    });
    app.toast_seq += 1;
    app.toast = Some(Toast { text, is_error: true });
}

fn and_more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" · {count} more") }
}

/// Takes in a changed settings file, or says why it can't be used.
pub(super) fn reloaded(app: &mut App, reload: Reload) -> Vec<Effect> {
    let changed = match reload {
        Reload::Changed(changed) => *changed,
        Reload::Failed(why) => {
            let at = app.now;
            app.failure = Some(Failure {
                operation: "reading the settings".into(),
                message: why.clone(),
                at,
            });
            return show_toast(app, format!("{why} · settings stay as they were"), true);
        }
    };
    let Changed {
        panes,
        profiles,
        unusable_profiles: unusable,
        rules,
        mut warnings,
        needs_restart: later,
    } = changed;
    let (keymap, wrong_keys) = Keymap::with_bindings(&panes.keys);
    warnings.extend(wrong_keys.iter().map(crate::config::Warning::brief));
    app.keymap = keymap;
    app.rules = rules;
    let (was, is) = (app.settings.appearance, panes.appearance);
    // What was switched by hand stays, unless the setting itself has changed.
    if was.theme != is.theme {
        app.theme = app.theme.with_name(is.theme);
    }
    if was.zone != is.zone {
        app.zone = is.zone;
    }
    app.low_bandwidth = is.low_bandwidth;
    app.settings = panes;
    workspaces::reloaded(app, &profiles, &unusable);
    app.warnings = warnings;
    // Levels decide the order of the rows and when they change.
    let mut effects = backend_update::time_passed(app, app.now);
    effects.extend(runbook::load_folder(app));
    effects.extend(if app.warnings.is_empty() {
        let later = match later.as_slice() {
            [] => String::new(),
            names => format!(" · from the next start on: {}", names.join(", ")),
        };
        show_toast(app, format!("settings read again{later}"), false)
    } else {
        show_warnings(app);
        Vec::new()
    });
    effects
}
