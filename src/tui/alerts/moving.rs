//! Selecting alerts on their screen, and moving them to another incident or to a new one.

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, IncidentId, Summary};

use crate::tui::action::READ_ONLY;
use crate::tui::alerts::logic::rows;
use crate::tui::alerts::{item_key, shown_list};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::notices::show_toast;
use crate::tui::picker::{Item, Pick, Picker};
use crate::tui::screens::{self, ListScreen};
use crate::tui::verb::merge::other_open_incidents;
use crate::tui::verb::target::Target;
use crate::tui::widgets::formatting::pluralize;

/// Selects or deselects the alert under the cursor, and moves to the next one.
pub(in crate::tui) fn toggle_mark(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    let Some(key) = screen.selected_item().map(|item| item.key.clone()) else { return Vec::new() };
    if !screen.marked.remove(&key) {
        screen.marked.insert(key);
    }
    screens::update::move_by(app, Motion::Lines(1))
}

/// Selects all alerts that are listed, or none if all of them are selected.
pub(in crate::tui) fn toggle_all_marks(app: &mut App) -> Vec<Effect> {
    let Some(screen) = app.screens.shown_mut() else { return Vec::new() };
    let listed: Vec<String> = screen.items.iter().map(|item| item.key.clone()).collect();
    if listed.iter().all(|key| screen.marked.contains(key)) {
        screen.marked.retain(|key| !listed.contains(key));
    } else {
        screen.marked.extend(listed);
    }
    Vec::new()
}

/// Opens the list of the incidents to which the selected alerts can be moved.
pub(in crate::tui) fn open(app: &mut App) -> Vec<Effect> {
    if let Some(why) = refusal(app) {
        return show_toast(app, why, true);
    }
    let keys = shown_list(&app.screens).map(selected_keys).unwrap_or_default();
    let row = shown_list(&app.screens).and_then(|screen| row(app, screen));
    let Some(target) = row.map(Target::from).filter(|_| !keys.is_empty()) else {
        return show_toast(app, "the incident of these alerts is not read yet", true);
    };
    let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
    let alerts = pluralize(count, "alert", "alerts");
    let targets = vec![target];
    let mut items = vec![Item::new(
        "a new incident",
        pick(&alerts, "a new incident", (IncidentId::new(), true), &keys),
    )];
    for other in other_open_incidents(app, &targets) {
        let label = other.label();
        let service = other.primary_service().unwrap_or("no service");
        let about = format!("{} · {} · {service}", other.priority, other.status);
        let pick = pick(&alerts, &label, (other.id, false), &keys);
        items.push(Item::new(format!("{label} {}", other.title), pick).about(about));
    }
    let heading = format!("Move {alerts} of {} to", targets[0].label);
    app.ui.mode = Mode::Pick(Box::new(Picker::search(targets, heading, items)));
    Vec::new()
}

/// Returns why no alerts can be moved from here.
fn refusal(app: &App) -> Option<String> {
    if app.session.read_only {
        return Some(READ_ONLY.into());
    }
    let capabilities = app.connection.capabilities.as_ref()?;
    let is_able = capabilities.verbs.contains(&CommandKind::MoveAlerts);
    (!is_able).then(|| format!("{} can't do that", capabilities.name))
}

/// Returns the row of the incident that the screen is about.
fn row<'a>(app: &'a App, screen: &ListScreen) -> Option<&'a Summary> {
    let id = screen.incident?;
    let read = app.reading.shown.as_ref().filter(|read| read.id == id);
    app.row(id).or_else(|| read.map(|read| &read.detail.incident.summary))
}

/// Returns the keys of the alerts that are selected, or else of the one under the cursor.
fn selected_keys(screen: &ListScreen) -> Vec<String> {
    let cursor = screen.selected_item().filter(|_| screen.marked.is_empty());
    let cursor = cursor.map(|item| item.index);
    let is_selected =
        |index: usize, key: &str| cursor == Some(index) || screen.marked.contains(key);
    let alerts = rows(screen).iter().enumerate();
    let mut keys: Vec<String> = alerts
        .filter(|(index, alert)| is_selected(*index, &item_key(&alert.group, &alert.key)))
        .map(|(_, alert)| alert.key.clone())
        .collect();
    keys.dedup();
    keys
}

fn pick(alerts: &str, to: &str, (id, declare): (IncidentId, bool), keys: &[String]) -> Pick {
    Pick::Submit {
        verb: format!("move {alerts} of {{}} to {to}"),
        done_phrase: format!("{alerts} moved to {to}"),
        commands: vec![IncidentCommand::MoveAlerts {
            to: id,
            declare,
            keys: keys.to_vec(),
            labels: Vec::new(),
        }],
        irreversible: true,
    }
}
