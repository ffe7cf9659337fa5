//! Details of the last failure.

use crate::model::text::{lines as safe_lines, wrap};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::freshness::Freshness;
use crate::tui::widgets::formatting::retry_text;
use crate::tui::widgets::text::{Line, Span};

pub(in crate::tui) fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let Some(failure) = &app.notices.failure else { return vec![Line::from("nothing has failed")] };
    let mut lines = Vec::new();
    let mut field = |label: &str, text: &str| {
        let mut label = label.to_owned();
        let parts = safe_lines(text).flat_map(|line| wrap(line, width.saturating_sub(8).max(8)));
        for part in parts {
            lines.push(Line::from(vec![
                Span::styled(format!("{label:<8}"), app.ui.theme.dim()),
                Span::raw(part),
            ]));
            label.clear();
        }
    };
    field("What", &failure.operation);
    field("Said", &failure.message);
    let (clock, zone) = (app.clock(), app.clock().name());
    field("When", &format!("{} {zone}", clock.local_time(failure.at).format("%Y-%m-%d %H:%M:%S")));
    field("Where", &app.session.workspace.location);
    match app.freshness() {
        Freshness::Failing { since, retry_in, .. } => {
            let (since, again) = (clock.hh_mm_ss(since), retry_text(app, retry_in));
            let now = app.ui.keymap.hint_suffix(Action::Refresh, "asks now");
            field("Now", &format!("failing since {since} {zone}; {again}{now}"));
        }
        Freshness::Stale(_) => {
            field(
                "Now",
                &format!("no answer{}", app.ui.keymap.hint_suffix(Action::Refresh, "asks anew")),
            );
        }
        Freshness::Loading => field("Now", "nothing has been read yet"),
        Freshness::Polling(every) => {
            field(
                "Now",
                &format!("asked about every {} s: nothing tells by itself", every.as_secs()),
            );
        }
        Freshness::Live => field("Now", "reading works"),
    }
    if app.inflight.outbox.is_some() {
        let ages = [
            ("rows", app.rows_as_of()),
            ("people and on-call", app.fetched.directory_as_of),
            ("measures", app.measures_as_of()),
        ];
        let texts: Vec<String> = ages
            .into_iter()
            .filter_map(|(what, at)| Some(format!("{what} {}", app.as_of(at?))))
            .collect();
        if !texts.is_empty() {
            field("Shown", &texts.join(" · "));
        }
    }
    lines
}
