//! The title of the detail pane.

use crate::tui::core::app::App;
use crate::tui::widgets::pane::Title;

pub(in crate::tui) fn title(app: &App) -> Title {
    let reading = &app.reading;
    let mut right = match &reading.shown {
        Some(shown) => shown.detail.incident.summary.label(),
        None => return Title::default(),
    };
    let failed = match &reading.failed {
        Some((id, _)) => reading.shown.as_ref().is_some_and(|s| s.id == *id),
        None => false,
    };
    if let Some(travel) = &app.travel {
        let then = travel.record.as_ref().map(|(_, at)| app.clock().hh_mm_ss(*at));
        let then = then.unwrap_or_else(|| format!("event {}", travel.seq));
        return Title { right: format!("{right} as of {then}"), alarm: true, ..Title::default() };
    }
    let as_of = reading.shown.as_ref().and_then(|shown| app.detail_as_of(shown.id));
    if let Some(at) = as_of {
        right = format!("{} · {right}", app.as_of(at));
    } else if failed {
        right = format!("not read anew · {right}");
    }
    Title { right, alarm: failed, ..Title::default() }
}
