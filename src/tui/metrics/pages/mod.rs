//! The pages of the metrics pane: choices and fetched data.

mod body;
pub(in crate::tui) mod chart;
pub(in crate::tui) mod cursor;
pub(in crate::tui) mod layout;
pub(in crate::tui) mod request;
pub(in crate::tui) mod table;
pub(in crate::tui) mod update;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::filter::{Filter, Predicate, StateFilter};
use crate::model::measures::pages::{Dimension, Offsets, Pages, Selection};
use crate::tui::metrics::Span;

/// The selection of pages: a window, the incidents that count, the breakdown, and the viewer's
/// zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PagesRequest {
    /// The window.
    pub span: Span,
    /// The incidents that count.
    pub selection: Selection,
    /// The field by which the figures are broken down.
    pub by: Option<Dimension>,
    /// The viewer's zone.
    pub offsets: Offsets,
}

/// Pages that were read.
#[derive(Clone, Debug)]
pub struct LoadedPages {
    /// The selection for which they were read.
    pub request: PagesRequest,
    /// The pages.
    pub pages: Arc<Pages>,
    /// When they were fetched, if they come from the cache.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether the incidents may have changed since.
    pub is_stale: bool,
}

/// The number of requests whose pages are remembered.
const MAX_LOADED: usize = 8;

/// The fetched pages and the pending request.
#[derive(Clone, Debug, Default)]
pub struct PagesState {
    /// The pages of the last requests, the last one first.
    pub loaded: Vec<LoadedPages>,
    /// The pending request.
    pub pending: Option<PagesRequest>,
    /// The reason why pages could not be read, and which.
    pub failed: Option<(PagesRequest, String)>,
}

impl PagesState {
    /// Returns the pages that were read for a request.
    #[must_use]
    pub fn find(&self, request: &PagesRequest) -> Option<&LoadedPages> {
        self.loaded.iter().find(|loaded| loaded.request == *request)
    }

    /// Stores pages that were read; the oldest ones are dropped.
    fn store(&mut self, loaded: LoadedPages) {
        self.loaded.retain(|other| other.request != loaded.request);
        self.loaded.insert(0, loaded);
        self.loaded.truncate(MAX_LOADED);
    }
}

/// The breakdowns that a key steps through.
pub(in crate::tui) const CUTS: [Option<Dimension>; 6] = [
    Some(Dimension::Service),
    Some(Dimension::Team),
    Some(Dimension::Priority),
    Some(Dimension::Category),
    Some(Dimension::Source),
    None,
];

/// Returns the selection of a filter, and how many of its terms have no part in it.
#[must_use]
pub(in crate::tui) fn selection_of(filter: &Filter) -> (Selection, usize) {
    let mut selection = Selection::default();
    let mut unused = 0;
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
    for term in &filter.terms {
        match &term.predicate {
            Predicate::Priority(priority) if !term.negated => selection.priorities.push(*priority),
            Predicate::Category(Some(category)) if !term.negated => {
                selection.categories.push(*category);
            }
            Predicate::Source(source) if !term.negated => selection.sources.push(*source),
            Predicate::Service(service) | Predicate::Primary(service) if !term.negated => {
                selection.services.push(name(service));
            }
            Predicate::Team(team) | Predicate::Leading(team) if !term.negated => {
                selection.teams.push(name(team));
            }
            // Open and ended incidents count anyway.
            Predicate::State(StateFilter::Open | StateFilter::Any | StateFilter::Ended) => {}
            _ => unused += 1,
        }
    }
    (selection, unused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Priority;
    use crate::model::filter::PartialFilter;
    use crate::model::status::Source;

    #[test]
    fn selection_has_the_terms_that_figures_can_follow() {
        let filter = PartialFilter::parse(
            "p1 team:payments service:none is:any age>2h -p4 source:user-report word",
        )
        .filter;
        let (selection, unused) = selection_of(&filter);
        assert_eq!(selection.priorities, [Priority::P1]);
        assert_eq!(selection.teams, ["payments"]);
        assert_eq!(selection.services, ["none"]);
        assert_eq!(selection.sources, [Source::UserReport]);
        assert_eq!(unused, 3);
    }
}
