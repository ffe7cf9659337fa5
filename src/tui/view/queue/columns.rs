//! The columns of the queue: which, in which order, how wide.

use crate::config::panes::Column;

/// Cells of the SLA bar.
pub(super) const BAR: usize = 4;
/// Cells of the time left, with the blank behind it.
pub(super) const REMAINING_WIDTH: usize = 7;

/// Columns and their widths, from the left; a blank follows each.
pub(super) struct Columns {
    /// Those that have room.
    pub(super) list: Vec<(Column, usize)>,
    /// Whether the time left has a bar.
    pub(super) bar: bool,
}

impl Columns {
    /// The chosen columns. Team, owner, SLA bar, service and age give way in this order; the title
    /// has the rest.
    pub(super) fn for_width(chosen: &[Column], room: usize, number: usize) -> Self {
        let has = |column: Column| chosen.contains(&column);
        let status = if room < 48 { 5 } else { 13 };
        let sum = |list: &[(Column, usize)]| -> usize {
            list.iter().filter(|(column, _)| has(*column)).map(|(_, wide)| wide).sum()
        };
        // Flag, and what never gives way.
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
        let mut take = |column: Column, wide: usize| {
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
        let age = take(Column::Age, 5);
        let service = take(Column::Service, service);
        let bar = take(Column::Sla, BAR - 1) > 0;
        let owner = take(Column::Owner, if room < 110 { 12 } else { 16 });
        let team = take(Column::Team, 10);
        let used: usize =
            [age, service, owner, team].iter().filter(|w| **w > 0).map(|w| w + 1).sum();
        let bars = if bar { BAR } else { 0 };
        let behind = usize::from(chosen.last() != Some(&Column::Title));
        let title = room.saturating_sub(fixed + used + bars + behind);
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

/// What stands above a column, in its width.
pub(super) fn heading(column: Column, wide: usize, bar: bool) -> &'static str {
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
