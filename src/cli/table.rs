//! Rows of incidents in columns that fit.

use chrono::{DateTime, TimeDelta, Utc};

use super::failure::Failure;
use super::out::{Look, Out};
use crate::model::service_level::{Levels, clock};
use crate::model::text::{cut, fit, shown, width};
use crate::model::{Priority, Summary, time};

/// A column: its head, and the widths it may have on a terminal.
struct Column {
    head: &'static str,
    most: usize,
    right: bool,
}

const COLUMNS: [Column; 8] = [
    Column { head: "INC", most: 8, right: true },
    Column { head: "PRI", most: 3, right: false },
    Column { head: "STATUS", most: 13, right: false },
    Column { head: "AGE", most: 5, right: true },
    Column { head: "SLA", most: 6, right: true },
    Column { head: "OWNER", most: 16, right: false },
    Column { head: "SERVICE", most: 16, right: false },
    Column { head: "TITLE", most: usize::MAX, right: false },
];
const PRI: usize = 1;
const AGE: usize = 3;
const SLA: usize = 4;
const OWNER: usize = 5;
const SERVICE: usize = 6;
const TITLE: usize = 7;
/// The columns that give way on a narrow terminal, first to last.
const GIVE_WAY: [usize; 4] = [OWNER, SLA, SERVICE, AGE];
/// A title gets at least this much before other columns give way.
const TITLE_LEAST: usize = 24;
const GAP: usize = 2;

type Cells = [String; COLUMNS.len()];

/// Prints pages of rows under one head.
pub struct Table<'a> {
    levels: &'a Levels,
    now: DateTime<Utc>,
    /// Width by column, and whether it is there; fixed with the first page.
    widths: Option<[Option<usize>; COLUMNS.len()]>,
}

impl<'a> Table<'a> {
    /// An empty table at a time.
    pub fn new(levels: &'a Levels, now: DateTime<Utc>) -> Self {
        Self { levels, now, widths: None }
    }

    /// Prints a page; the first one has the head above it.
    pub fn page(&mut self, out: &mut Out, rows: &[Summary]) -> Result<(), Failure> {
        let cells: Vec<Cells> = rows.iter().map(|row| self.cells(row)).collect();
        let widths = if let Some(widths) = self.widths {
            widths
        } else {
            let widths = layout(&cells, out.width());
            let head = COLUMNS.map(|column| column.head.to_owned());
            let line = line(out, &head, widths, |_| Look::Dim);
            out.line(&line)?;
            *self.widths.insert(widths)
        };
        for (row, cells) in rows.iter().zip(&cells) {
            let past = clock(row, self.levels).is_some_and(|clock| clock.is_past(self.now));
            let unowned = row.assignee.is_none() && row.status.is_open();
            let line = line(out, cells, widths, |column| match column {
                PRI if row.priority == Priority::P1 => Look::Alarm,
                PRI if row.priority == Priority::P2 => Look::Bold,
                SLA if past => Look::Alarm,
                OWNER if unowned => Look::Bold,
                _ => Look::Plain,
            });
            out.line(&line)?;
        }
        Ok(())
    }

    fn cells(&self, row: &Summary) -> Cells {
        let owner = match &row.assignee {
            Some(person) => shown(&person.name).into_owned(),
            None if row.status.is_open() => "unowned".into(),
            None => String::new(),
        };
        [
            row.number.map_or_else(|| "new".into(), |number| number.0.to_string()),
            row.priority.to_string(),
            row.status.to_string(),
            time::short(self.now - row.reported_at),
            clock(row, self.levels).map_or_else(String::new, |c| left(c.left(self.now))),
            owner,
            shown(row.service().unwrap_or_default()).into_owned(),
            shown(&row.title).into_owned(),
        ]
    }
}

/// The time that is left of a promise; `+3m` when it has been past for three minutes.
pub fn left(left: TimeDelta) -> String {
    if left > TimeDelta::zero() { time::short(left) } else { format!("+{}", time::short(-left)) }
}

/// How wide each column is, and which give way.
fn layout(cells: &[Cells], columns: Option<usize>) -> [Option<usize>; COLUMNS.len()] {
    let mut widths = [None; COLUMNS.len()];
    for (index, column) in COLUMNS.iter().enumerate() {
        let widest = cells.iter().map(|row| width(&row[index])).max().unwrap_or(0);
        let widest = widest.max(column.head.len());
        let most = if columns.is_some() { column.most } else { usize::MAX };
        widths[index] = Some(widest.min(most));
    }
    let Some(columns) = columns else { return widths };
    let wanted = widths[TITLE].unwrap_or(0).min(TITLE_LEAST);
    for gone in GIVE_WAY {
        if before_title(&widths) + wanted <= columns {
            break;
        }
        widths[gone] = None;
    }
    widths[TITLE] = Some(columns.saturating_sub(before_title(&widths)).max(1));
    widths
}

fn before_title(widths: &[Option<usize>; COLUMNS.len()]) -> usize {
    widths[..TITLE].iter().flatten().map(|width| width + GAP).sum()
}

fn line(
    out: &Out,
    cells: &Cells,
    widths: [Option<usize>; COLUMNS.len()],
    look: impl Fn(usize) -> Look,
) -> String {
    let mut line = String::new();
    for (index, (cell, column)) in cells.iter().zip(&COLUMNS).enumerate() {
        let Some(columns) = widths[index] else { continue };
        // Where nothing is cut, a later page may have wider cells than the first.
        let columns = if out.width().is_some() { columns } else { columns.max(width(cell)) };
        let piece = match (index, column.right) {
            (TITLE, _) => cut(cell, columns).into_owned(),
            (_, false) => fit(cell, columns),
            (_, true) => {
                let cell = cut(cell, columns);
                format!("{}{cell}", " ".repeat(columns.saturating_sub(width(&cell))))
            }
        };
        line.push_str(&out.look(&piece, look(index)));
        if index != TITLE {
            line.push_str("  ");
        }
    }
    line
}
