//! Ends a maintenance window or extends it, after a choice. The change is sent to the backend
//! immediately: muting must not wait in an outbox.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::backend::BackendError;
use crate::model::Actor;
use crate::model::maintenance::{
    MaintenanceChange, MaintenanceRequest, MaintenanceWindow, NewWindow, WindowState,
};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::form::Kind;
use crate::tui::lists::shared::one_line;
use crate::tui::maintenance::refusal::disabled_reason;
use crate::tui::maintenance::{PendingMaintenance, selected_window};
use crate::tui::picker::{Item, Pick, Picker};

/// The extensions of a window, each with its key and its name.
const LONGER: [(char, &str, TimeDelta); 4] = [
    ('q', "15 minutes longer", TimeDelta::minutes(15)),
    ('h', "an hour longer", TimeDelta::hours(1)),
    ('f', "four hours longer", TimeDelta::hours(4)),
    ('d', "a day longer", TimeDelta::days(1)),
];

/// Opens the list of actions on the selected window.
pub(in crate::tui) fn open(app: &mut App) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let now = app.backend_now();
    let Some(window) = selected_window(&app.screens) else {
        return show_toast(app, "no maintenance window is selected", true);
    };
    let has_ended = window.ended_at.is_some();
    let why = has_ended.then(|| "it has ended for good: create another one".to_owned());
    let is_past = window.state(now) == WindowState::Ended;
    let ending = why.clone().or_else(|| is_past.then(|| "it has ended".to_owned()));
    let mut items = vec![
        Item::new("end it now", pick(window, MaintenanceChange::End, "ending"))
            .key('e')
            .about("what still fires is released")
            .disabled_reason(ending),
    ];
    let kind = Kind::Maintenance { id: Some(window.id), revision: Some(window.revision) };
    items.push(Item::new("change it …", Pick::Form(kind)).key('c').disabled_reason(why.clone()));
    for (key, name, by) in LONGER {
        let new = NewWindow::from(window);
        let until = new.until + by;
        let change = MaintenanceChange::Change(NewWindow { until, ..new });
        let item = Item::new(name, pick(window, change, "extending"));
        items.push(item.key(key).disabled_reason(why.clone()));
    }
    let heading = format!("Maintenance: {}", one_line(&window.title));
    let picker = Picker::menu(Vec::new(), heading, items);
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

fn pick(window: &MaintenanceWindow, change: MaintenanceChange, doing: &str) -> Pick {
    Pick::Maintenance {
        id: window.id,
        revision: window.revision,
        change: Box::new(change),
        operation: format!("{doing} {}", one_line(&window.title)),
    }
}

/// Sends a change that was chosen.
pub(in crate::tui) fn send(
    app: &mut App,
    (id, revision): (Uuid, u32),
    change: MaintenanceChange,
    operation: String,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let request = MaintenanceRequest {
        id,
        actor: Actor::Person(app.session.me.clone()),
        at: app.backend_time(at),
        expected: Some(revision),
        change,
    };
    let text = format!("{operation} …");
    app.inflight.maintenance = Some(PendingMaintenance { id, operation });
    let mut effects = vec![Effect::ChangeMaintenance(Box::new(request))];
    effects.extend(show_toast(app, text, false));
    effects
}

/// Reports the result of a change, and reads the windows again.
pub(in crate::tui) fn settled(
    app: &mut App,
    id: Uuid,
    result: Result<Box<MaintenanceWindow>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(PendingMaintenance { operation, .. }) =
        app.inflight.maintenance.take_if(|pending| pending.id == id)
    else {
        return Vec::new();
    };
    let mut effects = vec![Effect::Refresh];
    effects.extend(match result {
        Ok(window) => {
            let title = one_line(&window.title);
            let text = match window.state(app.backend_time(at)) {
                WindowState::Active(occurrence) => {
                    let until = app.clock().local_time(occurrence.until).format("%m-%d %H:%M");
                    format!("{title} mutes until {until}")
                }
                WindowState::Planned(_) => format!("{title} is changed"),
                WindowState::Ended => format!("{title} has ended: what still fires is released"),
            };
            show_toast(app, text, false)
        }
        Err(error) => {
            let mut why = error.to_string();
            if matches!(error, BackendError::Unreachable(_)) {
                why.push_str("; whether it was done shows once the API answers");
            }
            report_failure(app, &operation, &why, at)
        }
    });
    effects
}
