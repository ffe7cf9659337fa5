//! The incidents behind a figure, as filters.

use chrono::{DateTime, SecondsFormat, Utc};

use super::super::pages::{Dimension, Pages, term_value};
use super::super::window::Window;
use super::table::Behind;
use crate::model::status::Source;

/// Returns the filter of the incidents that were reported in the window and are selected, and that pass
/// one more term or several.
pub(super) fn reported_in(pages: &Pages, more: &str) -> Behind {
    Behind::Filter(reported_filter(&pages.window, pages.selection.terms(), more))
}

pub(super) fn reported_filter(window: &Window, selection: Vec<String>, more: &str) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let on = format!("on:{}/{}", time(window.from), time(window.to));
    join_terms(on, selection, more)
}

/// Returns the filter of the incidents that were resolved in the window and are selected.
pub(super) fn resolved_in(pages: &Pages) -> Behind {
    let (from, to) = (pages.at - pages.window.from, pages.at - pages.window.to);
    let mut resolved = format!("resolved<{}s", from.num_seconds());
    if to.num_seconds() > 0 {
        resolved.extend([format!(" -resolved<{}s", to.num_seconds())]);
    }
    Behind::Filter(join_terms(resolved, pages.selection.terms(), ""))
}

pub(super) fn join_terms(first: String, selection: Vec<String>, more: &str) -> String {
    let mut terms = vec!["is:any".to_owned(), first];
    terms.extend(selection);
    if !more.is_empty() {
        terms.push(more.to_owned());
    }
    terms.join(" ")
}

/// Returns the filter of the incidents of a row of a breakdown.
pub(super) fn behind_cut(pages: &Pages, by: Dimension, name: &str) -> Option<Behind> {
    let term = match by {
        Dimension::Priority => name.to_lowercase(),
        Dimension::Category => format!("cat:{name}"),
        Dimension::Service => format!("service:{}", term_value(name)),
        Dimension::Team => format!("team:{}", term_value(name)),
        // A value of a later version is no value of a term.
        Dimension::Source => format!("source:{}", name.parse::<Source>().ok()?).replace(' ', "-"),
        Dimension::Unknown(_) => return None,
    };
    Some(reported_in(pages, &term))
}

/// Returns how a breakdown by a field is named.
pub(super) fn cut_name(by: Dimension) -> String {
    match by {
        Dimension::Source => "by how it was detected".to_owned(),
        other => format!("by {other}"),
    }
}
