//! The way from record to record, and back.

use crate::model::IncidentId;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::pane::Pane;
use crate::tui::follow::Stop;
use crate::tui::follow::layout::selected_index;
use crate::tui::reading;

/// The maximum number of records to go back to; beyond that the oldest ones are forgotten.
const MAX_TRAIL: usize = 32;

/// Opens the record of an incident, whether it is in the queue or not. If it is opened from another
/// record, the viewer can go back to that.
pub(in crate::tui) fn go_to(app: &mut App, id: IncidentId) -> Vec<Effect> {
    reading::update::end_travel(app);
    let read = app.reading.target.filter(|_| matches!(app.ui.focus, Pane::Detail | Pane::Timeline));
    if let Some(from) = read.filter(|from| *from != id) {
        let stop = Stop {
            id: from,
            detail_top: app.reading.detail_top,
            timeline_top: app.reading.timeline_top,
            chosen: selected_index(app)
                .map(|index| (index, app.follow.links[index].destination.clone())),
            focus: app.ui.focus,
            record: app.ui.record,
            zoomed: app.ui.zoomed,
        };
        app.follow.trail.push(stop);
        if app.follow.trail.len() > MAX_TRAIL {
            app.follow.trail.remove(0);
        }
    }
    if read.is_none() {
        app.follow.forget();
        let from = (app.ui.focus, app.ui.zoomed);
        app.follow.origin = Some(from).filter(|(pane, _)| *pane == Pane::Metrics);
    }
    app.follow.returning = None;
    app.follow.chosen = None;
    app.ui.record = true;
    app.ui.zoomed = false;
    app.ui.focus = Pane::Detail;
    app.ui.tab = Pane::Detail;
    app.reading.moving = false;
    app.reading.target = Some(id);
    reading::update::follow(app)
}

/// Goes back to the record or the pane that the viewer came from; `None` if there is none.
pub(in crate::tui) fn go_back(app: &mut App) -> Option<Vec<Effect>> {
    let Some(stop) = app.follow.trail.pop() else {
        let (pane, zoomed) = app.follow.origin.take().filter(|_| app.ui.record)?;
        app.ui.record = false;
        app.ui.zoomed = zoomed;
        return Some(reading::focus::focus(app, pane));
    };
    app.ui.record = stop.record;
    app.ui.zoomed = stop.zoomed;
    app.ui.focus = stop.focus;
    app.ui.tab = stop.focus;
    app.reading.moving = false;
    app.reading.target = Some(stop.id);
    if app.reading.shown.as_ref().is_some_and(|shown| shown.id == stop.id) {
        app.follow.chosen = stop.chosen;
    } else {
        app.follow.returning = Some(stop);
    }
    Some(reading::update::follow(app))
}
