//! The queue: which incidents are shown, in which order, and what is selected.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::backend::PageMark;
use crate::model::filter::{Filter, MatchContext, Predicate, Scope};
use crate::model::queue::{OpenCounts, Sort, UrgencyKey};
use crate::model::{IncidentId, Summary};

use super::fuzzy::WordMatcher;

/// A row of the queue with its place.
#[derive(Clone, Debug)]
pub struct Row {
    /// The incident.
    pub summary: Arc<Summary>,
    /// What it was sorted by.
    pub rank: UrgencyKey,
}

/// A line of the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// The head of a group, by its place among them.
    Head(usize),
    /// A row, by its place among them.
    Row(usize),
}

/// Rows of the same service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The service; empty for those without one.
    pub service: String,
    /// Its rows.
    pub rows: Range<usize>,
    /// Its most urgent row.
    pub most_urgent: usize,
    /// Rows that nobody has picked up.
    pub unacknowledged: usize,
    /// Only its head is shown.
    pub folded: bool,
}

/// Pages of the history that were read.
#[derive(Clone, Debug)]
pub struct HistoryPages {
    /// What they are of.
    pub query: Option<(Filter, Sort)>,
    /// The incidents as they were when they were read.
    pub rows: Vec<Arc<Summary>>,
    /// Where the next page begins.
    pub next_page: Option<PageMark>,
    /// The number of the search that is on its way, and whether it goes on where the last ended.
    pub in_flight: Option<(u64, bool)>,
    /// Why the last search gave nothing.
    pub error: Option<String>,
    /// When the oldest of them was read, where they are only what is kept on this machine.
    pub as_of: Option<DateTime<Utc>>,
}

/// What a filter asks for, made ready for many rows.
#[derive(Clone, Debug, Default)]
struct CompiledFilter {
    /// Everything but the words.
    exact: Filter,
    /// Words, each to be found.
    search_words: Vec<WordMatcher>,
}

/// The queue as it is shown.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The rows that pass the filter, in order, those of folded groups among them.
    pub rows: Vec<Row>,
    /// What is on the screen, from top to bottom.
    pub lines: Vec<Line>,
    /// The groups, in order; none unless they are grouped.
    pub groups: Vec<Group>,
    /// Rows are grouped by service.
    pub grouped: bool,
    /// Services whose groups are unfolded.
    pub unfolded: HashSet<String>,
    filter: Filter,
    compiled: CompiledFilter,
    /// The name of the view that the filter comes from.
    pub view: Option<String>,
    /// The order that was chosen; see [`Queue::order`].
    pub sort: Sort,
    /// The selected incident, or the most urgent of the selected group. Kept when rows move.
    pub selected: Option<IncidentId>,
    /// The service whose head is selected.
    pub selected_head: Option<String>,
    /// The place of the selection among the lines.
    pub index: usize,
    /// The first line on the screen.
    pub top: usize,
    /// Columns of the longest number.
    pub number_width: usize,
    /// All open ones, whatever the filter.
    pub counts: OpenCounts,
    /// When the next incident crosses a level or wakes.
    pub next_change: Option<DateTime<Utc>>,
    /// What was read of the history, where the filter looks at it.
    pub pages: Option<HistoryPages>,
    /// The number of the last search of the history.
    pub search_count: u64,
    /// Filters that were used before, the last one last.
    pub filter_history: Vec<String>,
}

impl Queue {
    /// What rows must pass.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Lets other rows pass.
    pub fn set_filter(&mut self, filter: Filter) {
        let (mut exact, mut words) = (Filter::default(), Vec::new());
        for term in &filter.terms {
            match &term.predicate {
                // What is excluded and what has blanks in it is meant as it is written.
                Predicate::Text(word) if !term.negated && !word.contains(char::is_whitespace) => {
                    words.push(WordMatcher::new(word));
                }
                _ => exact.terms.push(term.clone()),
            }
        }
        self.compiled = CompiledFilter { exact, search_words: words };
        self.filter = filter;
    }

    /// The words that are looked for.
    #[must_use]
    pub fn search_words(&self) -> &[WordMatcher] {
        &self.compiled.search_words
    }

    /// Whether an incident passes.
    #[must_use]
    pub fn passes(&self, row: &Summary, context: MatchContext<'_>) -> bool {
        self.passes_exact(row, context)
            && self.compiled.search_words.iter().all(|word| contains_word(row, word))
    }

    /// Whether an incident passes, whatever its words.
    #[must_use]
    pub fn passes_exact(&self, row: &Summary, context: MatchContext<'_>) -> bool {
        self.compiled.exact.matches(row, context)
    }

    /// Whether ended incidents are looked at too.
    #[must_use]
    pub fn is_history(&self) -> bool {
        self.filter.scope() == Scope::All
    }

    /// The order that rows are in: a history is only read by time of report.
    #[must_use]
    pub fn effective_sort(&self) -> Sort {
        match self.sort {
            Sort::Newest | Sort::Oldest => self.sort,
            _ if self.is_history() => Sort::Newest,
            other => other,
        }
    }

    /// Whether some rows may be kept out.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.filter.terms.is_empty()
    }

    /// The row of a line.
    #[must_use]
    pub fn row_at(&self, line: usize) -> Option<&Row> {
        match self.lines.get(line)? {
            Line::Row(row) => self.rows.get(*row),
            Line::Head(_) => None,
        }
    }

    /// The group whose head is selected.
    #[must_use]
    pub fn selected_group(&self) -> Option<&Group> {
        match self.lines.get(self.index)? {
            Line::Head(group) => self.groups.get(*group),
            Line::Row(_) => None,
        }
    }

    /// The line of an incident; that of its group where that is folded.
    #[must_use]
    pub fn line_of(&self, id: IncidentId) -> Option<usize> {
        let row = self.rows.iter().position(|row| row.summary.id == id)?;
        if !self.grouped {
            return Some(row);
        }
        let group = self.groups.iter().position(|group| group.rows.contains(&row))?;
        let line = if self.groups[group].folded { Line::Head(group) } else { Line::Row(row) };
        self.lines.iter().position(|there| *there == line)
    }

    /// Selects what is on a line.
    pub fn select_line(&mut self, line: usize) {
        self.index = line;
        (self.selected, self.selected_head) = match self.lines.get(line) {
            Some(Line::Row(row)) => (self.rows.get(*row).map(|row| row.summary.id), None),
            Some(Line::Head(group)) => {
                let group = &self.groups[*group];
                let first = self.rows.get(group.most_urgent).map(|row| row.summary.id);
                (first, Some(group.service.clone()))
            }
            None => (None, None),
        };
    }

    /// Selects an incident, unfolding its group. Says whether it is among the rows.
    pub fn select(&mut self, id: IncidentId) -> bool {
        let Some(row) = self.rows.iter().position(|row| row.summary.id == id) else { return false };
        let folded = self.groups.iter().find(|group| group.folded && group.rows.contains(&row));
        if let Some(service) = folded.map(|group| group.service.clone()) {
            self.unfolded.insert(service);
            self.rebuild_lines();
        }
        if let Some(line) = self.line_of(id) {
            self.select_line(line);
        }
        true
    }

    /// Makes groups and lines anew from the rows; rows of a group are put side by side.
    pub fn rebuild_lines(&mut self) {
        self.groups.clear();
        self.lines.clear();
        if !self.grouped {
            self.lines.extend((0..self.rows.len()).map(Line::Row));
            return;
        }
        // Groups in the order of their first rows.
        let mut places = std::collections::HashMap::new();
        for row in &self.rows {
            let next = places.len();
            places.entry(group_service(row).to_owned()).or_insert(next);
        }
        self.rows.sort_by_key(|row| places.get(group_service(row)).copied());
        for (place, row) in self.rows.iter().enumerate() {
            let fresh = usize::from(row.summary.status == crate::model::Status::Triggered);
            match self.groups.last_mut().filter(|group| group.service == group_service(row)) {
                Some(group) => {
                    group.rows.end = place + 1;
                    group.unacknowledged += fresh;
                    if row.rank < self.rows[group.most_urgent].rank {
                        group.most_urgent = place;
                    }
                }
                None => self.groups.push(Group {
                    service: group_service(row).to_owned(),
                    rows: place..place + 1,
                    most_urgent: place,
                    unacknowledged: fresh,
                    folded: !self.unfolded.contains(group_service(row)),
                }),
            }
        }
        for (place, group) in self.groups.iter().enumerate() {
            self.lines.push(Line::Head(place));
            if !group.folded {
                self.lines.extend(group.rows.clone().map(Line::Row));
            }
        }
    }
}

/// The name of a row's group.
fn group_service(row: &Row) -> &str {
    row.summary.primary_service().unwrap_or_default()
}

/// Whether a word is found in number, title, services, owner or team.
fn contains_word(row: &Summary, word: &WordMatcher) -> bool {
    let person = row.assignee.as_ref();
    word.matches(&row.title)
        || row.services.iter().any(|service| word.matches(service))
        || person.is_some_and(|p| word.matches(&p.name) || word.matches(&p.handle))
        || row.team.as_deref().is_some_and(|team| word.matches(team))
        || row
            .number
            .is_some_and(|number| word.may_be_number() && word.matches(&number.to_string()))
}

/// The words for an order.
#[must_use]
pub fn sort_label(sort: Sort) -> &'static str {
    match sort {
        Sort::Urgent => "most urgent first",
        Sort::Newest => "newest first",
        Sort::Oldest => "oldest first",
        Sort::Priority => "by priority",
        Sort::Service => "by service",
        Sort::Owner => "by owner, unowned first",
        Sort::Changed => "last changed first",
    }
}
