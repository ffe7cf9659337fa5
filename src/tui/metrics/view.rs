//! The title of the metrics pane.

use crate::tui::core::app::App;
use crate::tui::core::layout::Frame;
use crate::tui::metrics::layout::{computed_at, frame};
use crate::tui::widgets::pane::Title;

pub(in crate::tui) fn title(app: &App) -> Title {
    let span = app.metrics.span.label();
    let about = format!("{span} vs {}", app.metrics.span.label_before());
    let current = app.metrics.loaded.as_ref().is_some_and(|(s, _)| *s == app.metrics.span);
    let computed = computed_at(app);
    let right = if let Some(at) = app.measures_as_of().filter(|_| current) {
        app.as_of(at)
    } else if app.metrics.failed.is_some() {
        match computed {
            Some(computed) => format!("not computed again · {computed}"),
            None => "not computed again".to_owned(),
        }
    } else if !current && app.metrics.loading {
        "computing …".to_owned()
    } else if frame(app).is_some_and(|frame| frame != Frame::Own) {
        // If panes share a border, there is no room for it after the names.
        about.clone()
    } else {
        computed.unwrap_or_default()
    };
    Title { about: about.into(), right, alarm: app.metrics.failed.is_some() }
}
