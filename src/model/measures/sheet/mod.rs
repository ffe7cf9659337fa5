//! The pages as tables: the one form that the metrics pane, the command line and copied Markdown show.
//!
//! A [`Sheet`] has the figures of one page as rows and columns, each with its unit, with what has become
//! better or worse, and with the incidents behind it.

mod budgets;
mod change;
mod levels;
mod people;
mod practice;
mod recurring;
mod text;
mod times;
mod volume;

use chrono::{DateTime, SecondsFormat, Utc};

pub use change::{point_change, relative_change};

use super::pages::{Dimension, Pages, term_value};
use super::window::Window;
use crate::model::id::IncidentNumber;
use crate::model::status::text_enum;

text_enum! {
    /// A page of the measures.
    Page, "page" {
        /// The most important figures of the others.
        Overview = "overview",
        /// How long it took.
        Times = "times",
        /// How many incidents there were, and when.
        Volume = "volume",
        /// How often service levels were met.
        Levels = "levels" | "service levels",
        /// Faults that came back.
        Recurring = "recurring",
        /// How much of the error budgets is used.
        Budgets = "budgets" | "error budgets",
        /// What incidents ask of people.
        People = "people",
        /// Reviews, runbooks, fields, false alarms and reopenings.
        Practice = "practice",
    }
}

impl Page {
    /// Returns the position of the page, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|page| *page == self).unwrap_or(0)
    }

    /// Returns the page at a number of pages after this one, or before it, round the end.
    #[must_use]
    pub fn step(self, by: isize) -> Self {
        let count = Self::ALL.len().cast_signed();
        let index = (self.index().cast_signed() + by).rem_euclid(count).cast_unsigned();
        Self::ALL.get(index).copied().unwrap_or(Self::Overview)
    }

    /// Returns what the figures of the page mean: each with its definition.
    #[must_use]
    pub const fn definitions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Overview => text::OVERVIEW,
            Self::Times => text::TIMES,
            Self::Volume => text::VOLUME,
            Self::Levels => text::LEVELS,
            Self::Recurring => text::RECURRING,
            Self::Budgets => text::BUDGETS,
            Self::People => text::PEOPLE,
            Self::Practice => text::PRACTICE,
        }
    }
}

/// What a figure is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A text.
    Text,
    /// A number of things.
    Count,
    /// A duration.
    Duration,
    /// A share in percent.
    Percent,
    /// A rate in thousandths.
    Rate,
    /// A change in percent of the earlier figure.
    Change,
    /// A change of a share, in points of percent.
    Points,
}

/// A figure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number: of things, of milliseconds, of percent, of thousandths or of points, as the column says.
    Number(i64),
    /// There is none.
    Missing,
}

/// Whether a figure has become better or worse.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    /// It is neither, or it is not known.
    #[default]
    Plain,
    /// It is better than before, or good.
    Better,
    /// It is worse than before, or bad.
    Worse,
}

/// A figure of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The figure.
    pub value: Value,
    /// Whether it is better or worse.
    pub tone: Tone,
}

impl Cell {
    fn new(value: Value) -> Self {
        Self { value, tone: Tone::Plain }
    }

    fn text(text: impl Into<String>) -> Self {
        Self::new(Value::Text(text.into()))
    }

    fn number(number: impl TryInto<i64>) -> Self {
        Self::new(number.try_into().map_or(Value::Missing, Value::Number))
    }

    fn maybe<T: TryInto<i64>>(number: Option<T>) -> Self {
        number.map_or_else(|| Self::new(Value::Missing), Self::number)
    }

    fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// A column of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// The name.
    pub name: &'static str,
    /// What its figures are counted in.
    pub unit: Unit,
}

const fn column(name: &'static str, unit: Unit) -> Column {
    Column { name, unit }
}

/// The incidents behind a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Behind {
    /// Those that pass a filter.
    Filter(String),
    /// One, which names the others.
    Incident(IncidentNumber),
}

/// A row of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    /// What the row is about.
    pub label: String,
    /// A figure for each column.
    pub cells: Vec<Cell>,
    /// The length of its bar, in thousandths.
    pub bar: Option<u16>,
    /// Whether it rests on too few incidents to be trusted.
    pub is_thin: bool,
    /// The incidents behind it.
    pub behind: Option<Behind>,
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// What its rows are.
    pub name: String,
    /// The columns behind the label.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    fn new(name: impl Into<String>, columns: &[Column]) -> Self {
        Self { name: name.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Sets the bar of each row to its share of the greatest figure of a column.
    fn draw_bars(&mut self, column: usize) {
        let number = |row: &Row| match row.cells.get(column).map(|cell| &cell.value) {
            Some(Value::Number(number)) => (*number).max(0),
            _ => 0,
        };
        let most = self.rows.iter().map(number).max().unwrap_or(0).max(1);
        for row in &mut self.rows {
            let share = i128::from(number(row)) * 1000 / i128::from(most);
            row.bar = u16::try_from(share).ok();
        }
    }
}

/// A page as tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// The page.
    pub page: Page,
    /// What the page says in one line.
    pub headline: String,
    /// Whether what the headline says is better or worse than before.
    pub tone: Tone,
    /// The tables.
    pub tables: Vec<Table>,
    /// What is to be known about the figures.
    pub notes: Vec<String>,
}

impl Sheet {
    /// Makes the tables of a page. Those with a breakdown are by `by`, as far as the pages have it.
    #[must_use]
    pub fn new(page: Page, pages: &Pages, by: Option<Dimension>) -> Self {
        match page {
            Page::Overview => overview(pages),
            Page::Times => times::sheet(pages, by),
            Page::Volume => volume::sheet(pages, by),
            Page::Levels => levels::sheet(pages, by),
            Page::Recurring => recurring::sheet(pages),
            Page::Budgets => budgets::sheet(pages),
            Page::People => people::sheet(pages),
            Page::Practice => practice::sheet(pages, by),
        }
    }

    /// Returns all rows of all tables, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.iter().flat_map(|table| &table.rows)
    }
}

/// Returns the tables of the most important figures.
fn overview(pages: &Pages) -> Sheet {
    let mut tables = vec![times::table(pages), levels::totals(pages)];
    tables.push(volume::by_priority(pages));
    if !pages.budgets.is_empty() {
        tables.push(budgets::table(pages));
    }
    let volume = volume::sheet(pages, None);
    Sheet { page: Page::Overview, tables, ..volume }
}

/// Returns the filter of the incidents that were reported in the window and are selected, and that pass
/// one more term or several.
fn reported_in(pages: &Pages, more: &str) -> Behind {
    Behind::Filter(reported_filter(&pages.window, pages.selection.terms(), more))
}

fn reported_filter(window: &Window, selection: Vec<String>, more: &str) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let on = format!("on:{}/{}", time(window.from), time(window.to));
    join_terms(on, selection, more)
}

/// Returns the filter of the incidents that were resolved in the window and are selected.
fn resolved_in(pages: &Pages) -> Behind {
    let (from, to) = (pages.at - pages.window.from, pages.at - pages.window.to);
    let mut resolved = format!("resolved<{}s", from.num_seconds());
    if to.num_seconds() > 0 {
        resolved.push_str(&format!(" -resolved<{}s", to.num_seconds()));
    }
    Behind::Filter(join_terms(resolved, pages.selection.terms(), ""))
}

fn join_terms(first: String, selection: Vec<String>, more: &str) -> String {
    let mut terms = vec!["is:any".to_owned(), first];
    terms.extend(selection);
    if !more.is_empty() {
        terms.push(more.to_owned());
    }
    terms.join(" ")
}

/// Returns the filter of the incidents of a row of a breakdown.
fn behind_cut(pages: &Pages, by: Dimension, name: &str) -> Option<Behind> {
    let term = match by {
        Dimension::Priority => name.to_lowercase(),
        Dimension::Category => format!("cat:{name}"),
        Dimension::Service => format!("service:{}", term_value(name)),
        Dimension::Team => format!("team:{}", term_value(name)),
        Dimension::Source | Dimension::Unknown(_) => return None,
    };
    Some(reported_in(pages, &term))
}

/// Returns how a breakdown by a field is named.
fn cut_name(by: Dimension) -> String {
    match by {
        Dimension::Source => "by how it was detected".to_owned(),
        other => format!("by {other}"),
    }
}
