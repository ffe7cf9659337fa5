//! Tables of figures: cells with their units, rows with filters for their incidents.

use super::page::Page;
use crate::model::id::IncidentNumber;

/// The unit of a figure.
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
    /// A number in the unit of its column: a count, milliseconds, percent, thousandths or points.
    Number(i64),
    /// There is none.
    Missing,
}

/// Whether a figure has become better or worse.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    /// Neither, or not known.
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
    pub(super) fn new(value: Value) -> Self {
        Self { value, tone: Tone::Plain }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::new(Value::Text(text.into()))
    }

    pub(super) fn number(number: impl TryInto<i64>) -> Self {
        Self::new(number.try_into().map_or(Value::Missing, Value::Number))
    }

    pub(super) fn maybe<T: TryInto<i64>>(number: Option<T>) -> Self {
        number.map_or_else(|| Self::new(Value::Missing), Self::number)
    }

    pub(super) fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// A column of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// The name.
    pub name: &'static str,
    /// The unit of its figures.
    pub unit: Unit,
    /// The order in which columns give way where not all of them fit: the greatest rank first, and
    /// of several the last one. The first column of the lowest rank is the figure of the table.
    pub rank: u8,
}

pub(super) const fn column(name: &'static str, unit: Unit) -> Column {
    Column { name, unit, rank: 0 }
}

/// The incidents behind a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Behind {
    /// Those that pass a filter.
    Filter(String),
    /// Those of the same fault as this one.
    Incident(IncidentNumber),
    /// Those of which the person with this handle was sent messages.
    Person(String),
}

/// A row of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    /// The label of the row.
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
    /// The kind of its rows.
    pub name: String,
    /// The columns behind the label.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    pub(super) fn new(name: impl Into<String>, columns: &[Column]) -> Self {
        Self { name: name.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Sets the bar of each row to its share of the greatest figure of a column.
    pub(super) fn draw_bars(&mut self, column: usize) {
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
    /// A summary of the page in one line.
    pub headline: String,
    /// Whether the headline is better or worse than before.
    pub tone: Tone,
    /// The tables.
    pub tables: Vec<Table>,
    /// Remarks on the figures.
    pub notes: Vec<String>,
}

impl Column {
    /// Returns the column with the rank by which it gives way.
    pub(super) const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// Returns whether the column compares with the window before.
    #[must_use]
    pub fn compares(&self) -> bool {
        matches!(self.unit, Unit::Change | Unit::Points) || self.name == "before"
    }
}

impl Sheet {
    /// Removes the columns that compare with the window before.
    pub fn hide_comparison(&mut self) {
        for table in &mut self.tables {
            let stays: Vec<bool> = table.columns.iter().map(|column| !column.compares()).collect();
            let mut index = stays.iter();
            table.columns.retain(|_| index.next().copied().unwrap_or(true));
            for row in &mut table.rows {
                let mut index = stays.iter();
                row.cells.retain(|_| index.next().copied().unwrap_or(true));
            }
        }
    }

    /// Returns all rows of all tables, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.iter().flat_map(|table| &table.rows)
    }
}
