//! Choosing a link of the record, and following it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::backend::BackendError;
use crate::model::evidence::EvidenceContent;
use crate::model::text::{SafeText, truncate};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::{Motion, top_count};
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::follow::layout::{find_problem, selected, selected_index, visible_lines};
use crate::tui::follow::trail::go_to;
use crate::tui::follow::{Destination, LinkedPage};
use crate::tui::picker::{Item, Pick, Picker};
use crate::tui::verb::start;
use crate::tui::widgets::formatting::age;
use crate::tui::{alerts, layout, metrics, reading, similar};

/// Moves in the detail: by single lines to the next link that is on the screen, else it scrolls.
pub(in crate::tui) fn move_by(app: &mut App, motion: Motion, page: usize) {
    let tops = top_count(app.reading.detail_lines.len(), page);
    let scrolled = motion.apply(app.reading.detail_top, tops, page);
    let Motion::Lines(by) = motion else {
        app.reading.detail_top = scrolled;
        app.follow.chosen = None;
        return;
    };
    let next = next_link(app, by);
    let is_visible =
        |app: &App, index: usize| visible_lines(app).contains(&app.follow.links[index].lines.start);
    if next.is_none_or(|index| !is_visible(app, index)) {
        app.reading.detail_top = scrolled;
    }
    if let Some(index) = next.filter(|index| is_visible(app, *index)) {
        app.follow.chosen = Some((index, app.follow.links[index].destination.clone()));
    }
}

/// Returns the link after the selected one, or before it; without a selected one, the next one beyond
/// the screen.
fn next_link(app: &App, by: isize) -> Option<usize> {
    let links = &app.follow.links;
    if app.travel.is_some() {
        return None;
    }
    match selected_index(app) {
        Some(index) => index.checked_add_signed(by.signum()).filter(|next| *next < links.len()),
        None if by > 0 => {
            let end = visible_lines(app).end;
            links.iter().position(|link| link.lines.start >= end)
        }
        None => {
            let start = visible_lines(app).start;
            links.iter().rposition(|link| link.lines.start < start)
        }
    }
}

/// Opens the record of the selected incident; in the detail, the target of the selected link.
pub(in crate::tui) fn open(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    match app.ui.focus {
        Pane::Metrics if metrics::pages::request::is_page(app) => {
            return metrics::pages::update::open(app, at);
        }
        Pane::Metrics => return open_recurring(app),
        Pane::Queue | Pane::Timeline => return reading::focus::open_record(app),
        Pane::Detail => {}
    }
    layout::refresh(app);
    match selected(app).map(|link| link.destination.clone()) {
        Some(destination) => follow(app, destination, at),
        None => reading::focus::open_record(app),
    }
}

/// Stores evidence that was read, or why it could not be read.
pub(in crate::tui) fn evidence_loaded(
    app: &mut App,
    id: Uuid,
    result: Result<Box<EvidenceContent>, BackendError>,
) -> Vec<Effect> {
    let content = result.map_err(|error| error.to_string());
    let content = content.and_then(|read| read.decode().map_err(|bad| bad.to_string()));
    let text = content.and_then(|content| {
        let why = "it is no text: `redphone evidence` writes it to a file";
        String::from_utf8(content).map_err(|_| why.to_owned())
    });
    app.fetched.evidence = Some((id, text));
    Vec::new()
}

/// Opens the list of the faults that recur; choosing one opens the list of its incidents.
fn open_recurring(app: &mut App) -> Vec<Effect> {
    let now = app.backend_now();
    let measures = app.metrics.loaded.as_ref().map(|(_, measures)| measures);
    let groups = measures.iter().flat_map(|measures| &measures.recurring);
    let items: Vec<Item> = groups
        .filter_map(|group| {
            let number = group.last?;
            let about =
                format!("{}× · last {number}, {} ago", group.count, age(group.last_at, now));
            let item = Item::new(SafeText::from(&group.title), Pick::FaultGroup(number));
            Some(item.about(about))
        })
        .collect();
    if items.is_empty() {
        return show_toast(app, "nothing recurred in this window", false);
    }
    let picker = Picker::search(Vec::new(), "Recurring faults: list the incidents", items);
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Goes where a link leads.
fn follow(app: &mut App, destination: Destination, at: DateTime<Utc>) -> Vec<Effect> {
    match destination {
        Destination::Incident(id) if app.reading.target == Some(id) => {
            show_toast(app, "that is this incident", false)
        }
        Destination::Incident(id) => go_to(app, id),
        Destination::Alerts(id) => alerts::update::open_of(app, id),
        Destination::Similar(id) => similar::update::open_of(app, id),
        Destination::Url(url) => {
            let message = format!("copied: {}", truncate(&url, 60));
            let mut effects = vec![Effect::Copy(url)];
            effects.extend(show_toast(app, message, false));
            effects
        }
        Destination::Runbook => start::start(app, Action::Run, at),
        Destination::Problem(id, _) => {
            let is_read = find_problem(app, id).is_some();
            app.ui.mode = Mode::Linked(Box::new(LinkedPage { destination, top: 0 }));
            if is_read { Vec::new() } else { vec![Effect::LoadProblems] }
        }
        Destination::Evidence(id, _) => {
            app.ui.mode = Mode::Linked(Box::new(LinkedPage { destination, top: 0 }));
            let is_read = app.fetched.evidence.as_ref().is_some_and(|(read, _)| *read == id);
            if is_read { Vec::new() } else { vec![Effect::LoadEvidence(id)] }
        }
        Destination::Suspect(_)
        | Destination::LinkedChange(_)
        | Destination::Change(_)
        | Destination::Review(_) => {
            app.ui.mode = Mode::Linked(Box::new(LinkedPage { destination, top: 0 }));
            Vec::new()
        }
    }
}
