//! The columns of the queue: their order and widths.

use crate::config::panes::Column;

/// The width of the SLA bar, in cells.
pub(in crate::tui) const BAR_WIDTH: usize = 4;
/// The width of the remaining time and the blank after it, in cells.
pub(in crate::tui) const REMAINING_WIDTH: usize = 7;

/// Columns and their widths, from the left; a blank follows each.
pub(in crate::tui) struct Columns {
    /// The columns that fit.
    pub(in crate::tui) list: Vec<(Column, usize)>,
    /// Whether the remaining time has a bar.
    pub(in crate::tui) bar: bool,
}

impl Columns {
    /// Fits the chosen columns into a width of `room`. Team, owner, SLA bar, service and age are
    /// dropped in this order if they don't fit; the title gets the rest.
    pub(in crate::tui) fn for_width(chosen: &[Column], room: usize, number: usize) -> Self {
        let has = |column: Column| chosen.contains(&column);
        let status = if room < 48 { 5 } else { 13 };
        let sum = |list: &[(Column, usize)]| -> usize {
            list.iter().filter(|(column, _)| has(*column)).map(|(_, wide)| wide).sum()
        };
        // The flag, and the columns that are never dropped.
        let fixed = 1 + sum(&[
            (Column::Number, number + 1),
            (Column::Priority, 4),
            (Column::Status, status + 1),
            (Column::Sla, REMAINING_WIDTH),
        ]);
        let title = match room {
            _ if !has(Column::Title) => 0,
            0..72 => 11,
            72..90 => 20,
            90..130 => 30,
            _ => 44,
        };
        let mut spare = room.saturating_sub(fixed + title);
        let mut reserve = |column: Column, wide: usize| {
            if !has(column) {
                0
            } else if wide < spare {
                spare -= wide + 1;
                wide
            } else {
                spare = 0;
                0
            }
        };
        let service = match room {
            0..72 => 8,
            72..100 => 12,
            _ => 18,
        };
        let age = reserve(Column::Age, 5);
        let service = reserve(Column::Service, service);
        let bar = reserve(Column::Sla, BAR_WIDTH - 1) > 0;
        let owner = reserve(Column::Owner, if room < 110 { 12 } else { 16 });
        let team = reserve(Column::Team, 10);
        let used: usize =
            [age, service, owner, team].iter().filter(|w| **w > 0).map(|w| w + 1).sum();
        let bars = if bar { BAR_WIDTH } else { 0 };
        let gap = usize::from(chosen.last() != Some(&Column::Title));
        let title = room.saturating_sub(fixed + used + bars + gap);
        let wide = |column: Column| match column {
            Column::Number => number,
            Column::Priority => 3,
            Column::Status => status,
            Column::Age => age,
            Column::Sla => bars + REMAINING_WIDTH - 1,
            Column::Service => service,
            Column::Owner => owner,
            Column::Team => team,
            Column::Title => title,
        };
        let all = chosen.iter().map(|column| (*column, wide(*column)));
        Self { list: all.filter(|(_, wide)| *wide > 0).collect(), bar }
    }
}

/// Returns the heading of a column, in its width.
pub(in crate::tui) fn heading(column: Column, wide: usize, bar: bool) -> &'static str {
    match column {
        Column::Number => "INC",
        Column::Priority => "PRI",
        Column::Status if wide < 6 => "STAT",
        Column::Status => "STATUS",
        Column::Age => "  AGE",
        Column::Sla if bar => "SLA",
        Column::Sla => "   SLA",
        Column::Service => "SERVICE",
        Column::Owner => "OWNER",
        Column::Team => "TEAM",
        Column::Title => "TITLE",
    }
}
