//! Keys that do nothing on a list screen: what they do elsewhere is said, so that nobody presses them
//! again and wonders.

use crossterm::event::KeyEvent;

use crate::tui::action::{Action, Condition, Layer, find_entry};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::screens::logic::Entered;
use crate::tui::screens::registry::logic;
use crate::tui::screens::{ListScreen, ScreenKind};

/// Explains a key that does nothing on the list screen that is shown. `None` where it does something, or
/// nothing can be said of it.
pub(in crate::tui) fn explain(app: &mut App, key: &KeyEvent) -> Option<Vec<Effect>> {
    let text = explanation(app, key)?;
    Some(show_toast(app, text, true))
}

fn explanation(app: &App, key: &KeyEvent) -> Option<String> {
    let screen = app.screens.shown()?;
    let entry = app.ui.keymap.action(Layer::Screen, key).and_then(find_entry);
    if let Some(entry) = entry {
        if entry.applies(app) {
            return None;
        }
        if is_about(entry.condition, screen.kind) {
            return Some(entry.reason_if_not(app));
        }
    }
    let other = app.ui.keymap.action(Layer::Panes, key).and_then(find_entry)?;
    // It is for other lists, and for the panes as well.
    if entry.is_some_and(|entry| entry.action == other.action) {
        return Some(other.reason_if_not(app));
    }
    if other.condition == Condition::HasIncident && opens_incident(app, screen) {
        let open = app.ui.keymap.hint_suffix(Action::OpenItem, "opens it");
        return Some(format!("{} is for an incident{open}", other.name));
    }
    let back = app.ui.keymap.hint_suffix(Action::CloseScreen, "goes back");
    Some(format!("{} is for the panes{back}", other.name))
}

/// Returns whether a condition is about what a screen lists.
const fn is_about(condition: Condition, kind: ScreenKind) -> bool {
    match condition {
        Condition::HasItem | Condition::HasSpan => true,
        Condition::ListsAlerts => matches!(kind, ScreenKind::Alerts),
        Condition::ListsContacts | Condition::HasContact => matches!(kind, ScreenKind::Contacts),
        Condition::MaintenanceScreen | Condition::ListsMaintenance => {
            matches!(kind, ScreenKind::Maintenance)
        }
        Condition::ListsProblem => matches!(kind, ScreenKind::Problems | ScreenKind::Problem),
        Condition::UnknownService => matches!(kind, ScreenKind::Services),
        Condition::ListsActionItems => matches!(kind, ScreenKind::ActionItems),
        Condition::OnCallTeam => matches!(kind, ScreenKind::OnCall),
        _ => false,
    }
}

/// Returns whether `Enter` opens an incident.
fn opens_incident(app: &App, screen: &ListScreen) -> bool {
    let item = screen.selected_item();
    item.is_some_and(|item| {
        matches!(logic(screen.kind).enter(app, screen, item), Entered::Incident(_))
    })
}
