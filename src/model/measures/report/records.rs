//! The parts of a report besides the figures: changes, problems, and action items.

use chrono::NaiveDate;
use serde::Serialize;

use super::super::pages::Pages;
use super::super::sheet::{Cell, Column, Page, Row, Sheet, Table, Tone, Unit, Value};

/// The maximum number of rows of changes.
const MAX_CHANGES: usize = 20;

/// The problems and action items of a report.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ReportRecords {
    /// The problems that are not removed: open ones before known errors, and the newest first.
    pub problems: Vec<ReportProblem>,
    /// The action items that are open, the overdue ones first.
    pub action_items: Vec<ReportAction>,
}

/// A problem of a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReportProblem {
    /// The title.
    pub title: String,
    /// The state.
    pub state: String,
    /// The services in which it causes incidents.
    pub services: Vec<String>,
    /// How many incidents link to it.
    pub incidents: u32,
    /// How to reduce its effects; empty if unknown.
    pub workaround: String,
}

/// An action item of a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReportAction {
    /// The work to be done.
    pub text: String,
    /// The incident from which it follows.
    pub incident: String,
    /// The name of its owner; absent if it has none.
    pub owner: Option<String>,
    /// The day by which it must be done; absent without a deadline.
    pub due: Option<NaiveDate>,
    /// Whether that day has passed.
    pub is_overdue: bool,
}

/// A part of a report that is no page of the measures.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) table: Table,
    /// The text in place of an empty table.
    pub(super) empty: &'static str,
}

fn cell(text: impl Into<String>) -> Cell {
    Cell { value: Value::Text(text.into()), tone: Tone::Plain }
}

const fn text_column(name: &'static str) -> Column {
    Column { name, unit: Unit::Text, rank: 0 }
}

/// Returns the figures that became better or worse since the previous window, the worse first.
pub(super) fn changes(pages: &Pages) -> Part {
    let mut rows: Vec<(bool, Row)> = Vec::new();
    for page in [Page::Times, Page::Levels, Page::Volume, Page::Recurring, Page::Practice] {
        let sheet = Sheet::new(page, pages, None);
        for table in &sheet.tables {
            rows.extend(table.rows.iter().flat_map(|row| changed_cells(page, table, row)));
        }
    }
    // The order of the pages stays within each of both.
    rows.sort_by_key(|(is_worse, _)| !is_worse);
    rows.truncate(MAX_CHANGES);
    let table = Table {
        name: "figure".to_owned(),
        columns: vec![text_column("now"), text_column("before"), text_column("change")],
        rows: rows.into_iter().map(|(_, row)| row).collect(),
    };
    let title = "What changed against the time before";
    Part { title, table, empty: "Nothing has become better or worse." }
}

/// Returns a row for each figure of a row that became better or worse. A change is in the column
/// after its figure, and the earlier figure after the change if there is one.
fn changed_cells(page: Page, table: &Table, row: &Row) -> Vec<(bool, Row)> {
    let show = |index: Option<usize>| {
        let found = index.and_then(|index| row.cells.get(index).zip(table.columns.get(index)));
        found.map_or_else(String::new, |(cell, column)| cell.show(column.unit).into_string())
    };
    let is_change = |index: usize| {
        let unit = table.columns.get(index).map(|column| column.unit);
        matches!(unit, Some(Unit::Change | Unit::Points))
    };
    let changes = row.cells.iter().enumerate().filter(|(index, _)| is_change(*index));
    changes
        .filter(|(_, cell)| cell.tone != Tone::Plain)
        .map(|(index, changed)| {
            let figure = index.checked_sub(1);
            let before = Some(index + 1).filter(|next| {
                table.columns.get(*next).is_some_and(|column| column.name == "before")
            });
            let shown_before = match before {
                Some(before) => show(Some(before)),
                None => share_before(table, row, index),
            };
            let name = figure.and_then(|figure| table.columns.get(figure));
            let name = name.map_or("", |column| column.name);
            let change = Cell { value: Value::Text(show(Some(index))), tone: changed.tone };
            let row = Row {
                label: format!("{}: {} {name}", page.as_str(), row.label),
                cells: vec![cell(show(figure)), cell(shown_before), change],
                ..Row::default()
            };
            (changed.tone == Tone::Worse, row)
        })
        .collect()
}

/// Returns the earlier value of a share that changed by percentage points, whose figure precedes
/// the change; empty for other changes.
fn share_before(table: &Table, row: &Row, change: usize) -> String {
    let number = |index: usize, unit: Unit| match row.cells.get(index).map(|cell| &cell.value) {
        Some(Value::Number(number)) if table.columns.get(index)?.unit == unit => Some(*number),
        _ => None,
    };
    let before = change
        .checked_sub(1)
        .and_then(|figure| number(figure, Unit::Percent))
        .zip(number(change, Unit::Points))
        .map(|(now, points)| Cell { value: Value::Number(now - points), tone: Tone::Plain });
    before.map_or_else(String::new, |cell| cell.show(Unit::Percent).into_string())
}

impl ReportRecords {
    /// Returns the parts with the problems and the action items.
    pub(super) fn parts(&self) -> [Part; 2] {
        let problems = self.problems.iter().map(|problem| Row {
            label: problem.title.clone(),
            cells: vec![
                cell(problem.state.as_str()),
                cell(problem.services.join(", ")),
                Cell { value: Value::Number(i64::from(problem.incidents)), tone: Tone::Plain },
                cell(problem.workaround.lines().next().unwrap_or_default()),
            ],
            ..Row::default()
        });
        let items = self.action_items.iter().map(|item| {
            let due = item.due.map(|due| due.to_string()).unwrap_or_default();
            let tone = if item.is_overdue { Tone::Worse } else { Tone::Plain };
            let overdue = if item.is_overdue { " (overdue)" } else { "" };
            Row {
                label: item.text.lines().next().unwrap_or_default().to_owned(),
                cells: vec![
                    cell(item.incident.as_str()),
                    cell(item.owner.as_deref().unwrap_or_default()),
                    Cell { value: Value::Text(format!("{due}{overdue}")), tone },
                ],
                ..Row::default()
            }
        });
        let number = Column { name: "incidents", unit: Unit::Count, rank: 0 };
        let problems = Table {
            name: "problem".to_owned(),
            columns: vec![
                text_column("state"),
                text_column("services"),
                number,
                text_column("workaround"),
            ],
            rows: problems.collect(),
        };
        let items = Table {
            name: "action item".to_owned(),
            columns: vec![text_column("incident"), text_column("owner"), text_column("due")],
            rows: items.collect(),
        };
        [
            Part { title: "Problems", table: problems, empty: "No problem is open." },
            Part { title: "Action items", table: items, empty: "No action item is open." },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_before_is_that_without_its_points() {
        let columns = [
            Column { name: "in time", unit: Unit::Percent, rank: 0 },
            Column { name: "change", unit: Unit::Points, rank: 0 },
            Column { name: "met", unit: Unit::Count, rank: 0 },
        ];
        let table = Table { name: "levels".into(), columns: columns.to_vec(), rows: Vec::new() };
        let number = |number| Cell { value: Value::Number(number), tone: Tone::Plain };
        let row = Row { cells: vec![number(91), number(-9), number(4)], ..Row::default() };
        let expected = number(100).show(Unit::Percent).into_string();
        assert_eq!(share_before(&table, &row, 1), expected);
        assert_eq!(share_before(&table, &row, 2), "");
        assert_eq!(share_before(&table, &row, 0), "");
    }
}
