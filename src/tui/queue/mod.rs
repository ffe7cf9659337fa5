//! State of the queue: which incidents are shown, in which order, and which one is selected.

pub mod clock;
pub mod columns;
pub mod empty_state;
mod group_view;
pub mod groups;
pub mod history;
pub mod layout;
pub mod marks;
mod nesting;
pub mod open_order;
mod row_view;
pub mod rows;
pub mod unread;
pub mod view;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::backend::PageMark;
use crate::config::panes::Column;
use crate::model::filter::{Filter, MatchContext, Predicate, Scope, number_contains};
use crate::model::queue::{OpenCounts, Sort, UrgencyKey};
use crate::model::{IncidentId, Summary};

use crate::tui::core::layout::QueueNeeds;
use crate::tui::input::fuzzy::{Hit, WordMatcher};
use crate::tui::queue::columns::row_widths;
use crate::tui::queue::nesting::{Nestable, Nested};
use crate::tui::queue::open_order::OpenOrder;

/// A row of the queue with its sort key.
#[derive(Clone, Debug)]
pub struct Row {
    /// The incident that the row shows.
    pub summary: Arc<Summary>,
    /// The key that it was sorted by.
    pub rank: UrgencyKey,
    /// How the search words of the filter match it.
    pub hit: Hit,
    /// When its clock runs out, if none is stopped until then; `None` if no clock runs.
    pub due: Option<DateTime<Utc>>,
    /// Whether it is below the row from which it follows, in the group of that.
    pub is_nested: bool,
    /// The number of rows below it that follow from it.
    pub folds: usize,
}

/// A line of the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// The heading of a group, by its index among the groups.
    Head(usize),
    /// A row, by its index among the rows.
    Row(usize),
}

/// Rows of the same service, with those that follow from them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The service; empty for incidents without one.
    pub service: String,
    /// Indices of the group's rows.
    pub rows: Range<usize>,
    /// Index of the most urgent row.
    pub most_urgent: usize,
    /// Index of the row whose clock runs out first, or did.
    pub worst_clock: usize,
    /// The number of rows of each priority, from P1 to P4.
    pub by_priority: [usize; 4],
    /// The number of unacknowledged rows.
    pub unacknowledged: usize,
    /// Whether only the heading is shown.
    pub folded: bool,
}

/// The reason why a row is unread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// The incident came into the queue.
    Arrived,
    /// Something happened to it.
    Changed,
}

/// An unread row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unread {
    /// The reason why it is unread.
    pub news: News,
    /// When the viewer pressed a key for the first time since; `None` before that.
    pub noticed_at: Option<DateTime<Utc>>,
}

impl Unread {
    /// Returns the flag of the row.
    #[must_use]
    pub const fn glyph(&self) -> &'static str {
        match self.news {
            News::Arrived => "•",
            News::Changed => "◦",
        }
    }

    /// Returns the text of the second line of the row.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        match self.news {
            News::Arrived => "new",
            News::Changed => "changed",
        }
    }
}

/// A range of rows that is being marked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarkedRange {
    /// The row at which it began.
    pub anchor: IncidentId,
    /// The row at which it ends. If another one is selected, the next key begins a new range.
    pub end: IncidentId,
    /// The earlier marks.
    pub before: HashSet<IncidentId>,
}

/// The pages of the history that were fetched.
#[derive(Clone, Debug)]
pub struct HistoryPages {
    /// The filter and order that they were fetched for.
    pub query: Option<(Filter, Sort)>,
    /// The incidents as they were when they were fetched.
    pub rows: Vec<Arc<Summary>>,
    /// The start of the next page; `None` after the last one.
    pub next_page: Option<PageMark>,
    /// The number of the search in flight, and whether it fetches a further page of the same
    /// search.
    pub in_flight: Option<(u64, bool)>,
    /// The reason why the last search failed.
    pub error: Option<String>,
    /// When the oldest of the rows was fetched, if they come from the cache only.
    pub as_of: Option<DateTime<Utc>>,
}

/// A filter prepared for matching many rows.
#[derive(Clone, Debug, Default)]
struct CompiledFilter {
    /// All terms that are not search words.
    exact: Filter,
    /// The same terms with their owners and dates resolved, which rows are compared with.
    resolved: Filter,
    /// The search words, all of which must match.
    text_matchers: Vec<WordMatcher>,
}

/// The state of the queue.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The rows that pass the filter, in order, including those of folded groups.
    pub rows: Vec<Row>,
    /// The lines from top to bottom.
    pub lines: Vec<Line>,
    /// The groups, in order; empty if rows are not grouped.
    pub groups: Vec<Group>,
    /// Whether rows are grouped by service.
    pub grouped: bool,
    /// The services whose groups are unfolded.
    pub unfolded: HashSet<String>,
    filter: Filter,
    compiled: CompiledFilter,
    /// The name of the view that defines the filter.
    pub view: Option<String>,
    /// The order that was chosen; see [`Queue::effective_sort`].
    pub sort: Sort,
    /// The selected incident, or the most urgent one of the selected group. The selection follows
    /// the incident when rows move.
    pub selected: Option<IncidentId>,
    /// The service whose group heading is selected.
    pub selected_head: Option<String>,
    /// Index of the selected line.
    pub index: usize,
    /// Index of the first line on the screen.
    pub top: usize,
    /// The width of the longest incident number, in columns.
    pub number_width: usize,
    /// Rows that came or changed, and that the viewer has not turned to since.
    pub unread: HashMap<IncidentId, Unread>,
    /// When the viewer last sent a command about an incident: its effects are no news to them.
    pub own_commands: HashMap<IncidentId, DateTime<Utc>>,
    /// The order of the open incidents, independent of the filter.
    pub open_order: Option<Arc<OpenOrder>>,
    /// Counts of all open incidents, independent of the filter.
    pub counts: OpenCounts,
    /// When the next incident approaches its service level, misses it, or its snooze ends.
    pub next_change: Option<DateTime<Utc>>,
    /// The fetched history, if the filter includes ended incidents.
    pub pages: Option<HistoryPages>,
    /// The number of the last search of the history.
    pub search_count: u64,
    /// Filters that were used before, newest last.
    pub filter_history: Vec<String>,
    /// The row that was marked last individually, from which a range continues.
    pub last_mark: Option<IncidentId>,
    /// The range of rows that is being marked.
    pub range: Option<MarkedRange>,
}

impl Queue {
    /// Returns the filter that rows must pass.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Changes the filter. The rows are not updated.
    pub fn set_filter(&mut self, filter: Filter) {
        let (mut exact, mut text_matchers) = (Filter::default(), Vec::new());
        for term in &filter.terms {
            match &term.predicate {
                // Excluded words and phrases with blanks match literally.
                Predicate::Text(word) if !term.negated && !word.contains(char::is_whitespace) => {
                    text_matchers.push(WordMatcher::new(word));
                }
                _ => exact.terms.push(term.clone()),
            }
        }
        self.compiled = CompiledFilter { resolved: exact.clone(), exact, text_matchers };
        self.filter = filter;
    }

    /// Returns all terms of the filter that are not search words.
    #[must_use]
    pub fn exact_filter(&self) -> &Filter {
        &self.compiled.exact
    }

    /// Sets the meaning of the terms that are not search words: with their owners and dates
    /// resolved.
    pub fn set_resolved_filter(&mut self, resolved: Filter) {
        self.compiled.resolved = resolved;
    }

    /// Returns the search words of the filter.
    #[must_use]
    pub fn text_matchers(&self) -> &[WordMatcher] {
        &self.compiled.text_matchers
    }

    /// Whether an incident passes the filter.
    #[must_use]
    pub fn passes(&self, row: &Summary, context: MatchContext<'_>) -> bool {
        self.hit(row, context).is_some()
    }

    /// Returns how an incident passes the filter; `None` if it does not.
    #[must_use]
    pub fn hit(&self, row: &Summary, context: MatchContext<'_>) -> Option<Hit> {
        if !self.passes_exact(row, context) {
            return None;
        }
        let matchers = &self.compiled.text_matchers;
        matchers.iter().try_fold(Hit::Exact, |worst, word| Some(worst.max(word_hit(row, word)?)))
    }

    /// Whether an incident passes all terms except the search words.
    #[must_use]
    pub fn passes_exact(&self, row: &Summary, context: MatchContext<'_>) -> bool {
        self.compiled.resolved.matches(row, context)
    }

    /// Whether the filter includes ended incidents.
    #[must_use]
    pub fn is_history(&self) -> bool {
        self.filter.scope() == Scope::All
    }

    /// Returns the order of the rows. A history is always sorted by time of report, because
    /// backends page it in that order only.
    #[must_use]
    pub fn effective_sort(&self) -> Sort {
        match self.sort {
            Sort::Newest | Sort::Oldest => self.sort,
            _ if self.is_history() => Sort::Newest,
            other => other,
        }
    }

    /// Whether there is a filter.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        !self.filter.terms.is_empty()
    }

    /// Returns the row of a line; `None` for a group heading.
    #[must_use]
    pub fn row_at(&self, line: usize) -> Option<&Row> {
        match self.lines.get(line)? {
            Line::Row(row) => self.rows.get(*row),
            Line::Head(_) => None,
        }
    }

    /// Returns the group whose heading is selected.
    #[must_use]
    pub fn selected_group(&self) -> Option<&Group> {
        match self.lines.get(self.index)? {
            Line::Head(group) => self.groups.get(*group),
            Line::Row(_) => None,
        }
    }

    /// Returns the index of an incident's line, or of its group's heading if the group is folded.
    #[must_use]
    pub fn line_of(&self, id: IncidentId) -> Option<usize> {
        let row = self.rows.iter().position(|row| row.summary.id == id)?;
        if !self.grouped {
            return Some(row);
        }
        let group = self.groups.iter().position(|group| group.rows.contains(&row))?;
        let line = if self.groups[group].folded { Line::Head(group) } else { Line::Row(row) };
        self.lines.iter().position(|other| *other == line)
    }

    /// Returns the number of lines where each incident has two.
    #[must_use]
    pub fn double_line_count(&self) -> usize {
        2 * self.lines.len() - if self.grouped { self.groups.len() } else { 0 }
    }

    /// Returns the room that the queue would use for all its lines and those columns.
    #[must_use]
    pub fn needs(&self, columns: &[Column]) -> QueueNeeds {
        let (short, full) = row_widths(columns, self.number_width);
        let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX / 2);
        QueueNeeds {
            short_row: cells(short),
            full_row: cells(full),
            lines: cells(self.lines.len() + 1),
            double_lines: cells(self.double_line_count() + 1),
        }
    }

    /// Selects a line by its index.
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

    /// Selects an incident, and unfolds its group. Returns whether the incident is among the rows.
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

    /// Sorts the rows so that those of a group are adjacent, and consequences follow their cause.
    /// Returns the service of the group of each row.
    fn nest(&mut self) -> Vec<String> {
        let nestable = self.rows.iter().map(|row| Nestable {
            id: row.summary.id,
            under: row.summary.folded_under,
            service: group_service(row),
        });
        let order = nesting::arrange(&nestable.collect::<Vec<_>>());
        let mut rows: Vec<Option<Row>> =
            std::mem::take(&mut self.rows).into_iter().map(Some).collect();
        let mut services = Vec::with_capacity(rows.len());
        for Nested { position, service, is_below: is_nested, folds } in order {
            if let Some(row) = rows.get_mut(position).and_then(Option::take) {
                self.rows.push(Row { is_nested, folds, ..row });
                services.push(service);
            }
        }
        services
    }

    /// Rebuilds groups and lines from the rows, and sorts the rows so that those of a group are
    /// adjacent.
    pub fn rebuild_lines(&mut self) {
        self.groups.clear();
        self.lines.clear();
        if !self.grouped {
            self.lines.extend((0..self.rows.len()).map(Line::Row));
            return;
        }
        let services = self.nest();
        for (index, (row, service)) in self.rows.iter().zip(services).enumerate() {
            if self.groups.last().is_none_or(|group| group.service != service) {
                let folded = !self.unfolded.contains(&service);
                self.groups.push(Group {
                    service,
                    rows: index..index,
                    most_urgent: index,
                    worst_clock: index,
                    by_priority: [0; 4],
                    unacknowledged: 0,
                    folded,
                });
            }
            let Some(group) = self.groups.last_mut() else { continue };
            group.rows.end = index + 1;
            group.by_priority[row.summary.priority.index()] += 1;
            let triggered = row.summary.status == crate::model::Status::Triggered;
            group.unacknowledged += usize::from(triggered);
            if row.rank < self.rows[group.most_urgent].rank {
                group.most_urgent = index;
            }
            // Without a clock it comes last.
            let due = |row: &Row| (row.due.is_none(), row.due);
            if due(row) < due(&self.rows[group.worst_clock]) {
                group.worst_clock = index;
            }
        }
        for (index, group) in self.groups.iter().enumerate() {
            self.lines.push(Line::Head(index));
            if !group.folded {
                self.lines.extend(group.rows.clone().map(Line::Row));
            }
        }
    }
}

/// Returns the service by which a row is grouped, unless it is below another one.
fn group_service(row: &Row) -> &str {
    row.summary.primary_service().unwrap_or_default()
}

/// Returns how a word matches number, title, services, owner or team.
fn word_hit(row: &Summary, word: &WordMatcher) -> Option<Hit> {
    if row.number.is_some_and(|number| number_contains(number, word.folded())) {
        return Some(Hit::Exact);
    }
    let person = row.assignee.iter().flat_map(|person| [&person.name, &person.handle]);
    let names = row.services.iter().chain(person).chain(&row.team);
    let mut best = None;
    for text in std::iter::once(&row.title).chain(names) {
        match word.hit(text) {
            Some(Hit::Exact) => return Some(Hit::Exact),
            Some(similar) => best = Some(similar),
            None => {}
        }
    }
    best
}

/// Describes a sort order.
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
