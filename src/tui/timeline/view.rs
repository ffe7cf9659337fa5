//! The title of the timeline pane.

use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;
use crate::tui::timeline::layout;
use crate::tui::widgets::pane::Title;

pub(in crate::tui) fn title(app: &App) -> Title {
    let Some(shown) = &app.reading.shown else { return Title::default() };
    let events = shown.detail.incident.summary.seq;
    let right = if app.reading.loading_earlier {
        "reading earlier ones …".to_owned()
    } else {
        let label = shown.detail.incident.summary.label();
        if let Some(travel) = &app.travel {
            let right = format!("{label} as of event {} of {events}", travel.seq);
            return Title { right, alarm: true, ..Title::default() };
        }
        let pane_width = app.layout().slot(Pane::Timeline).map(|slot| slot.area.width);
        let view = &app.timeline;
        let is_narrow = pane_width.is_some_and(|width| width < 52);
        let order = match (view.oldest_first, is_narrow) {
            (false, false) => "newest first",
            (false, true) => "newest",
            (true, false) => "oldest first",
            (true, true) => "oldest",
        };
        let mut parts = vec![label];
        if view.is_searched() {
            parts.push(format!("“{}”", view.search.trim()));
        }
        if view.notes_only {
            parts.push("notes only".to_owned());
        }
        parts.extend([events.to_string(), order.to_owned(), layout::zone_name(app, shown)]);
        let about = parts.join(" · ");
        match app.detail_as_of(shown.id) {
            Some(at) => format!("{} · {about}", app.as_of(at)),
            None => about,
        }
    };
    Title { right, ..Title::default() }
}
