//! Filters that one key applies: the other incidents of a service, and the history.

use chrono::{DateTime, Utc};

use crate::model::filter::{Filter, Predicate, Scope, StateFilter, Term};
use crate::model::queue::Sort;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::filter::update::{apply_filter, remember};
use crate::tui::reading;

const ANY: Term = Term { negated: false, predicate: Predicate::State(StateFilter::Any) };

/// Filters the queue by the primary service of the incident. If that filter is active already, the
/// ended incidents of the service are added, or removed again.
pub(in crate::tui) fn same_service(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(row) = app.target() else { return Vec::new() };
    let label = row.label();
    let Some(service) = row.primary_service().map(ToOwned::to_owned) else {
        return show_toast(app, format!("{label} affects no service"), true);
    };
    let predicate = Predicate::Service(Some(service));
    let open = Filter { terms: vec![Term { negated: false, predicate }] };
    let filter = if *app.queue.filter() == open {
        Filter { terms: [open.terms, vec![ANY]].concat() }
    } else {
        open
    };
    show(app, filter, at)
}

/// Adds the ended incidents to those that pass the filter, or removes them.
pub(in crate::tui) fn toggle_history(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let mut filter = app.queue.filter().clone();
    if filter.scope() == Scope::All {
        filter.terms.retain(|term| {
            let alone = Filter { terms: vec![term.clone()] };
            alone.scope() == Scope::Open
        });
    } else {
        // `is:open` would exclude them again.
        filter.terms.retain(|term| term.predicate != Predicate::State(StateFilter::Open));
        filter.terms.push(ANY);
    }
    show(app, filter, at)
}

/// Applies a filter as if it had been typed.
fn show(app: &mut App, filter: Filter, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = Vec::new();
    if app.ui.focus != Pane::Queue {
        app.ui.zoomed = false;
        effects = reading::focus::focus(app, Pane::Queue);
    }
    effects.extend(remember(app, &filter.to_string()));
    // A view has set the order too.
    let sort = if app.queue.view.is_some() { Sort::Urgent } else { app.queue.sort };
    effects.extend(apply_filter(app, filter, None, sort, at));
    effects
}
