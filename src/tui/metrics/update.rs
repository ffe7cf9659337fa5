//! When the measures are computed, and for which window.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::BackendError;
use crate::model::measures::Measures;
use crate::sync::Sourced;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::report_failure;
use crate::tui::metrics::Span;
use crate::tui::metrics::pages::update::{load_if_needed, mark_stale};

/// The shortest time between two computations of the measures while the queue changes.
pub(in crate::tui) const MIN_MEASURES_AGE: TimeDelta = TimeDelta::minutes(1);

/// The longest time between two computations of the measures, because windows slide.
pub(in crate::tui) const MAX_MEASURES_AGE: TimeDelta = TimeDelta::minutes(10);

/// Returns the effect that computes the measures of the present window.
pub(in crate::tui) fn load_measures(app: &App) -> Effect {
    Effect::LoadMeasures(app.metrics.span, app.ui.zone)
}

/// Requests the measures, unless they were requested before.
pub(in crate::tui) fn load_measures_if_needed(app: &mut App) -> Option<Effect> {
    if app.metrics.loading || app.metrics.loaded.is_some() {
        return None;
    }
    app.metrics.loading = true;
    Some(load_measures(app))
}

/// Computes the measures again after the choice of a time zone has changed, of which their days are.
pub(in crate::tui) fn zone_changed(app: &mut App) -> Vec<Effect> {
    app.metrics.loading = true;
    let mut effects = vec![load_measures(app)];
    effects.extend(load_if_needed(app));
    effects
}

/// Selects a shorter (negative `by`) or longer window of the measures; of a calendar month, the month before or the
/// one after, up to the present one.
pub(in crate::tui) fn step_span(app: &mut App, by: isize) -> Vec<Effect> {
    let Some(index) = Span::ALL.iter().position(|s| *s == app.metrics.span) else {
        let today = app.clock().local_time(app.backend_now()).date();
        let month = app.metrics.span.neighbouring_month(by > 0, today);
        // Otherwise back from a window between two days.
        return choose_span(app, month.unwrap_or(Span::Month));
    };
    let next = index.saturating_add_signed(by).min(Span::ALL.len() - 1);
    if next == index {
        return Vec::new();
    }
    choose_span(app, Span::ALL[next])
}

/// Computes the measures over a window.
pub(in crate::tui) fn choose_span(app: &mut App, span: Span) -> Vec<Effect> {
    app.metrics.span = span;
    app.metrics.top = 0;
    app.metrics.loading = true;
    let mut effects = vec![load_measures(app)];
    effects.extend(load_if_needed(app));
    effects
}

/// Shows measures that were computed, or why they could not be.
pub(in crate::tui) fn measures_loaded(
    app: &mut App,
    span: Span,
    result: Result<Sourced<Arc<Measures>>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if span != app.metrics.span {
        return Vec::new();
    }
    app.metrics.loading = false;
    app.metrics.loaded_at = Some(at);
    match result {
        Ok(measures) => {
            app.metrics.loaded = Some((span, measures.value));
            app.metrics.as_of = measures.as_of;
            app.metrics.outdated = false;
            app.metrics.failed = None;
            // Outdated measures mean outdated pages.
            mark_stale(app);
            load_if_needed(app).into_iter().collect()
        }
        Err(error) => {
            let first_failure = app.metrics.failed.replace(error.to_string()).is_none();
            app.metrics.outdated = true;
            // The pane shows the failure as long as it lasts.
            if !first_failure {
                return Vec::new();
            }
            report_failure(app, "computing measures", &error.to_string(), at)
        }
    }
}
