//! Settings: warnings about them, and applying them while the panes run.

use std::sync::Arc;

use crate::config::Reload;
use crate::config::reload::Changed;

use crate::tui::action::build_keymap;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::core::state::notices::{Failure, Toast};
use crate::tui::queue::clock;
use crate::tui::{runbook, workspace};

/// Shows the first warning until a key is pressed.
pub(in crate::tui) fn show_warnings(app: &mut App) {
    let Some(first) = app.session.warnings.first() else { return };
    let text =
        format!("{}{} · redphone config check", first, and_more(app.session.warnings.len() - 1));
    // All warnings, for the popup with details.
    app.notices.failure = Some(Failure {
        operation: "reading the settings".into(),
        message: app.session.warnings.join("\n"),
        at: app.now,
    });
    app.notices.toast_seq += 1;
    app.notices.toast = Some(Toast { text, is_error: true });
}

fn and_more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" · {count} more") }
}

/// Applies a changed settings file, or reports why it can't be used.
pub(in crate::tui) fn reloaded(app: &mut App, reload: Reload) -> Vec<Effect> {
    let changed = match reload {
        Reload::Changed(changed) => *changed,
        Reload::Failed(why) => {
            let at = app.now;
            app.notices.failure = Some(Failure {
                operation: "reading the settings".into(),
                message: why.clone(),
                at,
            });
            return show_toast(app, format!("{why} · settings stay as they were"), true);
        }
    };
    let Changed { panes, profiles, unusable_profiles, rules, mut warnings, needs_restart } =
        changed;
    let (keymap, wrong_keys) = build_keymap(&panes.keys);
    warnings.extend(wrong_keys.iter().map(|warning| warning.brief().into_string()));
    app.ui.keymap = Arc::new(keymap);
    app.session.rules = Arc::new(rules);
    let (old, new) = (app.session.settings.appearance, panes.appearance);
    // A choice made by key is preserved, unless the setting itself has changed.
    if old.own != new.own {
        app.ui.theme = app.ui.theme.with_own(new.own.as_ref());
    }
    if old.theme != new.theme {
        app.ui.theme = app.ui.theme.with_name(new.theme);
    }
    if old.zone != new.zone {
        app.ui.zone = new.zone;
    }
    app.ui.set_low_bandwidth(new.low_bandwidth);
    app.ui.low_bandwidth |= app.ui.slow_link;
    let mouse = (old.mouse != new.mouse).then_some(new.mouse);
    app.ui.mouse = mouse.unwrap_or(app.ui.mouse);
    app.session.settings = Arc::new(panes);
    workspace::update::reloaded(app, &profiles, &unusable_profiles);
    app.session.warnings = warnings;
    // Service levels decide the order of the rows and when they change.
    let mut effects = clock::time_passed(app, app.now);
    effects.extend(mouse.map(Effect::SetMouse));
    effects.extend(runbook::load::load_folder(app));
    effects.extend(if app.session.warnings.is_empty() {
        let restart_hint = match needs_restart.as_slice() {
            [] => String::new(),
            names => format!(" · from the next start on: {}", names.join(", ")),
        };
        show_toast(app, format!("settings read again{restart_hint}"), false)
    } else {
        show_warnings(app);
        Vec::new()
    });
    effects
}
