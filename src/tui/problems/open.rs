//! Opens the forms of problems: of a new one, of one that is changed, and of the one behind incidents of
//! the same fault.

use chrono::{DateTime, Utc};

use crate::backend::Similar;
use crate::model::measures::sheet::{Behind, Page};

use crate::tui::action::READ_ONLY;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::form::{self, Form, Kind};
use crate::tui::metrics::pages::update::selected_behind;
use crate::tui::problems::shown_problem;
use crate::tui::screens::{ListScreen, ScreenData, ScreenKind};
use crate::tui::similar;
use crate::tui::verb::target::Target;

/// The maximum number of incidents that are linked to a new problem in one step.
const MAX_LINKED: usize = 100;

/// Opens the form of a new problem: behind the incidents of the fault that is selected, or behind none.
pub(in crate::tui) fn open_new(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if app.session.read_only {
        return show_toast(app, READ_ONLY, true);
    }
    let shown = app.screens.shown().map(|screen| screen.kind);
    match shown {
        Some(ScreenKind::FaultGroup | ScreenKind::Similar) => open_behind_listed(app, at),
        Some(_) => {
            form::open::open(app, Kind::Problem { id: None, revision: None }, Vec::new(), at)
        }
        None if app.ui.focus == Pane::Metrics && app.metrics.page == Page::Recurring => {
            let Some(Behind::Incident(number)) = selected_behind(app) else {
                return show_toast(app, "no fault is selected", true);
            };
            // Its incidents are read first; the form opens over them.
            let effects = similar::update::open_group(app, number);
            if let Some(screen) = app.screens.open.as_deref_mut() {
                screen.opens_form = true;
            }
            effects
        }
        None => form::open::open(app, Kind::Problem { id: None, revision: None }, Vec::new(), at),
    }
}

/// Opens the form that waits for the incidents of a fault, once these were read.
pub(in crate::tui) fn open_when_read(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let is_read = app.screens.shown().is_some_and(|screen| {
        screen.opens_form && screen.load.in_flight.is_none() && screen.load.error.is_none()
    });
    if !is_read || !matches!(app.ui.mode, Mode::Panes) {
        return Vec::new();
    }
    if let Some(screen) = app.screens.open.as_deref_mut() {
        screen.opens_form = false;
    }
    open_behind_listed(app, at)
}

/// Opens the form that changes the problem that one sees.
pub(in crate::tui) fn open_edit(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if app.session.read_only {
        return show_toast(app, READ_ONLY, true);
    }
    let Some(entry) = shown_problem(&app.screens) else {
        return show_toast(app, "no problem is selected", true);
    };
    let (id, revision) = (entry.problem.id, entry.problem.revision);
    let kind = Kind::Problem { id: Some(id), revision: Some(revision) };
    form::open::open(app, kind, Vec::new(), at)
}

/// Returns the incidents that are listed and have the same fault.
fn listed(screen: &ListScreen) -> Vec<&Similar> {
    let ScreenData::Similar(found) = &screen.data else { return Vec::new() };
    let shown = screen.items.iter().filter_map(|item| found.similar.get(item.index));
    shown.filter(|similar| similar.same_fault).take(MAX_LINKED).collect()
}

/// Opens the form of a problem behind the incidents of the same fault that are listed, filled in with
/// their title and services.
fn open_behind_listed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(screen) = app.screens.shown() else { return Vec::new() };
    let incidents = listed(screen);
    let Some(first) = incidents.first() else {
        return show_toast(app, "no incident of the same fault is listed", true);
    };
    let title = first.title.clone();
    let mut services: Vec<String> = Vec::new();
    for service in incidents.iter().flat_map(|incident| &incident.services) {
        if !services.contains(service) {
            services.push(service.clone());
        }
    }
    let target = |incident: &&Similar| Target {
        id: incident.id,
        label: incident.number.map_or_else(|| "new".to_owned(), |number| number.to_string()),
        title: incident.title.clone(),
        seq: 0,
    };
    let targets: Vec<Target> = incidents.iter().map(target).collect();
    let effects = form::open::open(app, Kind::NewProblem, targets, at);
    if let Mode::Form(form) = &mut app.ui.mode {
        fill_in(form, "Title", &title);
        fill_in(form, "Services", &services.join(", "));
    }
    effects
}

/// Fills in an untouched field, as if the form had been opened with that value.
fn fill_in(form: &mut Form, label: &str, text: &str) {
    let Some(index) = form.fields.iter().position(|field| field.label == label) else { return };
    if form.initial_contents.get(index) != Some(&form.fields[index].content()) {
        return;
    }
    form.fields[index].set_content(text);
    if let Some(initial) = form.initial_contents.get_mut(index) {
        *initial = form.fields[index].content();
    }
    form.move_focus(0);
}
