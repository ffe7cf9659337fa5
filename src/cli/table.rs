//! Prints incidents as a table whose columns fit the terminal.

use chrono::{DateTime, TimeDelta, Utc};

use super::failure::Failure;
use super::out::{Out, Style, StyledLine};
use crate::model::directory::Directory;
use crate::model::service_level::{ServiceLevels, running_clock};
use crate::model::text::{SafeText, pad, truncate};
use crate::model::{Priority, Summary, time};

/// A column: header, greatest width on a terminal, and alignment.
struct Column {
    head: &'static str,
    max_width: usize,
    is_right_aligned: bool,
}

const COLUMNS: [Column; 8] = [
    Column { head: "INC", max_width: 8, is_right_aligned: true },
    Column { head: "PRI", max_width: 3, is_right_aligned: false },
    Column { head: "STATUS", max_width: 13, is_right_aligned: false },
    Column { head: "AGE", max_width: 5, is_right_aligned: true },
    Column { head: "SLA", max_width: 6, is_right_aligned: true },
    Column { head: "OWNER", max_width: 16, is_right_aligned: false },
    Column { head: "SERVICE", max_width: 16, is_right_aligned: false },
    Column { head: "TITLE", max_width: usize::MAX, is_right_aligned: false },
];
const PRI: usize = 1;
const AGE: usize = 3;
const SLA: usize = 4;
const OWNER: usize = 5;
const SERVICE: usize = 6;
const TITLE: usize = 7;
/// The columns that are dropped on a narrow terminal, in this order.
const DROP_ORDER: [usize; 4] = [OWNER, SLA, SERVICE, AGE];
/// Other columns are dropped before a title gets narrower than this.
const MIN_TITLE_WIDTH: usize = 24;
const GAP: usize = 2;

type Cells<'a> = [SafeText<'a>; COLUMNS.len()];

/// Prints pages of rows below one header.
pub struct Table<'a> {
    levels: &'a ServiceLevels,
    directory: &'a Directory,
    now: DateTime<Utc>,
    /// Width of each column, `None` for a dropped one; fixed with the first page.
    widths: Option<[Option<usize>; COLUMNS.len()]>,
}

impl<'a> Table<'a> {
    /// Creates an empty table. Ages and clocks are those at `now`. Services and owners that the
    /// directory does not have are marked.
    pub fn new(levels: &'a ServiceLevels, directory: &'a Directory, now: DateTime<Utc>) -> Self {
        Self { levels, directory, now, widths: None }
    }

    /// Prints a page of rows; the header is printed above the first page.
    pub fn print_page(&mut self, out: &mut Out, rows: &[Summary]) -> Result<(), Failure> {
        let cells: Vec<Cells<'_>> = rows.iter().map(|row| self.cells(row)).collect();
        let widths = if let Some(widths) = self.widths {
            widths
        } else {
            let widths = column_widths(&cells, out.width());
            let head = COLUMNS.map(|column| SafeText::from(column.head));
            let line = build_line(out, &head, widths, |_| Style::Dim);
            out.styled_line(&line)?;
            *self.widths.insert(widths)
        };
        for (row, cells) in rows.iter().zip(&cells) {
            let past = running_clock(row, self.levels).is_some_and(|clock| clock.is_past(self.now));
            let unowned = row.assignee.is_none() && row.status.is_open();
            let line = build_line(out, cells, widths, |column| match column {
                PRI if row.priority == Priority::P1 => Style::Alarm,
                PRI if row.priority == Priority::P2 => Style::Bold,
                SLA if past => Style::Alarm,
                OWNER if unowned => Style::Bold,
                _ => Style::Plain,
            });
            out.styled_line(&line)?;
        }
        Ok(())
    }

    fn cells<'r>(&self, row: &'r Summary) -> Cells<'r>
    where
        'a: 'r,
    {
        let owner = match &row.assignee {
            Some(person) => self.directory.person_label(person).into(),
            None if row.status.is_open() => "unowned".into(),
            None => SafeText::default(),
        };
        [
            row.number.map_or_else(|| "new".into(), |number| number.0.to_string().into()),
            row.priority.as_str().into(),
            row.status.as_str().into(),
            time::format_duration(self.now - row.reported_at).into(),
            running_clock(row, self.levels)
                .map_or_else(SafeText::default, |c| format_remaining(c.remaining(self.now)).into()),
            owner,
            row.primary_service()
                .map(|name| self.directory.service_label(name))
                .unwrap_or_default()
                .into(),
            SafeText::from(&row.title),
        ]
    }
}

/// Formats the time that remains until a target; `+3m` when it was missed three minutes ago.
pub fn format_remaining(remaining: TimeDelta) -> String {
    if remaining >= TimeDelta::zero() {
        time::format_duration(remaining)
    } else {
        format!("+{}", time::format_duration(-remaining))
    }
}

/// Computes the width of each column; `None` for those that are dropped.
fn column_widths(cells: &[Cells<'_>], columns: Option<usize>) -> [Option<usize>; COLUMNS.len()] {
    let mut widths = [None; COLUMNS.len()];
    for (index, column) in COLUMNS.iter().enumerate() {
        let widest = cells.iter().map(|row| row[index].width()).max().unwrap_or(0);
        let widest = widest.max(column.head.len());
        let max_width = if columns.is_some() { column.max_width } else { usize::MAX };
        widths[index] = Some(widest.min(max_width));
    }
    let Some(columns) = columns else { return widths };
    let title_width = widths[TITLE].unwrap_or(0).min(MIN_TITLE_WIDTH);
    for dropped in DROP_ORDER {
        if width_before_title(&widths) + title_width <= columns {
            break;
        }
        widths[dropped] = None;
    }
    widths[TITLE] = Some(columns.saturating_sub(width_before_title(&widths)).max(1));
    widths
}

fn width_before_title(widths: &[Option<usize>; COLUMNS.len()]) -> usize {
    widths[..TITLE].iter().flatten().map(|width| width + GAP).sum()
}

fn build_line<'a>(
    out: &Out,
    cells: &'a Cells<'_>,
    widths: [Option<usize>; COLUMNS.len()],
    style: impl Fn(usize) -> Style,
) -> StyledLine<'a> {
    let mut line = StyledLine::default();
    for (index, (cell, column)) in cells.iter().zip(&COLUMNS).enumerate() {
        let Some(columns) = widths[index] else { continue };
        // Without truncation, a later page may have wider cells than the first.
        let columns = if out.width().is_some() { columns } else { columns.max(cell.width()) };
        let text = match (index, column.is_right_aligned) {
            (TITLE, _) => truncate(cell, columns),
            (_, false) => pad(cell, columns),
            (_, true) => {
                let cell = truncate(cell, columns);
                format!("{}{cell}", " ".repeat(columns.saturating_sub(cell.width()))).into()
            }
        };
        line.push(text, style(index));
        if index != TITLE {
            line.push("  ", Style::Plain);
        }
    }
    line
}
